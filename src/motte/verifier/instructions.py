"""One instruction by itself: every rule that its bytes alone can break.

``Examiner.examine`` depends on the instruction's bytes (and on what kind of program it is in) alone: not on its
address, its function, or what surrounds it.  So its answer is remembered by those bytes;
a program repeats most of its instructions, and a repetition costs one dictionary lookup.
The memory lives as long as one verification, and is bounded.

The order of the checks decides which rule a bad instruction is reported for: whether it
decodes (D1), its prefixes' order (D3), what it is (D5, M4 to M7), its prefixes' meaning
(D3), its operands (M, S1, S2), and last whether it is encoded as an honest assembler would (D4).
"""

from typing import Final

from iced_x86 import Code, Decoder, Encoder, Formatter, FormatterSyntax, Instruction, OpKind, Register, RoundingControl

from motte.verifier import effects
from motte.verifier.allowlist import form_of
from motte.verifier.effects import PLAIN, REFUSAL, Effect
from motte.verifier.operands import Refusal, memory_effect, register_effect, signed
from motte.verifier.prefixes import NOPS, prefixes_of, same_encoding

MAX_REMEMBERED: Final = 1 << 18
"""Encodings that are remembered; hostile code may consist of distinct ones only."""

_RELATIVE: Final = frozenset({effects.CALL, effects.JUMP, effects.BRANCH})


class Examiner:
    """Effects of instructions by their bytes, for one verification.

    ``known`` maps encodings seen so far to their effects; ask it first.
    """

    __slots__ = ("_encoder", "_reaches_blocks", "known")

    def __init__(self, reaches_blocks: bool = False) -> None:
        """Know the listed NOPs, which the ordinary rules would refuse; whether 64 is as good as 65."""
        self._reaches_blocks = reaches_blocks
        self.known: dict[bytes, Effect] = dict.fromkeys(NOPS, PLAIN)
        self._encoder = Encoder(64)

    def examine(self, instruction: Instruction, encoding: bytes) -> Effect:
        """The effect of ``instruction``, which the decoder read from exactly ``encoding``."""
        outcome = self._judge(instruction, encoding)
        effect = REFUSAL if isinstance(outcome, Refusal) else outcome
        if len(self.known) < MAX_REMEMBERED:
            self.known[encoding] = effect
        return effect

    def effect_of(self, encoding: bytes) -> Effect:
        """The effect of a whole instruction, given its bytes alone."""
        return self.known.get(encoding) or self.examine(Decoder(64, encoding).decode(), encoding)

    def refusal_of(self, encoding: bytes) -> Refusal:
        """Why an instruction whose effect is ``REFUSAL`` is refused, with its text and bytes."""
        instruction = Decoder(64, encoding).decode()
        outcome = self._judge(instruction, encoding)
        assert isinstance(outcome, Refusal), "the same bytes get the same answer"
        text = Formatter(FormatterSyntax.GAS).format(instruction)
        return Refusal(outcome.rule, f"{text} [{encoding.hex(' ')}]: {outcome.text}")

    def _judge(self, instruction: Instruction, encoding: bytes) -> Effect | Refusal:  # noqa: PLR0911 - rule by rule
        prefixes = prefixes_of(encoding, self._reaches_blocks)
        misplaced = prefixes.misplaced(encoding)
        if misplaced is not None:
            return Refusal("D3", f"prefix {misplaced:02x} repeated, out of order, or not accepted")
        if instruction.code == Code.INVALID:
            return Refusal("D1", "does not decode")
        form = form_of(instruction.code)
        if form.refusal is not None:
            return Refusal(*form.refusal)
        has_memory = form.memory_operand >= 0 and instruction.op_kind(form.memory_operand) == OpKind.MEMORY
        meaningless = prefixes.refused_for(form, has_memory)
        if meaningless is not None:
            return Refusal("D3", meaningless)
        if form.effect in _RELATIVE:
            outcome: Effect | Refusal = (form.effect, signed(instruction.near_branch64 - instruction.next_ip), 0)
        elif has_memory:
            outcome = memory_effect(instruction, form, prefixes)
        else:
            outcome = register_effect(instruction, form)
        if isinstance(outcome, Refusal):
            return outcome
        if has_memory and instruction.memory_index == Register.NONE and instruction.memory_index_scale != 1:
            return Refusal("D4", "a scale without an index")
        if form.ignores_rounding and instruction.rounding_control != RoundingControl.NONE:
            return Refusal("D4", "a rounding mode for what needs no rounding")
        if not same_encoding(encoding, self._canonical(instruction), prefixes):
            return Refusal("D4", "not encoded as an assembler would")
        return outcome

    def _canonical(self, instruction: Instruction) -> bytes:
        """What the decoder library's encoder makes of the instruction; empty if it cannot encode it."""
        try:
            self._encoder.encode(instruction, instruction.ip)
        except ValueError:
            self._encoder.take_buffer()
            return b""
        return bytes(self._encoder.take_buffer())
