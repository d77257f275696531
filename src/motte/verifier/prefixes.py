"""D3, D4 and D6: the bytes before the opcode, read by our own code.

The problem: prefixes are where decoders, assemblers and processors disagree.
Duplicates, unusual orders, prefixes without effect, hints and size overrides on
branches have each been decoded to different lengths or targets by different vendors.

What fails: asking the decoder.  It reports the instruction it understood and not the
bytes it skipped on the way.

The answer: one fixed order, ``[65 67] [66] [f0|f2|f3] [REX]``, each at most once, which
is the order in which LLVM's assembler emits them; every other prefix byte is refused,
and each prefix must be one that the form at hand gives a meaning to.  In a program that
reaches checked blocks 64 may stand in the place of 65.
"""

import re
from typing import Final

from motte.verifier.allowlist import Form

LOCK: Final = 0xF0

_REST: Final = rb"(\x67?)(\x66?)([\xf0\xf2\xf3]?)([\x40-\x4f]?)"
_ORDER: Final = re.compile(rb"(\x65?)" + _REST)
_ORDER_REACHING_BLOCKS: Final = re.compile(rb"([\x64\x65]?)" + _REST)
_PREFIX_BYTES: Final = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3, *range(0x40, 0x50)})

NOPS: Final = frozenset(
    bytes.fromhex(text)
    for text in (
        "90",
        "6690",
        "0f1f00",
        "0f1f4000",
        "0f1f440000",
        "660f1f440000",
        "0f1f8000000000",
        "0f1f840000000000",
        "660f1f840000000000",
    )
)
"""D6: the only NOPs, byte for byte: the padding that processors recommend, 1 to 9 bytes."""


class Prefixes:
    """The prefixes of an instruction, as far as they stand in the accepted order.

    ``length`` counts the bytes of all of them, ``end`` those before REX.  ``lock_or_repeat`` is the one
    of f0, f2, f3 that is present, or 0; ``segment`` says that 65 is (or 64, where it is one), ``window``
    that 67 is, too.
    """

    __slots__ = ("address_size", "end", "length", "lock_or_repeat", "operand_size", "rex", "segment", "window")

    def __init__(
        self, segment: bytes, address_size: bytes, operand_size: bytes, lock_or_repeat: bytes, rex: bytes
    ) -> None:
        """Each argument is the prefix's byte, or empty."""
        self.segment = bool(segment)
        self.address_size = bool(address_size)
        self.operand_size = bool(operand_size)
        self.lock_or_repeat = lock_or_repeat[0] if lock_or_repeat else 0
        self.rex = bool(rex)
        self.window = self.segment and self.address_size
        self.end = len(segment + address_size + operand_size + lock_or_repeat)
        self.length = self.end + len(rex)

    def misplaced(self, encoding: bytes) -> int | None:
        """The prefix byte that stands where the opcode must begin, if any."""
        if self.length < len(encoding) and encoding[self.length] in _PREFIX_BYTES:
            return encoding[self.length]
        return None

    def refused_for(self, form: Form, has_memory: bool) -> str | None:
        """D3: why these prefixes may not stand before this form, or ``None``."""
        if (self.segment or self.address_size) and not has_memory:
            return "65 and 67 without a memory operand"
        if not form.is_legacy and (self.operand_size or self.lock_or_repeat or self.rex):
            return "prefix before VEX or EVEX"
        if self.operand_size and not form.allows_66:
            return "66 without a meaning for this form"
        if self.lock_or_repeat == LOCK:
            if not (form.allows_lock and has_memory):
                return "f0 on a form that cannot be locked"
        elif self.lock_or_repeat and self.lock_or_repeat != form.mandatory:
            return f"{self.lock_or_repeat:02x} without a meaning for this form"
        return None


_seen: Final[dict[bytes, Prefixes]] = {}


def prefixes_of(encoding: bytes, reaches_blocks: bool = False) -> Prefixes:
    """The prefixes with which an instruction begins; there are 816 combinations, and one record for each."""
    match = (_ORDER_REACHING_BLOCKS if reaches_blocks else _ORDER).match(encoding)
    assert match is not None, "every part is optional"
    prefixes = _seen.get(match.group())
    if prefixes is None:
        prefixes = _seen[match.group()] = Prefixes(*match.groups())
    return prefixes


def same_encoding(claimed: bytes, canonical: bytes, prefixes: Prefixes) -> bool:
    """D4: whether two encodings have equal bytes from REX on, and the same set of legacy prefixes.

    The decoder library's encoder orders the prefixes of some forms differently, so their order is not
    compared; ``Prefixes`` has fixed it already.
    """
    if claimed == canonical:
        return True
    end = prefixes.end
    return (
        len(claimed) == len(canonical)
        and claimed[end:] == canonical[end:]
        and sorted(claimed[:end]) == sorted(canonical[:end])
    )
