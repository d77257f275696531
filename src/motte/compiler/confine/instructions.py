"""One instruction of LLVM's text → one item, wherever it stands.

What depends on the surroundings (indirect calls, jumps through tables, stack heights) is
only recognised here and left to the passes over the whole function.
"""

import re
from collections.abc import Callable
from dataclasses import replace

from motte.compiler.confine import expansions
from motte.compiler.confine.code_labels import CodeLabels
from motte.compiler.confine.control import control_item, is_control
from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import BLOCK, PLAIN, STACK_COPY, Item, Memory
from motte.compiler.confine.mnemonics import check_mnemonic
from motte.compiler.confine.operands import IMMEDIATE, MEMORY, REGISTER, Operand, confined_memory, parse_operands
from motte.compiler.confine.registers import LOW_32, STACK_POINTER, WHOLE
from motte.compiler.confine.stack_copies import UNUSABLE
from motte.compiler.confine.tokens import DIGITS

_INSTRUCTION = re.compile(
    r"\t(?:(lock|rep)(?:;|[ \t]+))?((?:\{(?:vex|vex2|vex3|evex)\}[ \t]+)?)([a-z][a-z0-9]*)(?:[ \t]+(.*))?"
)
_DECIMAL = re.compile(rf"-?{DIGITS}")
_ADDRESS = re.compile(r"-?(?:0x[0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,19})")
_NO_REGISTER = (None, "%rip")


class InstructionRewriter:
    """Rewrites single instructions; notes the code labels and jump tables that they use as data."""

    def __init__(self, labels: CodeLabels) -> None:
        """``labels`` collects what is noted."""
        self._labels = labels
        self.reaches_blocks = False
        """Whether any instruction so far has an operand in a block."""
        self._special: dict[str, Callable[[str, list[Operand], str], Item]] = {
            **{f"lea{size}": self._load_address for size in "wlq"},
            "pushq": self._push,
            "popq": self._pop,
            "addq": self._add_or_subtract,
            "subq": self._add_or_subtract,
            "movabsq": self._move_absolute,
            "movq": self._move,
            "nop": self._nop,
        }

    def rewrite(self, line: str) -> Item:
        """The item for one line without comment; raises :class:`Unconfinable`."""
        match = _INSTRUCTION.fullmatch(line)
        if match is None:
            raise Unconfinable("instruction not understood")
        prefix, encoding, mnemonic, operand_text = match.groups("")
        if prefix == "rep" and mnemonic.startswith("bsf"):
            prefix = ""  # tzcnt where there is one: LLVM knows its operand not to be zero, and there the two agree
        if prefix == "rep":
            return Item(PLAIN, expansions.repeated_string(mnemonic, operand_text), line)
        if not prefix and is_control(mnemonic):
            return control_item(mnemonic, operand_text, line)
        operands = [self._with_numbers(operand) for operand in parse_operands(operand_text)]
        if prefix == "lock":
            return _locked(mnemonic, operands, line)
        special = self._special.get(mnemonic)
        if special is not None:
            return special(mnemonic, operands, line)
        return _ordinary(encoding + mnemonic, mnemonic, operands, line)

    def _with_numbers(self, operand: Operand) -> Operand:
        """``operand`` with code labels replaced by the numbers that stand for them in data."""
        if operand.form == IMMEDIATE:
            self._labels.note_table(operand.expression)
            return operand._replace(expression=self._labels.as_data(operand.expression))
        memory = operand.memory
        if memory is not None and memory.segment == BLOCK:
            self.reaches_blocks = True
        if memory is None or not memory.displacement:
            return operand
        self._labels.note_table(memory.displacement)
        displacement = self._labels.as_data(memory.displacement)
        if displacement is memory.displacement:
            return operand
        return operand._replace(memory=replace(memory, displacement=displacement))

    def _load_address(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        if len(operands) != 2 or operands[0].memory is None or operands[0].text:
            raise Unconfinable("operands not understood")
        memory, destination = operands[0].memory, operands[1].text
        if "%rsp" in (memory.base, memory.index):
            return self._move_stack(memory, destination, line)
        if destination not in WHOLE:
            raise Unconfinable(f"register {destination} is not accepted")
        if memory.base in _NO_REGISTER and memory.index is None:
            # Data lies in the low 2 GiB of the window, so a zero-extending move gives the same address.
            if mnemonic == "leaw":
                raise Unconfinable("half an address")
            return Item(PLAIN, f"\tmovl\t${memory.displacement}, {LOW_32['%' + WHOLE[destination]]}", line)
        for register in (memory.base, memory.index):
            if register is not None and register not in LOW_32:
                raise Unconfinable(f"register {register} in an address")
        index = f",{memory.index},{memory.scale}" if memory.index else ""
        return Item(PLAIN, f"\t{mnemonic}\t{memory.displacement}({memory.base or ''}{index}), {destination}", line)

    def _move_stack(self, memory: Memory, destination: str, line: str) -> Item:
        if memory.base != "%rsp" or memory.index is not None or destination != "%rsp":
            raise Unconfinable("the address of a native stack slot (a local that was not lowered)")
        change = -_decimal(memory.displacement)
        return Item(PLAIN, f"\tleaq\t{-change}(%rsp), %rsp", line, stack_change=change)

    def _push(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        operand = _only(operands)
        if operand.memory is not None:
            return Item(PLAIN, expansions.push_memory(operand.memory), line, stack_change=8)
        return Item(PLAIN, f"\tpushq\t{_operand_text(operand)}", line, stack_change=8)

    def _pop(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        operand = _only(operands)
        if operand.memory is not None:
            return Item(PLAIN, expansions.pop_memory(operand.memory), line, stack_change=-8)
        return Item(PLAIN, f"\tpopq\t{_operand_text(operand)}", line, stack_change=-8)

    def _add_or_subtract(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        if len(operands) != 2 or operands[1].text != "%rsp" or operands[0].form != IMMEDIATE:
            return _ordinary(mnemonic, mnemonic, operands, line)
        amount = _decimal(operands[0].expression)
        change = amount if mnemonic == "subq" else -amount
        return Item(PLAIN, f"\t{mnemonic}\t${amount}, %rsp", line, stack_change=change)

    def _move_absolute(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        if len(operands) != 2 or operands[1].form != REGISTER or operands[0].form != IMMEDIATE:
            return _move_far(operands, line)
        return Item(PLAIN, f"\tmovabsq\t${operands[0].expression}, {_operand_text(operands[1])}", line)

    def _move(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        if len(operands) == 2 and operands[0].text == "%rsp" and operands[1].text in LOW_32:
            return Item(STACK_COPY, "", line, target=operands[1].text.removeprefix("%"))
        return _ordinary(mnemonic, mnemonic, operands, line)

    def _nop(self, mnemonic: str, operands: list[Operand], line: str) -> Item:
        if operands:
            raise Unconfinable("operands not understood")
        return Item(PLAIN, "\tnop", line)


def _ordinary(written: str, mnemonic: str, operands: list[Operand], line: str) -> Item:
    check_mnemonic(mnemonic)
    if mnemonic[:2] == "bt" and len(operands) == 2 and operands[0].form == REGISTER and operands[1].form == MEMORY:
        raise Unconfinable("a bit offset in a register reaches far beyond its memory operand")
    if not operands:
        return Item(PLAIN, f"\t{written}", line)
    return Item(PLAIN, f"\t{written}\t{', '.join(map(_operand_text, operands))}", line)


def _locked(mnemonic: str, operands: list[Operand], line: str) -> Item:
    if any(operand.memory is not None and operand.memory.base == "%rsp" for operand in operands):
        if mnemonic == "orl" and operands[0].expression == "0":
            return Item(PLAIN, "\tmfence", line)
        raise Unconfinable("a locked access to the native stack (a local that was not lowered)")
    if mnemonic[:-1] in ("bts", "btr", "btc") and operands and operands[0].form == REGISTER:
        return Item(PLAIN, expansions.locked_bit_operation(mnemonic, operands), line)
    return _ordinary(f"lock {mnemonic}", mnemonic, operands, line)


def _move_far(operands: list[Operand], line: str) -> Item:
    """``movabsq`` between the accumulator and a 64-bit address, of which the low half counts."""
    texts = []
    for operand in operands:
        memory = operand.memory
        if memory is not None and memory.base is None and memory.index is None:
            if not _ADDRESS.fullmatch(memory.displacement):
                raise Unconfinable("a 64-bit address that is not a plain number")
            address = int(memory.displacement, 0) & 0xFFFF_FFFF
            signed = address - (1 << 32) if address >> 31 else address
            texts.append(f"{memory.segment}{signed}(,%eiz)")
        else:
            texts.append(_operand_text(operand))
    return Item(PLAIN, f"\tmovq\t{', '.join(texts)}", line)


def _operand_text(operand: Operand) -> str:
    if operand.memory is not None:
        return confined_memory(operand.memory) + operand.text
    if operand.form == IMMEDIATE:
        return "$" + operand.expression
    if operand.text in STACK_POINTER:
        raise Unconfinable(UNUSABLE)
    return operand.text


def _only(operands: list[Operand]) -> Operand:
    if len(operands) != 1:
        raise Unconfinable("operands not understood")
    return operands[0]


def _decimal(text: str) -> int:
    if not _DECIMAL.fullmatch(text or "0"):
        raise Unconfinable("the native stack pointer moves by an amount that is not a plain number")
    return int(text or "0")
