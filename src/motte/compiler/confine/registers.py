"""Names of the registers that code may use, and of their parts."""

from typing import Final

_LEGACY: Final = {
    "rax": ("eax", "ax", "al"),
    "rbx": ("ebx", "bx", "bl"),
    "rcx": ("ecx", "cx", "cl"),
    "rdx": ("edx", "dx", "dl"),
    "rsi": ("esi", "si", "sil"),
    "rdi": ("edi", "di", "dil"),
    "rbp": ("ebp", "bp", "bpl"),
}
_NUMBERED: Final = {f"r{n}": (f"r{n}d", f"r{n}w", f"r{n}b") for n in range(8, 16)}

PARTS: Final = {**_LEGACY, **_NUMBERED}
"""64-bit name → its 32-, 16- and 8-bit names; rsp is not among them."""

LOW_32: Final = {f"%{name}": f"%{parts[0]}" for name, parts in PARTS.items()}
LOW_16: Final = {f"%{name}": f"%{parts[1]}" for name, parts in PARTS.items()}
LOW_8: Final = {f"%{name}": f"%{parts[2]}" for name, parts in PARTS.items()}

WHOLE: Final = {
    **{f"%{part}": name for name, parts in PARTS.items() for part in (name, *parts)},
    "%ah": "rax",
    "%bh": "rbx",
    "%ch": "rcx",
    "%dh": "rdx",
}
"""Every name of a general register, with ``%`` → the 64-bit name without it."""

STACK_POINTER: Final = frozenset({"%rsp", "%esp", "%sp", "%spl"})

VECTOR: Final = frozenset(
    {f"%{kind}mm{n}" for kind in "xyz" for n in range(32)} | {f"%k{n}" for n in range(8)},
)

USABLE: Final = frozenset(WHOLE) | VECTOR
