"""A supervisor: a thread that starts children, hears of their ends, and starts them again.

All decisions are made on that thread, one after the other: what users ask for, and what children do, are messages to
it.  While it stops a child it waits for that one's end, and everything else waits, too.  It is itself a party to links
and monitors, so that trees of supervisors need nothing more: a supervisor that gives up is a child that has ended.
"""

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from motte.clock import Clock, MonotonicClock
from motte.errors import BadState, Closed
from motte.exit_reason import ExitReason
from motte.initial_strings import Argument
from motte.keeping import report_exception
from motte.linked import Down, Linked
from motte.links import ExitSignal
from motte.process import Process
from motte.quantities import Duration, duration_ns
from motte.supervision.child import Child, ChildStatus
from motte.supervision.decisions import Intensity, checked_strategy
from motte.supervision.family import SIMPLE, Family, Member, TooManyRestarts
from motte.supervision.mailbox import Mailbox
from motte.supervision.statistics import SupervisorStatistics

if TYPE_CHECKING:
    from types import TracebackType

    from motte.machine import Machine

Result = TypeVar("Result")


class _Ending(Exception):  # noqa: N818 (not an error: how the loop is left)
    """The supervisor stops its children and ends."""

    def __init__(self, reason: ExitReason) -> None:
        self.reason = reason


class _Killed(Exception):  # noqa: N818 (likewise)
    """The supervisor has ended already, and its links have taken its children along."""


@dataclass(frozen=True, slots=True)
class _Request:
    action: Callable[[], Any]
    answer: "Future[Any]"


_KILL: Final = object()


class Supervisor(Linked):
    """Starts children, in order; when one ends, starts it again by the rules; stops them in reverse order.

    ``await supervisor`` waits for its end in an event loop.  It is a context manager: leaving it stops everything.
    Safe to use from several threads.

    An exit signal that does not come from a child, and is not ``normal``, stops it in order, with that reason; ``kill``
    ends it at once, and its links take its children along.
    """

    def __init__(
        self,
        machine: "Machine",
        children: Iterable[Child] = (),
        *,
        strategy: str = "one_for_one",
        intensity: int = 1,
        period: Duration = "5s",
        name: str = "supervisor",
        clock: Clock | None = None,
    ) -> None:
        """Start the children.

        ``strategy`` says who is started again when one child has ended: ``"one_for_one"`` it alone, ``"one_for_all"``
        everyone, ``"rest_for_one"`` it and those after it; with ``"simple_one_for_one"`` there is one recipe,
        of which :meth:`start_another` starts any number.  At most ``intensity`` restarts happen in any ``period``; one
        more, and the supervisor stops its children and ends with the reason ``shutdown``.

        Raises ``ValueError`` for unusable values, and what starting a child raises: then those before it were stopped.
        """
        recipes = tuple(children)
        rules = checked_strategy(strategy)
        if rules == SIMPLE and len(recipes) != 1:
            raise ValueError(f"children: {SIMPLE} takes exactly one recipe, and not {len(recipes)}")
        clock = clock or MonotonicClock()
        period_ns = duration_ns(period, "period")
        if period_ns is None:
            raise ValueError("period: expected a duration, not none")
        super().__init__(machine.links)
        self.name = name
        self._machine = machine
        self._clock = clock
        self._mailbox = Mailbox()
        self._party.traps, self._party.tell = True, self._mailbox.put
        self._family = Family(
            rules,
            Intensity(intensity, period_ns / 10**9),
            clock.now,
            bring_up=self._bring_up,
            take_down=self._take_down,
            try_again=lambda member: self._mailbox.put(partial(self._family.retry, member)),
        )
        self._recipe = recipes[0] if rules == SIMPLE else None
        self._started = 0
        self._end = self.monitor()
        self._thread = threading.Thread(target=self._run, name=f"motte-{name}", daemon=True)
        self._thread.start()
        try:
            machine.at_close(self, lambda: self.exit(ExitReason.KILL))
            for child in () if self._recipe else recipes:
                self._call(partial(self._family.add, child))
        except BaseException:
            self.close()
            raise

    # --- children ----------------------------------------------------------------------------------------------------

    def children(self) -> tuple[ChildStatus, ...]:
        """All of them, in the order in which they are started."""
        return self._look(lambda: tuple(member.status for member in self._family.members))

    def child(self, id: str) -> Linked | None:
        """The process or supervisor of this name that lives now.  Raises ``KeyError`` for an unknown name."""
        return self._look(lambda: self._member(id).target)

    def start_child(self, child: Child) -> Linked:
        """Start one more child, behind the others.

        Raises ``BadState`` if the name is taken or the supervisor has ended, and what starting it raises.
        """
        if self._recipe is not None:
            raise BadState(f"{SIMPLE}: call start_another")
        return self._call(lambda: self._family.add(child))

    def start_another(self, args: Iterable[Argument] = ()) -> Linked:
        """With ``simple_one_for_one``: start another of the one recipe; ``args`` follow those of the recipe."""
        recipe, more_args = self._recipe, tuple(args)
        if recipe is None:
            raise BadState(f"only with {SIMPLE}: call start_child")

        def start() -> Linked:
            self._started += 1
            return self._family.add(recipe.named(f"{recipe.id}-{self._started}"), more_args)

        return self._call(start)

    def stop_child(self, id: str) -> None:
        """Stop one child; it is not started again, but for :meth:`restart_child`, or with its siblings.

        One that is temporary is forgotten, and one of ``simple_one_for_one``, too.  Raises ``KeyError``.
        """

        def stop() -> None:
            member = self._member(id)
            self._family.stop([member])
            if self._recipe is not None:
                self._family.members.remove(member)

        self._call(stop)

    def restart_child(self, id: str) -> Linked:
        """Start a child again that does not live.  Raises ``BadState`` if it does, ``KeyError``, as ``start_child``."""

        def start() -> Linked:
            member = self._member(id)
            if member.target is not None:
                raise BadState(f"child {id!r} lives: stop it first")
            return self._family.start(member)

        return self._call(start)

    def remove_child(self, id: str) -> None:
        """Forget a child that does not live.  Raises ``BadState`` if it does, and ``KeyError``."""

        def remove() -> None:
            member = self._member(id)
            if member.target is not None:
                raise BadState(f"child {id!r} lives: stop it first")
            self._family.members.remove(member)

        self._call(remove)

    def statistics(self) -> SupervisorStatistics:
        """Of its own children, not of theirs: a frozen record."""

        def count() -> SupervisorStatistics:
            living = [member.target for member in self._family.members if member.target is not None]
            supervisors = sum(isinstance(each, Supervisor) for each in living)
            return SupervisorStatistics(len(self._family.members), len(living), supervisors, self._family.restarts)

        return self._look(count)

    # --- the end -----------------------------------------------------------------------------------------------------

    @property
    def exit_reason(self) -> ExitReason | None:
        """Why it has ended; ``None`` while it has not."""
        return self._end.down.reason if self._end.down else None

    @property
    def trap_exit(self) -> bool:
        """Always; it cannot be set."""
        return True

    @trap_exit.setter
    def trap_exit(self, trap: object) -> None:
        raise BadState("a supervisor traps exits, and deals with them")

    def on_end(self, callback: "Callable[[Supervisor, ExitReason], object]") -> None:
        """Call ``callback`` when it has ended; at once if it has."""
        self.monitor(lambda down: callback(self, self.exit_reason or down.reason))

    def wait(self, timeout: Duration = None) -> ExitReason:
        """Wait until it has ended, and say why.  After ``timeout`` (in seconds) ``Timeout`` is raised."""
        return self._end.wait(timeout).reason

    def close(self) -> None:
        """Stop all children, in reverse order, and end; harmless when repeated.

        Called by one of its own recipes it does not wait.
        """
        self.exit(ExitReason.SHUTDOWN)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __await__(self) -> Generator[object, None, ExitReason]:
        """Wait in an event loop, without holding up the loop."""
        down: Down = yield from self._end.__await__()
        return down.reason

    def __enter__(self) -> "Supervisor":
        """The supervisor itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """For people."""
        state = self.exit_reason or f"{self._family.strategy}, {len(self._family.members)} children"
        return f"<Supervisor {self.name!r}: {state}>"

    # --- asking the thread -------------------------------------------------------------------------------------------

    def _call(self, action: Callable[[], Result]) -> Result:
        if threading.current_thread() is self._thread:
            raise BadState("a supervisor cannot be called by its own recipes: it waits for them")
        request = _Request(action, Future())
        if not self._mailbox.put(request):
            raise BadState(f"supervisor {self.name!r} has ended: {self.exit_reason}")
        result: Result = request.answer.result()
        return result

    def _look(self, action: Callable[[], Result]) -> Result:
        """As ``_call``, and when it has ended what was last."""
        if self.exit_reason is not None:
            return action()
        try:
            return self._call(action)
        except BadState:
            if self.exit_reason is None:
                raise
            return action()

    def _member(self, id: str) -> Member:
        member = self._family.with_id(id)
        if member is None:
            raise KeyError(f"supervisor {self.name!r} has no child {id!r}")
        return member

    # --- on the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        reason = ExitReason.KILLED
        try:
            reason = self._serve()
            self._family.stop(list(self._family.members))
        except _Killed:
            pass
        except Exception as error:  # a mistake in this package: the links end the children
            report_exception(error)
            reason = ExitReason("error", repr(error))
        for message in self._mailbox.close():
            if isinstance(message, _Request):
                message.answer.set_exception(BadState(f"supervisor {self.name!r} has ended: {reason}"))
        self._machine.not_at_close(self)
        self._links.ended(self, reason, None)

    def _serve(self) -> ExitReason:
        """Until it is time to stop everything; returns why."""
        try:
            while True:
                message = self._mailbox.take()
                if message is _KILL:
                    raise _Killed
                if isinstance(message, ExitSignal):
                    self._on_signal(message)
                elif isinstance(message, _Request):
                    _answer(message)
                elif callable(message):
                    message()
        except _Ending as ending:
            return ending.reason
        except TooManyRestarts:
            return ExitReason.SHUTDOWN

    def _on_signal(self, signal: ExitSignal) -> None:
        member = self._family.of(signal.sender) if signal.linked else None
        if member is not None:
            self._family.has_ended(member, _reason_behind(signal))
        elif not signal.reason.is_normal:
            raise _Ending(signal.reason)

    def _bring_up(self, member: Member) -> Linked:
        target = member.child.make(self._machine, member.more_args)
        self.link(target)
        if isinstance(target, Process) and target.state == "created":
            try:
                target.start()
            except BaseException:
                self.unlink(target)
                target.close()
                raise
        return target

    def _take_down(self, member: Member) -> ExitReason:
        target, child = member.target, member.child
        assert target is not None
        too_late = object()
        cancel: Callable[[], None] | None = None
        target.exit(ExitReason.KILL if child.brutally else ExitReason.SHUTDOWN, sender=self)
        patience = child.patience(target)
        if patience is not None and target.trap_exit:
            cancel = self._clock.call_later(patience, partial(self._mailbox.put, too_late))

        def concerns(message: object) -> bool:
            of_target = isinstance(message, ExitSignal) and message.linked and message.sender is target
            return of_target or message is too_late or message is _KILL

        try:
            while True:
                message = self._mailbox.take(concerns)
                if isinstance(message, ExitSignal):
                    return _reason_behind(message)
                if message is _KILL:
                    raise _Killed
                target.exit(ExitReason.KILL, sender=self)
        finally:
            if cancel is not None:
                cancel()

    def _die(self, reason: ExitReason) -> bool:
        self._mailbox.put(_KILL)
        return True


def _answer(request: _Request) -> None:
    try:
        request.answer.set_result(request.action())
    except (_Killed, TooManyRestarts) as ending:
        request.answer.set_exception(BadState("the supervisor has ended meanwhile"))
        raise ending
    except BaseException as error:
        request.answer.set_exception(error)


def _reason_behind(signal: ExitSignal) -> ExitReason:
    """Of one that had ended before it was linked: what it had ended with, if that is known."""
    if signal.reason == ExitReason.NOPROC and isinstance(signal.sender, Process):
        try:
            return signal.sender.exit_reason or signal.reason
        except Closed:
            pass
    return signal.reason
