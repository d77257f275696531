"""Indirect calls: LLVM's own check of a callee's type, replaced by the check of a function-table entry.

The code generator has no hook for "an indirect call, not yet split up, all registers
chosen".  Its KCFI feature has one: a call with a ``kcfi`` operand bundle comes out as

    movl $-CLASS, %r10d; addl -4(%rax), %r10d; je 1f; ud2; 1: callq *%rax

in one piece, with r10 free (r11 where r10 is the target).  That sequence is recognised as a whole and
becomes the verifier's shape, which takes its target from the function table.  An indirect call or tail
jump without the sequence is an error: nobody knows its class.
"""

import re
from typing import Final

from motte.abi.symbols import FUNCTION_TABLE, FUNCTION_TABLE_MASK
from motte.compiler.confine.function import Function
from motte.compiler.confine.items import (
    ANNOTATION,
    CHECKED_CALL,
    CHECKED_JUMP,
    DROPPED,
    LABEL,
    NOTHING,
    REGISTER_CALL,
    REGISTER_JUMP,
    Item,
)
from motte.compiler.confine.registers import PARTS
from motte.compiler.confine.tokens import DIGITS

_LOAD_CLASS: Final = re.compile(rf"\tmovl\t\$(-?{DIGITS}), %(r10d|r11d)")


def recognise_indirect_calls(function: Function) -> None:
    """Replace each KCFI sequence of ``function`` by one checked call or tail jump."""
    for position, item in enumerate(function.items):
        if item.kind == REGISTER_CALL:
            if not _recognise(function, position, CHECKED_CALL):
                raise function.error("an indirect call without a class", position)
        elif item.kind == REGISTER_JUMP:
            _recognise(function, position, CHECKED_JUMP)


def _recognise(function: Function, position: int, kind: int) -> bool:
    """Whether the transfer at ``position`` ends a KCFI sequence; if so, replace the sequence."""
    items = function.items
    labels, place = _labels_before(function, position)
    check = [place, *_places_before(function, place, 4)]
    if len(check) < 5:
        return False
    load, compare, passed, trap_label, trap = (items[place] for place in reversed(check))
    immediate = _LOAD_CLASS.fullmatch(load.source)
    register = items[position].target
    if (
        immediate is None
        or compare.source != f"\taddl\t-4(%{register}), %{immediate.group(2)}"
        or not passed.source.startswith("\tje\t")
        or trap_label.kind != LABEL
        or trap.source != "\tud2"
        or passed.target not in labels
    ):
        return False
    function_class = -int(immediate.group(1)) & 0xFFFF_FFFF
    for place in (*check, labels[passed.target]):
        items[place] = NOTHING
    items[position] = Item(kind, _check(function_class, register), items[position].source)
    return True


def _labels_before(function: Function, position: int) -> tuple[dict[str, int], int]:
    """Labels that stand directly before ``position`` (debug information adds some), and what stands before them."""
    labels: dict[str, int] = {}
    for place in range(position - 1, -1, -1):
        item = function.items[place]
        if item.kind == LABEL:
            labels[item.target] = place
        elif item.kind not in (ANNOTATION, DROPPED):
            return labels, place
    return labels, -1


def _places_before(function: Function, position: int, number: int) -> list[int]:
    """Indices of the last ``number`` items before ``position`` that emit code or are labels."""
    places: list[int] = []
    for place in range(position - 1, -1, -1):
        if function.items[place].kind in (ANNOTATION, DROPPED):
            continue
        places.append(place)
        if len(places) == number:
            break
    return places


def _check(function_class: int, register: str) -> str:
    return (
        f"\tmovl\t%{PARTS[register][0]}, %r10d\n"
        f"\tandl\t${FUNCTION_TABLE_MASK}, %r10d\n"
        f"\tcmpl\t${function_class}, {FUNCTION_TABLE}+8(%r10)\n"
    )


def checked_transfer(function: Function, item: Item, height: int) -> str:
    """The whole shape of a checked call or jump at ``height``."""
    transfer = "callq" if item.kind == CHECKED_CALL else "jmpq"
    return f"{item.text}\tjne\t{function.trap(height)}\n\t{transfer}\t*{FUNCTION_TABLE}(%r10)"
