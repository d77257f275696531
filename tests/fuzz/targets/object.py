"""Confined objects from a compiler that worked on hostile input: linked, or a compile error; nothing else, and soon."""

from __future__ import annotations

from fuzz.mutations import Mutator
from fuzz.seeds import objects as seeds
from fuzz.target import Outcome
from motte.abi.limits import DEFAULT_LIMITS
from motte.errors import CompileError, LimitReached
from motte.image import Artifact, link

__all__ = ["mutate", "run", "seeds"]


def mutate(mutator: Mutator) -> bytes:
    known = mutator.pick()
    return mutator.changed_in_place(known) if mutator.random.random() < 0.6 else mutator.changed_bytes()


def run(data: bytes) -> Outcome:
    try:
        artifact = link([("fuzzed.o", data)], [], limits=DEFAULT_LIMITS, cpu_features=(), metadata={})
    except (CompileError, LimitReached) as refusal:
        return Outcome(False, f"{type(refusal).__name__}: {refusal}")
    Artifact.read(artifact, DEFAULT_LIMITS)
    return Outcome(True, "linked")
