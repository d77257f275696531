"""The verifier in C, compiled as it stands into a library of its own, with a door for single instructions."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from enumeration.judges import REFUSED, Opinion

ROOT = Path(__file__).parents[2]
VERIFIER = ROOT / "core" / "verifier"

WINDOW = 32
"""Bytes that the decoder may look at."""

# In the order of enum effect_kind.
_NAMES = (
    *("plain", "access", "push", "pop", "adjust", "call", "jump", "branch", "return", "trap"),
    *("compare", "table-call", "table-jump", "index-jump"),
)


class _Opinion(ctypes.Structure):
    _fields_ = (
        ("rule", ctypes.c_int32),
        ("length", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
        ("first", ctypes.c_int64),
        ("second", ctypes.c_int64),
    )


OPINION = ctypes.sizeof(_Opinion)
"""Bytes that ``judge_many`` writes about one encoding."""


def generate_headers(folder: Path) -> None:
    """What the build of the core generates, into ``folder``."""
    scripts = ((VERIFIER / "generate_forms.py", "forms_table.h"), (ROOT / "core" / "generate_header.py", "motte_abi.h"))
    for script, header in scripts:
        subprocess.run([sys.executable, script, ROOT, folder / header], check=True)


def sources() -> list[Path]:
    """The verifier's, and the door."""
    return [*sorted(VERIFIER.glob("*.c")), Path(__file__).parent / "native" / "judge_many.c"]


def compile_command(folder: Path) -> list[str]:
    """How to compile, with the headers in ``folder``."""
    compiler = shutil.which("cc")
    assert compiler is not None, "the core needs a C compiler, and so does this"
    return [compiler, "-std=c11", "-O1", "-fPIC", f"-I{folder}", f"-I{VERIFIER}"]


def build(folder: Path) -> Path:
    """Compile the verifier's sources and ``judge_many`` into a library in ``folder``."""
    generate_headers(folder)
    library = folder / "judge_many.so"
    subprocess.run([*compile_command(folder), "-shared", *map(str, sources()), "-o", str(library)], check=True)
    return library


class NativeVerifier:
    """A ``comparison.Verifier``."""

    name = "verifier in C"

    def __init__(self, library: Path, reaches_blocks: bool = False) -> None:
        self._reaches_blocks = reaches_blocks
        self._library = ctypes.CDLL(str(library))
        self._library.motte_rule_name.restype = ctypes.c_char_p
        self._library.judge_many.restype = None

    def opinions(self, codes: list[bytes]) -> Iterator[Opinion]:
        """About the instruction with which each code begins."""
        found = (_Opinion * len(codes))()
        windows = b"".join(code.ljust(WINDOW, b"\0") for code in codes)
        self._library.judge_many(
            windows, bytes(map(len, codes)), ctypes.c_uint64(len(codes)), self._reaches_blocks, found
        )
        names = [self._library.motte_rule_name(rule).decode() for rule in range(max(one.rule for one in found) + 1)]
        for one in found:
            if one.rule:
                yield Opinion(names[one.rule], 0, REFUSED)
            else:
                yield Opinion("", one.length, (_NAMES[one.kind], one.first, one.second))
