"""``motte bench verify``: how fast an artifact loads, step by step, and how fast each verifier reads its code."""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter
from typing import NamedTuple

from motte.core import CodeRegion
from motte.errors import Refused
from motte.image import Artifact, load_plan
from motte.verifier import verify

STEPS = ("read", "place", "copy", "verify", "publish")


class Loading(NamedTuple):
    """Seconds of each of :data:`STEPS`, the least of all rounds, and what was loaded."""

    seconds: tuple[float, ...]
    code_bytes: int
    instructions: int

    @property
    def verified_per_second(self) -> float:
        """Bytes of code that the core verifies in a second."""
        return self.code_bytes / self.seconds[STEPS.index("verify")]


def measure_loading(content: bytes, rounds: int) -> Loading:
    """Load an artifact again and again, as ``motte.Program`` does.

    Raises ``Refused`` for one that cannot be read or does not verify.
    """
    loads = [_load(content) for _ in range(rounds)]
    seconds = tuple(map(min, zip(*(load.seconds for load in loads), strict=True)))
    return loads[0]._replace(seconds=seconds)


def _load(content: bytes) -> Loading:
    times = [perf_counter()]
    artifact = Artifact.read(content)
    times.append(perf_counter())
    region = CodeRegion(artifact.code_size, artifact.tables_size)
    try:
        plan = load_plan(artifact, region.base, region.tables_base)
        times.append(perf_counter())
        region.fill(plan.code, plan.tables)
        times.append(perf_counter())
        decision = region.decide(plan.packed_claims)
        times.append(perf_counter())
        if not decision.ok:
            raise Refused(f"refused: {decision.rule} at {decision.offset:#x}")
        region.publish()
        times.append(perf_counter())
    finally:
        region.close()
    seconds = tuple(end - start for start, end in pairwise(times))
    return Loading(seconds, len(artifact.blobs["code"]), decision.instructions)


def python_bytes_per_second(content: bytes) -> float:
    """Bytes of code that the verifier in Python reads in a second."""
    artifact = Artifact.read(content)
    claimed = load_plan(artifact, 0x2000_0000, 0x2000_0000 + artifact.code_size).claimed
    start = perf_counter()
    verify(claimed)
    return len(artifact.blobs["code"]) / (perf_counter() - start)
