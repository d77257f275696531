"""What a fuzz target is: a module with ``seeds``, ``mutate`` and ``run``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from fuzz.mutations import Mutator


class Outcome(NamedTuple):
    """What became of one input.  Inputs whose kind of outcome is new join the known ones."""

    accepted: bool
    kind: str


class Target(Protocol):
    """One thing that reads hostile input."""

    def seeds(self) -> Sequence[bytes]:
        """Valid inputs."""

    def mutate(self, mutator: Mutator) -> bytes:
        """The next input."""

    def run(self, data: bytes) -> Outcome:
        """Give it the input; whatever this raises is a bug."""
