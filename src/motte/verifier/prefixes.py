"""D3, D4 and D6: the bytes before the opcode, read by our own code.

The problem: prefixes are where decoders, assemblers and processors disagree.
Duplicates, unusual orders, prefixes without effect, hints and size overrides on
branches have each been decoded to different lengths or targets by different vendors.

What fails: asking the decoder.  It reports the instruction it understood and not the
bytes it skipped on the way.

The answer: one fixed order, ``[65 67] [66] [f0|f2|f3] [REX]``, each at most once, which
is the order in which LLVM's assembler emits them; every other prefix byte is refused,
and each prefix must be one that the form at hand gives a meaning to.
"""

from typing import Final

from motte.verifier.allowlist import Form

GS: Final = 0x65
ADDRESS_SIZE: Final = 0x67
OPERAND_SIZE: Final = 0x66
LOCK: Final = 0xF0
_LOCK_OR_REPEAT: Final = frozenset({LOCK, 0xF2, 0xF3})
_LEGACY: Final = frozenset({0x26, 0x2E, 0x36, 0x3E, 0x64, GS, OPERAND_SIZE, ADDRESS_SIZE, *_LOCK_OR_REPEAT})

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
    """The prefixes of one instruction.

    ``end`` is the offset of the first byte after the legacy prefixes: REX or the opcode.  ``lock_or_repeat``
    is the one byte of f0, f2, f3 that is present, or 0.
    """

    __slots__ = ("address_size", "end", "gs", "lock_or_repeat", "operand_size", "rex")

    def __init__(self, encoding: bytes) -> None:
        """Read the prefixes in the accepted order; whatever comes out of order is left for ``misplaced``."""
        at = 0
        self.gs = encoding[at] == GS
        at += self.gs
        self.address_size = encoding[at : at + 1] == b"\x67"
        at += self.address_size
        self.operand_size = encoding[at : at + 1] == b"\x66"
        at += self.operand_size
        self.lock_or_repeat = 0
        if at < len(encoding) and encoding[at] in _LOCK_OR_REPEAT:
            self.lock_or_repeat = encoding[at]
            at += 1
        self.end = at
        self.rex = at < len(encoding) and encoding[at] & 0xF0 == 0x40

    def misplaced(self, encoding: bytes) -> int | None:
        """The first prefix byte that stands where the opcode must begin, if any."""
        at = self.end + self.rex
        if at < len(encoding) and (encoding[at] in _LEGACY or encoding[at] & 0xF0 == 0x40):
            return encoding[at]
        return None

    def refused_for(self, form: Form, has_memory: bool) -> str | None:
        """D3: why these prefixes may not stand before this form, or ``None``."""
        if (self.gs or self.address_size) and not has_memory:
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
