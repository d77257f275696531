"""A program that was verified and is executable: what processes are spawned from.

This is the one path from an artifact's bytes to executable pages:

    read (refuse what is malformed) -> plan (pure data) -> copy into the code region
    -> verify those very bytes in place -> publish -> drop every writable view

Nothing is remembered between two loads: the verifier reads every program each time.
"""

import threading
from typing import TYPE_CHECKING

from motte.abi.limits import Limits
from motte.core import CodeRegion
from motte.errors import BadState, Closed, Refused
from motte.image import Artifact, LoadPlan, load_plan
from motte.verifier import Verdict, verify

if TYPE_CHECKING:
    from types import TracebackType

    from motte.exit import Place


class Program:
    """Code that any number of processes may run, each in its own window.

    Made by :meth:`motte.Machine.load`.  It is a context manager; close it after its
    processes.
    """

    def __init__(self, claimed_artifact: bytes, *, name: str, limits: Limits) -> None:
        """Raises ``Refused`` for anything but a whole, verified program that fits this host."""
        self.name = name
        artifact = Artifact.read(claimed_artifact, limits)
        self._artifact = artifact
        self._region = CodeRegion(artifact.code_size, artifact.tables_size)
        try:
            self._plan, self.verdict = _publish(artifact, self._region, name)
        except BaseException:
            self._region.close()
            raise
        self._lock = threading.Lock()
        self._processes = 0
        self._closed = False

    @property
    def plan(self) -> LoadPlan:
        """How a process of this program is laid out; for the machine."""
        return self._plan

    @property
    def region(self) -> CodeRegion:
        """Where the code lies; for the machine."""
        return self._region

    def locate(self, code_offset: int) -> "Place | None":
        """Function, and source line where the program has debug information, of a place in the code."""
        return self._artifact.locate(code_offset)

    def is_indirect_call_trap(self, code_offset: int) -> bool:
        """Whether the illegal instruction at this place is where the check of a function pointer ends."""
        return self.verdict.verified is not None and code_offset in self.verdict.verified.trap_offsets

    def acquire(self) -> None:
        """A process begins to use the program.  Raises ``Closed``."""
        with self._lock:
            if self._closed:
                raise Closed(f"program {self.name!r} is closed")
            self._processes += 1

    def release(self) -> None:
        """A process has closed."""
        with self._lock:
            self._processes -= 1

    def close(self) -> None:
        """Give the code's memory back; harmless when repeated.  Raises ``BadState`` while processes use it."""
        with self._lock:
            if self._processes:
                raise BadState(f"program {self.name!r} still has {self._processes} process(es): close them first")
            if not self._closed:
                self._closed = True
                self._region.close()

    def __enter__(self) -> "Program":
        """The program itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()


def _publish(artifact: Artifact, region: CodeRegion, name: str) -> tuple[LoadPlan, Verdict]:
    """Copy, verify the copy, make exactly that copy executable."""
    plan = load_plan(artifact, region.base, region.tables_base)
    region.fill(plan.claimed.code, plan.claimed.tables)
    verdict = verify(plan.claimed)
    if not verdict.ok or verdict.verified is None:
        raise Refused(f"{name}: {verdict.summary()}", verdict)
    region.publish(verdict.verified)
    return plan, verdict
