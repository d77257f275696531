"""Timers, as guests know them: bits that are posted to a channel after some time, or not."""

import heapq
import threading
from contextlib import suppress
from itertools import count
from time import monotonic_ns
from typing import TYPE_CHECKING, NamedTuple

from motte.abi.capabilities import CapabilityKind
from motte.errors import InvalidCap, MotteError, RequestError
from motte.services.call import DONE, Answer, Call
from motte.services.owners import Owners
from motte.services.payment import Payment
from motte.services.protocol import IDENTITY, TIMER, Request, TimerRight
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.services.server import Server


class _Timer(NamedTuple):
    """One that is set."""

    endpoint: "Capability"
    bits: int
    payment: Payment

    def fire(self) -> None:
        with suppress(MotteError):  # nobody is there any more
            self.endpoint.notify(self.bits)
        self.payment.give_back()


class TimerService(Service):
    """All timers of a machine.  Whoever set one, and only that process, can cancel it; it ends with that process."""

    kind = CapabilityKind.SERVICE
    all_rights = int(TimerRight.SET)

    def __init__(self, server: "Server") -> None:
        """None is set; the thread starts with the first."""
        super().__init__(server)
        self._changed = threading.Condition()  # guards all of the following
        self._moments: list[tuple[int, tuple[int, int]]] = []  # a heap: when, and whose
        self._set: dict[tuple[int, int], _Timer] = {}  # by process and number
        self._numbers_of: dict[int, set[int]] = {}  # by process: what is set
        self._numbers = count(1)
        self._thread: threading.Thread | None = None
        self._closed = False
        self._owners = Owners(self._forget)

    @request(Request.TIMER_SET, TimerRight.SET)
    def set(self, call: Call) -> Answer:
        """Post bits to the channel that comes along, once; the timer's number."""
        delay_ns, bits, _reserved = call.fields(TIMER)
        endpoint = call.channel()
        if not bits:
            raise RequestError("there are no bits to be posted")
        setter = call.sender
        payment = Payment(self.server.population, setter.living_account)
        with self._changed:
            key = call.sender_identity, next(self._numbers)
            self._set[key] = _Timer(endpoint, bits, payment)
            self._numbers_of.setdefault(key[0], set()).add(key[1])
            heapq.heappush(self._moments, (monotonic_ns() + delay_ns, key))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="motte-timers", daemon=True)
                self._thread.start()
            self._changed.notify()
        self._owners.watch(setter)
        return Answer(IDENTITY.pack(key[1]))

    @request(Request.TIMER_CANCEL, TimerRight.SET)
    def cancel(self, call: Call) -> Answer:
        """It never fires.  Raises ``InvalidCap`` if it has, or was never set by this process."""
        (number,) = call.fields(IDENTITY)
        with self._changed:
            timer = self._take((call.sender_identity, number))
        if timer is None:
            raise InvalidCap("there is no such timer any more")
        timer.payment.give_back()
        return DONE

    def close(self) -> None:
        """None fires any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _forget(self, setter: int) -> None:
        """Those of a process that has ended."""
        with self._changed:
            timers = [self._set.pop((setter, number)) for number in self._numbers_of.pop(setter, ())]
        for timer in timers:
            timer.payment.give_back()

    def _take(self, key: tuple[int, int]) -> _Timer | None:
        """It is not set any more, if it was."""
        timer = self._set.pop(key, None)
        if timer is not None:
            numbers = self._numbers_of[key[0]]
            numbers.remove(key[1])
            if not numbers:
                del self._numbers_of[key[0]]
        return timer

    def _run(self) -> None:
        while True:
            with self._changed:
                due = self._next_due()
                if self._closed:
                    return
            if due is not None:
                due.fire()

    def _next_due(self) -> _Timer | None:
        """Waits for it, or for a change."""
        self._forget_cancelled()
        wait_ns = self._moments[0][0] - monotonic_ns() if self._moments else None
        if wait_ns is None or wait_ns > 0:
            self._changed.wait(None if wait_ns is None else min(wait_ns / 10**9, threading.TIMEOUT_MAX))
            return None
        return self._take(heapq.heappop(self._moments)[1])

    def _forget_cancelled(self) -> None:
        while self._moments and self._moments[0][1] not in self._set:
            heapq.heappop(self._moments)
        if len(self._moments) > 2 * len(self._set) + 64:  # many were cancelled that are far away
            self._moments = [each for each in self._moments if each[1] in self._set]
            heapq.heapify(self._moments)
