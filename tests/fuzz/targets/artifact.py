"""Artifacts from strangers: read, placed, verified and asked about, or refused; nothing else, and soon."""

from __future__ import annotations

import json
import struct
from typing import Any

from fuzz.mutations import EDGES, Mutator
from fuzz.seeds import artifacts as seeds
from fuzz.target import Outcome
from motte.abi.limits import Limits
from motte.errors import LimitReached, Refused
from motte.image import Artifact, load_plan
from motte.image.encoding import BLOBS, MAGIC
from motte.verifier import verify

__all__ = ["mutate", "run", "seeds"]

CODE = 0x2000_0000
TABLES = 0x4000_0000
LIMITS = Limits()


def mutate(mutator: Mutator) -> bytes:
    """Half of the inputs are changed in the open, half inside their manifest or one of their blobs."""
    random = mutator.random
    if random.random() < 0.4:
        return mutator.changed_bytes()
    try:
        manifest, blobs = _taken_apart(mutator.pick())
    except (ValueError, LookupError, TypeError, ArithmeticError, struct.error):  # not such a file any more
        return mutator.changed_bytes()
    for _ in range(random.randint(1, 3)):
        if random.random() < 0.3:
            _change_value(manifest, mutator)
        else:
            name = random.choice(list(blobs))
            inner = Mutator(random, [blobs[name]])
            blobs[name] = inner.changed_bytes()
    if random.random() < 0.9:
        manifest["blobs"] = {name: len(blob) for name, blob in blobs.items()}
    return _put_together(manifest, blobs)


def _taken_apart(artifact: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    (length,) = struct.unpack_from("<I", artifact, len(MAGIC))
    start = len(MAGIC) + 4 + length
    manifest = json.loads(artifact[len(MAGIC) + 4 : start])
    blobs = {}
    for name in BLOBS[manifest["kind"]]:
        size = int(manifest["blobs"][name])
        blobs[name] = artifact[start : start + size]
        start += size
    return manifest, blobs


def _put_together(manifest: dict[str, Any], blobs: dict[str, bytes]) -> bytes:
    text = json.dumps(manifest).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + b"".join(blobs.values())


def _change_value(manifest: dict[str, Any], mutator: Mutator) -> None:
    """Replace, rename or remove one value of the manifest, at any depth."""
    random = mutator.random
    holder: Any = manifest
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return
        key = random.choice(keys)
        if isinstance(holder[key], dict | list) and holder[key] and random.random() < 0.8:
            holder = holder[key]
            continue
        break
    if random.random() < 0.1:
        del holder[key]
    elif random.random() < 0.1 and isinstance(holder, dict):
        holder[str(random.choice(EDGES))] = holder.pop(key)
    else:
        number = random.choice(EDGES) * random.choice((1, 1, -1))
        odd = [number, number, float(number), str(number), "motte_exit", "a\0b", "\ud800", None, True, [], {}, [number]]
        holder[key] = random.choice([*odd, {"x": [[[]]]}, 10**400, 1e400])


def run(data: bytes) -> Outcome:
    try:
        artifact = Artifact.read(data, LIMITS)
        plan = load_plan(artifact, CODE, TABLES)
    except (Refused, LimitReached) as refusal:
        return Outcome(False, f"{type(refusal).__name__}: {refusal}")
    functions = artifact.functions()
    assert len(functions) == artifact.function_count
    for offset in (0, 1, len(plan.claimed.code) - 1, plan.entry_offset, 1 << 32):
        assert artifact.locations(offset)[-1].function == artifact.locate(offset).function
    for segment in (*plan.segments, *artifact.segments()):
        assert segment.address + segment.size <= plan.image_end
    assert artifact.missing_features(()) == artifact.missing_features(frozenset())
    verdict = verify(plan.claimed)
    assert verdict.ok == (not verdict.violations)
    return Outcome(verdict.ok, verdict.violations[0].rule if verdict.violations else "accepted")
