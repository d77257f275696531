"""The thread that receives what guests ask of a machine's objects.

All capabilities to such objects lead to one endpoint of the host's own.  The core says of each message which object was
meant, with which rights, and which process asked: none of this can be made up by a guest.  Most requests are answered
on this thread; those that may have to wait for somebody, a bank's keeper perhaps, on those of the keepers.  The
processor time that this takes is charged to whoever asked.

An object is known here as long as anybody else holds a capability to it.
"""

import threading
from collections.abc import Callable, Hashable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, TypeVar

from motte.abi.capabilities import CHANNEL_CAPACITY, MESSAGE_BYTES, PROCESS_ENDED, SERVICE_ABANDONED, MessageFlag, Right
from motte.bank_terms import WouldWait
from motte.core import Capability, Process, Scheduler, channel, service
from motte.errors import InvalidCap, MotteError, NoAccess, UnknownRequest
from motte.keeping import report_exception
from motte.services.call import Call
from motte.services.family import Families
from motte.services.links import LinksService
from motte.services.names import NamesService
from motte.services.service import Offer, Service
from motte.services.timer import TimerService
from motte.unpaid_time import unpaid_time

if TYPE_CHECKING:
    from motte.population import Population

_CLOSE: Final = 1
"""The bit that ends the thread."""

_COMMON: Final = int(Right.SEND | Right.COPY)
_NOTIFICATION: Final = int(MessageFlag.NOTIFICATION)  # arithmetic with enumerations is slow
_WEAK: Final = int(MessageFlag.WEAK)

Kind = TypeVar("Kind", bound=Service)


class Server:
    """Serves one machine, from the first capability that it gives out."""

    def __init__(self, population: "Population", scheduler: Scheduler) -> None:
        """Starts the thread."""
        self.population = population
        self.families = Families(population)
        self.timers: TimerService = TimerService(self)
        self.names: NamesService = NamesService(self)
        self.links: LinksService = LinksService(self)
        self._to_itself, self._receiver = channel(
            scheduler, None, CHANNEL_CAPACITY, CHANNEL_CAPACITY * MESSAGE_BYTES // 16
        )
        self._lock = threading.Lock()  # guards the next two, and that nothing is abandoned while it is given out
        self._by_identity: dict[int, Service] = {}
        self._by_object: dict[Hashable, tuple[int, Service]] = {}
        self._identities = count(1)
        self._thread = threading.Thread(target=self._serve, name="motte-services", daemon=True)
        self._thread.start()

    # --- capabilities ------------------------------------------------------------------------------------------------

    def capability(self, key: Hashable, make: Callable[["Server"], Service], rights: int | None = None) -> Capability:
        """A capability to the service of an object, which ``make`` makes if there is none; all rights by default."""
        with self._lock:
            if key not in self._by_object:
                made, identity = make(self), next(self._identities)
                made.key = key
                everything = _COMMON | made.all_rights
                made.home = service(self._receiver, identity, made.kind, everything)
                self._by_object[key] = identity, made
                self._by_identity[identity] = made
            served = self._by_object[key][1]
            wanted = served.all_rights if rights is None else rights
            return served.home.restrict(_COMMON | wanted, 0, False)

    def resolve(self, capability: Capability, kind: type[Kind], right: int) -> tuple[Kind, int]:
        """The service that a guest's capability leads to, and with which rights.

        Raises ``InvalidCap`` for anything but a valid capability to one of this kind, ``NoAccess`` without the right.
        """
        identity, rights, weak = self._receiver.identify(capability) or (0, 0, False)
        with self._lock:
            found = self._by_identity.get(identity)
        if not isinstance(found, kind) or found.is_gone:
            raise InvalidCap(f"this is no capability of a {kind.__name__}")
        if rights & int(right) != right or weak:
            raise NoAccess("the capability does not have the right to this operation")
        return found, rights

    def served_by(self, capability: Capability) -> Service | None:
        """The service that a capability leads to itself: not through a forwarder, which may lead elsewhere later."""
        identity, _rights, _weak = self._receiver.identify(capability) or (0, 0, False)
        with self._lock:
            found = self._by_identity.get(identity)
        if found is None or found.is_gone or found.home.identity != capability.identity:
            return None
        return found

    def services_of(self, kind: type[Kind]) -> list[Kind]:
        """Those of one kind that somebody holds a capability to."""
        with self._lock:
            return [each for each in self._by_identity.values() if isinstance(each, kind)]

    def end(self, served: Service) -> None:
        """Its object has ended: capabilities to it are invalid from now on.  Harmless when repeated."""
        with self._lock:
            found = self._by_object.pop(served.key, None)
            if found is None:
                return
            del self._by_identity[found[0]]
            served.home.revoke(0)
            served.key = None  # which may be itself
        served.give_back()

    # --- the thread --------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """No request is answered any more; who waits for an answer learns that there will be none."""
        self.timers.close()
        self._to_itself.notify(_CLOSE)
        if self._thread is not threading.current_thread():
            self._thread.join()
        with self._lock:
            for served in self._by_identity.values():
                served.home.revoke(0)
            self._by_identity.clear()
            self._by_object.clear()
        self._receiver.close()
        self._to_itself.close()

    def _serve(self) -> None:
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        """Whether there are to be more.  What came with a request is not kept until the next one comes."""
        request, tag, _badge, flags, capabilities, reply, identity, sender, rights = self._receiver.receive(
            None, None, None
        )
        if flags & _NOTIFICATION:
            if tag & PROCESS_ENDED:
                self._tell_ends()
            if tag & SERVICE_ABANDONED:
                self._forget_abandoned()
            unpaid_time.take_ns()  # whoever asks next has not caused it
            return not tag & _CLOSE
        weak = bool(flags & _WEAK)
        call = Call(request, capabilities, reply, sender, self.population.find(sender), rights, weak=weak)
        self._dispatch(call, tag, identity)
        return True

    def _dispatch(self, call: Call, number: int, identity: int) -> None:
        with self._lock:
            served = self._by_identity.get(identity)
        try:
            if served is None:
                raise InvalidCap("it is gone")
            offer = served.offers.get(number)
            if offer is None:
                raise UnknownRequest(f"{number:#x} is not known")
            if call.rights & offer.right != offer.right or (call.weak and offer.changes):
                raise NoAccess("the capability does not have the right to this operation")
        except MotteError as error:
            call.charge()
            call.refuse(error)
            return
        if offer.may_wait:
            served.later(partial(self._run, served, offer, call))
            return
        banks = self.population.banks
        banks.hurried = threading.get_ident()
        try:
            self._run(served, offer, call)
        except WouldWait:
            banks.hurried = None
            served.later(partial(self._run, served, offer, call))
        finally:
            banks.hurried = None

    def _run(self, served: Service, offer: Offer, call: Call) -> None:
        try:
            answer = offer.handler(served, call)
        except WouldWait:
            raise
        except BaseException as error:
            if not isinstance(error, MotteError | ValueError | TypeError | OverflowError | OSError | MemoryError):
                report_exception(error)
            call.charge()
            call.refuse(error)
            if served.is_gone:
                self.end(served)
            return
        call.charge()
        if answer is not None:
            call.answer(answer)

    def hear_of_end(self, process: "Process") -> None:
        """The end of this process, which was not started yet, is this thread's business, and nobody else's."""
        self._receiver.expect_end(process)

    def _tell_ends(self) -> None:
        while identity := self._receiver.next_ended():
            if process := self.population.find(identity):
                process.tell_end()

    def _forget_abandoned(self) -> None:
        while True:
            with self._lock:  # so that none is given out meanwhile
                identity = self._receiver.next_abandoned()
                if identity is None:
                    return
                forgotten = self._by_identity.pop(identity, None)
                if forgotten is not None:
                    del self._by_object[forgotten.key]
                    forgotten.key = None
            if forgotten is None:
                continue
            if type(forgotten).abandoned is Service.abandoned:
                forgotten.give_back()
            else:
                self.population.later(partial(_abandon, forgotten))


def _abandon(forgotten: Service) -> None:
    forgotten.abandoned()
    forgotten.give_back()
