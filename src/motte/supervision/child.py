"""What a supervisor starts, and when it starts it again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from motte.exit_reason import ExitReason
from motte.initial_strings import Argument
from motte.linked import Linked
from motte.process import Process
from motte.program import Program
from motte.quantities import Duration, duration_ns

if TYPE_CHECKING:
    from motte.machine import Machine

Restart = Literal["permanent", "transient", "temporary"]
"""Always; after an end that is neither ``normal`` nor ``shutdown``; never."""

Start = Callable[[], Linked]

DEFAULT_SHUTDOWN_NS: Final = 5 * 10**9


class Child:
    """A recipe for one child; it holds nothing, and may be used by several supervisors."""

    def __init__(
        self,
        id: str,
        start: "Program | Start",
        args: Iterable[Argument] = (),
        *,
        restart: Restart = "permanent",
        shutdown: "Duration | Literal['kill', 'default']" = "default",
        **options: Any,
    ) -> None:
        """``id`` names it among its siblings.

        ``start`` is a program, that is spawned with ``args`` and ``options``, those of :meth:`motte.Machine.spawn`;
        each time with the same ones: a bank, a meter or a keeper is the same again, ``bank="16MiB"`` a new one.  Or it
        is a callable without arguments, which returns a new process or :class:`Supervisor`; a process that it
        spawns with ``start=False`` is started once it is linked, so that its end cannot be missed.

        ``shutdown`` is what stopping it means: an exit signal ``shutdown``, and ``kill`` if it still lives after that
        time (``None``: it may take for ever; the default: 5 s for a process, for ever for a supervisor); or ``"kill"``
        at once.  A process that does not trap exits ends at once anyway.

        Raises ``ValueError`` and ``TypeError``.
        """
        if not isinstance(id, str) or not id:
            raise ValueError(f"id: {id!r} is not a name")
        if restart not in get_args(Restart):
            raise ValueError(f"restart: {restart!r} is not one of {', '.join(get_args(Restart))}")
        if not isinstance(start, Program) and not callable(start):
            raise TypeError(f"start: expected a program or a callable; got {type(start).__name__}")
        self.args = tuple(args)
        if not isinstance(start, Program) and (self.args or options):
            raise TypeError("start: args and options are for programs; a callable knows its own")
        if unknown := {"start"} & options.keys():
            raise TypeError(f"{', '.join(unknown)}: that is the supervisor's business")
        self.id = id
        self.start = start
        self.restart = restart
        self.brutally = shutdown == "kill"
        self._default_shutdown = shutdown == "default"
        self._shutdown_ns = None if shutdown in ("kill", "default") else duration_ns(shutdown, "shutdown")
        self.options = options

    def make(self, machine: "Machine", more_args: Iterable[Argument] = ()) -> Linked:
        """A new one, not running yet if that can be.  Raises what ``spawn`` or the callable raises."""
        if isinstance(self.start, Program):
            return machine.spawn(self.start, (*self.args, *more_args), start=False, **self.options)
        return self.start()

    def patience(self, target: Linked) -> float | None:
        """Seconds that it has for its shutdown; ``None``: no limit."""
        if self._default_shutdown:
            return DEFAULT_SHUTDOWN_NS / 10**9 if isinstance(target, Process) else None
        return None if self._shutdown_ns is None else self._shutdown_ns / 10**9

    def named(self, id: str) -> "Child":
        """The same recipe under another name."""
        copy = Child.__new__(Child)
        copy.__dict__.update(self.__dict__, id=id)
        return copy

    def is_restarted_after(self, reason: ExitReason) -> bool:
        """Whether it is started again when it has ended by itself."""
        match self.restart:
            case "permanent":
                return True
            case "transient":
                return not reason.is_expected
            case _:
                return False

    def __repr__(self) -> str:
        """For people."""
        return f"<Child {self.id!r}: {self.restart}>"


@dataclass(frozen=True, slots=True)
class ChildStatus:
    """One child at one moment.

    For example:

        print([child.id for child in supervisor.children() if child.restarts])
    """

    id: str
    restart: Restart

    target: Linked | None
    """The process or supervisor that lives; ``None`` if there is none."""

    restarts: int
    """Times that it was started again."""

    reason: ExitReason | None
    """Why it ended the last time."""

    failure: Exception | None
    """Why it could not be started the last time."""
