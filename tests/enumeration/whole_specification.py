"""The second specification of whole programs, written from docs/spec alone: claims, tables, shapes, and heights.

It shares nothing with the verifiers, and is as simple as the pages allow: a list of instructions for each function, a
height for each unit, and a loop until nothing changes.  It collects the rules that are broken, all that it can see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from enumeration.specification import NOPS, Judgement, judge, number_of

PAGE = 4096
FRAME = 65_536
LONGEST_FUNCTION = 2 << 20
REGION = range(0x1001_0000, 0x7FFF_0000 + 1)
MOST_JUMP_TABLE_ENTRIES = 1 << 20
LARGEST_FUNCTION_TABLE = 27
ENTRY, ADDRESS = 16, 8
UNUSED = 0
MOST_HEIGHTS = 8
"""Of a unit whose heights are not one, so many are looked at: verifiers may have met any of them first."""

STOPS = frozenset(("jump", "return", "trap", "indirect-jump", "switch"))
"""What control never goes beyond."""


@dataclass
class Unit:
    """One instruction, or one whole shape: where it stands, what it does, and to which places control may go."""

    start: int
    end: int
    kind: str
    first: int = 0
    second: int = 0
    code: bytes = b""
    parts: list[Judgement] = field(default_factory=list)


def judge_code(claimed: Any) -> set[str]:
    """The rules that claims and code break; any object with the claims' fields will do."""
    broken = _claims(claimed)
    if broken:
        return broken
    return broken | _Code(claimed).judge()


def _is_size(arguments: int) -> bool:
    return 0 <= arguments <= FRAME and arguments % 8 == 0


def _claims(claimed: Any) -> set[str]:
    """T1, and what D1, D2, S4 and T4 say about places."""
    code, tables = bytes(claimed.code), bytes(claimed.tables)
    pages = (claimed.base, len(code)), (claimed.tables_base, len(tables))
    good = [
        claimed.base % PAGE == 0 and claimed.tables_base % PAGE == 0 and len(code) % PAGE == 0 and len(code) > 0,
        all(base in REGION and base + size in REGION for base, size in pages),
        claimed.reaches_blocks in (0, 1),
        claimed.base + len(code) <= claimed.tables_base or claimed.tables_base + len(tables) <= claimed.base,
        0 <= claimed.function_table_log2 <= LARGEST_FUNCTION_TABLE,
        all(number != UNUSED and 0 <= number < 1 << 32 and _is_size(a) for number, a in claimed.classes.items()),
        all(0 <= table.owner < len(claimed.functions) for table in claimed.jump_tables),
        all(0 <= index < len(claimed.functions) for index in claimed.entries),
        all(_is_size(function.stack_arguments) for function in claimed.functions),
    ]
    broken = set() if all(good) else {"T1"}
    covered = bytearray(len(code))
    for function in claimed.functions:
        place = range(function.offset, function.offset + function.size)
        misplaced = not 1 <= function.size <= LONGEST_FUNCTION or place.start < 0 or place.stop > len(code)
        if misplaced or any(covered[place.start : place.stop]):
            broken.add("D1")
        else:
            covered[place.start : place.stop] = b"\1" * len(place)
    if any(not inside and byte != 0xCC for inside, byte in zip(covered, code, strict=True)):
        broken.add("D2")
    if not broken & {"T1"} and any(claimed.functions[index].stack_arguments for index in claimed.entries):
        broken.add("S4")
    return broken | _table_places(claimed, tables)


def _table_places(claimed: Any, tables: bytes) -> set[str]:
    """T4: every byte of the tables is of one table, or zero."""
    owned = bytearray(len(tables))
    entries = (1 << min(max(claimed.function_table_log2, 0), LARGEST_FUNCTION_TABLE)) * ENTRY
    places = [(claimed.function_table, entries, ENTRY)]
    for table in claimed.jump_tables:
        if not 1 <= table.entries <= MOST_JUMP_TABLE_ENTRIES:
            return {"T4"}
        places.append((table.address, table.entries * ADDRESS, ADDRESS))
    for address, size, alignment in places:
        start = address - claimed.tables_base
        if start < 0 or start + size > len(tables) or start % alignment or any(owned[start : start + size]):
            return {"T4"}
        owned[start : start + size] = b"\1" * size
    return {"T4"} if any(byte and not inside for inside, byte in zip(owned, tables, strict=True)) else set()


class _Code:
    """Code whose claims are in order."""

    def __init__(self, claimed: Any) -> None:
        self.claimed, self.code, self.tables = claimed, bytes(claimed.code), bytes(claimed.tables)
        self.mask = ((1 << claimed.function_table_log2) - 1) * ENTRY
        self.callees = {address - claimed.base: a for address, a in claimed.gates.items()}
        self.callees |= {function.offset: function.stack_arguments for function in claimed.functions}

    def judge(self) -> set[str]:
        """The rules that functions and tables break."""
        broken: set[str] = set()
        traps: set[int] = set()
        for index, function in enumerate(self.claimed.functions):
            wrong, units = self._units(function)
            traps |= {unit.start for unit in units if unit.kind == "trap"}
            wrong |= self._jump_tables(index, {unit.start for unit in units})
            broken |= wrong or self._heights(index, function, units)
        return broken | self._function_table(traps)

    def _word(self, address: int, size: int) -> int:
        start = address - self.claimed.tables_base
        return int.from_bytes(self.tables[start : start + size], "little")

    def _function_table(self, traps: set[int]) -> set[str]:
        """T2."""
        for number in range(1 << self.claimed.function_table_log2):
            entry = self.claimed.function_table + number * ENTRY
            target = self._word(entry, 8) - self.claimed.base
            class_number, zero = self._word(entry + 8, 4), self._word(entry + 12, 4)
            if class_number == UNUSED:
                good = target in traps
            else:
                good = target in self.callees and self.claimed.classes.get(class_number) == self.callees[target]
            if not good or zero:
                return {"T2"}
        return set()

    def _targets(self, table: Any) -> set[int]:
        return {self._word(table.address + ADDRESS * i, ADDRESS) - self.claimed.base for i in range(table.entries)}

    def _jump_tables(self, owner: int, starts: set[int]) -> set[str]:
        """T3."""
        tables = [table for table in self.claimed.jump_tables if table.owner == owner]
        return {"T3"} if any(self._targets(table) - starts for table in tables) else set()

    def _units(self, function: Any) -> tuple[set[str], list[Unit]]:
        """D1 and all rules about single instructions; C2 and C3: the shapes, each as one unit."""
        place, end, found = function.offset, function.offset + function.size, list[Unit]()
        broken: set[str] = set()
        while place < end:
            judgement = judge(self.code[place : min(place + 15, end)], self.claimed.reaches_blocks == 1)
            broken |= judgement.broken
            if not judgement.length:
                broken.add("D1")
                break
            effect = ("refused", 0, 0) if judgement.broken else judgement.effect
            after = place + judgement.length
            found.append(Unit(place, after, *effect, self.code[place:after], [judgement]))
            place = after
            self._fold(found)
        inside = {"compare": "M8", "table-call": "C2", "table-jump": "C2", "index-jump": "C3"}
        broken |= {inside[unit.kind] for unit in found if unit.kind in inside}
        if not found or found[-1].kind not in STOPS:
            broken.add("C1")
        return broken, found

    def _fold(self, units: list[Unit]) -> None:
        """Make one unit of a shape that ends here."""
        last = units[-1]
        if last.kind in ("table-call", "table-jump") and len(units) >= 5:
            shape = units[-5:]
            if self._is_class_check(shape):
                kind = "indirect-call" if last.kind == "table-call" else "indirect-jump"
                units[-5:] = [Unit(shape[0].start, last.end, kind, shape[2].second, shape[3].end + shape[3].first)]
        elif last.kind == "index-jump" and len(units) >= 2:
            entries = _entries(units[-2], last.first)
            if entries:
                units[-2:] = [Unit(units[-2].start, last.end, "switch", last.second, entries)]

    def _is_class_check(self, shape: list[Unit]) -> bool:
        if any(len(unit.parts) != 1 or unit.parts[0].form is None for unit in shape):
            return False
        forms = [unit.parts[0].form for unit in shape]
        move, conjunction, comparison, branch, transfer = shape
        return (
            (forms[0].mnemonic, forms[0].opcode, forms[0].size) == ("mov", 0x89, 32)
            and _registers(move)[0] == 10
            and (forms[1].mnemonic, forms[1].opcode, forms[1].size) == ("and", 0x81, 32)
            and _registers(conjunction) == [10]
            and conjunction.parts[0].immediates == [self.mask]
            and (comparison.kind, comparison.first) == ("compare", self.claimed.function_table + 8)
            and (branch.kind, forms[3].mnemonic) == ("branch", "jne")
            and transfer.first == self.claimed.function_table
        )

    def _heights(self, index: int, function: Any, units: list[Unit]) -> set[str]:
        """S1, S4, M2, C1, C2 and C3: one height for each unit, from the entry along every path."""
        at = {unit.start: unit for unit in units}
        heights: dict[int, set[int]] = {}
        switches: dict[int, set[int]] = {}
        pending, broken = [(function.offset, 0)], set[str]()
        while pending:
            place, height = pending.pop()
            known = heights.setdefault(place, set())
            if height in known or len(known) == MOST_HEIGHTS:
                continue
            known.add(height)
            wrong, arrivals = self._step(index, function, at, at[place], height)
            broken |= wrong
            pending += arrivals
            if at[place].kind == "switch":
                switches.setdefault(at[place].first, set()).add(height)
        if any(len(known) > 1 for known in (*heights.values(), *switches.values())):
            broken.add("S1")
        unreached = [unit for unit in units if unit.start not in heights]
        if not broken and any(unit.kind != "trap" and unit.code not in NOPS for unit in unreached):
            broken.add("C1")
        return broken

    def _step(
        self, index: int, function: Any, at: dict[int, Unit], unit: Unit, height: int
    ) -> tuple[set[str], list[tuple[int, int]]]:
        """What one unit breaks at a height, and where control goes from there, at which height."""
        broken: set[str] = set()
        after = height + {"push": 8, "pop": -8, "adjust": unit.first}.get(unit.kind, 0)
        arrivals = [] if unit.kind in STOPS else [(unit.end, after)]
        if not 0 <= after <= FRAME:
            return {"S1"}, []
        if unit.kind == "access":
            bytes_used = range(unit.first, unit.first + unit.second)
            frame, own = range(height), range(height + 8, height + 8 + function.stack_arguments)
            if not (_within(bytes_used, frame) or _within(bytes_used, own)):
                broken.add("M2")
        elif unit.kind == "return" and height:
            broken.add("S1")
        elif unit.kind in ("call", "jump", "branch"):
            target = unit.end + unit.first
            if unit.kind != "call" and target in at:
                arrivals.append((target, height))
            else:
                broken |= self._leave(unit.kind == "call", target, function, height)
        elif unit.kind in ("indirect-call", "indirect-jump"):
            broken |= self._class(unit, function, at, height)
            arrivals += [(unit.second, height)] if unit.second in at else []
        elif unit.kind == "switch":
            tables = [t for t in self.claimed.jump_tables if t.address == unit.first and t.owner == index]
            if not tables or tables[0].entries != unit.second:
                broken.add("C3")
            else:
                arrivals += [(target, height) for target in self._targets(tables[0])]
        return broken, [arrival for arrival in arrivals if arrival[0] in at]

    def _leave(self, returns: bool, target: int, function: Any, height: int) -> set[str]:
        """A direct call, or a tail jump."""
        if target not in self.callees:
            return {"C1"}
        return _passes(returns, self.callees[target], function, height)

    def _class(self, unit: Unit, function: Any, at: dict[int, Unit], height: int) -> set[str]:
        arguments = self.claimed.classes.get(unit.first)
        trap = at.get(unit.second)
        if arguments is None or trap is None or trap.kind != "trap":
            return {"C2"}
        return _passes(unit.kind == "indirect-call", arguments, function, height)


def _passes(returns: bool, arguments: int, function: Any, height: int) -> set[str]:
    """S4."""
    good = height >= arguments if returns else height == 0 and arguments <= function.stack_arguments
    return set() if good else {"S4"}


def _within(inner: range, outer: range) -> bool:
    return inner.start >= outer.start and inner.stop <= outer.stop


def _registers(unit: Unit) -> list[int]:
    """Numbers of the register operands, in order."""
    part = unit.parts[0]
    assert part.form is not None and part.fields is not None
    return [number_of(operand, part.fields) for operand in part.form.operands if operand.place]


def _entries(unit: Unit, index: int) -> int:
    """How many entries a preceding instruction admits for an index register; 0 if it does not bound it."""
    if len(unit.parts) != 1 or unit.parts[0].form is None or unit.parts[0].address is not None or unit.kind != "plain":
        return 0
    part, form = unit.parts[0], unit.parts[0].form
    if form.mnemonic == "movzx" and form.size == 32:
        source = form.operands[1].kind
        high = source == "r8" and part.fields is not None and part.fields.rex is None and part.fields.rm >= 4
        same = _registers(unit) == [index, index]
        return {"r8": 256, "r16": 65_536}[source] if same and not high else 0
    if form.mnemonic == "and" and form.size == 32 and len(part.immediates) == 1:
        register = _registers(unit) or [0]
        mask = part.immediates[0]
        return mask + 1 if register == [index] and mask >= 0 and not mask & (mask + 1) else 0
    return 0
