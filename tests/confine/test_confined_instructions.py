"""One instruction in, one instruction out: a case for each rule about operands."""

import pytest

from confine.confined_program import confined_body
from motte.compiler.confine import ConfineError


def confined(instruction: str) -> str:
    """The lines that stand for ``instruction``, without the ``ud2`` behind it; blanks as single spaces."""
    lines = confined_body(f"\t{instruction}\n")
    assert lines.pop() == "\tud2"
    return "; ".join(" ".join(line.split()) for line in lines)


@pytest.mark.parametrize(("before", "after"), [
    ("movl\t(%rdi), %eax", "movl %gs:(%edi), %eax"),
    ("movq\t%rax, -8(%rbx,%rcx,4)", "movq %rax, %gs:-8(%ebx,%ecx,4)"),
    ("movzbl\t1(%r8,%r15), %eax", "movzbl %gs:1(%r8d,%r15d,1), %eax"),
    ("imulq\t$77, 24(%r13), %rdx", "imulq $77, %gs:24(%r13d), %rdx"),
    ("movq\ttable(,%rax,8), %rax", "movq %gs:table(,%eax,8), %rax"),
    ("movq\ttable+16(%rdx,%rax,8), %rax", "movq %gs:table+16(%edx,%eax,8), %rax"),
    ("cmpb\t$0, (%rbp)", "cmpb $0, %gs:(%ebp)"),
    ("shll\t%cl, (%rdi)", "shll %cl, %gs:(%edi)"),
    ("movb\t%dil, 3(%r12)", "movb %dil, %gs:3(%r12d)"),
    ("lock\t\txaddl\t%eax, (%rdi)", "lock xaddl %eax, %gs:(%edi)"),
    ("lock\t\tcmpxchg16b\t(%rsi)", "lock cmpxchg16b %gs:(%esi)"),
    ("xchgl\t%eax, (%rdi)", "xchgl %eax, %gs:(%edi)"),
    ("btl\t$5, (%rdi)", "btl $5, %gs:(%edi)"),
    ("prefetcht0\t64(%rdi)", "prefetcht0 %gs:64(%edi)"),
    ("rep\t\tbsfl\t(%rdi), %eax", "bsfl %gs:(%edi), %eax"),
    ("movntil\t%eax, (%rdi)", "movntil %eax, %gs:(%edi)"),
    ("vfmadd213sd\t.LCPI0_0(%rip), %xmm1, %xmm0", "vfmadd213sd %gs:.LCPI0_0(,%eiz), %xmm1, %xmm0"),
    ("vmovups\t%zmm0, (%rdi) {%k1}", "vmovups %zmm0, %gs:(%edi) {%k1}"),
    ("vpaddd\t(%rdi), %zmm1, %zmm0 {%k2} {z}", "vpaddd %gs:(%edi), %zmm1, %zmm0 {%k2} {z}"),
    ("vandpd\t.LCPI0_10(%rip){1to2}, %xmm0, %xmm0", "vandpd %gs:.LCPI0_10(,%eiz){1to2}, %xmm0, %xmm0"),
    ("vcvttsd2si\t{sae}, %xmm0, %eax", "vcvttsd2si {sae}, %xmm0, %eax"),
    ("vaddpd\t{rn-sae}, %zmm0, %zmm1, %zmm2", "vaddpd {rn-sae}, %zmm0, %zmm1, %zmm2"),
    ("{vex}\tvpdpbusd\t(%rdi), %xmm1, %xmm0", "{vex} vpdpbusd %gs:(%edi), %xmm1, %xmm0"),
    ("pshufb\t.LCPI0_0(%rip), %xmm0", "pshufb %gs:.LCPI0_0(,%eiz), %xmm0"),
    ("movaps\t%xmm0, (%rax)", "movaps %xmm0, %gs:(%eax)"),
])  # fmt: skip
def test_memory_is_reached_through_the_window(before: str, after: str) -> None:
    assert confined(before) == after


@pytest.mark.parametrize(("before", "after"), [
    ("movl\t%fs:(%rdi), %eax", "movl %fs:(%edi), %eax"),
    ("movq\t%rax, %fs:-8(%rbx,%rcx,4)", "movq %rax, %fs:-8(%ebx,%ecx,4)"),
    ("movl\t%fs:0, %eax", "movl %fs:0(,%eiz), %eax"),
    ("movl\t%fs:symbol(,%rax,8), %eax", "movl %fs:symbol(,%eax,8), %eax"),
    ("lock\t\txaddl\t%eax, %fs:(%rdi)", "lock xaddl %eax, %fs:(%edi)"),
    ("vmovups\t%zmm0, %fs:(%rdi) {%k1}", "vmovups %zmm0, %fs:(%edi) {%k1}"),
    ("vaddpd\t%fs:(%rdi){1to2}, %xmm0, %xmm0", "vaddpd %fs:(%edi){1to2}, %xmm0, %xmm0"),
    ("movabsq\t%fs:4294967304, %rax", "movq %fs:8(,%eiz), %rax"),
])  # fmt: skip
def test_memory_of_a_block_is_reached_through_its_own_segment(before: str, after: str) -> None:
    assert confined(before) == after


@pytest.mark.parametrize("instruction", [
    "movl\t%fs:8(%rsp), %eax", "movl\t%gs:(%rdi), %eax", "movl\t%es:(%rdi), %eax", "btl\t%eax, %fs:(%rdi)",
    "jmpq\t*%fs:(%rax)", "callq\t*%fs:(%rax)", "leaq\t%fs:(%rsp), %rax", "movl\t%fs:, %eax",
])  # fmt: skip
def test_no_other_use_of_a_segment_is_understood(instruction: str) -> None:
    with pytest.raises(ConfineError):
        confined(instruction)


@pytest.mark.parametrize(("before", "after"), [
    ("movl\tsymbol(%rip), %eax", "movl %gs:symbol(,%eiz), %eax"),
    ("movl\tsymbol-4(%rip), %eax", "movl %gs:symbol-4(,%eiz), %eax"),
    ("movl\tsymbol, %eax", "movl %gs:symbol(,%eiz), %eax"),
    ("movl\t305419896, %eax", "movl %gs:305419896(,%eiz), %eax"),
    ("movq\t%rdi, -4096", "movq %rdi, %gs:-4096(,%eiz)"),
    ("movabsq\t140737488355329, %rax", "movq %gs:1(,%eiz), %rax"),
    ("movabsq\t%rax, 4294967288", "movq %rax, %gs:-8(,%eiz)"),
    ('movl\t"a (%rax) # b"(%rip), %eax', 'movl %gs:"a (%rax) # b"(,%eiz), %eax'),
])  # fmt: skip
def test_an_address_without_registers_is_given_an_index_that_is_none(before: str, after: str) -> None:
    assert confined(before) == after


@pytest.mark.parametrize(("before", "after"), [
    ("leaq\tsymbol(%rip), %rdi", "movl $symbol, %edi"),
    ("leaq\tsymbol+8(%rip), %r9", "movl $symbol+8, %r9d"),
    ("leaq\tsymbol(,%rax,4), %rcx", "leaq symbol(,%rax,4), %rcx"),
    ("leal\t(%rax,%rax,2), %ecx", "leal (%rax,%rax,2), %ecx"),
    ("leaq\t-1(%rdi), %rax", "leaq -1(%rdi), %rax"),
    ("movl\t$symbol, %edi", "movl $symbol, %edi"),
    ("movabsq\t$symbol+4, %rdi", "movabsq $symbol+4, %rdi"),
    ("movabsq\t$-1234567890123, %rdi", "movabsq $-1234567890123, %rdi"),
])  # fmt: skip
def test_addresses_stay_numbers(before: str, after: str) -> None:
    assert confined(before) == after


@pytest.mark.parametrize("instruction", [
    "vzeroupper", "cltq", "cqto", "imulq\t%rdi, %rax", "setne\t%al", "cmovgel\t%ecx, %eax", "bswapq\t%rax",
    "mulxq\t%rdi, %rax, %rcx", "kmovd\t%k1, %eax", "kortestw\t%k0, %k0",
    "vpternlogd\t$216, %zmm0, %zmm1, %zmm2", "pause", "mfence", "nop", "movb\t%ah, %al",
    "shrdq\t$3, %rax, %rcx", "btsq\t%rax, %rcx", "cvttsd2si\t%xmm0, %eax", "sqrtsd\t%xmm0, %xmm0",
    "pclmulqdq\t$17, %xmm0, %xmm1",
])  # fmt: skip
def test_what_touches_only_registers_stays_as_it_is(instruction: str) -> None:
    assert confined(instruction) == " ".join(instruction.split())


def test_the_native_stack_keeps_its_operands() -> None:
    lines = [
        "\tpushq\t%rbp",
        "\tsubq\t$32, %rsp",
        "\tmovq\t%rdi, 8(%rsp)",
        "\tincl\t(%rsp)",
        "\tleaq\t32(%rsp), %rsp",
        "\tud2",
    ]
    assert confined_body("\n".join(lines)) == lines


@pytest.mark.parametrize(("before", "after"), [
    (["movq\t%rsp, %rdi", "movl\t%eax, 8(%rdi)", "movq\t%rbx, %rdi"], ["movl\t%eax, 8(%rsp)", "movq\t%rbx, %rdi"]),
    (["movq\t%rsp, %rcx", "movq\t%rax, (%rcx)", "xorl\t%ecx, %ecx"], ["movq\t%rax, (%rsp)", "xorl\t%ecx, %ecx"]),
    (["movq\t%rsp, %rax", "movq\t$1, (%rax)", "callq\tf"], ["movq\t$1, (%rsp)", "callq\tf"]),
    (["movq\t%rsp, %rax", "movups\t%xmm0, 16(%rax)", "movl\t(%rax), %eax"],
     ["movups\t%xmm0, 16(%rsp)", "movl\t(%rsp), %eax"]),
    (["movq\t%rsp, %r8", "movq\t%rdi, (%r8,%rax)", "xorl\t%r8d, %r8d"], None),
    (["movq\t%rsp, %rax", "movq\t%rax, %rcx", "callq\tf"], None),
    (["movq\t%rsp, %rax", "movq\t%rax, (%rdi)", "callq\tf"], None),
    (["movq\t%rsp, %rax", "pushq\t%rdi", "movq\t%rdi, (%rax)", "callq\tf"], None),
    (["movq\t%rsp, %rbx", "movq\t$1, (%rbx)", "callq\tf"], None),
    (["movq\t%rsp, %rax", "movq\t$1, (%rax)", "jmp\t.Lplace", ".Lplace:"], None),
    (["movq\t%rsp, %rax", ".Lplace:", "movq\t$1, (%rax)", "callq\tf"], None),
    (["movq\t%rsp, %rax", "addl\t$1, %eax", "callq\tf"], None),
    (["movq\t%rsp, %rax", "movb\t$1, %al", "callq\tf"], None),
])  # fmt: skip
def test_a_copy_of_the_stack_pointer_is_undone_or_refused(before: list[str], after: list[str] | None) -> None:
    frame, back = "\tsubq\t$24, %rsp", "\taddq\t$24, %rsp"
    lines = [line if line.endswith(":") else f"\t{line}" for line in before]
    body = "\n".join([frame, *lines, back, "\tretq"])
    if after is None:
        with pytest.raises(ConfineError) as caught:
            confined_body(body)
        assert caught.value.reason == "the native stack pointer is used as data (realignment or a dynamic frame?)"
        assert caught.value.instruction == lines[0]
    else:
        assert confined_body(body) == [frame, *(f"\t{line}" for line in after), back, "\tretq"]


@pytest.mark.parametrize("operand", ["(%rsp)", "-8(%rsp)", "-64(%rsp)"])
def test_a_fence_on_the_stack_becomes_a_fence(operand: str) -> None:
    assert confined(f"lock\t\torl\t$0, {operand}") == "mfence"


@pytest.mark.parametrize(("instruction", "reason"), [
    ("movq\t%rsp, %rdi", "the native stack pointer is used as data (realignment or a dynamic frame?)"),
    ("andq\t$-32, %rsp", "the native stack pointer is used as data (realignment or a dynamic frame?)"),
    ("subq\t%rax, %rsp", "the native stack pointer is used as data (realignment or a dynamic frame?)"),
    ("movl\t%esp, %eax", "the native stack pointer is used as data (realignment or a dynamic frame?)"),
    ("popq\t%rsp", "the native stack pointer is used as data (realignment or a dynamic frame?)"),
    ("leaq\t16(%rsp), %rdi", "the address of a native stack slot (a local that was not lowered)"),
    ("leaq\t(%rsp,%rax), %rsp", "the address of a native stack slot (a local that was not lowered)"),
    ("movl\t(%rsp,%rax,4), %eax", "the native stack is indexed by a register (a local that was not lowered)"),
    ("movl\tsymbol(%rsp), %eax", "a symbolic offset on the native stack"),
    ("lock\t\tincl\t(%rsp)", "a locked access to the native stack (a local that was not lowered)"),
    ("subq\t$symbol, %rsp", "the native stack pointer moves by an amount that is not a plain number"),
    ("subq\t$131072, %rsp", "the native stack frame would be 131072 bytes"),
    ("popq\t%rcx", "the native stack frame would be -8 bytes"),
])  # fmt: skip
def test_other_uses_of_the_stack_pointer_are_refused(instruction: str, reason: str) -> None:
    assert refusal(instruction) == reason


X87 = "x87 and MMX are not accepted (compile with 64-bit long double)"
STRING = "string instructions reach memory outside the window"
SYSTEM = "system instructions are not accepted"


@pytest.mark.parametrize(("instruction", "reason"), [
    ("fldt\t8(%rsp)", X87),
    ("fstpl\t(%rdi)", X87),
    ("fadd\t%st(1), %st", "operand not understood: '%st(1), %st'"),
    ("movq\t%mm0, (%rdi)", "register %mm0 is not accepted"),
    ("movsb\t(%rsi), %es:(%rdi)", "operand not understood: '%es:(%rdi)'"),
    ("rep;scasb\t%es:(%rdi), %al", STRING),
    ("rep;movsb\t(%rdi), %es:(%rdi)", STRING),
    ("stosq", STRING),
    ("xlatb", STRING),
    ("vpgatherdd\t%xmm1, (%rdi,%xmm2,4), %xmm0", "gathers and scatters cannot be confined to the window"),
    ("vgatherqpd\t(%rax,%zmm1,8), %zmm0 {%k1}", "gathers and scatters cannot be confined to the window"),
    ("maskmovdqu\t%xmm1, %xmm0", "the address of this store is an implicit register"),
    ("btq\t%rax, (%rdi)", "a bit offset in a register reaches far beyond its memory operand"),
    ("pushfq", "the flags register is not accessible as a whole"),
    ("leave", "the native stack pointer has no frame pointer"),
    ("syscall", SYSTEM),
    ("cpuid", SYSTEM),
    ("rdtsc", SYSTEM),
    ("hlt", SYSTEM),
    ("wrgsbase\t%rax", "instruction wrgsbase is not accepted"),
    ("frobnicate", "instruction frobnicate is not accepted"),
    ("nonsense\t%rax", "instruction nonsense is not accepted"),
    ("nopl\t(%rax)", "instruction nopl is not accepted"),
    ("movq\t%es:0, %rax", "operand not understood: '%es:0, %rax'"),
    ("movq\t%gs:8, %rax", "operand not understood: '%gs:8, %rax'"),
    ("movl\t(%eax), %eax", "register %eax cannot address the window"),
    ("leal\t(%eax), %eax", "register %eax in an address"),
    ("movl\t8(%rip,%rax), %eax", "register %rip cannot address the window"),
    ("movq\tsymbol@GOTPCREL(%rip), %rax", "operand not understood: 'symbol@GOTPCREL(%rip), %rax'"),
    ("movq\t%cr0, %rax", "register %cr0 is not accepted"),
    ("movw\t%ds, %ax", "register %ds is not accepted"),
    ("movl\t%eax,", "operand not understood: ''"),
    ("movl\t, %eax", "operand not understood: ', %eax'"),
    ("movl\t%eax, %ebx; hlt", "operand not understood: '%ebx; hlt'"),
    ("movl\t%eax, %ebx\\", "operand not understood: '%ebx\\\\'"),
    ("movl\t{1to8}, %eax", "a memory operand without an address"),
    ("data16\tmovl\t%eax, %eax", "operand not understood: 'movl\\t%eax, %eax'"),
    ("callq\t*%rax", "an indirect call without a class"),
    ("callq\t*(%rax)", "an indirect call whose target is not in a register (its class is not known)"),
    ("jne\t*%rax", "target not understood"),
    ("jmp\t4096", "target not understood"),
    ("callq\tf+4", "target not understood"),
    ("jmpq\t*%rax", "an indirect jump, but no label of this function is used as data"),
    ("jmpq\t*(%rax)", "an indirect jump, but no label of this function is used as data"),
    ("jmpq\t*%rsp", "an indirect transfer through this register"),
    ("retq\t$8", "this form has no operand"),
])  # fmt: skip
def test_what_has_no_confined_form_is_refused_with_the_reason(instruction: str, reason: str) -> None:
    assert refusal(instruction) == reason


def refusal(instruction: str) -> str:
    """The reason for which ``instruction`` is refused, after checking that the place is right."""
    with pytest.raises(ConfineError) as error:
        confined_body(f"\txorl\t%eax, %eax\n\t{instruction}\n\tretq\n")
    assert (error.value.function, error.value.line) == ("f", 7)
    assert error.value.instruction == f"\t{instruction}"
    return error.value.reason
