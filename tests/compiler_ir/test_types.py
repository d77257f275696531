"""Sizes and alignments, against LLVM's own data layout."""

import llvmlite.binding as llvm
import pytest

from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import IRTextError
from motte.compiler.ir.types import DATA_LAYOUT, type_end

TYPES = [
    *("i1", "i8", "i16", "i24", "i32", "i48", "i64", "i96", "i128", "i256", "half", "float", "double", "ptr"),
    *("[3 x i16]", "[0 x i64]", "[5 x [3 x i24]]", "<4 x float>", "<3 x i8>", "<3 x i32>", "<16 x i1>", "<8 x double>"),
    *(
        "{ i8, i64, i8 }",
        "<{ i8, i64, i8 }>",
        "{ i8, { i16, double }, [3 x i8] }",
        "{}",
        "{ i128, i8 }",
        "{ ptr, <2 x i8> }",
    ),
    *("%pair", "{ i8, %pair }", "[2 x %pair]", '%"odd name"'),
]
NAMED = '%pair = type { i32, i64 }\n%"odd name" = type <{ i8, %pair }>\n'


@pytest.mark.parametrize("type_text", TYPES)
def test_sizes_and_alignments_are_llvms(type_text: str) -> None:
    users = '@a = global %pair zeroinitializer\n@b = global %"odd name" zeroinitializer\n'
    variable = f"@x = global {type_text} zeroinitializer\n"
    module = llvm.parse_assembly(f'target datalayout = "{DATA_LAYOUT}"\n{NAMED}{variable}{users}')
    layout = llvm.create_target_data(DATA_LAYOUT)
    real = module.get_global_variable("x").global_value_type
    shape = Module(str(module)).types.shape(_same_name(type_text, module))
    assert (shape.stride, shape.align) == (layout.get_abi_size(real), layout.get_abi_alignment(real))


def _same_name(type_text: str, module: llvm.ModuleRef) -> str:
    """The context is shared between tests, so a named type may have got a number in this module."""
    line = next(line for line in str(module).splitlines() if line.startswith("@x = global "))
    return line[len("@x = global ") : type_end(line, len("@x = global "))] if "%" in type_text else type_text


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("i32 %x", 3),
        ("ptr noundef %x", 3),
        ("{ i32, i64 } %x", 12),
        ("<4 x float> %x", 11),
        ("i32 (ptr, ...) @f", 14),
        ('%"struct x" %y', 11),
        ("%struct.S %y", 9),
    ],
)
def test_a_type_ends_where_its_value_begins(text: str, end: int) -> None:
    assert type_end(text) == end


@pytest.mark.parametrize("text", ["noundef i32", "-5", "@f", 'c"x"', "zeroext i8"])
def test_what_is_no_type_is_known_as_none(text: str) -> None:
    assert type_end(text) is None


@pytest.mark.parametrize("type_text", ["void", "x86_fp80", "metadata"])
def test_a_type_without_a_size_is_an_error(type_text: str) -> None:
    with pytest.raises(IRTextError, match="type without a size"):
        Module("").types.shape(type_text)
