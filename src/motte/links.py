"""Who is told when somebody ends: links, monitors, and what an exit signal does to its receiver.

A *party* is a process of a machine, or Python code that wants to be treated like one (:class:`motte.Observer`).  A
*link* is between two parties: when one ends, the other receives an *exit signal*.  A *monitor* has one direction: it is
told of the end, once, and nothing happens to it.  An exit signal can also be sent on purpose.

What a signal does depends on three things only, and that is :func:`effect_of`: Erlang/OTP's table.

The rule of order: a party's end is told when everything that it held has been given back.  Whoever holds the party sees
to that, and calls :meth:`Links.ended` afterwards.  Nothing is told under the lock: receivers may do what they want.
"""

import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from motte.exit import Exit
from motte.exit_reason import ExitReason
from motte.keeping import call_keeper

if TYPE_CHECKING:
    from motte.linked import Linked, Monitor


@dataclass(frozen=True, slots=True)
class ExitSignal:
    """Somebody has ended, or wants the receiver to end.

    For example:

        observer.trap_exit = True
        observer.link(process)
        print(observer.next_exit_signal(timeout=5).reason)
    """

    sender: "Linked | None"
    """Who has ended, or who sent it; ``None``: the program around the machine."""

    reason: ExitReason
    linked: bool
    """Whether it came through a link, because the sender has ended."""


class Effect(Enum):
    """What becomes of a signal."""

    DROP = "nothing happens"
    TELL = "the receiver is told, and lives on"
    END = "the receiver ends"


def effect_of(signal: ExitSignal, *, traps: bool, from_itself: bool = False) -> tuple[Effect, ExitReason]:
    """What a signal does to a receiver that traps exits, or does not; and with which reason."""
    reason = signal.reason
    if reason == ExitReason.KILL and not signal.linked:
        return Effect.END, ExitReason.KILLED
    if traps:
        return Effect.TELL, reason
    if reason.is_normal and not from_itself:
        return Effect.DROP, reason
    return Effect.END, reason


Telling = Callable[[], "list[Telling] | None"]
"""One thing to be told; it returns what follows from it."""


class Party:
    """One end of links: made when somebody is interested.  Its fields are guarded by the lock of :class:`Links`."""

    def __init__(self, owner: "Linked", die: Callable[[ExitReason], bool]) -> None:
        """``die`` makes the owner end; whether that was done at once, so that those who are linked can be told now."""
        self.owner = owner
        self.die = die
        self.signals: SimpleQueue[ExitSignal] = SimpleQueue()
        self.tell: Callable[[ExitSignal], object] = self.signals.put  # with the signals that are trapped
        self.traps = False
        self.links: set[Party] = set()
        self.monitors: dict[Monitor, ExitReason | None] = {}  # in order; a reason to be told instead of the real one


class Links:
    """All links and monitors among the parties of one machine."""

    def __init__(self) -> None:
        """Nobody is linked."""
        self._lock = threading.Lock()

    def join(self, owner: "Linked", die: Callable[[ExitReason], bool]) -> Party:
        """The owner's party, which exists from now on."""
        with self._lock:
            if owner.party is None:
                owner.party = Party(owner, die)
            return owner.party

    def link(self, one: Party, other: Party, known_dead: Collection[Party] = ()) -> None:
        """From now on each receives a signal when the other ends; at once if it has.  Harmless when repeated.

        Those in ``known_dead`` have ended, which may not have been told yet.
        """
        if one is other:
            return
        with self._lock:
            dead = [each for each in (one, other) if each.owner.told_end or each in known_dead]
            if not dead:
                one.links.add(other)
                other.links.add(one)
        for each in dead:
            receiver = other if each is one else one
            self.send(receiver, ExitSignal(each.owner, ExitReason.NOPROC, linked=True))

    def unlink(self, one: Party, other: Party) -> None:
        """No signal comes through this link any more; harmless without one."""
        with self._lock:
            one.links.discard(other)
            other.links.discard(one)

    def monitor(self, party: Party, monitor: "Monitor", instead: ExitReason | None) -> None:
        """Tell ``monitor`` of the end, once; at once, of ``noproc``, if that has been told already."""
        with self._lock:
            told = party.owner.told_end
            if told is None:
                party.monitors[monitor] = instead
                return
        monitor.tell(ExitReason.NOPROC, told[1])

    def demonitor(self, party: Party, monitor: "Monitor") -> bool:
        """Whether it will not be told any more; false: it is, or was."""
        with self._lock:
            waits = monitor in party.monitors
            party.monitors.pop(monitor, None)
            return waits

    def concerns(self, owner: "Linked") -> bool:
        """Whether anybody is to be told of its end."""
        with self._lock:
            return owner.party is not None and bool(owner.party.links or owner.party.monitors)

    def linked_with(self, party: Party) -> "list[Linked]":
        """Those who are linked with it now."""
        with self._lock:
            return [each.owner for each in party.links]

    def send(self, receiver: Party, signal: ExitSignal) -> None:
        """Let ``receiver`` have a signal; those that a death causes follow."""
        _tell([partial(self._receive, receiver, signal)])

    def ended(self, owner: "Linked", reason: ExitReason, end: Exit | None) -> None:
        """It has ended, and given everything back: all who are concerned are told, once; links before monitors."""
        if signals := self._bury(owner, reason, end):
            _tell(signals)

    def _bury(self, owner: "Linked", reason: ExitReason, end: Exit | None) -> list[Telling]:
        with self._lock:
            party, earlier = owner.party, owner.told_end
            owner.told_end = earlier or (reason, end)
            if party is None or earlier:
                return []
            receivers, party.links = party.links, set()
            monitors, party.monitors = party.monitors, {}
            for receiver in receivers:
                receiver.links.discard(party)
        signal = ExitSignal(party.owner, reason, linked=True)
        signals: list[Telling] = [partial(self._receive, receiver, signal) for receiver in receivers]
        return signals + [partial(monitor.tell, instead or reason, end) for monitor, instead in monitors.items()]

    def _receive(self, receiver: Party, signal: ExitSignal) -> list[Telling]:
        with self._lock:
            if receiver.owner.told_end:
                return []
            effect, reason = effect_of(signal, traps=receiver.traps, from_itself=signal.sender is receiver.owner)
        if effect is Effect.TELL:
            call_keeper(receiver.tell, signal)
        elif effect is Effect.END and receiver.die(reason):
            return self._bury(receiver.owner, reason, None)
        return []


def _tell(first: list[Telling]) -> None:
    """In order, with those that follow from them; a loop and no recursion, for a chain of links may be long."""
    pending = deque(first)
    while pending:
        pending += pending.popleft()() or ()
