"""Places in a frame: locals that are never alive together share one.

Inlining gathers the locals of many callees in one function, each alive between its
``llvm.lifetime`` markers.  Two of them conflict if one may be alive where the other
begins; the rest is the usual colouring, largest first.  A local without markers is
always alive.

Code generation does the same for the native stack, and relies on the same rule: a
local is not used outside its markers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from motte.compiler.ir.functions import LABEL
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import round_up

STACK_ALIGN: Final = 16

_MARKER: Final = re.compile(r"@llvm\.lifetime\.(start|end)\.p0\(ptr (?:\w+ )*(%" + NAME + r")\)")
_SUCCESSOR: Final = re.compile(r"label %(" + NAME + r")")


@dataclass(frozen=True, slots=True)
class Allocation:
    """One ``alloca``: ``count`` is a constant, or ``type value`` of a dynamic element count."""

    name: str
    stride: int
    count: int | str
    align: int
    metadata: str

    @property
    def size(self) -> int:
        """Bytes; 0 if only the running program knows."""
        return self.stride * self.count if isinstance(self.count, int) else 0


@dataclass(slots=True)
class _Block:
    """Markers of one block in order, as (is a start, number of the local), and where control goes next."""

    markers: list[tuple[bool, int]]
    successors: set[str]
    alive_at_start: int = 0

    def alive_at_end(self) -> int:
        alive = self.alive_at_start
        for is_start, number in self.markers:
            alive = alive | 1 << number if is_start else alive & ~(1 << number)
        return alive


def lay_out(allocations: list[Allocation], lines: list[str], *, sharing: bool) -> tuple[dict[str, int], int]:
    """Offset of each allocation in the frame, and the frame's size.

    Not ``sharing`` where a call may return twice: a jump back leads from one local's life into another's.
    """
    marked = {item.name: number for number, item in enumerate(allocations)} if sharing and len(allocations) > 1 else {}
    blocks = _blocks(lines, marked)
    started = {number for block in blocks.values() for is_start, number in block.markers if is_start}
    conflicts = _conflicts(blocks, len(allocations)) if len(started) > 1 else []
    slots: list[_Slot] = []
    for number, item in sorted(enumerate(allocations), key=lambda pair: (-pair[1].align, -pair[1].size)):
        shared = (slot for slot in slots if slot.admits(number, conflicts)) if conflicts and number in started else ()
        slot = next(iter(shared), None)
        if slot is None:
            slot = _Slot([], 0, item.align, shareable=number in started)
            slots.append(slot)
        slot.members.append(number)
        slot.size = max(slot.size, item.size)
    offset = 0
    places: dict[str, int] = {}
    for slot in slots:
        offset = round_up(offset, slot.align)
        places.update((allocations[number].name, offset) for number in slot.members)
        offset += slot.size
    return places, round_up(offset, STACK_ALIGN)


@dataclass(slots=True)
class _Slot:
    """Bytes of the frame that its members use in turn; the first member has the greatest alignment."""

    members: list[int]
    size: int
    align: int
    shareable: bool

    def admits(self, number: int, conflicts: list[int]) -> bool:
        return self.shareable and not any(conflicts[number] >> member & 1 for member in self.members)


def _blocks(lines: list[str], marked: dict[str, int]) -> dict[str, _Block]:
    """The basic blocks by label (the first has the label ``''``), as far as lifetimes need them."""
    block = _Block([], set())
    blocks = {"": block}
    for line in lines:
        if "@llvm.lifetime." in line:
            marker = _MARKER.search(line)
            if marker is not None and marker.group(2) in marked:
                block.markers.append((marker.group(1) == "start", marked[marker.group(2)]))
        elif "label %" in line:
            block.successors.update(_SUCCESSOR.findall(line))
        elif label := LABEL.match(line):
            block = blocks[label.group(1)] = _Block([], set())
    return blocks


def _conflicts(blocks: dict[str, _Block], count: int) -> list[int]:
    """For each local, the set (as bits) of those that may be alive where it begins, or that begin while it is alive."""
    waiting = list(blocks)
    while waiting:
        block = blocks[waiting.pop()]
        alive = block.alive_at_end()
        for successor in block.successors:
            target = blocks[successor]
            if alive & ~target.alive_at_start:
                target.alive_at_start |= alive
                waiting.append(successor)
    conflicts = [0] * count
    for block in blocks.values():
        alive = block.alive_at_start
        for is_start, number in block.markers:
            if is_start:
                conflicts[number] |= alive
                for other in range(count):
                    if alive >> other & 1:
                        conflicts[other] |= 1 << number
            alive = alive | 1 << number if is_start else alive & ~(1 << number)
    return conflicts
