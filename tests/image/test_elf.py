"""ELF as hostile input: one field changed at a time, each refused for its own reason."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from image.confined_objects import assemble, function, jump_table, program
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import CompileError
from motte.image import link
from motte.image.elf import read_elf

SECTION_TABLE = 40
SECTION_ENTRY_SIZE = 58
TYPE, OFFSET, SIZE, LINK, INFO, ALIGNMENT = 4, 24, 32, 40, 44, 48
"""Fields of a section header."""
NAME, BINDING, SECTION, VALUE = 0, 4, 6, 8
"""Fields of a symbol."""

LONG_NAME = "long" * 1000
SAMPLE = program(
    function("f", "call g\nmovl $__motte_data_stack_limit, %eax\nret") + function("g"),
    f".data\n.globl {LONG_NAME}\n{LONG_NAME}: .quad f\n.comm block, 8, 8\n",
    "".join(f".globl n{number}\nn{number}: .quad 0\n" for number in range(100)),
)


class Changed:
    """A copy of the sample with fields to overwrite."""

    def __init__(self) -> None:
        self.data = bytearray(SAMPLE)
        self.elf = read_elf("sample.o", SAMPLE)

    def number(self, place: int, value: int, size: int) -> None:
        self.data[place : place + size] = value.to_bytes(size, "little")

    def section_header(self, name: str) -> int:
        table = int.from_bytes(self.data[SECTION_TABLE : SECTION_TABLE + 8], "little")
        return table + 64 * [section.name for section in self.elf.sections].index(name)

    def contents(self, name: str) -> int:
        return int.from_bytes(self.data[self.section_header(name) + OFFSET :][:8], "little")

    def set_section(self, name: str, field: int, value: int) -> None:
        self.number(self.section_header(name) + field, value, 8 if field in (OFFSET, SIZE, ALIGNMENT) else 4)

    def shrink(self, name: str) -> None:
        section = next(section for section in self.elf.sections if section.name == name)
        self.set_section(name, SIZE, section.size - 1)

    def set_symbol(self, name: str, field: int, value: int) -> None:
        index = [symbol.name for symbol in self.elf.symbols].index(name)
        size = {NAME: 4, BINDING: 1, SECTION: 2, VALUE: 8}[field]
        self.number(self.contents(".symtab") + 24 * index + field, value, size)

    def overlap_names(self) -> None:
        symbol = self.contents(".symtab") + 24 * [s.name for s in self.elf.symbols].index(LONG_NAME)
        start = int.from_bytes(self.data[symbol : symbol + 4], "little")
        for number in range(100):
            self.set_symbol(f"n{number}", NAME, start + 1 + number)


Change = Callable[[Changed], None]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda c: c.number(SECTION_ENTRY_SIZE, 63, 2), "has an unusual section table"),
        (lambda c: c.number(SECTION_TABLE, 1 << 60, 8), "section table lies outside the file"),
        (lambda c: c.set_section(".data", OFFSET, 1 << 63), "section .data lies outside the file"),
        (lambda c: c.set_section(".data", ALIGNMENT, 3), "section .data has alignment 3, not a power of two"),
        (lambda c: c.set_section(".rela.text", TYPE, 2), "has 2 symbol tables, not one"),
        (lambda c: c.set_section(".symtab", TYPE, 1), "has 0 symbol tables, not one"),
        (lambda c: c.set_section(".symtab", LINK, 0), "symbol table without its string table"),
        (lambda c: c.set_section(".symtab", LINK, 1000), "symbol table without its string table"),
        (lambda c: c.shrink(".symtab"), "has a symbol table of odd size"),
        (lambda c: c.set_section(".rela.text", LINK, 0), r"relocation section .rela.text is attached wrongly"),
        (lambda c: c.set_section(".rela.text", INFO, 1000), r"relocation section .rela.text is attached wrongly"),
        (lambda c: c.shrink(".rela.text"), "relocation section .rela.text has an odd size"),
        (lambda c: c.number(c.contents(".rela.text") + 12, 5000, 4), ".rela.text names symbol 5000 of none"),
        (lambda c: c.set_symbol("f", NAME, 1 << 31), "a name lies outside its string table"),
        (lambda c: c.overlap_names(), "names overlap without end"),
        (lambda c: c.set_symbol("f", SECTION, 200), "symbol f is in section 200 of none"),
        (lambda c: c.set_symbol("f", SECTION, 0xFF05), "symbol f is in reserved section 0xff05"),
        (lambda c: c.set_symbol("f", BINDING, 0xA2), "symbol f has unknown binding 10"),
        (lambda c: c.number(c.contents(".rela.text"), 5000, 8), r"\.text\+0x1388: a relocation lies outside its"),
    ],
)
def test_one_changed_field_is_refused_for_its_own_reason(change: Change, problem: str) -> None:
    changed = Changed()
    change(changed)
    with pytest.raises(CompileError, match=rf"^object sample\.o: .*{problem}"):
        link([("sample.o", bytes(changed.data))], [], limits=DEFAULT_LIMITS, cpu_features=())


def test_the_unchanged_sample_links() -> None:
    """The twin of every refusal above."""
    assert link([("sample.o", bytes(Changed().data))], [], limits=DEFAULT_LIMITS, cpu_features=())


@pytest.mark.parametrize("alignment", [3, 1 << 21])
def test_impossible_alignment_of_a_common_symbol_is_refused(alignment: int) -> None:
    changed = Changed()
    changed.set_symbol("block", VALUE, alignment)
    with pytest.raises(CompileError, match=f"common symbol block wants impossible alignment {alignment}"):
        link([("sample.o", bytes(changed.data))], [], limits=DEFAULT_LIMITS, cpu_features=())


def test_a_second_section_of_a_single_kind_is_refused() -> None:
    second = '.section .motte.tables,"a",@progbits,unique,1\n.quad f\n'
    bad = assemble(function("f") + jump_table(".LT", "f", ["f"]) + second)
    with pytest.raises(CompileError, match=r"object bad\.o: more than one tables section"):
        link([("bad.o", bad)], [], limits=DEFAULT_LIMITS, cpu_features=())


def test_a_jump_table_owned_by_no_function_is_refused() -> None:
    table = jump_table(".LT", "f+1", ["f"])
    with pytest.raises(CompileError, match=r"object p\.o: the jump table at 0x0 is misplaced, or its owner is not"):
        link([("p.o", program(function("f", "nop\nret"), table))], [], limits=DEFAULT_LIMITS, cpu_features=())


def test_metadata_that_no_reader_would_accept_is_not_written() -> None:
    with pytest.raises(CompileError, match=r"the artifact's manifest has 300.* bytes; at most 262144 are possible"):
        link([("p.o", program())], [], limits=DEFAULT_LIMITS, cpu_features=(), metadata={"k": "x" * 300_000})
