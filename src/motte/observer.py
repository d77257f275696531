"""Python code as a party to links: it is linked and told as if it were a process."""

from motte.exit_reason import ExitReason, exit_reason
from motte.linked import Linked
from motte.links import Links


class Observer(Linked):
    """A stand-in for Python code among a machine's processes; made by :meth:`motte.Machine.observer`.

        observer = machine.observer("host")
        observer.trap_exit = True
        observer.link(process)                       # told of its end

    Linked, it ends by the same rules as a process, and takes along what is linked with it; or it traps exits and is
    told.  It runs nothing: its end is a fact that others learn.  As a context manager it ends on leaving, with
    ``normal``, or with ``error`` after an exception.
    """

    def __init__(self, links: Links, name: str) -> None:
        """For the package."""
        super().__init__(links)
        self.name = name

    @property
    def exit_reason(self) -> ExitReason | None:
        """Why it has ended; ``None`` while it has not."""
        return self.told_end[0] if self.told_end else None

    def end(self, reason: ExitReason | str = ExitReason.NORMAL) -> None:
        """End, of its own accord; the first reason counts."""
        self._links.ended(self, exit_reason(reason), None)

    def __enter__(self) -> "Observer":
        """The observer itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: object) -> None:
        """End."""
        self.end(ExitReason.NORMAL if error is None else ExitReason("error", str(error)))

    def __repr__(self) -> str:
        """For people."""
        return f"<Observer {self.name!r}: {self.exit_reason or 'alive'}>"

    def _die(self, reason: ExitReason) -> bool:
        return True
