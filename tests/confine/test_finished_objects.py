"""The finished object: padding, references to functions, and nothing that confined objects do not have."""

import io
import struct

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from confine.confined_program import facts, function
from motte.compiler.assemble import assemble
from motte.compiler.confine import confine
from motte.compiler.confined_object import NOPS, nops
from motte.errors import CompileError


def elf(text: str, *names: str) -> ELFFile:
    return ELFFile(io.BytesIO(assemble(confine(text, facts(*names)))))


def relocations(file: ELFFile, section: str) -> list[tuple[int, str, int]]:
    """(offset, symbol or section, addend) of each relocation."""
    symbols = file.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    found = []
    for relocation in file.get_section_by_name(f".rela{section}").iter_relocations():
        symbol = symbols.get_symbol(relocation["r_info_sym"])
        name = symbol.name or file.get_section(symbol["st_shndx"]).name
        found.append((relocation["r_offset"], name, relocation["r_addend"]))
    return found


@pytest.mark.parametrize("length", range(64))
def test_padding_is_made_of_the_listed_nops(length: int) -> None:
    padding = nops(length)
    assert len(padding) == length
    while padding:
        first = NOPS[min(len(padding), 9)]
        assert padding.startswith(first)
        padding = padding[len(first) :]


def test_every_nop_has_the_length_of_its_place() -> None:
    assert [len(nop) for nop in NOPS] == list(range(10))


def test_padding_inside_functions_is_ours_and_between_them_int3() -> None:
    body = "\ttestl\t%edi, %edi\n\t.p2align\t4\n.LBB0_1:\n\tdecl\t%edi\n\tjne\t.LBB0_1\n\tretq\n"
    file = elf(function("f", body) + function("g", "\tretq\n"), "f", "g")
    code = file.get_section_by_name(".text").data()
    assert code[:16] == bytes.fromhex("85ff") + NOPS[9] + NOPS[5]
    assert code[21:32] == b"\xcc" * 11
    assert code[32:] == b"\xc3"
    assert struct.unpack_from("<2Q", file.get_section_by_name(".motte.padding").data()) == (2, 16)


def test_functions_have_their_exact_size() -> None:
    file = elf(function("f", "\tpushq\t%rax\n\tcallq\tg\n") + function("g", "\tretq\n"), "f", "g")
    sizes = {symbol.name: symbol["st_size"] for symbol in file.get_section_by_name(".symtab").iter_symbols()}
    assert (sizes["f"], sizes["g"]) == (8, 1)


def test_references_to_local_functions_name_the_function() -> None:
    code = function("f", "\tmovl\t$g, %eax\n\tretq\n") + function("g", "\tretq\n").replace("\t.globl\tg\n", "")
    file = elf(f"{code}\t.data\n\t.quad\tg\n\t.quad\tx\nx:\n", "f", "g")
    assert relocations(file, ".text") == [(1, "g", 0)]
    assert relocations(file, ".data") == [(0, "g", 0), (8, ".data", 16)]
    assert relocations(file, ".motte.functions") == [(0, "f", 0), (16, "g", 0)]


def test_functions_are_recorded_with_their_facts() -> None:
    known = facts("f", g=24)
    text = function("f", "\tretq\n") + function("g", "\tretq\n")
    file = ELFFile(io.BytesIO(assemble(confine(text, known))))
    records = file.get_section_by_name(".motte.functions").data()
    assert [int.from_bytes(records[at : at + 4], "little") for at in (8, 12, 24, 28)] == [0, 1, 24, 4]


def test_tables_are_recorded_with_their_owner() -> None:
    body = "\tjmpq\t*.LJTI0_0(,%rdi,8)\n.LBB0_1:\n\tretq\n.LBB0_2:\n\tretq\n.LBB0_3:\n\tud2\n"
    data = '\t.section\t.rodata,"a",@progbits\n.LJTI0_0:\n\t.quad\t.LBB0_1\n\t.quad\t.LBB0_2\n\t.quad\t.LBB0_3\n'
    file = elf(function("f", body) + data, "f")
    assert relocations(file, ".motte.jump_tables") == [(0, ".motte.tables", 0), (8, "f", 0)]
    assert file.get_section_by_name(".motte.jump_tables").data()[16:] == (4).to_bytes(8, "little")
    # Three labels, and the trap behind the function for the fourth index that the mask admits.
    targets = [addend for _, _, addend in relocations(file, ".motte.tables")]
    assert targets == [10, 11, 12, 14]
    assert file.get_section_by_name(".rodata").data_size == 0
    assert relocations(file, ".text") == [(6, ".motte.tables", 0)]


@pytest.mark.parametrize(("text", "message"), [
    (".text\nnop\n.data\n.long other - .\n", ".data+0x0: relocation PC32 is not accepted there"),
    (".text\nmovl inside, %eax\ninside: nop\n", ".text+0x3: an address inside a function is used as data"),
    (".text\nmovq other@GOTPCREL(%rip), %rax\n", ".text+0x3: relocation 42 is not accepted there"),
    ('.section mine, "aw"\n.long 0\n', "the object has a section mine"),
    ('.section .tdata, "awT"\n.long 0\n', "the object has a section .tdata"),
])  # fmt: skip
def test_an_object_outside_the_contract_is_an_error(text: str, message: str) -> None:
    with pytest.raises(CompileError) as error:
        assemble(text)
    assert str(error.value) == message
