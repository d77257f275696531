"""The verifiers under test: each says of one instruction which rule it breaks, or what it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from iced_x86 import Decoder

from motte.verifier import effects
from motte.verifier.instructions import Examiner

_NAMES = {
    effects.NONE: "plain",
    effects.ACCESS: "access",
    effects.PUSH: "push",
    effects.POP: "pop",
    effects.ADJUST: "adjust",
    effects.CALL: "call",
    effects.JUMP: "jump",
    effects.BRANCH: "branch",
    effects.RETURN: "return",
    effects.TRAP: "trap",
    effects.TABLE_COMPARE: "compare",
    effects.TABLE_CALL: "table-call",
    effects.TABLE_JUMP: "table-jump",
    effects.INDEX_JUMP: "index-jump",
}


class Opinion(NamedTuple):
    """``rule`` is empty for an accepted instruction; length and effect are those of accepted ones."""

    rule: str
    length: int
    effect: tuple[str, int, int]


REFUSED = ("refused", 0, 0)


class PythonVerifier:
    """motte.verifier, asked about single instructions."""

    name = "verifier in Python"

    def __init__(self, reaches_blocks: bool = False) -> None:
        self._examiner = Examiner(reaches_blocks)

    def opinions(self, codes: list[bytes]) -> Iterator[Opinion]:
        """About the instruction with which each code begins."""
        return map(self._opinion, codes)

    def _opinion(self, code: bytes) -> Opinion:
        encoding = code[: Decoder(64, code).decode().len]
        effect = self._examiner.effect_of(encoding) if encoding else effects.REFUSAL
        if effect is effects.REFUSAL:
            return Opinion(self._examiner.refusal_of(encoding).rule, 0, REFUSED)
        return Opinion("", len(encoding), (_NAMES[effect[0]], effect[1], effect[2]))
