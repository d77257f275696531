"""The manifest of an artifact, checked: every key present, of its type, and in range."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from motte.errors import Refused
from motte.image.encoding import BLOBS, FORMAT, LARGEST_MANIFEST, MAGIC, MANIFEST_LENGTH, SCALARS, Kind
from motte.image.names import printable

_KEYS: Final = frozenset(("format", "kind", "blobs", "cpu_features", "imports", "metadata"))
_OTHER_KEYS: Final = "artifact: the manifest does not have exactly the keys of this format"
_LARGEST_NUMBER: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a manifest says; sizes fit the file, numbers are unsigned 32-bit."""

    kind: Kind
    scalars: Mapping[str, int]
    blobs: Mapping[str, memoryview]
    imports: tuple[str, ...]
    cpu_features: tuple[str, ...]
    metadata: Mapping[str, str]


def read_manifest(data: memoryview) -> Manifest:
    """The manifest and the blobs of a whole artifact; raises :class:`~motte.errors.Refused`."""
    if bytes(data[: len(MAGIC)]) != MAGIC:
        raise Refused("not a Motte artifact, or one of another version: it does not begin with the format's mark")
    start = len(MAGIC) + MANIFEST_LENGTH.size
    if len(data) < start:
        raise Refused("artifact: ends before its manifest")
    (length,) = MANIFEST_LENGTH.unpack_from(data, len(MAGIC))
    if length > min(LARGEST_MANIFEST, len(data) - start):
        raise Refused(f"artifact: a manifest of {length} bytes does not fit")
    kind, fields = _parse(bytes(data[start : start + length]))
    return Manifest(
        kind=kind,
        scalars={name: _number(fields[name], name) for name in SCALARS[kind]},
        blobs=_blobs(fields["blobs"], BLOBS[kind], data[start + length :]),
        imports=_strings(fields["imports"], "imports"),
        cpu_features=_strings(fields["cpu_features"], "cpu_features"),
        metadata=_texts(fields["metadata"]),
    )


def _parse(text: bytes) -> tuple[Kind, dict[str, object]]:
    try:
        fields = json.loads(text.decode("ascii"), object_pairs_hook=_without_repetition)
    except (ValueError, RecursionError):
        raise Refused("artifact: the manifest is not plain JSON") from None
    if not isinstance(fields, dict) or "format" not in fields:
        raise Refused(_OTHER_KEYS)
    if type(fields["format"]) is not int or fields["format"] != FORMAT:
        raise Refused(f"artifact: this Motte reads format {FORMAT} only")
    kind = next((each for each in BLOBS if each == fields.get("kind")), None)
    if kind is None or fields.keys() != _KEYS | frozenset(SCALARS[kind]):
        raise Refused(_OTHER_KEYS)
    return kind, fields


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a key occurs twice")
    return fields


def _blobs(sizes: object, known: Mapping[str, int], contents: memoryview) -> dict[str, memoryview]:
    if not isinstance(sizes, dict) or sizes.keys() != known.keys():
        raise Refused("artifact: the manifest does not name exactly the blobs of this format")
    blobs = {}
    position = 0
    for name, record_size in known.items():
        size = _number(sizes[name], name)
        if size % record_size or size > len(contents) - position:
            raise Refused(f"artifact: blob {name} of {size} bytes does not fit")
        blobs[name] = contents[position : position + size]
        position += size
    if position != len(contents):
        raise Refused(f"artifact: {len(contents) - position} bytes follow the last blob")
    return blobs


def _number(value: object, what: str) -> int:
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise Refused(f"artifact: {what} is not an unsigned 32-bit number")
    return value


def _strings(value: object, what: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Refused(f"artifact: {what} is not a list of names")
    if len(set(value)) != len(value):
        raise Refused(f"artifact: {what} repeats a name")
    return tuple(value)


def _texts(value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Refused("artifact: metadata is not a table of texts")
    for key, text in value.items():
        if not isinstance(text, str):
            raise Refused(f"artifact: metadata {printable(key)} is not a text")
    return value
