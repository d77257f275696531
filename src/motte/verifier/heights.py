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
or behind it.  Each event is visited once, each jump target is followed once, each table is read once, so
the work is linear in the code's size whatever its jumps look like.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from motte.abi import layout
from motte.verifier import effects
from motte.verifier.findings import Findings
from motte.verifier.functions import DecodedFunction, Event
from motte.verifier.reachability import check_unreached
from motte.verifier.surroundings import Surroundings
from motte.verifier.tables import JumpTable


class HeightWalk:
    """The heights of one function without other violations.

    ``class_traps`` are the offsets to which the class checks of indirect transfers jump.
    """

    def __init__(
        self,
        function: DecodedFunction,
        jump_tables: Mapping[int, JumpTable],
        surroundings: Surroundings,
        findings: Findings,
    ) -> None:
        """``jump_tables`` are the function's own, by address."""
        self.class_traps: set[int] = set()
        self._function = function
        self._jump_tables = jump_tables
        entry = function.claim.offset
        self._own_arguments = function.claim.stack_arguments
        self._surroundings = surroundings
        self._findings = findings
        self._event_offsets = [event[0] for event in function.events]
        self._event_heights: list[int | None] = [None] * len(function.events)
        self._targets: dict[int, int] = {entry: 0}
        self._arrivals: list[int] = [-1] * len(function.events)
        self._pending: list[tuple[int, int]] = [(entry, 0)]

    def call_sites(self) -> Iterator[tuple[int, int]]:
        """The frame map of this function: behind each call that a path reaches, the offset and the height."""
        for event, height in zip(self._function.events, self._event_heights, strict=True):
            if height is not None and event[2] in (effects.CALL, effects.INDIRECT_CALL):
                yield event[1], height

    def run(self) -> None:
        """Follow every path from the entry; then look for code that no path reaches."""
        found_before = len(self._findings)
        while self._pending:
            self._follow_from(*self._pending.pop())
        if len(self._findings) == found_before:
            check_unreached(self._function, self._targets.keys(), self._surroundings.code, self._findings)

    def _report(self, rule: str, offset: int, text: str) -> None:
        self._findings.add(rule, offset, self._function.claim.name, text)

    def _follow_from(self, target: int, height: int) -> None:
        """Walk straight on from a unit until control leaves, or joins a path already walked."""
        events, heights = self._function.events, self._event_heights
        index = bisect_left(self._event_offsets, target)
        # Where paths meet at an event is the last of the jump targets from which they came to it.
        self._arrivals[index] = max(self._arrivals[index], target)
        while True:
            known = heights[index]
            if known is not None:
                if known != height:
                    self._report("S1", self._arrivals[index], f"paths meet at heights {known} and {height}")
                return
            heights[index] = height
            following = self._apply(events[index], height)
            if following is None:
                return
            height = following
            index += 1

    def _apply(self, event: Event, height: int) -> int | None:
        """Check one event at ``height``; the height behind it, or ``None`` if control does not go on."""
        return _RULES[event[2]](self, event, height)

    def _access(self, event: Event, height: int) -> int:
        """M2: inside the frame, or inside the function's own arguments; never the return address between."""
        displacement, width = event[3:]
        end = displacement + width
        in_frame = displacement >= 0 and end <= height
        in_arguments = displacement >= height + 8 and end <= height + 8 + self._own_arguments
        if not (in_frame or in_arguments):
            self._report("M2", event[0], f"stack bytes {displacement}..{end} at height {height}")
        return height

    def _push(self, event: Event, height: int) -> int | None:
        return self._grow(event, height, 8)

    def _pop(self, event: Event, height: int) -> int | None:
        return self._grow(event, height, -8)

    def _adjust(self, event: Event, height: int) -> int | None:
        return self._grow(event, height, event[3])

    def _grow(self, event: Event, height: int, growth: int) -> int | None:
        """S1: never below the return address, never above F."""
        grown = height + growth
        if 0 <= grown <= layout.MAX_FRAME_HEIGHT:
            return grown
        self._report("S1", event[0], f"height becomes {grown}, not in 0..{layout.MAX_FRAME_HEIGHT}")
        return None

    def _call(self, event: Event, height: int) -> int:
        """C1 and S4: to an entry or a gate, with its arguments inside this frame."""
        start, end, _, displacement, _ = event
        arguments = self._surroundings.stack_arguments.get(end + displacement)
        if arguments is None:
            self._report("C1", start, f"calls {end + displacement:#x}, neither a function's entry nor a gate")
        elif height < arguments:
            self._report("S4", start, f"calls with height {height} a function that takes {arguments} bytes")
        return height

    def _branch(self, event: Event, height: int) -> int:
        self._jump(event, height)
        return height

    def _jump(self, event: Event, height: int) -> None:
        """C1: to a unit of this function, or, as a tail jump, to an entry or a gate."""
        start, end, _, displacement, _ = event
        target = end + displacement
        arguments = self._surroundings.stack_arguments.get(target)
        if self._function.is_unit(target):
            self._arrive(target, height)
        elif arguments is None:
            self._report("C1", start, f"jumps to {target:#x}, which is neither the start of a unit nor an entry")
        else:
            self._tail(start, height, arguments)

    def _tail(self, start: int, height: int, arguments: int) -> None:
        """S4: only where our frame is gone, and our caller has made room for the arguments."""
        if height != 0:
            self._report("S4", start, f"tail jump at height {height}")
        elif arguments > self._own_arguments:
            self._report("S4", start, f"tail jump to what takes {arguments} bytes, from {self._own_arguments}")

    def _return(self, event: Event, height: int) -> None:
        if height != 0:
            self._report("S1", event[0], f"returns at height {height}")

    def _trap(self, event: Event, height: int) -> None:
        """``ud2`` may stand at any height: nothing runs after it."""

    def _indirect_call(self, event: Event, height: int) -> int:
        arguments = self._class_check(event, height)
        if arguments is not None and height < arguments:
            self._report("S4", event[0], f"calls with height {height} a class that takes {arguments} bytes")
        return height

    def _indirect_jump(self, event: Event, height: int) -> None:
        arguments = self._class_check(event, height)
        if arguments is not None:
            self._tail(event[0], height, arguments)

    def _class_check(self, event: Event, height: int) -> int | None:
        """C2: A of the class, if the class is declared and its check leads to a trap."""
        start, _, _, class_number, trap = event
        if trap in self._function.traps:
            self.class_traps.add(trap)
            self._arrive(trap, height)
        else:
            self._report("C2", start, f"the check jumps to {trap:#x}, which is no ud2 of this function")
        arguments = self._surroundings.classes.get(class_number)
        if arguments is None:
            self._report("C2", start, f"class {class_number:#x} is not declared")
        return arguments

    def _switch(self, event: Event, height: int) -> None:
        """C3: through a table of this function, as long as the mask reaches, at one height."""
        start, _, _, address, entries = event
        table = self._jump_tables.get(address)
        if table is None:
            self._report("C3", start, f"{address:#x} is no jump table of this function")
        elif table.entries != entries:
            self._report("C3", start, f"the mask admits {entries} entries, the table has {table.entries}")
        elif table.height is None:
            table.height = height
            for target in table.targets:
                self._arrive(target, height)
        elif table.height != height:
            self._report("S1", start, f"jumps through one table at heights {table.height} and {height}")

    def _arrive(self, target: int, height: int) -> None:
        known = self._targets.get(target)
        if known is None:
            self._targets[target] = height
            self._pending.append((target, height))
        elif known != height:
            self._report("S1", target, f"paths meet at heights {known} and {height}")


_RULES: Final[Mapping[int, Callable[[HeightWalk, Event, int], int | None]]] = {
    effects.ACCESS: HeightWalk._access,
    effects.PUSH: HeightWalk._push,
    effects.POP: HeightWalk._pop,
    effects.ADJUST: HeightWalk._adjust,
    effects.CALL: HeightWalk._call,
    effects.BRANCH: HeightWalk._branch,
    effects.JUMP: HeightWalk._jump,
    effects.RETURN: HeightWalk._return,
    effects.TRAP: HeightWalk._trap,
    effects.INDIRECT_CALL: HeightWalk._indirect_call,
    effects.INDIRECT_JUMP: HeightWalk._indirect_jump,
    effects.SWITCH: HeightWalk._switch,
}
"""What each event must obey.  Kinds that are missing here never reach the walk: they are refused before."""
