"""D1: the one linear decode of a function, from its first byte to its last.

This is the loop that sees every instruction.  For each it needs only the length, from the
decoder, and the effect, which ``instructions`` remembers by the bytes; what survives is
the list of *events*: the few instructions that touch the stack or control.  Shapes become
one event each, at the place of their first instruction.
"""

from iced_x86 import Decoder

from motte.verifier import effects
from motte.verifier.claims import ClaimedFunction
from motte.verifier.effects import PLAIN
from motte.verifier.findings import Findings
from motte.verifier.instructions import Examiner
from motte.verifier.operands import Refusal
from motte.verifier.shapes import CALL_LENGTH, SWITCH_LENGTH, indirect_call, switch

Event = tuple[int, int, int, int, int]
"""Offset of the unit, offset of its end, kind of effect, and the effect's two values."""


class DecodedFunction:
    """What one function consists of; offsets count from the code's base.

    ``starts`` are the offsets of all instructions, in order; ``units`` those at which control may
    arrive; ``traps`` those of ``ud2``.
    """

    __slots__ = ("claim", "events", "starts", "traps", "units")

    def __init__(self, claim: ClaimedFunction) -> None:
        self.claim = claim
        self.starts: list[int] = []
        self.events: list[Event] = []
        self.units: set[int] = set()
        self.traps: set[int] = set()


class FunctionDecoder:
    """Decodes the functions of one code, all with the same function table."""

    def __init__(self, code: bytes, function_table: int, mask: int, findings: Findings) -> None:
        self._code = code
        self._function_table = function_table
        self._mask = mask
        self._findings = findings
        self._examiner = Examiner()

    def decode(self, claim: ClaimedFunction) -> DecodedFunction:
        """Decode one function and recognise its shapes; what is refused goes to the findings."""
        function = DecodedFunction(claim)
        code, known, examine = self._code, self._examiner.known, self._examiner.examine
        starts, events = function.starts, function.events
        found_before = len(self._findings)
        inside_shapes: list[int] = []
        start, finish = claim.offset, claim.offset + claim.size
        for instruction in Decoder(64, code[start:finish], ip=start):
            end = instruction.next_ip
            encoding = code[start:end]
            effect = known.get(encoding)
            if effect is None:
                effect = examine(instruction, encoding)
            starts.append(start)
            if effect is not PLAIN:
                kind, first, second = effect
                events.append((start, end, kind, first, second))
                if kind == effects.TRAP:
                    function.traps.add(start)
                elif kind in (effects.TABLE_CALL, effects.TABLE_JUMP):
                    inside_shapes += self._fold_indirect_call(function, end)
                elif kind == effects.INDEX_JUMP:
                    inside_shapes += self._fold_switch(function, end)
                elif kind == effects.REFUSED and self._refuse(claim, start, encoding):
                    break
            start = end
        function.units.update(starts)
        function.units.difference_update(inside_shapes)
        if len(self._findings) == found_before:
            self._check_end(function, start)
        return function

    def _refuse(self, claim: ClaimedFunction, offset: int, encoding: bytes) -> bool:
        """Report a refused instruction; true if nothing behind it can be decoded reliably."""
        refusal = self._examiner.refusals[encoding]
        self._findings.add(refusal.rule, offset, claim.name, refusal.text)
        return refusal.rule == "D1"

    def _fold_indirect_call(self, function: DecodedFunction, end: int) -> list[int]:
        starts = function.starts[-CALL_LENGTH:]
        transfer = function.events[-1]
        if len(starts) < CALL_LENGTH:
            outcome: effects.Effect | Refusal = Refusal("C2", "no shape before the indirect transfer")
        else:
            bounds = [*starts, end]
            encodings = [self._code[a:b] for a, b in zip(bounds, bounds[1:], strict=False)]
            compare, branch = self._examiner.known[encodings[2]], self._examiner.known[encodings[3]]
            outcome = indirect_call(encodings, compare, branch, transfer[2:], self._function_table, self._mask)
        if isinstance(outcome, Refusal):
            self._findings.add(outcome.rule, transfer[0], function.claim.name, outcome.text)
            return []
        kind, class_number, displacement = outcome
        # The comparison, the branch and the transfer were events; movl and andl were not.
        function.events[-3:] = [(starts[0], end, kind, class_number, starts[-1] + displacement)]
        return starts[1:]

    def _fold_switch(self, function: DecodedFunction, end: int) -> list[int]:
        starts = function.starts[-SWITCH_LENGTH:]
        transfer = function.events[-1]
        if len(starts) < SWITCH_LENGTH:
            outcome: effects.Effect | Refusal = Refusal("C3", "no mask before the jump through a table")
        else:
            outcome = switch(self._code[starts[0] : starts[1]], transfer[2:])
        if isinstance(outcome, Refusal):
            self._findings.add(outcome.rule, transfer[0], function.claim.name, outcome.text)
            return []
        function.events[-1] = (starts[0], end, *outcome)
        return starts[1:]

    def _check_end(self, function: DecodedFunction, end: int) -> None:
        """D1, C1 and M8 at the end of a function without other violations."""
        claim, events = function.claim, function.events
        if end != claim.offset + claim.size:
            self._findings.add("D1", end, claim.name, "an instruction crosses the end of the function")
        elif not events or events[-1][1] != end or events[-1][2] not in effects.TERMINATORS:
            self._findings.add("C1", function.starts[-1], claim.name, "the last instruction is not jmp, ret or ud2")
        for event in events:
            if event[2] == effects.TABLE_COMPARE:
                self._findings.add("M8", event[0], claim.name, "a table operand outside the shape of a call")
