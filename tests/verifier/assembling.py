"""Turns the small assembly files beside the tests into claims about code.

The files are plain GNU assembly with these macros before them::

    function NAME [ARGUMENTS]     begins a function that takes so many bytes of stack
    end NAME                      ends it
    jump_table NAME OWNER         begins a table, in section .tables; ``end NAME`` ends it

and these symbols: ``PLACE``, where the code will lie, ``FT`` and ``MASK`` of the function table,
``GATE`` (takes no stack arguments) and ``GATE16`` (takes 16 bytes).  Programs that reach checked blocks
say ``.set REACHES_BLOCKS, 1``.  A function ``trap`` is
appended; every entry of the function table leads there, but the second, which leads to the
first function.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection
from llvmlite import binding

from motte.abi.layout import PAGE_SIZE, compatible_class
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable

CODE = 0x1030_0000
TABLES = 0x1048_0000
TABLE_LOG2 = 4
TABLE_SIZE = 16 << TABLE_LOG2
GATES = {0x1000_0000: 0, 0x1000_0020: 16}
CLASSES = {compatible_class(size): size for size in (0, 8, 16, 1 << 16)}

PRELUDE = f"""
.set FT, {TABLES}
.set MASK, {TABLE_SIZE - 16}
.set PLACE, {CODE}
.set GATE, {0x1000_0000 - CODE}
.set GATE16, {0x1000_0020 - CODE}
.macro function name, arguments=0
.type \\name, @function
.set arguments_of_\\name, \\arguments
\\name:
.endm
.macro end name
.size \\name, . - \\name
.endm
.macro jump_table name, owner
.type \\name, @object
.set owner_of_\\name, \\owner - code_start
\\name:
.endm
.text
code_start:
"""

EPILOGUE = """
.text
function trap
ud2
end trap
"""

_FUNCTION_TYPE = "STT_FUNC"
_TABLE_TYPE = "STT_OBJECT"


@dataclass
class Assembled:
    """An assembled file: its claims, and the offsets of its labels."""

    claimed: ClaimedCode
    labels: dict[str, int]


def _target_machine() -> binding.TargetMachine:
    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    binding.initialize_native_asmparser()
    target = binding.Target.from_triple("x86_64-unknown-linux-musl")
    return target.create_target_machine(opt=0, reloc="static", codemodel="small")


def assemble(source: str) -> Assembled:
    """Assemble one file with prelude and epilogue, as the toolchain would: LLVM's ``module asm``."""
    lines = (PRELUDE + source + EPILOGUE).replace("\\", "\\5C").replace('"', "\\22").split("\n")
    module = binding.parse_assembly("\n".join(f'module asm "{line}"' for line in lines))
    elf = ELFFile(io.BytesIO(_target_machine().emit_object(module)))
    symbols = elf.get_section_by_name(".symtab")
    assert isinstance(symbols, SymbolTableSection)
    return _claims(elf, symbols)


def _claims(elf: ELFFile, symbols: SymbolTableSection) -> Assembled:
    values = {symbol.name: symbol["st_value"] for symbol in symbols.iter_symbols() if symbol.name}
    functions = sorted(
        (symbol["st_value"], symbol["st_size"], symbol.name)
        for symbol in symbols.iter_symbols()
        if symbol["st_info"]["type"] == _FUNCTION_TYPE
    )
    claimed = [ClaimedFunction(at, size, values[f"arguments_of_{name}"], name) for at, size, name in functions]
    index_of = {function.offset: index for index, function in enumerate(claimed)}
    jump_tables = [
        ClaimedJumpTable(
            TABLES + TABLE_SIZE + symbol["st_value"],
            symbol["st_size"] // 8,
            index_of[values[f"owner_of_{symbol.name}"]],
        )
        for symbol in symbols.iter_symbols()
        if symbol["st_info"]["type"] == _TABLE_TYPE
    ]
    code = _linked(elf, ".text", CODE)
    code += b"\xcc" * (-len(code) % PAGE_SIZE)
    trap = struct.pack("<QII", CODE + values["trap"], 0, 0)
    first = struct.pack("<QII", CODE, compatible_class(claimed[0].stack_arguments), 0)
    function_table = trap + first + trap * ((1 << TABLE_LOG2) - 2)
    return Assembled(
        ClaimedCode(
            base=CODE,
            code=code,
            functions=claimed,
            tables_base=TABLES,
            tables=function_table + _linked(elf, ".tables", TABLES + TABLE_SIZE),
            function_table=TABLES,
            function_table_log2=TABLE_LOG2,
            classes=CLASSES,
            gates=GATES,
            jump_tables=jump_tables,
            reaches_blocks=values.get("REACHES_BLOCKS", 0),
        ),
        values,
    )


def _linked(elf: ELFFile, name: str, base: int) -> bytes:
    """A section's bytes with its relocations applied for its final place."""
    section = elf.get_section_by_name(name)
    if section is None:
        return b""
    contents = bytearray(section.data())
    relocations = elf.get_section_by_name(f".rela{name}")
    symbols = elf.get_section_by_name(".symtab")
    places = {".text": CODE, ".tables": TABLES + TABLE_SIZE}
    for relocation in relocations.iter_relocations() if relocations else ():
        symbol = symbols.get_symbol(relocation["r_info_sym"])
        section_index = symbol["st_shndx"]
        place = CODE if isinstance(section_index, str) else places[elf.get_section(section_index).name]
        value = place + symbol["st_value"] + relocation["r_addend"]
        offset, kind = relocation["r_offset"], relocation["r_info_type"]
        if kind == 1:  # R_X86_64_64
            struct.pack_into("<Q", contents, offset, value)
        elif kind in (10, 11):  # R_X86_64_32, R_X86_64_32S
            struct.pack_into("<i", contents, offset, value)
        else:  # R_X86_64_PC32, R_X86_64_PLT32
            assert kind in (2, 4)
            struct.pack_into("<i", contents, offset, value - base - offset)
    return bytes(contents)
