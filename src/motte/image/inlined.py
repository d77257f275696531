"""What was inlined where, in a whole program: the tables of all objects, joined.

The layout of an object's table is described where it is made, in ``motte.compiler.inlined_functions``.
It is not trusted: every number is checked before it is used as an index.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from motte.image.objects import InputObject
from motte.image.program import InlinedCall, InlinedCalls
from motte.image.sections import SectionKind

_COUNTS: Final = struct.Struct("<II")
_PLACE_SIZE: Final = 8
_CALL_SIZE: Final = 16


def inlined_calls(objects: Sequence[InputObject], text_offsets: Sequence[int]) -> InlinedCalls:
    """The tables of ``objects``, whose texts are at ``text_offsets`` in the code, as one.

    Raises :class:`~motte.errors.CompileError` for a malformed table.
    """
    joined = InlinedCalls()
    numbers = {"": 0}
    for each, start in zip(objects, text_offsets, strict=True):
        section = each.section_of(SectionKind.INLINED)
        if section is not None:
            _join(joined, numbers, _read(each, bytes(section.data)), start)
            # The next object has a table of its own, or none.
            joined.offsets.append(start + each.section(each.text_index).size)
            joined.innermost.append(0)
    return joined


def _read(owner: InputObject, data: bytes) -> InlinedCalls:
    """One object's table, consistent in itself."""
    if len(data) < _COUNTS.size:
        raise owner.error("section .motte.inlined ends before its counts")
    places, calls = _COUNTS.unpack_from(data)
    end_of_places = _COUNTS.size + places * _PLACE_SIZE
    end_of_calls = end_of_places + calls * _CALL_SIZE
    if end_of_calls > len(data):
        raise owner.error("section .motte.inlined is shorter than its counts say")
    numbers = struct.unpack_from(f"<{2 * places}I", data, _COUNTS.size)
    table = InlinedCalls(
        offsets=list(numbers[::2]),
        innermost=list(numbers[1::2]),
        calls=[InlinedCall(*fields) for fields in struct.iter_unpack("<4I", data[end_of_places:end_of_calls])],
        texts=data[end_of_calls:].decode("utf-8", "surrogateescape").split("\0")[:-1],
    )
    size = owner.section(owner.text_index).size
    ascending = all(first < second for first, second in pairwise(table.offsets))
    if not ascending or (places and table.offsets[-1] > size) or max(table.innermost, default=0) > calls:
        raise owner.error("section .motte.inlined names places or calls that are not there")
    for number, call in enumerate(table.calls, 1):
        if call.around >= number or max(call.name, call.file) >= len(table.texts):
            raise owner.error(f"section .motte.inlined describes call {number} wrongly")
    return table


def _join(joined: InlinedCalls, numbers: dict[str, int], table: InlinedCalls, start: int) -> None:
    def number_of(text: int) -> int:
        name = table.texts[text]
        if name not in numbers:
            numbers[name] = len(numbers)
            joined.texts.append(name)
        return numbers[name]

    before = len(joined.calls)
    for call in table.calls:
        around = call.around + before if call.around else 0
        joined.calls.append(InlinedCall(around, number_of(call.name), number_of(call.file), call.line))
    joined.offsets += (start + offset for offset in table.offsets)
    joined.innermost += (call + before if call else 0 for call in table.innermost)
