"""S1, S3, S4, M2 and C1: the height of the native stack at every unit, and where control goes.

The problem: ``rsp`` is never masked, and return addresses lie beside the spills.  Both are
safe only if at every instruction the distance from ``rsp`` to the return address is known.

What fails: bounds on ``rsp`` alone.  ``pop %rax; push %rdi; ret`` keeps every bound on average,
and returns wherever it likes.

The answer: the *height*, the bytes between ``rsp`` and the return address, is one constant
at each unit: 0 at the entry, changed only by the effects that are known exactly, never
below 0 nor above F, equal wherever paths merge, and 0 at every return.

The walk goes from event to event and not from instruction to instruction, because what lies
between leaves the height alone: the height at any unit is the height at the first event at
or behind it.  Each event is visited once, each table is followed once for each function, so
the work is linear in the code's size whatever its jumps look like.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from motte.abi import layout
from motte.verifier import effects
from motte.verifier.findings import Findings
from motte.verifier.functions import DecodedFunction, Event
from motte.verifier.prefixes import NOPS
from motte.verifier.tables import JumpTable


class Surroundings:
    """What the code around a function consists of, as far as jumps and calls can see it.

    ``stack_arguments`` gives A of every address that a direct call may name, functions and gates
    alike, as offsets from the code's base; ``jump_tables`` are by address.
    """

    __slots__ = ("classes", "code", "jump_tables", "stack_arguments")

    def __init__(
        self,
        code: bytes,
        stack_arguments: Mapping[int, int],
        classes: Mapping[int, int],
        jump_tables: Mapping[int, JumpTable],
    ) -> None:
        self.code = code
        self.stack_arguments = stack_arguments
        self.classes = classes
        self.jump_tables = jump_tables


class HeightWalk:
    """The heights of one function; ``traps`` collects where its class checks jump to."""

    def __init__(
        self, index: int, function: DecodedFunction, surroundings: Surroundings, findings: Findings, traps: set[int]
    ) -> None:
        self._index = index
        self._function = function
        self._begin = function.claim.offset
        self._end = function.claim.offset + function.claim.size
        self._own_arguments = function.claim.stack_arguments
        self._surroundings = surroundings
        self._findings = findings
        self._traps = traps
        self._event_offsets = [event[0] for event in function.events]
        self._event_heights: list[int | None] = [None] * len(function.events)
        self._targets: dict[int, int] = {self._begin: 0}
        self._pending: list[tuple[int, int]] = [(0, 0)]

    def run(self) -> None:
        """Follow every path from the entry; then look for code that no path reaches."""
        found_before = len(self._findings)
        while self._pending:
            self._follow(*self._pending.pop())
        if len(self._findings) == found_before:
            self._check_unreached()

    def _report(self, rule: str, offset: int, text: str) -> None:
        self._findings.add(rule, offset, self._function.claim.name, text)

    def _follow(self, index: int, height: int) -> None:
        """Walk straight on from an event until control leaves, or joins a path already walked."""
        events, heights = self._function.events, self._event_heights
        while True:
            known = heights[index]
            if known is not None:
                if known != height:
                    self._report_merge(index, known, height)
                return
            heights[index] = height
            following = self._apply(events[index], height)
            if following is None:
                return
            height = following
            index += 1

    def _apply(self, event: Event, height: int) -> int | None:
        """Check one event at ``height``; the height behind it, or ``None`` if control does not go on."""
        start, end, kind, first, second = event
        if kind == effects.ACCESS:
            self._check_access(start, height, first, second)
            return height
        if kind == effects.PUSH:
            return self._grown(start, height, 8)
        if kind == effects.POP:
            return self._grown(start, height, -8)
        if kind == effects.ADJUST:
            return self._grown(start, height, first)
        if kind == effects.CALL:
            self._check_call(start, height, end + first)
            return height
        if kind in (effects.BRANCH, effects.JUMP):
            self._check_jump(start, height, end + first)
            return height if kind == effects.BRANCH else None
        if kind == effects.RETURN:
            if height != 0:
                self._report("S1", start, f"returns at height {height}")
            return None
        if kind in (effects.INDIRECT_CALL, effects.INDIRECT_JUMP):
            self._check_indirect(start, height, kind, first, second)
            return height if kind == effects.INDIRECT_CALL else None
        if kind == effects.SWITCH:
            self._check_switch(start, height, first, second)
        return None

    def _grown(self, start: int, height: int, growth: int) -> int | None:
        grown = height + growth
        if 0 <= grown <= layout.MAX_FRAME_HEIGHT:
            return grown
        self._report("S1", start, f"height becomes {grown}, not in 0..{layout.MAX_FRAME_HEIGHT}")
        return None

    def _check_access(self, start: int, height: int, displacement: int, width: int) -> None:
        end = displacement + width
        in_frame = displacement >= 0 and end <= height
        in_arguments = displacement >= height + 8 and end <= height + 8 + self._own_arguments
        if not (in_frame or in_arguments):
            self._report("M2", start, f"stack bytes {displacement}..{end} at height {height}")

    def _check_call(self, start: int, height: int, target: int) -> None:
        arguments = self._surroundings.stack_arguments.get(target)
        if arguments is None:
            self._report("C1", start, f"calls {target:#x}, neither a function's entry nor a gate")
        elif height < arguments:
            self._report("S4", start, f"calls with height {height} a function that takes {arguments} bytes")

    def _check_jump(self, start: int, height: int, target: int) -> None:
        if self._begin <= target < self._end:
            if target in self._function.units:
                self._arrive(target, height)
            else:
                self._report("C1", start, f"jumps to {target:#x}, which is not the start of a unit")
            return
        arguments = self._surroundings.stack_arguments.get(target)
        if arguments is None:
            self._report("C1", start, f"jumps to {target:#x}, outside the function and no function's entry")
        else:
            self._check_tail(start, height, arguments)

    def _check_tail(self, start: int, height: int, arguments: int) -> None:
        if height != 0:
            self._report("S4", start, f"tail jump at height {height}")
        elif arguments > self._own_arguments:
            self._report("S4", start, f"tail jump to a function that takes {arguments} bytes, from one of less")

    def _check_indirect(self, start: int, height: int, kind: int, class_number: int, trap: int) -> None:
        arguments = self._surroundings.classes.get(class_number)
        if arguments is None:
            self._report("C2", start, f"class {class_number:#x} is not declared")
        elif kind == effects.INDIRECT_JUMP:
            self._check_tail(start, height, arguments)
        elif height < arguments:
            self._report("S4", start, f"calls with height {height} a class that takes {arguments} bytes")
        if trap in self._function.traps:
            self._traps.add(trap)
            self._arrive(trap, height)
        else:
            self._report("C2", start, f"the check jumps to {trap:#x}, which is no ud2 of this function")

    def _check_switch(self, start: int, height: int, address: int, entries: int) -> None:
        table = self._surroundings.jump_tables.get(address)
        if table is None or table.owner != self._index:
            self._report("C3", start, f"{address:#x} is no jump table of this function")
        elif table.entries != entries:
            self._report("C3", start, f"the mask admits {entries} entries, the table has {table.entries}")
        elif table.height is None:
            table.height = height
            for target in table.targets & self._function.units:
                self._arrive(target, height)
        elif table.height != height:
            self._report("S1", start, f"jumps through one table at heights {table.height} and {height}")

    def _arrive(self, target: int, height: int) -> None:
        known = self._targets.setdefault(target, height)
        if known != height:
            self._report("S1", target, f"paths meet at heights {known} and {height}")
            return
        self._pending.append((bisect_left(self._event_offsets, target), height))

    def _report_merge(self, index: int, known: int, height: int) -> None:
        """Two paths meet at an event; the place is the first jump target that leads to it."""
        after = self._event_offsets[index - 1] if index else -1
        place = min(target for target in self._targets if after < target <= self._event_offsets[index])
        self._report("S1", place, f"paths meet at heights {known} and {height}")

    def _check_unreached(self) -> None:
        """C1: code that no path reaches is a NOP or ud2; it begins behind a unit that never goes on."""
        starts: Iterable[int]
        for event in self._function.events:
            if event[2] in effects.TERMINATORS and event[1] != self._end and event[1] not in self._targets:
                self._check_unreached_run(event[1])

    def _check_unreached_run(self, offset: int) -> None:
        starts = self._function.starts
        index = bisect_left(starts, offset)
        while offset not in self._targets and offset not in self._function.traps:
            index += 1
            end = starts[index] if index < len(starts) else self._end
            if self._surroundings.code[offset:end] not in NOPS:
                self._report("C1", offset, "no path reaches this instruction")
                return
            offset = end
