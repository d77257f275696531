"""The bytes of an artifact: what is in a ``.motte`` file, and how a program becomes one.

    b"MOTTE\\0\\0\\1" | u32 length of the manifest | manifest, JSON | blobs, one after another

The manifest holds the kind of the artifact, scalars, names of imports and features, and the size of each blob.  Blobs
are bytes or arrays of fixed records of little-endian u32, in the order of :data:`BLOBS` of their kind, without gaps;
the file ends with the last one.  Nothing depends on time, place or hash order: equal programs give equal files.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Final, Literal

from motte.errors import CompileError

if TYPE_CHECKING:
    from motte.image.program import LinkedProgram, NativeProgram

    AnyProgram = LinkedProgram | NativeProgram

MAGIC: Final = b"MOTTE\0\0\x01"
FORMAT: Final = 5
MANIFEST_LENGTH: Final = struct.Struct("<I")
LARGEST_MANIFEST: Final = 1 << 18

Kind = Literal["confined", "native"]
"""What isolates the program: its code, which is verified; or an OS process, and its code may be anything."""

_LINES: Final = {
    "line_offsets": 4,
    "line_numbers": 4,
    "line_columns": 4,
    "line_files": 4,
    "file_names": 1,  # each ended by a NUL; number 0 is empty
    "inlined_offsets": 4,
    "inlined_innermost": 4,
    "inlined_calls": 16,  # surrounding call, name, file, line
    "inlined_texts": 1,  # each ended by a NUL; number 0 is empty
    "exports": 4,  # function
    "prototypes": 1,  # of each of them, ended by a NUL: see abi/prototypes.py
}

BLOBS: Final[Mapping[Kind, Mapping[str, int]]] = {
    "confined": {
        "code": 1,
        "read_only": 1,
        "writable": 1,
        "functions": 12,  # offset, size, stack arguments
        "function_names": 1,  # each ended by a NUL
        "classes": 8,  # class, stack arguments
        "function_entries": 12,  # entry, function, class
        "gate_entries": 12,  # entry, import, class
        "table_references": 4,  # code offset
        "gate_calls": 8,  # code offset, import
        "jump_tables": 12,  # first target, targets, owner function
        "jump_targets": 4,  # code offset
        **_LINES,
    },
    "native": {
        "code": 1,
        "read_only": 1,
        "writable": 1,
        "functions": 8,  # offset, size
        "function_names": 1,
        "gates": 4,  # of each import: the address that the code calls
        **_LINES,
    },
}
"""Size in bytes of each blob's records."""

SCALARS: Final[Mapping[Kind, Sequence[str]]] = {
    "confined": ("entry", "trap", "data_stack_pointer", "data_stack_limit", "zero_size", "reaches_blocks"),
    "native": ("entry", "zero_size"),
}
"""Non-negative integers of the manifest, named as in :class:`LinkedProgram`."""


def encode(program: LinkedProgram, *, cpu_features: Sequence[str], metadata: Mapping[str, str]) -> bytes:
    """The artifact of a confined ``program``.

    Raises :class:`~motte.errors.CompileError` if ``metadata`` makes the manifest too long.
    """
    return encode_artifact("confined", program, _blobs(program), cpu_features=cpu_features, metadata=metadata)


def encode_artifact(
    kind: Kind,
    program: AnyProgram,
    blobs: Mapping[str, bytes | bytearray],
    *,
    cpu_features: Sequence[str],
    metadata: Mapping[str, str],
) -> bytes:
    """The artifact of ``program``, which the blobs of its own kind are made of already; the others are added here.

    Raises :class:`~motte.errors.CompileError` if ``metadata`` makes the manifest too long.
    """
    blobs = {**blobs, **_common_blobs(program)}
    manifest = {
        "format": FORMAT,
        "kind": kind,
        "blobs": {name: len(blobs[name]) for name in BLOBS[kind]},
        "cpu_features": sorted(set(cpu_features)),
        "imports": list(program.imports),
        "metadata": dict(metadata),
        **{name: getattr(program, name) for name in SCALARS[kind]},
    }
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode("ascii")
    if len(text) > LARGEST_MANIFEST:
        raise CompileError(f"the artifact's manifest has {len(text)} bytes; at most {LARGEST_MANIFEST} are possible")
    return b"".join((MAGIC, MANIFEST_LENGTH.pack(len(text)), text, *(blobs[name] for name in BLOBS[kind])))


def _blobs(program: LinkedProgram) -> dict[str, bytes | bytearray]:
    return {
        "functions": numbers(chain.from_iterable(function[:3] for function in program.functions)),
        "classes": numbers(chain.from_iterable(sorted(program.classes.items()))),
        "function_entries": numbers(chain.from_iterable(program.function_entries)),
        "gate_entries": numbers(chain.from_iterable(program.gate_entries)),
        "table_references": numbers(program.table_references),
        "gate_calls": numbers(chain.from_iterable(program.gate_calls)),
        "jump_tables": numbers(chain.from_iterable(program.jump_tables)),
        "jump_targets": numbers(program.jump_targets),
    }


def _common_blobs(program: AnyProgram) -> dict[str, bytes | bytearray]:
    return {
        "code": program.code,
        "read_only": program.read_only,
        "writable": program.writable,
        "function_names": _names(function.name for function in program.functions),
        "line_offsets": numbers(program.lines.offsets),
        "line_numbers": numbers(program.lines.lines),
        "line_columns": numbers(program.lines.columns),
        "line_files": numbers(program.lines.files),
        "file_names": _names(program.lines.file_names),
        "inlined_offsets": numbers(program.inlined.offsets),
        "inlined_innermost": numbers(program.inlined.innermost),
        "inlined_calls": numbers(chain.from_iterable(program.inlined.calls)),
        "inlined_texts": _names(program.inlined.texts),
        "exports": numbers(export.function for export in program.exports),
        "prototypes": _names(export.prototype for export in program.exports),
    }


def numbers(values: Iterable[int]) -> bytes:
    """An array of u32."""
    row = tuple(values)
    return struct.pack(f"<{len(row)}I", *row)


def _names(names: Iterable[str]) -> bytes:
    return b"".join(name.encode("utf-8", "surrogateescape") + b"\0" for name in names)
