"""A linked program: what the linker produces and what an artifact stores; a confined one, position independent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class LinkedFunction(NamedTuple):
    """A function; ``offset`` and ``size`` are bytes of the code, ``stack_arguments`` is A in bytes."""

    offset: int
    size: int
    stack_arguments: int
    name: str


class FunctionEntry(NamedTuple):
    """A used entry of the function table that leads to a function."""

    entry: int
    function: int
    function_class: int


class GateEntry(NamedTuple):
    """A used entry of the function table that leads to a kernel call."""

    entry: int
    imported: int
    function_class: int


class GateCall(NamedTuple):
    """A direct call of a kernel call: the offset of its 32-bit displacement in the code."""

    offset: int
    imported: int


class JumpTable(NamedTuple):
    """A run of ``entries`` jump targets, from number ``first``, owned by one function."""

    first: int
    entries: int
    owner: int


@dataclass(slots=True)
class LineRows:
    """Source lines by code offset: parallel, ascending in ``offsets``; file 0 ends a run without lines."""

    offsets: list[int] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    file_names: list[str] = field(default_factory=lambda: [""])


class InlinedCall(NamedTuple):
    """One call whose callee was inlined; numbers of calls begin at 1, and ``around`` 0 is none.

    ``name`` and ``file`` are numbers of texts; ``line`` is the line of the call.
    """

    around: int
    name: int
    file: int
    line: int


@dataclass(slots=True)
class InlinedCalls:
    """From ``offsets[i]`` on, the innermost inlined call is ``innermost[i]``, 0 for none."""

    offsets: list[int] = field(default_factory=list)
    innermost: list[int] = field(default_factory=list)
    calls: list[InlinedCall] = field(default_factory=list)
    texts: list[str] = field(default_factory=lambda: [""])


class Export(NamedTuple):
    """A function that the host may call, and what it says of its parameters: :mod:`motte.abi.prototypes`."""

    function: int
    prototype: str


@dataclass(slots=True)
class LinkedProgram:
    """Code, window image, and everything that a loader must still add an address to."""

    code: bytearray
    read_only: bytearray
    writable: bytearray
    zero_size: int
    """Bytes after ``writable`` that start as zero."""
    functions: Sequence[LinkedFunction]
    entry: int
    """Index of the function that the core enters."""
    trap: int
    """Index of the function that unused table entries lead to."""
    data_stack_pointer: int
    data_stack_limit: int
    """Window addresses of the two variables that the core sets before entry."""
    imports: Sequence[str]
    classes: Mapping[int, int]
    """A, the stack argument bytes, of every class that a table entry or a call site names."""
    function_entries: Sequence[FunctionEntry]
    gate_entries: Sequence[GateEntry]
    table_references: Sequence[int]
    """Offsets in the code of 32-bit fields to which the address of the tables is added."""
    gate_calls: Sequence[GateCall]
    jump_tables: Sequence[JumpTable]
    jump_targets: Sequence[int]
    """Code offsets."""
    lines: LineRows
    inlined: InlinedCalls
    reaches_blocks: int
    """1 if some code reaches checked blocks, else 0."""
    exports: Sequence[Export]


class NativeFunction(NamedTuple):
    """A function of native code; ``size`` is 0 where assembly does not tell it."""

    offset: int
    size: int
    name: str


@dataclass(slots=True)
class NativeProgram:
    """A native program, at its final addresses."""

    code: bytearray
    read_only: bytearray
    writable: bytearray
    zero_size: int
    functions: Sequence[NativeFunction]
    entry: int
    imports: Sequence[str]
    gates: Sequence[int]
    """Of each import: the address that the code calls."""
    lines: LineRows
    inlined: InlinedCalls
    exports: Sequence[Export]
