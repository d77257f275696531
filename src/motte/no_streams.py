"""Streams that lead nowhere, and those of another process: what needs no end of the host's own."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from motte.core import NOWHERE, Pipe

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.pipes import Incoming, Outgoing

Connected = int | Pipe
"""For the core: a descriptor, ``NOWHERE``, or a pipe."""


class NoStreams:
    """Three streams that lead nowhere: nothing to open, nothing to close.  One for all processes."""

    descriptors: tuple[Connected, Connected, Connected] = (NOWHERE, NOWHERE, NOWHERE)
    has_pumps = False

    def attached(self) -> None:
        """The process has its copies."""

    def begin(self, fails: Callable[[], object]) -> None:
        """The process runs; ``fails`` is called if code of the user's for a stream raises."""

    def captured(self, stream: int) -> bytes | None:
        """Nothing is captured."""

    def incoming(self, stream: int) -> "Incoming | None":
        """Nothing is read."""

    def outgoing(self) -> "Outgoing | None":
        """Nothing is written."""

    def settle(self) -> None:
        """The process has ended: wait for callbacks, and raise what they raised."""

    def ended(self) -> None:
        """The process has given everything back; what it wrote can still be read."""

    def close(self) -> None:
        """There is nothing to be given up."""


class OutputOf(NoStreams):
    """The output streams of another process, as long as that takes to make one with them."""

    def __init__(self, core: "CoreProcess") -> None:
        """Of a process that stands still."""
        self._duplicates = core.output_streams()
        self.descriptors = (NOWHERE, *self._duplicates)

    def attached(self) -> None:
        """The process has its own: close these."""
        self.close()

    def close(self) -> None:
        """Harmless when repeated."""
        duplicates, self._duplicates = self._duplicates, (NOWHERE, NOWHERE)
        for duplicate in duplicates:
            if isinstance(duplicate, Pipe):
                duplicate.close()
            elif duplicate != NOWHERE:
                os.close(duplicate)


NO_STREAMS: Final = NoStreams()
"""Nothing is read, and what is written is gone."""
