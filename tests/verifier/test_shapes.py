"""C2 and C3 with every register, every way to write them, and every number at which something changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from verifier.agreement import verify
from verifier.assembling import TABLE_SIZE, assemble

QUADS = "rax rcx rdx rbx rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15".split()  # noqa: SIM905 - read as a list of names
LONGS = "eax ecx edx ebx ebp esi edi r8d r9d r10d r11d r12d r13d r14d r15d".split()  # noqa: SIM905
WORDS = "ax cx dx bx bp si di r8w r9w r10w r11w r12w r13w r14w r15w".split()  # noqa: SIM905
BYTES = "al cl dl bl bpl sil dil r8b r9b r10b r11b r12b r13b r14b r15b".split()  # noqa: SIM905
NUMBERS = range(len(QUADS))


def rules(source: str, entries: int = 1) -> list[str]:
    """The rules that a source breaks whose jump table, if it has one, is repeated to so many entries."""
    claimed = assemble(source).claimed
    if claimed.jump_tables:
        (table,) = claimed.jump_tables
        tables = claimed.tables[:TABLE_SIZE] + bytes(claimed.tables[TABLE_SIZE:]) * entries
        claimed = replace(claimed, tables=tables, jump_tables=[replace(table, entries=entries)])
    return [found.rule for found in verify(claimed).violations]


def call(
    move: str, mask: str = "andl $MASK, %r10d", compare: str = "cmpl $1, FT+8(%r10)", branch: str = "jne 1f"
) -> str:
    return f"function f\n{move}\n{mask}\n{compare}\n{branch}\ncallq *FT(%r10)\nret\n1: ud2\nend f\n"


def switch(mask: str, index: str) -> str:
    return (
        f"function f\n{mask}\njmpq *cases(,%{index},8)\n1: ret\nend f\n"
        '.section .tables,"a"\njump_table cases f\n.quad 1b\nend cases\n'
    )


@pytest.mark.parametrize("number", NUMBERS)
def test_a_pointer_may_come_from_any_register(number: int) -> None:
    assert rules(call(f"movl %{LONGS[number]}, %r10d")) == []


def test_a_pointer_does_not_come_from_the_stack_pointer() -> None:
    assert rules(call("movl %esp, %r10d"))[0] == "S2"


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("narrow", "extension", "entries"), [(BYTES, "movzbl", 256), (WORDS, "movzwl", 65536)])
def test_an_index_is_extended_in_its_own_register(number: int, narrow: list[str], extension: str, entries: int) -> None:
    mask = f"{extension} %{narrow[number]}, %{LONGS[number]}"
    assert rules(switch(mask, QUADS[number]), entries) == []
    assert rules(switch(mask, QUADS[number]), entries // 2) == ["C3"]
    assert rules(switch(mask, QUADS[(number + 1) % len(QUADS)]), entries) == ["C3"]
    assert rules(switch(mask, QUADS[(number + 7) % len(QUADS)]), entries) == ["C3"]


@pytest.mark.parametrize(("narrow", "extension", "entries"), [(BYTES, "movzbl", 256), (WORDS, "movzwl", 65536)])
def test_an_extension_from_another_register_bounds_none(narrow: list[str], extension: str, entries: int) -> None:
    """Not even the one that it writes; in particular where the two differ in one bit of REX."""
    pairs = [
        (number, other) for number in NUMBERS for other in {(number + 8) % 15, (number + 7) % 15, (number + 1) % 15}
    ]
    for number, other in pairs:
        mask = f"{extension} %{narrow[number]}, %{LONGS[other]}"
        for index in (number, other):
            assert rules(switch(mask, QUADS[index]), entries) == ["C3"], (mask, QUADS[index])


@pytest.mark.parametrize(("high", "index"), [("ch", "ebp"), ("dh", "esi"), ("bh", "edi")])
def test_a_high_byte_has_the_number_of_another_register(high: str, index: str) -> None:
    assert rules(switch(f"movzbl %{high}, %{index}", f"r{index[1:]}"), 256) == ["C3"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("entries", [1, 2, 128, 256])
def test_an_index_is_masked_in_its_own_register(number: int, entries: int) -> None:
    mask = f"andl ${entries - 1}, %{LONGS[number]}"
    assert rules(switch(mask, QUADS[number]), entries) == []
    assert rules(switch(mask, QUADS[number]), entries * 2) == ["C3"]
    assert rules(switch(mask, QUADS[(number + 1) % len(QUADS)]), entries) == ["C3"]
    assert rules(switch(mask, QUADS[(number + 7) % len(QUADS)]), entries) == ["C3"]


@pytest.mark.parametrize("mask", [2, 5, 126, 254, -2, -128])
def test_a_mask_is_one_less_than_a_power_of_two(mask: int) -> None:
    assert rules(switch(f"andl ${mask}, %ecx", "rcx"), (mask + 1) % 512) == ["C3"]


@pytest.mark.parametrize(
    "instruction", ["orl $7, %ecx", "xorl $7, %ecx", "addl $7, %ecx", "cmpl $7, %ecx", "andw $7, %cx", "andb $7, %cl"]
)
def test_only_a_conjunction_of_32_bits_masks(instruction: str) -> None:
    assert rules(switch(instruction, "rcx"), 8) == ["C3"]


@pytest.mark.parametrize("operation", ["add", "or", "adc", "sbb", "sub", "xor", "cmp", "test"])
@pytest.mark.parametrize(("long", "quad"), [("eax", "rax"), ("ecx", "rcx"), ("r9d", "r9")])
def test_no_other_operation_masks(operation: str, long: str, quad: str) -> None:
    assert rules(switch(f"{operation}l $7, %{long}", quad), 8) == ["C3"]
    assert rules(switch(f"{operation}l $255, %{long}", quad), 256) == ["C3"]


@pytest.mark.parametrize("operation", ["add", "or", "adc", "sbb", "and", "sub", "xor", "cmp", "test", "xchg"])
def test_a_shape_begins_with_no_other_operation(operation: str) -> None:
    assert rules(call(f"{operation}l %eax, %r10d")) == ["C2"]
    assert rules(call(f"{operation}l %r9d, %r10d")) == ["C2"]


@pytest.mark.parametrize("condition", range(16))
def test_the_displacement_of_the_branch_is_not_its_condition(condition: int) -> None:
    """A short branch to 123 bytes before its end is 7x 85, and 0f 85 is the beginning of a long jne."""
    source = (
        f"function f\njmp 2f\n1: ud2\n.fill 101, 1, 0x90\n2: movl %eax, %r10d\nandl $MASK, %r10d\n"
        f"cmpl $1, FT+8(%r10)\n.byte {0x70 + condition}, 0x85\ncallq *FT(%r10)\nret\nend f\n"
    )
    assert rules(source) == ([] if condition == 5 else ["C2"])


def test_both_lengths_of_class_and_branch_are_known() -> None:
    assert rules(call("movl %eax, %r10d", compare=".byte 0x41,0x81,0xba; .long FT+8; .long 1")) == []
    assert rules(call("movl %eax, %r10d", branch=".byte 0x0f,0x85; .long 1f - . - 4")) == []


@pytest.mark.parametrize("condition", [number for number in range(16) if number != 5])
def test_the_branch_of_the_class_check_is_jne(condition: int) -> None:
    short = f".byte {0x70 + condition}; .byte 1f - . - 1"
    near = f".byte 0x0f,{0x80 + condition}; .long 1f - . - 4"
    assert rules(call("movl %eax, %r10d", branch=short)) == ["C2"]
    assert rules(call("movl %eax, %r10d", branch=near)) == ["C2"]


@pytest.mark.parametrize("distance", [-16, -8, -1, 1, 7, 8, 16])
def test_the_class_and_the_target_are_those_of_one_entry(distance: int) -> None:
    assert rules(call("movl %eax, %r10d", compare=f"cmpl $1, FT+8+{distance}(%r10)")) == ["C2"]


@pytest.mark.parametrize("mask", ["MASK-16", "MASK+16", "MASK+1", "MASK*2", "MASK/2", "0", "-16"])
def test_the_mask_is_that_of_the_table(mask: str) -> None:
    assert rules(call("movl %eax, %r10d", mask=f".byte 0x41,0x81,0xe2; .long {mask}")) == ["C2"]


@pytest.mark.parametrize("inside", [3, 10, 18, 20])
def test_shapes_are_closed_wherever_they_stand(inside: int) -> None:
    """``inside`` is where the second to last instruction of the shape begins, from the first."""
    for distance in range(0, 140, 3):
        source = (
            f"function f\ntestl %eax, %eax\nje 2f + {inside}\n.fill {distance}, 1, 0x90\n2: movl %ecx, %r10d\n"
            "andl $MASK, %r10d\ncmpl $1, FT+8(%r10)\njne 1f\ncallq *FT(%r10)\nret\n1: ud2\nend f\n"
        )
        assert rules(source) == ["C1"], distance
