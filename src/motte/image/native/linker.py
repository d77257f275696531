"""The linker of native programs: objects and archives in, one program at its final addresses out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import NATIVE_CODE_BASE
from motte.abi.limits import Limits
from motte.abi.symbols import ENTRY
from motte.errors import CompileError
from motte.image.elf import TYPE_FUNCTION
from motte.image.encoding import encode_artifact, numbers
from motte.image.exports import ALLOCATOR, exports
from motte.image.inlined import inlined_calls
from motte.image.layout import BOUNDARY_NAMES, Layout
from motte.image.lines import line_rows
from motte.image.native.layout import Values, lay_out_native
from motte.image.native.objects import NativeObject, read_native_object
from motte.image.native.relocation import Images
from motte.image.program import NativeFunction, NativeProgram
from motte.image.sections import SectionKind
from motte.image.symbols import Library, Wanted, resolve

_PROVIDED: Final[Mapping[str, object]] = dict.fromkeys((*BOUNDARY_NAMES, *KERNEL_CALL_BY_NAME))


def link_native(
    objects: Sequence[tuple[str, bytes]],
    libraries: Sequence[Library],
    *,
    entry: str = ENTRY,
    limits: Limits,
    cpu_features: Sequence[str],
    metadata: Mapping[str, str] | None = None,
) -> bytes:
    """As :func:`motte.image.linker.link`, of native objects; the artifact is of kind native."""
    program = link_native_program(objects, libraries, entry=entry, limits=limits)
    blobs = {
        "functions": numbers(number for function in program.functions for number in function[:2]),
        "gates": numbers(program.gates),
    }
    return encode_artifact("native", program, blobs, cpu_features=cpu_features, metadata=metadata or {})


def link_native_program(
    objects: Iterable[tuple[str, bytes]], libraries: Sequence[Library], *, entry: str, limits: Limits
) -> NativeProgram:
    """Resolve, lay out, relocate, number the functions."""
    wanted = Wanted((entry,), tuple(ALLOCATOR), _PROVIDED)
    resolution = resolve(objects, libraries, wanted, read_native_object)
    layout = lay_out_native(resolution, limits)
    values = Values(resolution, layout)
    images = Images(resolution.objects, layout, values)
    images.relocate()
    functions = _functions(resolution.objects, layout)
    index_of = {NATIVE_CODE_BASE + function.offset: index for index, function in enumerate(functions)}

    def function_of(name: str) -> int | None:
        return index_of.get(values.of_name(name) or 0)

    start = function_of(entry)
    if start is None:
        raise CompileError(f"the program's entry {entry} must be a function")
    return NativeProgram(
        code=images.code,
        read_only=images.read_only,
        writable=images.writable,
        zero_size=layout.image_end - layout.writable_base - layout.writable_size,
        functions=functions,
        entry=start,
        imports=list(values.imports),
        gates=list(values.imports.values()),
        lines=line_rows(resolution.objects, layout.text_offsets),
        inlined=inlined_calls(resolution.objects, layout.text_offsets),
        exports=exports(resolution.objects, function_of),
    )


def _functions(objects: Sequence[NativeObject], layout: Layout) -> list[NativeFunction]:
    """In code order.  Sizes are what symbols say, cut where another function begins: assembly may say anything."""
    found: dict[int, NativeFunction] = {}
    for number, each in enumerate(objects):
        for symbol in each.elf.symbols:
            address = layout.addresses[number].get(symbol.section)
            if symbol.type != TYPE_FUNCTION or address is None or each.kinds[symbol.section] is not SectionKind.TEXT:
                continue
            offset = address + symbol.value - NATIVE_CODE_BASE
            known = found.get(offset, NativeFunction(offset, 0, symbol.name))
            found[offset] = known._replace(size=max(known.size, symbol.size))
    ordered = [found[offset] for offset in sorted(found) if offset < layout.code_size]
    ends = [*(function.offset for function in ordered[1:]), layout.code_size]
    return [
        function._replace(size=min(function.size, end - function.offset))
        for function, end in zip(ordered, ends, strict=True)
    ]
