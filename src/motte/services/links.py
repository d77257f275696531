"""Links and exit signals, as guests know them.

What a signal does is Erlang's table (:mod:`motte.links`), whoever made the link.  A guest that traps exits is told of
them at a channel.  So that it always is, each end of a link that a guest makes has paid for its message before there is
one (:mod:`motte.services.promise`); and who sends a signal on purpose, for that.
"""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, cast

from motte.abi.capabilities import CapabilityKind
from motte.core import PrepaidMessage
from motte.errors import BadState, Full, LimitReached, MotteError
from motte.held_process import HeldProcess
from motte.services.call import DONE, Answer, Call
from motte.services.payment import Payment
from motte.services.process import process_capability
from motte.services.promise import Promise
from motte.services.protocol import EXIT_SIGNAL, MISSED, LinksRight, Request, Told
from motte.services.reasons import fields_of_reason
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.exit_reason import ExitReason
    from motte.linked import Down
    from motte.links import ExitSignal
    from motte.process import Process
    from motte.services.server import Server


class _End(NamedTuple):
    """One end of a link."""

    number: int
    """What the process at this end calls it."""

    promise: Promise


class GuestTrap:
    """Tells a guest of the exit signals to it."""

    def __init__(self, links: "LinksService", process: "Process", endpoint: "Capability", payment: Payment) -> None:
        """At a channel; ``payment`` is for the trap itself."""
        self._links = links
        self._process = process
        self.endpoint = endpoint
        self.payment = payment

    def __call__(self, signal: "ExitSignal") -> None:
        """One signal."""
        self._links.tell(self._process, self.endpoint, signal)


class LinksService(Service):
    """What a process can do about signals to itself; and all links that guests have made."""

    kind = CapabilityKind.SERVICE
    all_rights = sum(LinksRight)

    def __init__(self, server: "Server") -> None:
        """There are none."""
        super().__init__(server)
        self._lock = threading.Lock()  # guards all of the following
        self._ends: dict[int, dict[int, _End]] = {}  # by whose it is, and who is at the other end
        self._purposeful: dict[tuple[int, int], list[Promise]] = {}  # by receiver and sender, while they are under way
        self._watched: set[int] = set()

    # --- requests ----------------------------------------------------------------------------------------------------

    @request(Request.LINKS_TRAP, LinksRight.TRAP, may_wait=True)
    def trap(self, call: Call) -> Answer:
        """Exit signals to whoever asks are told at the channel that comes along; without one, they are not trapped.

        Raises ``BadState`` if Python traps them.
        """
        process = call.sender
        before = process.trap_exit
        if before and not isinstance(before, GuestTrap):
            raise BadState("exit signals to this process are told to somebody else")
        if call.capabilities:
            endpoint = call.channel()
            process.trap_exit = GuestTrap(
                self, process, endpoint, Payment(self.server.population, process.living_account)
            )
            self._watch(process)
        else:
            process.trap_exit = False
        if isinstance(before, GuestTrap):
            before.payment.give_back()
        return DONE

    @request(Request.LINKS_SELF, LinksRight.SELF)
    def own_process(self, call: Call) -> Answer:
        """A capability to whoever asks, with all rights."""
        return Answer(b"", (process_capability(self.server, call.sender),))

    # --- links -------------------------------------------------------------------------------------------------------

    def link(self, maker: "Process", other: "Process", number: int) -> None:
        """From now on each is told of the other's end, or ends with it.

        Raises ``LimitReached`` if one of the two cannot pay for being told, ``InvalidCap`` if ``maker`` has ended.
        """
        if maker is other:
            return
        is_new = self._make_end(maker, maker.living_account, other, number)
        try:
            if other.account is not None:  # else it has ended, which the link will tell
                self._make_end(other, other.account, maker, None)
        except BaseException:
            if is_new:
                self._forget_ends(maker.identity, other.identity)
            raise
        maker.link(other)
        self._watch(maker)
        self._watch(other)

    def unlink(self, maker: "Process", other: "Process") -> None:
        """Nobody is told any more."""
        maker.unlink(other)
        self._forget_ends(maker.identity, other.identity)
        self._forget_ends(other.identity, maker.identity)

    def signal(self, sender: "Process", receiver: "Process", reason: "ExitReason") -> None:
        """A signal on purpose.  If ``sender`` cannot pay for it to be told it is not sent: raises ``LimitReached``."""
        if not isinstance(receiver.trap_exit, GuestTrap):
            receiver.exit(reason, sender=sender)
            return
        promise = Promise(self.server.population, sender.living_account)
        key = receiver.identity, sender.identity
        with self._lock:
            self._purposeful.setdefault(key, []).append(promise)
        try:
            receiver.exit(reason, sender=sender)
        finally:
            self._take_purposeful(key, promise)
            promise.close()

    def tell(self, receiver: "Process", endpoint: "Capability", signal: "ExitSignal") -> None:
        """A signal to ``receiver``, which traps it."""
        sender = signal.sender.identity if isinstance(signal.sender, HeldProcess) else 0
        number, promise = 0, None
        if signal.linked:
            with self._lock:
                end = self._ends.get(receiver.identity, {}).pop(sender, None)
            if end is not None:
                number, promise = end
        else:
            promise = self._take_purposeful((receiver.identity, sender), None)
        record = EXIT_SIGNAL.pack(number, sender, *fields_of_reason(signal.reason), signal.linked, 0)
        if promise is None:
            self._tell_unpromised(receiver, endpoint, record)
        else:
            promise.keep(endpoint, record, Told.EXIT_SIGNAL)

    # --- parts -------------------------------------------------------------------------------------------------------

    def _make_end(self, owner: "Process", account: "Account", other: "Process", number: int | None) -> bool:
        """Whether there was none; one that was there has another number from now on, if one is given."""
        with self._lock:
            known = self._ends.get(owner.identity, {}).get(other.identity)
            if known is not None:
                if number is not None:
                    self._ends[owner.identity][other.identity] = known._replace(number=number)
                return False
        promise = Promise(self.server.population, account)
        with self._lock:
            end = self._ends.setdefault(owner.identity, {}).setdefault(other.identity, _End(number or 0, promise))
        if end.promise is not promise:  # somebody else made it meanwhile
            promise.close()
        return end.promise is promise

    def _forget_ends(self, owner: int, other: int) -> None:
        with self._lock:
            end = self._ends.get(owner, {}).pop(other, None)
        if end is not None:
            end.promise.close()

    def _take_purposeful(self, key: tuple[int, int], promise: Promise | None) -> Promise | None:
        """That one, or any, if it is there still."""
        with self._lock:
            waiting = self._purposeful.get(key, [])
            taken = next((each for each in waiting if promise is None or each is promise), None)
            if taken is not None:
                waiting.remove(taken)
            if not waiting:
                self._purposeful.pop(key, None)
        return taken

    def _tell_unpromised(self, receiver: "Process", endpoint: "Capability", record: bytes) -> None:
        """Python has made the link, or has sent the signal: the receiver's bank pays if the channel has no room."""
        with suppress(MotteError):
            try:
                endpoint.send(record, Told.EXIT_SIGNAL, 0, (), 0)
            except Full:
                try:
                    message = PrepaidMessage(self.server.population.scheduler, receiver.living_account.core)
                    message.send(endpoint, record, Told.EXIT_SIGNAL, 0, ())
                except LimitReached:
                    endpoint.notify(MISSED)

    def _watch(self, process: "Process") -> None:
        with self._lock:
            if process.identity in self._watched:
                return
            self._watched.add(process.identity)
        process.monitor(self._ended)

    def _ended(self, down: "Down") -> None:
        """Links were told before."""
        process = cast("Process", down.target)
        with self._lock:
            self._watched.discard(process.identity)
            ends = self._ends.pop(process.identity, {})
            gone = list(ends.values())
            for other in ends:
                far = self._ends.get(other, {}).pop(process.identity, None)
                gone += [] if far is None else [far]
        for end in gone:
            end.promise.close()
        trap = process.trap_exit
        if isinstance(trap, GuestTrap):
            trap.payment.give_back()
