"""The code generator's type check becomes the function-table check, in one piece."""

import pytest

from confine.confined_program import confined_body
from motte.compiler.confine import ConfineError

CHECK = """
	movl	$4294967291, %r10d
	addl	-4(%rax), %r10d
	je	.Ltmp0
.Ltmp1:
	ud2
	.section	.kcfi_traps,"ao",@progbits,.text
.Ltmp2:
	.long	.Ltmp1-.Ltmp2
	.text
.Ltmp0:
"""


def test_a_checked_call() -> None:
    assert confined_body(f"\tpushq\t%rbx\n{CHECK}\tcallq\t*%rax\n\tpopq\t%rbx\n\tretq\n") == [
        "\tpushq\t%rbx",
        "\tmovl\t%eax, %r10d",
        "\tandl\t$__motte_function_table_mask, %r10d",
        "\tcmpl\t$5, __motte_function_table+8(%r10)",
        "\tjne\t.Lmotte_trap0_8",
        "\tcallq\t*__motte_function_table(%r10)",
        "\tpopq\t%rbx",
        "\tretq",
        ".Lmotte_trap0_8:",
        "\tud2",
    ]


def test_a_checked_tail_jump_whose_target_is_in_r10() -> None:
    check = CHECK.replace("%r10d", "%r11d").replace("%rax", "%r10")
    assert confined_body(f"{check}\tjmpq\t*%r10\n") == [
        "\tmovl\t%r10d, %r10d",
        "\tandl\t$__motte_function_table_mask, %r10d",
        "\tcmpl\t$5, __motte_function_table+8(%r10)",
        "\tjne\t.Lmotte_trap0_0",
        "\tjmpq\t*__motte_function_table(%r10)",
        ".Lmotte_trap0_0:",
        "\tud2",
    ]


def test_each_height_has_one_trap() -> None:
    second = CHECK.replace(".Ltmp", ".Ltmp1")
    third = CHECK.replace(".Ltmp", ".Ltmp2")
    body = f"\tpushq\t%rbx\n{CHECK}\tcallq\t*%rax\n{second}\tcallq\t*%rax\n\tpopq\t%rbx\n{third}\tjmpq\t*%rax\n"
    lines = confined_body(body)
    assert [line for line in lines if "jne" in line] == [
        "\tjne\t.Lmotte_trap0_8",
        "\tjne\t.Lmotte_trap0_8",
        "\tjne\t.Lmotte_trap0_0",
    ]
    assert lines[-4:] == [".Lmotte_trap0_0:", "\tud2", ".Lmotte_trap0_8:", "\tud2"]


def test_debug_labels_and_line_numbers_may_stand_inside() -> None:
    body = f"{CHECK}.Ltmp9:\n\t.loc\t1 2 3\n\tcallq\t*%rax\n\tud2\n"
    lines = confined_body(body)
    assert lines[:3] == [".Ltmp9:", "\t.loc\t1 2 3", "\tmovl\t%eax, %r10d"]
    assert "\tcallq\t*__motte_function_table(%r10)" in lines


@pytest.mark.parametrize(("written", "changed"), [
    ("-4(%rax)", "-8(%rax)"),
    ("-4(%rax)", "-4(%rcx)"),
    ("-4(%rax), %r10d", "-4(%rax), %r11d"),
    ("movl\t$4294967291, %r10d", "movl\t$4294967291, %ecx"),
    ("\tud2\n", "\tnop\n"),
    ("je\t.Ltmp0", "je\t.Ltmp9"),
    ("je\t.Ltmp0", "jne\t.Ltmp0"),
    (".Ltmp1:\n", ""),
])  # fmt: skip
def test_a_sequence_that_differs_anywhere_is_no_check(written: str, changed: str) -> None:
    body = CHECK.replace(written, changed)
    assert body != CHECK
    with pytest.raises(ConfineError) as error:
        confined_body(f"{body}\tcallq\t*%rax\n.Ltmp9:\n\tretq\n")
    assert error.value.reason == "an indirect call without a class"
    assert error.value.instruction == "\tcallq\t*%rax"
