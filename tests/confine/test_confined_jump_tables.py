"""Which form an indirect jump gets, and what stays of LLVM's tables in data."""

import pytest

from confine.confined_program import facts, function
from motte.compiler.confine import confine

CASES = """
.LBB0_1:
	movl	$1, %eax
	retq
.LBB0_2:
	movl	$2, %eax
	retq
.LBB0_3:
	movl	$3, %eax
	retq
"""
TABLE = """
	.section	.rodata,"a",@progbits
	.p2align	3, 0x0
.LJTI0_0:
	.quad	.LBB0_1
	.quad	.LBB0_2
	.quad	.LBB0_3
"""


def confined(body: str, data: str = TABLE) -> str:
    return confine(function("f", body) + data, facts("f"))


def table_entries(text: str) -> list[list[str]]:
    """The entries of every jump table."""
    section = text[text.index("\t.section\t.motte.tables") : text.index("\t.section\t.motte.functions")]
    return [line.split("\t")[2].split(",") for line in section.split("\n") if line.startswith("\t.quad\t.L")]


def test_a_small_table_is_masked_to_the_next_power_of_two_where_the_flags_are_dead() -> None:
    text = confined(f"\tjmpq\t*.LJTI0_0(,%r9,8)\n{CASES}")
    assert "\tandl\t$3, %r9d\n\tjmpq\t*__motte_jump_table.0(,%r9,8)\n" in text
    assert table_entries(text) == [[".LBB0_1", ".LBB0_2", ".LBB0_3", ".Lmotte_trap0_0"]]
    assert ".LJTI0_0" not in text


@pytest.mark.parametrize(("index", "mask"), [
    ("rax", "movzbl\t%al, %eax"),
    ("rsi", "movzbl\t%sil, %esi"),
    ("rbp", "movzbl\t%bpl, %ebp"),
    ("r12", "movzbl\t%r12b, %r12d"),
])  # fmt: skip
def test_a_byte_is_the_mask_where_a_flag_may_be_read(index: str, mask: str) -> None:
    body = f"\tjmpq\t*.LJTI0_0(,%{index},8)\n{CASES}".replace("movl\t$2, %eax", "sete\t%al")
    text = confined(body)
    assert f"\t{mask}\n\tjmpq\t*__motte_jump_table.0(,%{index},8)\n" in text
    (entries,) = table_entries(text)
    assert entries == [".LBB0_1", ".LBB0_2", ".LBB0_3", *[".Lmotte_trap0_0"] * 253]


@pytest.mark.parametrize(("case", "flags_live"), [
    ("cmovel\t%ecx, %eax", True),
    ("je\t.LBB0_1", True),
    ("adcl\t$0, %eax", True),
    ("jmp\t.LBB0_4", True),
    ("incl\t%eax\n\tsetb\t%al", True),
    ("shll\t%cl, %eax\n\tsets\t%al", True),
    ("testl\t%eax, %eax\n\tsete\t%al", False),
    ("callq\tf\n\tsete\t%al", False),
    ("jmp\t.LBB0_5", False),
    ("movq\t%rax, %rcx\n\tjmpq\t*.LJTI0_0(,%rcx,8)", False),
])  # fmt: skip
def test_the_life_of_flags_is_followed_along_every_path(case: str, flags_live: bool) -> None:
    others = ".LBB0_4:\n\tsete\t%al\n\tretq\n.LBB0_5:\n\tcmpl\t$1, %eax\n\tsete\t%al\n\tretq\n"
    text = confined(f"\tjmpq\t*.LJTI0_0(,%rax,8)\n{CASES}{others}".replace("movl\t$3, %eax", case))
    assert ("\tmovzbl\t%al, %eax\n\tjmpq" in text) == flags_live
    assert ("\tandl\t$3, %eax\n\tjmpq" in text) != flags_live


def test_a_table_that_is_read_as_data_keeps_numbers_in_its_place() -> None:
    text = confined(f"\tmovq\t.LJTI0_0(,%rcx,8), %rcx\n\tnop\n\tjmpq\t*%rcx\n{CASES}")
    numbers = [f".Lmotte_number.LBB0_{case}" for case in (1, 2, 3)]
    assert "\n".join([".LJTI0_0:", *(f"\t.quad\t{number}" for number in numbers)]) in text
    assert all(f"\t.set\t{number}, {value}" in text for value, number in enumerate(numbers, 1))
    assert table_entries(text) == [[".Lmotte_trap0_0", ".LBB0_1", ".LBB0_2", ".LBB0_3"]]


def test_jumps_through_one_table_share_it() -> None:
    again = CASES.replace("movl\t$1, %eax\n\tretq", "andl\t$1, %ecx\n\tjmpq\t*.LJTI0_0(,%rcx,8)")
    text = confined(f"\tjmpq\t*.LJTI0_0(,%rax,8)\n{again}")
    assert text.count("(,%rax,8)") == text.count("(,%rcx,8)") == 1
    assert len(table_entries(text)) == 1


READS_ALL = "\taddl\t%r11d, %eax\n\taddl\t%r10d, %eax\n\taddl\t%r9d, %eax\n\taddl\t%r8d, %eax\n"


def test_a_jump_through_memory_uses_a_register_that_is_dead_at_every_label() -> None:
    reads = READS_ALL.replace("%r9d", "%ecx")
    body = f"\tmovq\t$.LBB0_2, (%rdi)\n\tjmpq\t*8(%rcx,%r10)\n{CASES}"
    text = confined(body.replace("\tmovl\t$2", f"{reads}\tmovl\t$2"), "")
    assert "\tmovq\t%gs:8(%ecx,%r10d,1), %r9\n\tandl\t$1, %r9d\n\tjmpq\t*__motte_jump_table.0(,%r9,8)" in text
    assert table_entries(text) == [[".Lmotte_trap0_0", ".LBB0_2"]]


@pytest.mark.parametrize(("case", "is_live"), [
    ("movq\t%r11, %rax", True),
    ("addq\t$1, %r11", True),
    ("movb\t$1, %r11b", True),
    ("cmovel\t%eax, %r11d", True),
    ("movl\t8(%r11), %r11d", True),
    ("testl\t%eax, %eax\n\tjne\t.LBB0_9", True),
    ("jmp\t.LBB0_9", True),
    ("pushq\t%r11", True),
    ("jmpq\t*(%r11)", True),
    ("movl\t$1, %r11d", False),
    ("movzbl\t(%rdi), %r11d", False),
    ("leaq\t8(%rdi), %r11", False),
    ("xorl\t%r11d, %r11d", False),
    ("popq\t%r11\n\tpushq\t%r11", False),
    ("callq\tf", False),
    ("jmp\tf", False),
])  # fmt: skip
def test_the_life_of_a_register_is_followed_along_every_path(case: str, is_live: bool) -> None:
    body = f"\tmovq\t$.LBB0_2, (%rdi)\n\tpushq\t%rdi\n\tjmpq\t*(%rdi)\n{CASES}.LBB0_9:\n\tmovq\t%r11, %rax\n\tretq\n"
    text = confined(body.replace("movl\t$2, %eax", case), "")
    assert ("\tmovq\t%gs:(%edi), %r11\n" in text) != is_live


@pytest.mark.parametrize(
    ("leaving", "is_live"), [("callq\tf", True), ("jmp\tf", True), ("retq", False), ("ud2", False)]
)
def test_arguments_of_calls_are_live(leaving: str, is_live: bool) -> None:
    reads = READS_ALL.replace("\taddl\t%r9d, %eax\n\taddl\t%r8d, %eax\n", "")
    body = f"\tmovq\t$.LBB0_2, (%rdi)\n\tjmpq\t*(%rdi)\n{CASES}".replace("\tmovl\t$2, %eax", f"{reads}\t{leaving}")
    assert ("\tmovq\t%gs:(%edi), %r9\n" in confined(body, "")) != is_live


def test_where_every_register_is_live_one_is_restored_at_every_label() -> None:
    body = f"\tmovq\t$.LBB0_2, (%rdi)\n\tjmpq\t*(%rdi)\n{CASES}".replace("\tmovl\t$2", READS_ALL + "\tmovl\t$2")
    text = confined(body, "")
    jump = "\n".join([
        "\tpushq\t%r11",
        "\tmovq\t%gs:(%edi), %r11",
        "\tandl\t$1, %r11d",
        "\tjmpq\t*__motte_jump_table.0(,%r11,8)",
    ])  # fmt: skip
    stub = ".Lmotte_stub0_0_r11.LBB0_2"
    assert jump in text
    assert f"{stub}:\n\tpopq\t%r11\n\tjmp\t.LBB0_2\n" in text
    assert table_entries(text) == [[".Lmotte_trap0_8", stub]]


def test_a_label_at_another_height_is_no_target_of_a_jump_by_number() -> None:
    body = """
	movq	$.LBB0_1, (%rsi)
	movq	$.LBB0_2, 8(%rsi)
	testl	%edi, %edi
	je	.LBB0_2
	pushq	%rax
	jmpq	*%rcx
.LBB0_1:
	popq	%rax
	retq
.LBB0_2:
	retq
"""
    assert table_entries(confined(body, "")) == [[".Lmotte_trap0_8", ".LBB0_1", ".Lmotte_trap0_8", ".Lmotte_trap0_8"]]
