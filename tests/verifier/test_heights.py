"""Heights and jumps against a second specification, which explores every path state by state."""

from __future__ import annotations

import random
from dataclasses import replace

from motte.abi.layout import PAGE_SIZE
from motte.verifier import ClaimedFunction
from verifier.agreement import verify
from verifier.assembling import assemble

START = assemble("function f\nret\nend f\n").claimed
ARGUMENTS = 8
PROGRAMS = 4000

PIECES: dict[bytes, tuple[str, int]] = {
    bytes.fromhex(encoding): meaning
    for encoding, meaning in {
        "50": ("grow", 8),
        "58": ("grow", -8),
        "4883ec08": ("grow", 8),
        "4883c408": ("grow", -8),
        "488d6424f0": ("grow", 16),
        "c3": ("return", 0),
        "0f0b": ("trap", 0),
        "90": ("nop", 0),
        "89c8": ("plain", 0),
        "890424": ("access", 0),
        "8944240c": ("access", 12),
        "89442418": ("access", 24),
        "7401": ("branch", 1),
        "7402": ("branch", 2),
        "75fc": ("branch", -4),
        "75fa": ("branch", -6),
        "e3fd": ("branch", -3),
        "eb01": ("jump", 1),
        "eb02": ("jump", 2),
        "ebfa": ("jump", -6),
    }.items()
}
ACCESS_WIDTH = 4


def obeys_the_rules(program: list[bytes]) -> bool:
    """The rules read literally: visit every (place, height) that any path reaches, and look at each."""
    places = [0]
    for piece in program:
        places.append(places[-1] + len(piece))
    at = dict(zip(places, program, strict=False))
    heights: dict[int, int] = {}
    waiting = [(0, 0)]
    while waiting:
        place, height = waiting.pop()
        if place not in at or not 0 <= height <= 1 << 16:
            return False
        if place in heights:
            if heights[place] != height:
                return False
            continue
        heights[place] = height
        kind, number = PIECES[at[place]]
        behind = place + len(at[place])
        if kind == "return" and height != 0:
            return False
        if kind == "access" and not (
            number + ACCESS_WIDTH <= height or height + 8 <= number <= height + 8 + ARGUMENTS - ACCESS_WIDTH
        ):
            return False
        if kind in ("branch", "jump"):
            waiting.append((behind + number, height))
        if kind not in ("jump", "return", "trap"):
            waiting.append((behind, height + (number if kind == "grow" else 0)))
    last = PIECES[program[-1]][0]
    idle = {PIECES[piece][0] for place, piece in at.items() if place not in heights}
    return last in ("jump", "return", "trap") and idle <= {"nop", "trap"}


def test_the_walk_agrees_with_the_rules_on_random_programs() -> None:
    choose = random.Random(7)
    pieces = list(PIECES)
    accepted = 0
    for _ in range(PROGRAMS):
        program = [*choose.choices(pieces, k=choose.randrange(7)), choose.choice((b"\xc3", b"\x0f\x0b", b"\xeb\x01"))]
        body = b"".join(program)
        code = body + b"\x0f\x0b" + b"\xcc" * (-len(body) % PAGE_SIZE - 2)
        functions = [ClaimedFunction(0, len(body), ARGUMENTS, "f"), ClaimedFunction(len(body), 2, 16, "trap")]
        trap = START.base + len(body)
        tables = (trap.to_bytes(8, "little") + bytes(8)) * (len(START.tables) // 16)
        verdict = verify(replace(START, code=code, functions=functions, tables=tables))
        assert verdict.ok == obeys_the_rules(program), (body.hex(" "), str(verdict))
        accepted += verdict.ok
    assert accepted > PROGRAMS // 50
