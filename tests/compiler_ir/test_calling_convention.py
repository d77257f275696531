"""Places of arguments, against what LLVM's code generator really does.

Each signature is given one more ``i64`` parameter, or as many as it takes for the
last one to lie on the stack; where the function loads it from tells how many bytes
lie below it.
"""

import random
import re

import pytest

from motte.compiler.calling_convention import CallingConvention
from motte.compiler.emit import emit
from motte.compiler.ir.module import Module
from motte.compiler.ir.types import DATA_LAYOUT, TRIPLE
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse, vector_bits

HEADER = f'target triple = "{TRIPLE}"\ntarget datalayout = "{DATA_LAYOUT}"\n%pair = type {{ i64, double }}\n'
ATTRIBUTES = 'nounwind noredzone "no-realign-stack" "frame-pointer"="none"'
SCALARS = ["i1", "i8", "i16", "i32", "i64", "i128", "i24", "i48", "i96", "i256", "ptr", "half", "float", "double"]
VECTORS = [
    "<2 x float>",
    "<4 x float>",
    "<4 x i32>",
    "<2 x i64>",
    "<8 x i8>",
    "<16 x i8>",
    "<1 x double>",
    "<3 x float>",
]
AGGREGATES = ["{ i64, i64 }", "{ i64, i128 }", "[3 x i32]", "%pair", "{ float, float, <4 x float> }", "[2 x double]"]
CPUS = ["x86-64-v2", "x86-64-v3", "x86-64-v4"]


def stack_bytes_by_llvm(types: list[str], options: CompileOptions) -> int:
    """Bytes of stack below an ``i64`` that comes after these parameters and all general registers' worth of others.

    The six fillers come last, so they only take what the parameters left, and at least one lies on the stack.
    """
    fillers = ["i64"] * 7
    parameters = ", ".join(f"{kind} %p{number}" for number, kind in enumerate([*types, *fillers]))
    last = f"%p{len(types) + 6}"
    text = f"{HEADER}define i64 @f({parameters}) {ATTRIBUTES} {{\n  ret i64 {last}\n}}\n"
    assembly = emit(parse(text), options)
    match = re.search(r"movq\t(\d*)\(%rsp\), %rax", assembly)
    assert match is not None, assembly
    pushed = 8 * assembly.count("pushq")
    return int(match.group(1) or 0) - pushed  # the return address stands for the last parameter's own eight bytes


def stack_bytes_by_us(types: list[str], options: CompileOptions) -> int:
    convention = CallingConvention(Module(HEADER).types, vector_bits(options.target()))
    return convention.stack_bytes([*types, *["i64"] * 7])


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("kind", [*SCALARS, *VECTORS, *AGGREGATES])
def test_each_type_takes_what_llvm_gives_it(kind: str, cpu: str) -> None:
    options = CompileOptions(cpu=cpu)
    for count in (1, 2, 5, 9):
        types = [kind] * count
        assert stack_bytes_by_us(types, options) == stack_bytes_by_llvm(types, options), types


@pytest.mark.parametrize("seed", range(60))
def test_mixed_signatures_take_what_llvm_gives_them(seed: int) -> None:
    chooser = random.Random(seed)
    options = CompileOptions(cpu=CPUS[seed % 3])
    types = [chooser.choice([*SCALARS, *VECTORS, *AGGREGATES]) for _ in range(chooser.randint(1, 14))]
    assert stack_bytes_by_us(types, options) == stack_bytes_by_llvm(types, options), types


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize("element", ["float", "i32", "i8", "double", "i64"])
@pytest.mark.parametrize("bits", [256, 512])
def test_wide_vectors_take_the_registers_of_their_cpu(bits: int, element: str, cpu: str) -> None:
    size = {"float": 32, "i32": 32, "i8": 8, "double": 64, "i64": 64}[element]
    options = CompileOptions(cpu=cpu)
    registers_each = max(1, bits // vector_bits(options.target()))
    types = [f"<{bits // size} x {element}>"] * (8 // registers_each)
    assert stack_bytes_by_us(types, options) == stack_bytes_by_llvm(types, options) == 8


def test_no_parameters_take_no_stack() -> None:
    assert CallingConvention(Module("").types, 256).stack_bytes([]) == 0


def test_a_wide_vector_on_the_stack_goes_by_pointer() -> None:
    convention = CallingConvention(Module("").types, 256)
    types = ["<8 x float>"] * 8
    assert convention.arguments_in_memory(types) == frozenset()
    assert convention.arguments_in_memory([*types, "<8 x float>", "i32", "<4 x float>"]) == {8}
    assert convention.arguments_in_memory(["<16 x float>"] * 5) == {4}


@pytest.mark.parametrize("cpu", CPUS)
@pytest.mark.parametrize(
    ("result", "in_memory"),
    [
        ("{ i64, i64, i64 }", False),
        ("{ i64, i64, i64, i64 }", True),
        ("i128", False),
        ("i256", True),
        ("{ double, double }", False),
        ("{ double, double, double }", True),
        ("{ i64, double, i64, double }", False),
        ("[4 x <4 x float>]", False),
        ("[5 x <4 x float>]", True),
    ],
)
def test_a_result_without_registers_goes_by_pointer(result: str, in_memory: bool, cpu: str) -> None:
    """LLVM would write such a result through a pointer of its own, in rdi, or use the x87 stack."""
    options = CompileOptions(cpu=cpu)
    convention = CallingConvention(Module("").types, vector_bits(options.target()))
    assert convention.result_in_memory(result) is in_memory
    body = f"define {result} @f(ptr %p) {ATTRIBUTES} {{\n  %r = load {result}, ptr %p\n  ret {result} %r\n}}\n"
    assembly = emit(parse(HEADER + body), options)
    through_pointer = "movq\t%rdi, %rax" in assembly
    assert (through_pointer or "fld" in assembly) is in_memory
