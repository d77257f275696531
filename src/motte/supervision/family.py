"""A supervisor's children: started in order, stopped in reverse, started again by the rules.

It belongs to the supervisor's thread.  How somebody comes to life, and how one waits for an end, is the supervisor's
affair: two functions.
"""

from collections.abc import Callable, Sequence
from typing import Final

from motte.errors import BadState, Closed
from motte.exit_reason import ExitReason
from motte.initial_strings import Argument
from motte.linked import Linked
from motte.supervision.child import Child, ChildStatus
from motte.supervision.decisions import Intensity, Strategy, affected

SIMPLE: Final = "simple_one_for_one"


class TooManyRestarts(Exception):  # noqa: N818 (what has happened, and no user sees it)
    """The supervisor gives up."""


class Member:
    """One child as it is now."""

    def __init__(self, child: Child, more_args: Sequence[Argument] = ()) -> None:
        """Not started."""
        self.child = child
        self.more_args = more_args
        self.target: Linked | None = None
        self.restarts = 0
        self.reason: ExitReason | None = None
        self.failure: Exception | None = None

    @property
    def status(self) -> ChildStatus:
        """For users."""
        return ChildStatus(self.child.id, self.child.restart, self.target, self.restarts, self.reason, self.failure)


class Family:
    """All of one supervisor's."""

    def __init__(
        self,
        strategy: Strategy,
        intensity: Intensity,
        now: Callable[[], float],
        *,
        bring_up: Callable[[Member], Linked],
        take_down: Callable[[Member], ExitReason],
        try_again: Callable[[Member], object],
    ) -> None:
        """``bring_up`` makes one, linked and running, or raises; ``take_down`` ends one and waits for it.

        ``try_again`` sees to it that ``retry`` is called soon, after what else there is to do.
        """
        self.strategy = strategy
        self.restarts = 0
        self.members: list[Member] = []
        self._intensity = intensity
        self._now = now
        self._bring_up = bring_up
        self._take_down = take_down
        self._try_again = try_again

    def with_id(self, id: str) -> Member | None:
        """The child of this name."""
        return next((member for member in self.members if member.child.id == id), None)

    def of(self, target: object) -> Member | None:
        """The child that this process or supervisor is."""
        return next((member for member in self.members if target is not None and member.target is target), None)

    def add(self, child: Child, more_args: Sequence[Argument] = ()) -> Linked:
        """Start one more, behind the others.  Raises ``BadState`` if the name is taken, and what starting raises."""
        if self.with_id(child.id) is not None:
            raise BadState(f"there is a child {child.id!r} already")
        member = Member(child, more_args)
        self.members.append(member)
        try:
            return self.start(member)
        except Exception:
            self.members.remove(member)
            raise

    def start(self, member: Member) -> Linked:
        """Raises what starting raises."""
        member.failure = None
        member.target = self._bring_up(member)
        return member.target

    def stop(self, members: Sequence[Member]) -> None:
        """In reverse order; those that are temporary, or one of many, are forgotten."""
        for member in reversed(members):
            if member.target is not None:
                member.reason = self._take_down(member)
                member.target = None
            if member.child.restart == "temporary":
                self._forget(member)

    def has_ended(self, member: Member, reason: ExitReason) -> None:
        """It ended by itself.  Raises ``TooManyRestarts``."""
        member.target, member.reason = None, reason
        if member.child.is_restarted_after(reason):
            self._restart(member)
        elif member.child.restart == "temporary" or self.strategy == SIMPLE:
            self._forget(member)

    def retry(self, member: Member) -> None:
        """One that could not be started: once more.  Raises ``TooManyRestarts``."""
        if member in self.members and member.target is None:
            self._restart(member)

    def _restart(self, member: Member) -> None:
        if not self._intensity.allows(self._now()):
            raise TooManyRestarts
        group = affected(self.strategy, self.members, member)
        self.stop(group)
        for each in group:
            if each not in self.members:
                continue
            try:
                self.start(each)
            except Closed:  # the machine, or the program: it will be so for ever
                raise TooManyRestarts from None
            except Exception as failure:
                each.failure = failure
                self._try_again(each)
                return
            each.restarts += 1
            self.restarts += 1

    def _forget(self, member: Member) -> None:
        if member in self.members:
            self.members.remove(member)
