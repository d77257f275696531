"""Which pointers of a function derive from which casts, and which integer that was.

A pointer derives from a cast through address computations, ``phi``, ``select``, ``freeze`` and the intrinsics that hand
a pointer on.  Beside each of them runs the integer that was cast: the same one along a chain of address computations,
a ``phi`` or ``select`` of integers where pointers meet.  Zero stands for a pointer that derives from no cast, since
null passes every test.  Casts of different source lines are followed apart, so that a test can name the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from motte.compiler.checked_casts.marking import MARKER, location_of
from motte.compiler.ir.calls import parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.instructions import operands_of
from motte.compiler.ir.scan import NAME, split_list

Origins = dict[str, str]
"""The integer that was cast, by the location of the cast."""

_NO_CAST: Final = "0"
_VALUE: Final = re.compile("%" + NAME)
_OPCODE: Final = re.compile(r"^  %" + NAME + r" = (getelementptr|phi|select|freeze|(?:tail )?call [^@]*@llvm\.[\w.]+)")
_HANDED_ON: Final = ("ptrmask.", "launder.invariant.group.", "strip.invariant.group.", "ssa.copy.", "ptr.annotation.")


@dataclass(frozen=True, slots=True)
class _Step:
    """An instruction that makes a pointer from pointers."""

    result: str
    sources: tuple[str, ...]
    form: str
    """How the integers of several sources are joined: an instruction with a place for each; empty if there is one."""


class Derivation:
    """The derived pointers of one function."""

    def __init__(self, function: Function) -> None:
        """Follow all casts to a fixed point."""
        self._function = function
        self._steps = {index: step for index, line in enumerate(function.lines) if (step := _step(line)) is not None}
        self._origins: dict[str, Origins] = {
            pointer: {location_of(line): integer}
            for line in function.lines
            if MARKER in line
            for pointer, integer in [marked(line)]
        }
        self._same: dict[str, str] = {}
        while sum(self._follow(step) for step in self._steps.values()):
            pass
        while sum(self._simplify(step) for step in self._steps.values() if step.form):
            pass

    @property
    def pointers(self) -> frozenset[str]:
        """All derived pointers."""
        return frozenset(self._origins)

    def origins(self, pointer: str) -> Origins:
        """The integers from which a pointer derives; empty for one that derives from no cast."""
        return {location: self._resolved(value) for location, value in self._origins.get(pointer, {}).items()}

    def lines_after(self, index: int) -> list[str]:
        """What joins the integers where the instruction of this line joins the pointers."""
        step = self._steps.get(index)
        if step is None or not step.form:
            return []
        return [
            f"  {own} = {step.form.format(*(self._integer(source, location) for source in step.sources))}"
            for location, own in self._origins.get(step.result, {}).items()
            if own not in self._same
        ]

    def _follow(self, step: _Step) -> bool:
        """Whether a step's result has more origins than it was known to have."""
        found = [location for source in step.sources for location in self._origins.get(source, ())]
        known = self._origins.get(step.result, {})
        new = [location for location in dict.fromkeys(found) if location not in known]
        for location in new:
            value = self._function.fresh("origin") if step.form else self._origins[step.sources[0]][location]
            self._origins.setdefault(step.result, {})[location] = value
        return bool(new)

    def _simplify(self, step: _Step) -> bool:
        """A join of a value with itself is that value."""
        changed = False
        for location, own in self._origins.get(step.result, {}).items():
            values = {self._integer(source, location) for source in step.sources} - {own}
            if own not in self._same and len(values) == 1:
                self._same[own] = values.pop()
                changed = True
        return changed

    def _integer(self, pointer: str, location: str) -> str:
        return self._resolved(self._origins.get(pointer, {}).get(location, _NO_CAST))

    def _resolved(self, value: str) -> str:
        while value in self._same:
            value = self._same[value]
        return value


def marked(line: str) -> tuple[str, str]:
    """The pointer that a marker's call makes, and the integer."""
    call = parse_call(line)
    assert call.result is not None, line
    return call.result, call.arguments[0].value


def without_marker(line: str) -> str:
    """A marker's call as the plain conversion; any other line as it is."""
    if MARKER not in line:
        return line
    pointer, integer = marked(line)
    return f"  {pointer} = inttoptr i64 {integer} to ptr{location_of(line)}"


def _step(line: str) -> _Step | None:
    opcode = _OPCODE.match(line)
    if opcode is None:
        return None
    read = _READERS.get(opcode.group(1))
    if read is not None:
        return read(line)
    is_handed_on = opcode.group(1).partition("@llvm.")[2].startswith(_HANDED_ON)
    return _chain(line.split(maxsplit=1)[0], line[opcode.end() :].partition(",")[0]) if is_handed_on else None


def _address(line: str) -> _Step | None:
    result, (_, base, *indices), _ = operands_of(line)
    is_vector = not base.startswith("ptr ") or any(index.startswith("<") for index in indices)
    return None if is_vector else _chain(result, base)


def _freeze(line: str) -> _Step | None:
    result, (operand, *_), _ = operands_of(line)
    return _chain(result, operand) if operand.startswith("ptr ") else None


def _chain(result: str, operand: str) -> _Step | None:
    base = _VALUE.search(operand)
    return None if base is None else _Step(result, (base.group(),), "")


def _phi(line: str) -> _Step | None:
    result, _, rest = line.strip().partition(" = phi ptr ")
    if not rest:
        return None
    pairs = [split_list(part[1:-1]) for part in split_list(rest) if part.startswith("[")]
    places = ", ".join(f"[ {{}}, {_verbatim(label)} ]" for _, label in pairs)
    return _Step(result, tuple(value for value, _ in pairs), f"phi i64 {places}")


def _select(line: str) -> _Step | None:
    result, (condition, *values), _ = operands_of(line)
    if not all(value.startswith("ptr ") for value in values):
        return None
    sources = tuple(value.removeprefix("ptr ") for value in values)
    return _Step(result, sources, f"select {_verbatim(condition)}, i64 {{}}, i64 {{}}")


def _verbatim(text: str) -> str:
    """A quoted name may hold braces."""
    return text.replace("{", "{{").replace("}", "}}")


_READERS: Final = {"getelementptr": _address, "phi": _phi, "select": _select, "freeze": _freeze}


def names_in(line: str) -> Iterator[str]:
    """The local values that a line names."""
    return (match.group() for match in _VALUE.finditer(line))
