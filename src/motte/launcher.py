"""Launchers: what a guest needs to have bitcode made into a program, as the second way to run something of its own.

A process that was granted a launcher hands it bitcode, and gets a program that processes can be started from.  It is
compiled outside, in the same limited child as everything, verified, and charged to whoever wanted it: memory to a bank
that it may draw from, processor time to its meter.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.daemon_threads import DaemonThreads
from motte.errors import Closed, CompileError, LimitReached
from motte.expected import expect
from motte.quantities import Duration, Size, duration_ns, size_bytes
from motte.toolchain.oversight import Oversight, over
from motte.translation import BYTES_NAME
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import ReadableBuffer

    from motte.program import Program

LEAST_TIME_NS: Final = 10**9
"""Whoever has some processor time left has so much for a compiler: what it lacks, it owes."""


class Launcher(Unique):
    """What may be compiled for guests; made by ``Machine.launcher``.  Safe to use from several threads.

    For example:

        launcher = machine.launcher(size="1MiB", time="5s")
        process = machine.spawn(program, grants={"launcher": launcher})
    """

    def __init__(  # noqa: PLR0917 (made in one place)
        self,
        size: Size,
        time: Duration,
        memory: Size,
        at_once: int,
        adopt: Callable[[bytes, str], "Program"],
        forget: Callable[["Launcher"], None],
    ) -> None:
        """As ``Machine.launcher``; ``adopt`` makes programs of artifacts, ``forget`` is called when it is closed."""
        limit, time_ns, memory_limit = size_bytes(size, "size"), duration_ns(time, "time"), size_bytes(memory, "memory")
        if limit is None or time_ns is None or memory_limit is None:
            raise ValueError("a launcher's size, time and memory are limited")
        expect("at_once", at_once, int)
        if at_once < 1:
            raise ValueError(f"at_once: {at_once} is not 1 at least")
        self.size = limit
        """Bytes of bitcode, at most."""
        self.time_ns = time_ns
        """Nanoseconds of processor time for each compiler process, at most."""
        self.memory = memory_limit
        """Bytes for each compiler process, which are drawn from a bank while it runs."""
        self._adopt = adopt
        self._forget = forget
        self._threads = DaemonThreads(at_once, "motte-launcher")
        self._lock = threading.Lock()  # guards the next two
        self._at_work: set[Oversight] = set()
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing is compiled any more."""
        return self._closed

    def load(self, bitcode: "ReadableBuffer") -> "Program":
        """What guests get from it, for Python: a program of bytes that may lie in a block, whatever they are.

        ``launcher.load(block.view()[:size])`` copies them once.  As ``Machine.load``, but within the limits of this
        launcher.  Raises ``LimitReached`` for more than it takes, ``CompileError``, ``Refused``, ``Closed``.
        """
        given = memoryview(bitcode)
        if not 0 < given.nbytes <= self.size:
            raise LimitReached(f"this launcher takes {self.size} bytes of bitcode at most; got {given.nbytes}")
        return self._adopt(self.artifact_of(given.tobytes(), Oversight(), None), BYTES_NAME)

    def later(self, action: Callable[[], None]) -> None:
        """For the package: when it is this one's turn, on a thread that may wait; at once if it is closed."""
        try:
            self._threads.submit(action)
        except Closed:
            action()

    def artifact_of(self, bitcode: bytes, oversight: Oversight, time_ns: int | None) -> bytes:
        """For the package: what the bitcode makes, with so much time at most.

        Raises ``CompileError``, and ``Closed`` if that is not wanted any more.
        """
        with self._lock:
            if self._closed:
                raise Closed("the launcher is closed")
            self._at_work.add(oversight)
        allowed_ns = self.time_ns if time_ns is None else min(self.time_ns, max(time_ns, LEAST_TIME_NS))
        options = BuildOptions(compile_time=allowed_ns / 10**9, compile_memory=self.memory)
        try:
            with over(oversight):
                return artifact_of([bitcode], options)
        except CompileError:
            if oversight.cancelled:
                raise Closed("nobody wants the program any more") from None
            raise
        finally:
            with self._lock:
                self._at_work.discard(oversight)

    def close(self) -> None:
        """Compile nothing any more, and end what is being compiled; harmless when repeated."""
        with self._lock:
            self._closed = True
            at_work = list(self._at_work)
        for oversight in at_work:
            oversight.cancel()
        self._threads.close()
        self._forget(self)

    def __enter__(self) -> "Launcher":
        """The launcher itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
