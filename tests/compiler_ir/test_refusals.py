"""What is refused: by which reason, in which function; and the twin without the construct is accepted."""

import pytest

from motte.compiler.accept import accept
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse, read
from motte.errors import CompileError

LIBRARY = CompileOptions(internalize=None)
EXCEPTIONS = r"exceptions are not supported \(compile C\+\+ with -fno-exceptions\)"
LONG_DOUBLE = "80-bit and 128-bit floating point is not supported"


def accepted(text: str) -> str:
    """The accepted form, which LLVM must accept in turn."""
    result = str(accept(read([text.encode()]), LIBRARY))
    return str(parse(result))


def body(*lines: str, header: str = "void @f(ptr %p, i32 %n)") -> str:
    return f"define {header} {{\n  " + "\n  ".join(lines) + "\n}\n"


REFUSED = {
    "module assembly": ('module asm ".incbin \\22/etc/passwd\\22"\n', "assembly is not accepted"),
    "inline assembly": (body('call void asm sideeffect "nop", ""()', "ret void"), "assembly is not accepted"),
    "assembly with two outputs": (
        body('%r = call { i32, i32 } asm "", "=r,=r,0"(i32 %n)', "ret void"),
        "assembly is not accepted",
    ),
    "jumping assembly": (
        body('callbr void asm "", "!i"() to label %a [label %b]\na:', "ret void\nb:", "ret void"),
        "assembly that jumps is not accepted",
    ),
    "ifunc": ("@i = ifunc void (), ptr @f\n" + body("ret ptr null", header="ptr @f()"), "an ifunc's resolver"),
    "naked": (body("unreachable", header="void @f() naked"), "a naked function is assembly"),
    "invoke": (
        "declare i32 @personality(...)\n"
        + body(
            "invoke void @f(ptr null, i32 0) to label %a unwind label %b\na:",
            "ret void\nb:",
            "%l = landingpad { ptr, i32 } cleanup",
            "resume { ptr, i32 } %l",
            header="void @f(ptr %p, i32 %n) personality ptr @personality",
        ),
        EXCEPTIONS,
    ),
    "x86_fp80": (body("ret void", header="void @f(x86_fp80 %x)"), LONG_DOUBLE),
    "fp128": (body("%x = fpext double 1.0 to fp128", "ret void"), LONG_DOUBLE),
    "ppc_fp128": (body("ret void", header="void @f(ppc_fp128 %x)"), LONG_DOUBLE),
    "scalable vector": (body("ret void", header="void @f(<vscale x 4 x i32> %v)"), "vectors of unknown length"),
    "address space": (body("%x = load i32, ptr addrspace(256) null", "ret void"), "address spaces other than 0"),
    "variable in a block": (
        "@x = addrspace(1) global i32 0\n" + body("ret void"),
        "only pointers can have address space 1",
    ),
    "local in a block": (
        body("%x = alloca i32, align 4, addrspace(1)", "ret void"),
        "only pointers can have address space 1",
    ),
    "function in a block": (
        body("ret void", header="void @f() addrspace(1)"),
        "only pointers can have address space 1",
    ),
    "call into a block": (
        body("call addrspace(1) void %b()", "ret void", header="void @f(ptr addrspace(1) %b)"),
        "only pointers can have address space 1",
    ),
    "cast into a block": (
        body("%x = addrspacecast ptr %p to ptr addrspace(1)", "ret void"),
        "an address in a checked block is none in the window",
    ),
    "constant cast out of a block": (
        body("store i32 0, ptr addrspacecast (ptr addrspace(1) null to ptr)", "ret void"),
        "an address in a checked block is none in the window",
    ),
    "inalloca": (body("ret void", header="void @f(ptr inalloca(i32) %p)"), "inalloca arguments"),
    "preallocated": (body("ret void", header="void @f(ptr preallocated(i32) %p)"), "preallocated arguments"),
    "nest": (body("ret void", header="void @f(ptr nest %p)"), "nested functions are not supported"),
    "swifterror": (body("ret void", header="void @f(ptr swifterror %p)"), "parameters in special registers"),
    "wide division": (body("%x = udiv i256 1, 3", "ret void"), "division of integers wider than 128 bits"),
    "wide conversion": (body("%x = fptoui double 1.0 to i256", "ret void"), "conversion between reals and integers"),
    "wide integer to real": (
        body("%x = sitofp i256 %n to double", "ret void", header="void @f(i256 %n)"),
        "conversion between reals and integers wider than 128 bits",
    ),
    "calling convention": (body("ret void", header="x86_regcallcc void @f()"), "calling convention x86_regcallcc"),
    "convention of a call": (
        body("call tailcc void %p()", "ret void", header="void @f(ptr %p)"),
        "calling convention tailcc is not supported",
    ),
    "numbered convention": (body("ret void", header="cc 11 void @f()"), "calling convention"),
    "register access": (
        "declare i64 @llvm.read_register.i64(metadata)\n"
        + body("%r = call i64 @llvm.read_register.i64(metadata !0)", "ret void")
        + '!0 = !{!"rsp"}\n',
        "intrinsic llvm.read_register.i64 is not accepted",
    ),
    "time stamp": (
        "declare i64 @llvm.x86.rdtsc()\n" + body("%r = call i64 @llvm.x86.rdtsc()", "ret void"),
        "intrinsic llvm.x86.rdtsc is not accepted",
    ),
    "control register of the FPU": (
        "declare void @llvm.x86.sse.ldmxcsr(ptr)\n" + body("call void @llvm.x86.sse.ldmxcsr(ptr %p)", "ret void"),
        "intrinsic llvm.x86.sse.ldmxcsr is not accepted",
    ),
    "masked move through a segment": (
        "declare void @llvm.x86.sse2.maskmov.dqu(<16 x i8>, <16 x i8>, ptr)\n",
        "intrinsic llvm.x86.sse2.maskmov.dqu is not accepted",
    ),
    "garbage collector": (
        "declare void @llvm.gcroot(ptr, ptr)\n",
        "intrinsic llvm.gcroot is not accepted",
    ),
    "compiler's own setjmp": (
        "declare i32 @llvm.eh.sjlj.setjmp(ptr)\n" + body("%r = call i32 @llvm.eh.sjlj.setjmp(ptr %p)", "ret void"),
        "intrinsic llvm.eh.sjlj.setjmp is not accepted",
    ),
    "operand bundle": (body('call void %p() [ "deopt"() ]', "ret void"), "operand bundles are not supported"),
    "reserved symbol": ("@__motte_function_table = external global ptr\n", "__motte_function_table is reserved"),
    "special variable": ("@llvm.secret = appending global [1 x ptr] [ptr null]\n", "llvm.secret has a meaning"),
    "overaligned global": ("@g = global i32 0, align 65536\n", "@g is aligned to 65536 bytes, more than 4096"),
    "data before a function": (body("ret void", header="void @f() prefix i32 7"), "data before a function"),
}
FUNCTIONLESS = {"module assembly", "ifunc", "masked move through a segment", "garbage collector", "reserved symbol",
                "special variable", "overaligned global", "variable in a block"}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_the_construct_is_refused_with_its_reason(name: str) -> None:
    text, reason = REFUSED[name]
    with pytest.raises(CompileError, match=reason) as caught:
        accepted(text)
    if name not in FUNCTIONLESS:
        assert str(caught.value).startswith("in @f: ")


TWINS = {
    "no assembly": body("ret void"),
    "call of memory": "declare void @g()\n" + body("call void @g()", "ret void"),
    "names and strings that sound bad": (
        '@asm = global i32 0\n@s = constant [46 x i8] c"module asm callbr x86_fp80 addrspace(1) naked\\00"\n'
        "%naked = type { i32 }\n" + body("br label %invoke\ninvoke:", "ret void", header="void @fp128(ptr %x86_fp80)")
    ),
    "assumption": (
        "declare void @llvm.assume(i1)\n"
        + body('call void @llvm.assume(i1 true) [ "align"(ptr %p, i64 16) ]', "ret void")
    ),
    "fastcc": "declare fastcc void @g()\n" + body("call fastcc void @g()", "ret void"),
    "double": body("ret void", header="void @f(double %x)"),
    "narrow division": body("%x = udiv i128 1, 3", "ret void"),
    "a fence": "declare void @llvm.x86.sse2.mfence()\n" + body("call void @llvm.x86.sse2.mfence()", "ret void"),
    "own setjmp": body("ret i32 0", header="i32 @setjmp(ptr %p)"),
    "setjmp": (
        "declare i32 @setjmp(ptr) #0\n"
        + body("%r = call i32 @setjmp(ptr %p) #0", "ret void")
        + "attributes #0 = { returns_twice }\n"
    ),
    "vfork": (
        "declare i32 @vfork() returns_twice\n"
        + body("%r = call i32 @vfork() #0", "ret void")
        + "attributes #0 = { returns_twice }\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWINS)
def test_the_twin_without_the_construct_is_accepted(name: str) -> None:
    accepted(TWINS[name])


@pytest.mark.parametrize(
    "data", [b"", b"BC\xc0\xde" + bytes(50), b"hello", b"\xff\xfe", b"define void @f() { ret i32 0 }"]
)
def test_what_is_no_module_is_refused(data: bytes) -> None:
    if data == b"":
        assert "define" not in read([data])  # the empty text is an empty module
        return
    with pytest.raises(CompileError, match="not a valid LLVM module"):
        read([data])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('target triple = "aarch64-unknown-linux-gnu"', "the module is for aarch64-unknown-linux-gnu"),
        ('target triple = "x86_64-pc-windows-msvc"', "the module is for x86_64-pc-windows-msvc"),
        ('target datalayout = "E-p:32:32"', "foreign data layout: E-p:32:32"),
    ],
)
def test_code_for_another_machine_is_refused(line: str, reason: str) -> None:
    with pytest.raises(CompileError, match=reason):
        read([f"{line}\n".encode()])


def test_modules_that_define_the_same_symbol_are_refused() -> None:
    module = body("ret void").encode()
    with pytest.raises(CompileError, match=r"cannot link the modules: .*symbol multiply defined"):
        read([module, module])
