"""The linker: confined objects and archives in, one position-independent program out.

Every pass by name, in order, is :func:`link_program`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME, KERNEL_CALLS
from motte.abi.layout import JUMP_TABLE_ENTRY_SIZE, compatible_class
from motte.abi.limits import Limits
from motte.abi.symbols import DATA_STACK_LIMIT, DATA_STACK_POINTER, ENTRY
from motte.errors import CompileError
from motte.image.encoding import encode
from motte.image.exports import ALLOCATOR, exports
from motte.image.function_table import FunctionTable
from motte.image.inlined import inlined_calls
from motte.image.layout import TRAP_STUB, TRAP_STUB_NAME, Layout, lay_out
from motte.image.lines import line_rows
from motte.image.objects import ConfinedObject, read_object
from motte.image.program import FunctionEntry, GateCall, GateEntry, JumpTable, LinkedFunction, LinkedProgram
from motte.image.relocation import Relocator, address_taken
from motte.image.sections import SectionKind
from motte.image.symbols import Library, Wanted, resolve
from motte.image.targets import PROVIDED_NAMES, Target, TargetKind, Targets


def link(
    objects: Sequence[tuple[str, bytes]],
    libraries: Sequence[Library],
    *,
    entry: str = ENTRY,
    limits: Limits,
    cpu_features: Sequence[str],
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """Links named objects with the library members that they need; returns the bytes of an artifact.

    Equal arguments give equal bytes.  ``cpu_features`` are what the code needs of the host;
    ``metadata`` is free text for people.  Raises :class:`~motte.errors.CompileError` for
    malformed objects and for undefined, duplicate or misused names, and
    :class:`~motte.errors.LimitReached` where code or image pass their limits.
    """
    program = link_program(objects, libraries, entry=entry, limits=limits)
    return encode(program, cpu_features=cpu_features, metadata=metadata or {})


def link_program(
    objects: Iterable[tuple[str, bytes]], libraries: Sequence[Library], *, entry: str, limits: Limits
) -> LinkedProgram:
    """Resolve, lay out, number the functions, build the function table, relocate."""
    roots = (entry, DATA_STACK_POINTER, DATA_STACK_LIMIT)
    wanted = Wanted(roots, tuple(ALLOCATOR), PROVIDED_NAMES)
    resolution = resolve(objects, libraries, wanted, read_object)
    layout = lay_out(resolution, limits)
    targets = Targets(resolution, layout)
    functions, classes = _all_functions(resolution.objects, layout)
    index_of = {function.offset: index for index, function in enumerate(functions)}
    table = FunctionTable(address_taken(resolution.objects, layout, targets))
    relocator = Relocator(resolution.objects, layout, targets, index_of, table)
    relocator.relocate()
    imports = _Imports()
    gate_calls = [GateCall(offset, imports.number(call)) for offset, call in relocator.gate_calls]
    function_entries, gate_entries = _table_entries(table, index_of, classes, imports)
    return LinkedProgram(
        code=relocator.code,
        read_only=relocator.read_only,
        writable=relocator.writable,
        zero_size=layout.image_end - layout.writable_base - layout.writable_size,
        functions=functions,
        entry=_entry(entry, targets, functions, index_of),
        trap=index_of[layout.trap_stub],
        data_stack_pointer=_variable(DATA_STACK_POINTER, targets, layout),
        data_stack_limit=_variable(DATA_STACK_LIMIT, targets, layout),
        imports=imports.names,
        classes=_declared_classes(functions, function_entries, imports.names, gate_entries, relocator.called_classes),
        function_entries=function_entries,
        gate_entries=gate_entries,
        table_references=relocator.table_references,
        gate_calls=gate_calls,
        jump_tables=_jump_tables(resolution.objects, layout, index_of),
        jump_targets=relocator.jump_targets,
        lines=line_rows(resolution.objects, layout.text_offsets),
        inlined=inlined_calls(resolution.objects, layout.text_offsets),
        reaches_blocks=int(any(SectionKind.BLOCKS in each.kinds for each in resolution.objects)),
        exports=exports(resolution.objects, partial(_function_of, targets, index_of)),
    )


class _Imports:
    """The kernel calls that a program uses, numbered by first use."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def number(self, call_index: int) -> int:
        name = KERNEL_CALLS[call_index].name
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name)


def _all_functions(objects: Sequence[ConfinedObject], layout: Layout) -> tuple[list[LinkedFunction], list[int]]:
    """Functions in code order, the trap last; and the class of each."""
    functions, classes = [], []
    for start, each in zip(layout.text_offsets, objects, strict=True):
        for function in each.functions.values():
            offset = start + function.offset
            functions.append(LinkedFunction(offset, function.size, function.stack_arguments, function.name))
            classes.append(function.function_class)
    functions.append(LinkedFunction(layout.trap_stub, len(TRAP_STUB), 0, TRAP_STUB_NAME))
    classes.append(compatible_class(0))
    return functions, classes


def _table_entries(
    table: FunctionTable[Target], index_of: Mapping[int, int], classes: Sequence[int], imports: _Imports
) -> tuple[list[FunctionEntry], list[GateEntry]]:
    functions, gates = [], []
    for target, entry in table.entries.items():
        if target.kind is TargetKind.GATE:
            number = compatible_class(KERNEL_CALLS[target.value].stack_arguments)
            gates.append(GateEntry(entry, imports.number(target.value), number))
        else:
            function = index_of[target.value]
            functions.append(FunctionEntry(entry, function, classes[function]))
    return functions, gates


def _declared_classes(
    functions: Sequence[LinkedFunction],
    function_entries: Iterable[FunctionEntry],
    imports: Sequence[str],
    gate_entries: Iterable[GateEntry],
    called_classes: Iterable[int],
) -> dict[int, int]:
    """A of each class.  One that is called but has no entry can only trap, so its A may be 0."""
    declared = dict.fromkeys(called_classes, 0)
    for gate in gate_entries:
        declared[gate.function_class] = KERNEL_CALL_BY_NAME[imports[gate.imported]].stack_arguments
    for entry in function_entries:
        declared[entry.function_class] = functions[entry.function].stack_arguments
    return declared


def _jump_tables(objects: Sequence[ConfinedObject], layout: Layout, index_of: Mapping[int, int]) -> list[JumpTable]:
    tables = []
    for number, each in enumerate(objects):
        for table in each.jump_tables.values():
            owner = index_of.get(layout.text_offsets[number] + table.owner)
            if owner is None or table.offset % JUMP_TABLE_ENTRY_SIZE:
                raise each.error(f"the jump table at {table.offset:#x} is misplaced, or its owner is not a function")
            first = (layout.table_offsets[number] + table.offset) // JUMP_TABLE_ENTRY_SIZE
            tables.append(JumpTable(first, table.entries, owner))
    return tables


def _function_of(targets: Targets, index_of: Mapping[int, int], name: str) -> int | None:
    target = targets.of_name(name)
    return index_of.get(target.value) if target.kind is TargetKind.CODE else None


def _entry(name: str, targets: Targets, functions: Sequence[LinkedFunction], index_of: Mapping[int, int]) -> int:
    index = _function_of(targets, index_of, name)
    if index is None or functions[index].stack_arguments:
        raise CompileError(f"the program's entry {name} must be a function without stack arguments")
    return index


def _variable(name: str, targets: Targets, layout: Layout) -> int:
    target = targets.of_name(name)
    end = layout.image_end - 8
    if target.kind is not TargetKind.DATA or not layout.writable_base <= target.value <= end or target.value % 8:
        raise CompileError(f"{name} must be a writable 64-bit variable")
    return target.value
