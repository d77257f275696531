"""Valid inputs to begin with, made from the small texts of the corpus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from confine.test_llvm_output import assembly
from image import confined_objects
from motte.abi.limits import DEFAULT_LIMITS
from motte.image import link

CORPUS = Path(__file__).parent / "corpus"

OBJECT_MACROS = """
.macro function name, arguments=0
.text
.p2align 4, 0xcc
.globl \\name
.type \\name, @function
\\name:
.section .motte.functions,"",@progbits
.quad \\name
.long \\arguments
.long 1 + \\arguments / 8
.text
.endm
.macro end name
.size \\name, . - \\name
.endm
.macro jump_table name, owner, entries:vararg
.section .motte.tables,"a",@progbits
.p2align 3
\\name: .quad \\entries
.Lend_of\\name:
.section .motte.jump_tables,"",@progbits
.quad \\name
.quad \\owner
.long (.Lend_of\\name - \\name) / 8
.long 0
.text
.endm
"""
CPUS = ("x86-64", "x86-64-v3", "x86-64-v4")


def found_before(target: str) -> list[bytes]:
    """Inputs that once showed a bug in this target: they are run first, for ever."""
    return [path.read_bytes() for path in sorted((CORPUS / target).glob("found-*"))]


def _texts(folder: str, pattern: str) -> Iterator[str]:
    for path in sorted((CORPUS / folder).glob(pattern)):
        yield path.read_text()


def objects() -> list[bytes]:
    """Confined objects."""
    start = confined_objects.RUNTIME + OBJECT_MACROS + "function __motte_start\nret\nend __motte_start\n"
    return [confined_objects.assemble(start + text) for text in _texts("object", "*.s")]


def artifacts() -> list[bytes]:
    """Linked programs."""
    features = ["avx2", "bmi2"]
    return [
        link([("seed.o", seed)], [], limits=DEFAULT_LIMITS, cpu_features=features, metadata={"k": "v"})
        for seed in objects()
    ]


def llvm_assembly() -> list[bytes]:
    """What LLVM prints for the corpus, for several CPUs."""
    return [assembly(text, cpu).encode() for text in _texts("assembly", "*.ll") for cpu in CPUS]
