"""Indirect jumps: each goes through a read-only table of host addresses, by an index that a mask bounds.

LLVM jumps through tables of code addresses in data, by addresses kept in registers, spilled, or stored by
the program itself (computed goto).  Three forms cover them all:

*direct*   ``jmpq *TABLE(,%rax,8)`` with TABLE a constant table of labels of this function: the table is
           copied among the jump tables, and the index register is masked in place.
*register* ``jmpq *%rax`` where rax holds the number of a label (``code_labels``): it indexes
           the one table of all labels of the function that are used as data.
*memory*   any other operand: the number is loaded into a register that is dead at all labels.  If there is
           none, one is saved on the stack, and the table leads to stubs which restore it.

The mask changes nothing for the values that LLVM computes.  It must also keep the flags wherever one is
read behind the jump: ``movzbl`` and ``movzwl`` do, at the price of a table of 256 or 65,536 entries.
"""

import re
from dataclasses import dataclass
from typing import Final

from motte.abi.layout import JUMP_TABLE_ENTRY_SIZE
from motte.compiler.confine.effects import SCRATCH, flag_effect, register_effect
from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.expansions import lifted
from motte.compiler.confine.function import Function
from motte.compiler.confine.items import MEMORY_JUMP, REGISTER_JUMP, TABLE_JUMP, Item, Memory
from motte.compiler.confine.liveness import Effect, Labels, Liveness
from motte.compiler.confine.operands import confined_memory
from motte.compiler.confine.registers import LOW_8, LOW_16, LOW_32
from motte.compiler.confine.tokens import DIGITS, SYMBOL

_TABLE_OPERAND: Final = re.compile(rf"({SYMBOL})((?:[+-]{DIGITS})*)")
_TERM: Final = re.compile(rf"[+-]{DIGITS}")


@dataclass(frozen=True, slots=True)
class LabelTable:
    """A constant table of code labels that LLVM placed in data; "" stands for a null entry."""

    name: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One indirect jump.

    ``labels`` are the table's entries in order of the index, "" for an index that does not occur. The index is in
    the register ``index`` (with ``%``), or it must be loaded from ``memory`` first.
    ``numbered`` tells that it is a label's number.
    """

    labels: Labels
    index: str | None
    memory: Memory | None = None
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class EmittedTable:
    """A finished table of code addresses: labels, one an entry."""

    symbol: str
    owner: str
    entries: Labels


class JumpTables:
    """All tables of one assembly text."""

    def __init__(self) -> None:
        """No table yet."""
        self._symbols: dict[Labels, EmittedTable] = {}

    @property
    def emitted(self) -> list[EmittedTable]:
        """Every table, in the order in which they were asked for."""
        return list(self._symbols.values())

    def symbol(self, owner: Function, entries: Labels) -> str:
        """Symbol of a table with exactly these entries."""
        table = self._symbols.get(entries)
        if table is None:
            table = EmittedTable(f"__motte_jump_table.{len(self._symbols)}", owner.symbol, entries)
            self._symbols[entries] = table
        return table.symbol


def find_dispatches(
    function: Function, label_tables: dict[str, LabelTable], positions: dict[str, int], numbered: Labels
) -> dict[int, Dispatch]:
    """Each indirect jump of ``function`` by the index of its item; ``numbered`` are its labels that are data."""
    dispatches: dict[int, Dispatch] = {}
    for position, item in enumerate(function.items):
        if item.kind == REGISTER_JUMP:
            dispatches[position] = Dispatch(("", *numbered), f"%{item.target}", numbered=True)
        elif item.kind == MEMORY_JUMP and item.memory is not None:
            dispatch = _direct(item.memory, label_tables, positions)
            if dispatch is None:
                dispatch = Dispatch(("", *numbered), None, item.memory, numbered=True)
            dispatches[position] = dispatch
        else:
            continue
        if not any(dispatches[position].labels):
            raise function.error("an indirect jump, but no label of this function is used as data", position)
    return dispatches


def _direct(memory: Memory, label_tables: dict[str, LabelTable], positions: dict[str, int]) -> Dispatch | None:
    operand = _TABLE_OPERAND.fullmatch(memory.displacement)
    if operand is None or memory.base is not None or memory.index is None or memory.scale != "8":
        return None
    table = label_tables.get(operand.group(1))
    offset = sum(int(term) for term in _TERM.findall(operand.group(2)))
    if table is None or offset % JUMP_TABLE_ENTRY_SIZE or memory.index not in LOW_32:
        return None
    first = offset // JUMP_TABLE_ENTRY_SIZE
    labels = ("",) * -first + table.labels[max(first, 0) :]
    if any(label and label not in positions for label in labels):
        return None
    return Dispatch(labels, memory.index)


class DispatchWriter:
    """Writes the jumps of one function whose labels and heights are known."""

    def __init__(
        self,
        function: Function,
        tables: JumpTables,
        dispatches: dict[int, Dispatch],
        heights: dict[str, int],
    ) -> None:
        """``heights`` are the stack heights at the labels of ``function``."""
        self._function = function
        self._tables = tables
        self._dispatches = dispatches
        self._heights = heights
        self._liveness: dict[str, Liveness] = {}

    def text(self, position: int, height: int) -> str:
        """The instructions that replace the jump at ``position``, where the stack height is ``height``."""
        dispatch = self._dispatches[position]
        reachable = tuple(label if self._heights.get(label) == height else "" for label in dispatch.labels)
        try:
            if dispatch.index is not None:
                return self._masked_jump(dispatch.index, reachable, reachable, height)
            if dispatch.memory is not None:
                return self._jump_through_memory(dispatch.memory, reachable, height)
        except Unconfinable as reason:
            raise self._function.error(str(reason), position) from None
        raise AssertionError("a dispatch without an index")

    def _jump_through_memory(self, memory: Memory, labels: Labels, height: int) -> str:
        for scratch in SCRATCH:
            if self._is_dead(scratch, register_effect(scratch), labels):
                load = f"\tmovq\t{confined_memory(memory)}, {scratch}"
                return f"{load}\n{self._masked_jump(scratch, labels, labels, height)}"
        scratch = next(register for register in SCRATCH if register not in (memory.base, memory.index))
        stubs = tuple(self._stub(scratch, label, height) if label else "" for label in labels)
        jump = self._masked_jump(scratch, labels, stubs, height + 8)
        load = f"\tmovq\t{confined_memory(lifted(memory, 8))}, {scratch}"
        return f"\tpushq\t{scratch}\n{load}\n{jump}"

    def _stub(self, scratch: str, label: str, height: int) -> str:
        name = f".Lmotte_stub{self._function.number}_{height}_{scratch[1:]}{label}"
        self._function.stubs.setdefault(name, f"{name}:\n\tpopq\t{scratch}\n\tjmp\t{label}")
        return name

    def _masked_jump(self, index: str, labels: Labels, targets: Labels, height: int) -> str:
        mask, size = self._mask(index, labels)
        trap = self._function.trap(height)
        entries = tuple(target or trap for target in targets) + (trap,) * (size - len(targets))
        table = self._tables.symbol(self._function, entries)
        return f"{mask}\n\tjmpq\t*{table}(,{index},8)"

    def _mask(self, index: str, labels: Labels) -> tuple[str, int]:
        """The masking instruction, and how many entries it admits."""
        needed = len(labels)
        if self._is_dead("flags", flag_effect, labels):
            bits = max(1, (needed - 1).bit_length())
            return f"\tandl\t${(1 << bits) - 1}, {LOW_32[index]}", 1 << bits
        if needed <= 256:
            return f"\tmovzbl\t{LOW_8[index]}, {LOW_32[index]}", 256
        if needed <= 65536:
            return f"\tmovzwl\t{LOW_16[index]}, {LOW_32[index]}", 65536
        raise Unconfinable("a jump table of more than 65,536 entries")

    def _is_dead(self, name: str, effect: Effect, labels: Labels) -> bool:
        liveness = self._liveness.get(name)
        if liveness is None:
            liveness = self._liveness[name] = Liveness(self._function, effect, self._labels_at)
        return liveness.is_dead_at(labels)

    def _labels_at(self, position: int) -> Labels:
        return self._dispatches[position].labels


def as_table_jumps(function: Function, dispatches: dict[int, Dispatch]) -> None:
    """Give each dispatch's item the kind that the height analysis knows."""
    for position in dispatches:
        item = function.items[position]
        function.items[position] = Item(TABLE_JUMP, "", item.source)
