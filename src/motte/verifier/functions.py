"""D1: the one linear decode of a function, from its first byte to its last.

This is the loop that sees every instruction.  For each it needs only the length, from the
decoder, and the effect, which ``instructions`` remembers by the bytes; what survives is
the list of *events*: the few instructions that touch the stack or control.  Shapes become
one event each, at the place of their first instruction.

A hostile function consists of nothing but one-byte events, and each may cost 200 bytes here:
that is why ``placement`` limits the size of a function.
"""

from array import array
from bisect import bisect_left
from itertools import pairwise

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

    ``starts`` are the offsets of all instructions, in order; ``inside_shapes`` those among them at which
    control may not arrive; ``traps`` those of ``ud2``.
    """

    __slots__ = ("claim", "events", "inside_shapes", "starts", "traps")

    def __init__(self, claim: ClaimedFunction) -> None:
        """An empty record for ``FunctionDecoder.decode`` to fill."""
        self.claim = claim
        self.starts = array("I")
        self.events: list[Event] = []
        self.inside_shapes: set[int] = set()
        self.traps: set[int] = set()

    def is_unit(self, offset: int) -> bool:
        """Whether a unit of this function starts at ``offset``: a place at which control may arrive."""
        starts = self.starts
        index = bisect_left(starts, offset)
        return index < len(starts) and starts[index] == offset and offset not in self.inside_shapes


class FunctionDecoder:
    """Decodes the functions of one code, all with the same function table."""

    def __init__(
        self, code: bytes, function_table: int, mask: int, findings: Findings, *, reaches_blocks: bool
    ) -> None:
        """``function_table`` is a host address, ``mask`` what a class check must apply to its index."""
        self._code = code
        self._function_table = function_table
        self._mask = mask
        self._findings = findings
        self._examiner = Examiner(reaches_blocks)

    def decode(self, claim: ClaimedFunction) -> DecodedFunction:
        """Decode one function and recognise its shapes; what is refused goes to the findings."""
        function = DecodedFunction(claim)
        code, known, examine = self._code, self._examiner.known, self._examiner.examine
        starts, events = function.starts, function.events
        found_before = len(self._findings)
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
                    self._fold(function, end, CALL_LENGTH)
                elif kind == effects.INDEX_JUMP:
                    self._fold(function, end, SWITCH_LENGTH)
                elif kind == effects.REFUSED and self._refuse(claim, start, encoding):
                    break
            start = end
        if len(self._findings) == found_before:
            self._check_end(function, finish)
        return function

    def _refuse(self, claim: ClaimedFunction, offset: int, encoding: bytes) -> bool:
        """Report a refused instruction; true if there is no use in decoding what is behind it."""
        refusal = self._examiner.refusal_of(encoding)
        self._findings.add(refusal.rule, offset, claim.name, refusal.text)
        return refusal.rule == "D1" or self._findings.full

    def _fold(self, function: DecodedFunction, end: int, length: int) -> None:
        """Make one event of the shape of ``length`` instructions that ends here."""
        starts = function.starts[-length:]
        encodings = [self._code[start:until] for start, until in pairwise((*starts, end))]
        unit = [(encoding, self._examiner.effect_of(encoding)) for encoding in encodings]
        if length == SWITCH_LENGTH:
            outcome = switch(unit)
        else:
            outcome = indirect_call(unit, starts[-1], self._function_table, self._mask)
        if isinstance(outcome, Refusal):
            self._findings.add(outcome.rule, starts[-1], function.claim.name, outcome.text)
            return
        plain = sum(effect is PLAIN for _, effect in unit)
        function.events[plain - length :] = [(starts[0], end, *outcome)]
        function.inside_shapes.update(starts[1:])

    def _check_end(self, function: DecodedFunction, finish: int) -> None:
        """C1 and M8 at the end of a function without other violations."""
        claim, events = function.claim, function.events
        if not events or events[-1][1] != finish or events[-1][2] not in effects.TERMINATORS:
            self._findings.add("C1", function.starts[-1], claim.name, "the last instruction is not jmp, ret or ud2")
        for event in events:
            if event[2] == effects.TABLE_COMPARE:
                self._findings.add("M8", event[0], claim.name, "a table operand outside the shape of a call")
