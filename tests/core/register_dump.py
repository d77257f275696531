"""Every register that a guest can read, stored at a window address, and the exact bytes that the store should give.

One dump is a page: general registers; the flags, as ``lahf`` and ``setcc`` see them; mask registers whole; vector
registers whole.  What this CPU lacks stays zero.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from core.snippets import DATA
from motte import core

GENERAL = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{n}" for n in range(8, 16))]
CALLEE_SAVED = {"rbx", "rbp", "r12", "r13", "r14", "r15"}
CONDITIONS = ["c", "p", "z", "s", "o"]

VECTORS = 32 if core.host_features()["avx512"] else 16
VECTOR_SIZE = 64 if core.host_features()["avx512"] else 32 if core.host_features()["avx"] else 16
MASKS = 8 if core.host_features()["avx512"] else 0

CONDITIONS_AT = 8 * len(GENERAL)
LAHF_AT = CONDITIONS_AT + len(CONDITIONS)
MASKS_AT = 256
VECTORS_AT = 1024
DUMP_SIZE = 4096

SOURCE_OF_VECTORS = DATA + 8 * DUMP_SIZE
OF_ZERO = {"c": 0, "p": 1, "z": 1, "s": 0, "o": 0}
"""The conditions after a ``xor`` of a register with itself, a comparison of equals, and counting to zero."""


def _vector(number: int) -> str:
    return f"%{ {64: 'zmm', 32: 'ymm', 16: 'xmm'}[VECTOR_SIZE] }{number}"


def _move_vector() -> str:
    return "movups" if VECTOR_SIZE == 16 else "vmovups"


def store_vector(number: int, address: int) -> str:
    """The instruction that stores one vector register whole."""
    return f"{_move_vector()} {_vector(number)}, %gs:{address}(,%eiz)"


def dump(address: int) -> list[str]:
    """Instructions that store every register at this address; they destroy ``ah`` and leave the flags alone."""
    return [
        *(f"movq %{name}, %gs:{address + 8 * i}(,%eiz)" for i, name in enumerate(GENERAL)),
        *(f"set{condition} %gs:{address + CONDITIONS_AT + i}(,%eiz)" for i, condition in enumerate(CONDITIONS)),
        *("lahf", f"movb %ah, %gs:{address + LAHF_AT}(,%eiz)"),
        *(f"kmovq %k{n}, %gs:{address + MASKS_AT + 8 * n}(,%eiz)" for n in range(MASKS)),
        *(f"{_move_vector()} {_vector(n)}, %gs:{address + VECTORS_AT + 64 * n}(,%eiz)" for n in range(VECTORS)),
    ]


def own_value(index: int) -> int:
    return 0x9191_9191_9191_9191 + index * 0x0101_0101_0101_0101


OWN_GENERAL = {name: own_value(index) for index, name in enumerate(GENERAL)}
OWN_MASKS = [own_value(20 + n) for n in range(MASKS)]
OWN_VECTORS = [bytes((7 * n + i) % 255 + 1 for i in range(VECTOR_SIZE)) for n in range(VECTORS)]


def fill() -> list[str]:
    """Instructions that give every register a value of its own, without a zero byte in it; flags change."""
    lines = []
    for at, value in enumerate(OWN_VECTORS):
        for i, word in enumerate(struct.unpack(f"<{VECTOR_SIZE // 8}Q", value)):
            place = SOURCE_OF_VECTORS + 64 * at + 8 * i
            lines += [f"movabsq ${word}, %rax", f"movq %rax, %gs:{place}(,%eiz)"]
    lines += [f"{_move_vector()} %gs:{SOURCE_OF_VECTORS + 64 * n}(,%eiz), {_vector(n)}" for n in range(VECTORS)]
    for n, value in enumerate(OWN_MASKS):
        lines += [f"movabsq ${value}, %rax", f"kmovq %rax, %k{n}"]
    return lines + [f"movabsq ${value}, %{name}" for name, value in OWN_GENERAL.items()]


def expected(
    general: Mapping[str, int] | None = None,
    conditions: Mapping[str, int] | None = None,
    masks: Sequence[int] = (),
    vectors: Sequence[bytes] = (),
) -> bytes:
    """All bytes of a dump that shows these values; registers that are not named are zero."""
    general, conditions = general or {}, conditions or OF_ZERO
    image = bytearray(DUMP_SIZE)
    struct.pack_into(f"<{len(GENERAL)}Q", image, 0, *(general.get(name, 0) for name in GENERAL))
    image[CONDITIONS_AT : CONDITIONS_AT + len(CONDITIONS)] = bytes(conditions[name] for name in CONDITIONS)
    lahf_bits = {"s": 7, "z": 6, "a": 4, "p": 2, "c": 0}
    image[LAHF_AT] = 2 | sum(conditions.get(name, 0) << bit for name, bit in lahf_bits.items())
    for n, mask in enumerate(masks):
        struct.pack_into("<Q", image, MASKS_AT + 8 * n, mask)
    for n, vector in enumerate(vectors):
        image[VECTORS_AT + 64 * n : VECTORS_AT + 64 * n + len(vector)] = vector
    return bytes(image)


def differences(found: bytes, wanted: bytes) -> list[str]:
    """Where two dumps differ, in words of eight bytes: what an assertion shows."""
    return [
        f"+{at:#x}: {found[at : at + 8].hex()} is not {wanted[at : at + 8].hex()}"
        for at in range(0, DUMP_SIZE, 8)
        if found[at : at + 8] != wanted[at : at + 8]
    ]
