"""One more section for a finished object: nothing that is there moves.

The contents, the longer table of names and the longer table of sections are put behind
the end; the header points to the new tables, and the old ones stay unused.
"""

from __future__ import annotations

import struct
from typing import Final

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_TABLE_FIELD, _COUNT_FIELD, _NAMES_FIELD = 6, 12, 13
_OFFSET_FIELD, _SIZE_FIELD = 4, 5
_SHT_PROGBITS: Final = 1


def append_section(image: bytes, name: str, contents: bytes) -> bytes:
    """The object with a section that is not allocated, of alignment 1."""
    header = list(_HEADER.unpack_from(image))
    table, count, names = header[_TABLE_FIELD], header[_COUNT_FIELD], header[_NAMES_FIELD]
    sections = [list(_SECTION.unpack_from(image, table + number * _SECTION.size)) for number in range(count)]
    old_names = image[sections[names][_OFFSET_FIELD] :][: sections[names][_SIZE_FIELD]]
    new_names = old_names + name.encode("ascii") + b"\0"

    result = bytearray(image)
    sections.append([len(old_names), _SHT_PROGBITS, 0, 0, len(result), len(contents), 0, 0, 1, 0])
    result += contents
    sections[names][_OFFSET_FIELD], sections[names][_SIZE_FIELD] = len(result), len(new_names)
    result += new_names
    result += bytes(-len(result) % 8)
    header[_TABLE_FIELD], header[_COUNT_FIELD] = len(result), len(sections)
    for section in sections:
        result += _SECTION.pack(*section)
    _HEADER.pack_into(result, 0, *header)
    return bytes(result)
