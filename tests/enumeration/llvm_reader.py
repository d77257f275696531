"""LLVM's disassembler, through its C interface: lengths, and operands out of its text."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from importlib.metadata import distribution

from enumeration.known_differences import Settlement
from enumeration.meaning import Immediate, Meaning, Memory, meaning_of
from enumeration.specification import NOPS, Judgement

_INTEL_SYNTAX = 4
_TEXT = 256

_WIDTHS = {
    **{"byte": 8, "word": 16, "dword": 32, "qword": 64, "xmmword": 128, "ymmword": 256, "zmmword": 512},
}
_MEMORY = re.compile(r"(?:(\w+) ptr )?(?:(\w+):)?\[(.*)\](?:\{1to(\d+)\})?")
_TERM = re.compile(r"([+-]?) ?(?:(\d)\*)?(\w+)")
_DECORATION = re.compile(r" \{(k\d|z)\}| ?,? ?\{(r[nduz]-sae|sae)\}")
_LOCK = 0xF0
_PREFIX = re.compile(r"(lock|addr32|\{vex\}|\{evex\})\s+")


def _library() -> ctypes.CDLL:
    files = distribution("karellen-llvm-core").files or []
    path = next(file.locate() for file in files if re.fullmatch(r"libLLVM\.so\.\d+\.\d+", file.name))
    library = ctypes.CDLL(str(path))
    for part in ("TargetInfo", "TargetMC", "Target", "Disassembler"):
        getattr(library, f"LLVMInitializeX86{part}")()
    library.LLVMCreateDisasmCPUFeatures.restype = ctypes.c_void_p
    library.LLVMCreateDisasmCPUFeatures.argtypes = [
        *[ctypes.c_char_p] * 3,
        *(ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
    ]
    library.LLVMSetDisasmOptions.argtypes = [ctypes.c_void_p, ctypes.c_uint64]
    library.LLVMDisasmInstruction.restype = ctypes.c_size_t
    library.LLVMDisasmInstruction.argtypes = [
        *(ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t),
    ]
    return library


class Llvm:
    """A ``comparison.Decoder``."""

    name = "LLVM"

    def __init__(self) -> None:
        self.settlement = Settlement(self.name)
        self._library = _library()
        self._context = self._library.LLVMCreateDisasmCPUFeatures(
            b"x86_64-unknown-linux", b"", b"", None, 0, None, None
        )
        assert self._library.LLVMSetDisasmOptions(self._context, _INTEL_SYNTAX)
        self._text = ctypes.create_string_buffer(_TEXT)

    def read(self, code: bytes) -> tuple[int, str]:
        """Length, 0 if it does not decode, and text.  LLVM shows a lock that comes first as a line of its own."""
        locks = int(code[0] == _LOCK)
        length = self._library.LLVMDisasmInstruction(
            self._context, code[locks:], len(code) - locks, 0, self._text, _TEXT
        )
        return length and length + locks, self._text.value.decode().strip()

    def differences(self, accepted: list[tuple[bytes, Judgement]]) -> Iterator[tuple[bytes, str]]:
        """What LLVM reads differently, and how."""
        for encoding, judgement in accepted:
            length, text = self.read(encoding)
            if length not in (0, len(encoding)):
                yield encoding, f"length: {length}"
            elif encoding not in NOPS:
                read = _meaning(text) if length else None
                found = self.settlement.difference(judgement.form, meaning_of(judgement), read)
                if found:
                    yield encoding, f"{found} [{text}]" if length else found


def _meaning(text: str) -> Meaning:
    text = _PREFIX.sub("", text).replace("\t", " ")
    decorations = [first or second for first, second in _DECORATION.findall(text)]
    text = _DECORATION.sub("", text)
    mnemonic, _, operands = text.partition(" ")
    return Meaning(
        mnemonic,
        tuple(_operand(operand) for operand in operands.split(", ") if operand),
        next((found for found in decorations if found.startswith("k")), ""),
        "z" in decorations,
        next((found for found in decorations if found.endswith("sae")), ""),
    )


def _operand(text: str) -> str | Memory | Immediate:
    if re.fullmatch(r"-?\d+", text):
        return Immediate(int(text), 64)
    match = _MEMORY.fullmatch(text)
    if match is None:
        return text
    width, segment, inside, repeat = match.groups()
    base, index, scale, displacement = "", "", 1, 0
    for sign, factor, term in _TERM.findall(inside):
        if term.isdigit():
            displacement = -int(term) if sign == "-" else int(term)
        elif factor or base:
            index, scale = term, int(factor or 1)
        else:
            base = term
    return Memory(_WIDTHS.get(width or "", 0), segment or "", base, index, scale, displacement, int(repeat or 0))
