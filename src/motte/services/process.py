"""Processes, as guests know them."""

import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import CapabilityKind
from motte.errors import InvalidCap, LimitReached, Timeout
from motte.exit import Exit, Usage
from motte.keeper import Region
from motte.keeping import keeping_of
from motte.services.call import DONE, Answer, Call
from motte.services.keeper import GuestKeeper, require_no_cycle
from motte.services.payment import Payment
from motte.services.promise import Promise
from motte.services.protocol import (
    DOWN,
    END,
    EXIT_REASON,
    GRANT,
    LINK,
    MONITOR,
    REGION,
    STATISTICS,
    WAIT,
    ProcessRight,
    Request,
    Told,
)
from motte.services.reasons import reason_of_fields
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.linked import Down
    from motte.process import Process
    from motte.services.family import Family
    from motte.services.server import Server

_MOST_REGIONS: Final = 16
_TIES: Final = ProcessRight.LOOK | ProcessRight.KILL
"""Who is linked with a process learns of its end, and may end it."""
_ALL: Final = ProcessRight.LOOK | ProcessRight.RUN | ProcessRight.KILL | ProcessRight.CHANGE


class ProcessService(Service):
    """A process.  One that Python started stays Python's."""

    kind = CapabilityKind.PROCESS
    all_rights = int(_ALL)

    def __init__(self, server: "Server", process: "Process") -> None:
        """Of ``process``."""
        super().__init__(server)
        self.process = process
        self._lock = threading.Lock()  # guards the next three
        self._waiting: dict[int, Call] = {}  # by who waits: no process waits twice at once
        self._most_waiting = 64
        self._end: Exit | None = None

    def watch(self) -> None:
        """See to it that its end is noticed.  Raises ``Closed``."""
        self.process.on_end(lambda _process, end: self._note_end(end))

    def _note_end(self, end: Exit | None) -> None:
        with self._lock:
            self._end = end
            waiting, self._waiting = self._waiting, {}
        for call in waiting.values():
            call.answer(self._report())

    def _report(self) -> Answer:
        end = self._end
        if end is None:
            raise InvalidCap("it has ended with its bank")
        return Answer(END.pack(*_end_fields(end)))

    # --- requests ----------------------------------------------------------------------------------------------------

    @request(Request.PROCESS_WAIT, ProcessRight.LOOK, changes=False)
    def wait(self, call: Call) -> Answer | None:
        """How it ended."""
        (waits,) = call.fields(WAIT)
        with self._lock:
            if self._end is None and waits:
                self._enter(call)
                return None
        if self._end is None:
            raise Timeout("it has not ended yet")
        return self._report()

    def _enter(self, call: Call) -> None:
        """Those who have ended wait no longer; that is looked at now and then, so that it costs little."""
        if len(self._waiting) >= self._most_waiting:
            find = self.server.population.find
            self._waiting = {who: each for who, each in self._waiting.items() if who < 0 or find(who)}
            self._most_waiting = 2 * len(self._waiting) + 64
        self._waiting[call.sender_identity or -id(call)] = call

    @request(Request.PROCESS_GRANT, ProcessRight.CHANGE, may_wait=True)
    def grant(self, call: Call) -> Answer:
        """Capabilities that it finds by name; before it starts."""
        (count,) = call.fields(GRANT)
        names = call.strings(GRANT.size, count)
        for name, capability in zip(names, call.given(count), strict=True):
            self.process.grant(name.decode(), capability)
        return DONE

    @request(Request.PROCESS_KEEPER, ProcessRight.CHANGE)
    def keep(self, call: Call) -> Answer:
        """Its faults are sent to the channel that comes along; without one, to nobody."""
        keeper = self._keeper(call) if call.capabilities else None
        self.process.keep(keeping_of(keeper, self.process.keeping.regions))
        return DONE

    @request(Request.PROCESS_REGION, ProcessRight.CHANGE)
    def keep_region(self, call: Call) -> Answer:
        """The same for a range of its memory; before it starts."""
        address, size = call.fields(REGION)
        keeping, region = self.process.keeping, Region(address, size, self._keeper(call))
        if len(keeping.regions) == _MOST_REGIONS:
            raise LimitReached(f"a process has at most {_MOST_REGIONS} regions")
        self.process.keep(keeping_of(keeping.keeper, (*keeping.regions, region)))
        return DONE

    def _keeper(self, call: Call) -> GuestKeeper:
        endpoint = call.channel()
        require_no_cycle(self.server, self.process, endpoint)
        return GuestKeeper(self.server, endpoint)

    @request(Request.PROCESS_MONITOR, ProcessRight.LOOK, changes=False)
    def monitor(self, call: Call) -> Answer:
        """A message to the channel that comes along, once, when it has ended and everything is back."""
        number, urgent, _reserved = call.fields(MONITOR)
        endpoint = call.channel()
        promise = Promise(self.server.population, call.sender.living_account)
        monitor = self.process.monitor(partial(_tell_down, promise, endpoint, number, urgent))
        promise.until(monitor.cancel)
        return DONE

    @request(Request.PROCESS_LINK, _TIES, may_wait=True)
    def link(self, call: Call) -> Answer:
        """It and whoever asks are linked; signals through this link are told with that number."""
        (number,) = call.fields(LINK)
        self.server.links.link(call.sender, self.process, number)
        return DONE

    @request(Request.PROCESS_UNLINK, _TIES)
    def unlink(self, call: Call) -> Answer:
        """They are not any more."""
        self.server.links.unlink(call.sender, self.process)
        return DONE

    @request(Request.PROCESS_EXIT, ProcessRight.KILL, may_wait=True)
    def exit(self, call: Call) -> Answer:
        """An exit signal on purpose."""
        self.server.links.signal(call.sender, self.process, reason_of_fields(*call.fields(EXIT_REASON)))
        return DONE

    @request(Request.PROCESS_START, ProcessRight.RUN)
    def start(self, _call: Call) -> Answer:
        """It runs from now on."""
        self.process.start()
        return DONE

    @request(Request.PROCESS_KILL, ProcessRight.KILL)
    def kill(self, _call: Call) -> Answer:
        """It ends; harmless when it has."""
        if self._end is None:
            self.process.kill()
        return DONE

    @request(Request.PROCESS_SUSPEND, ProcessRight.RUN)
    def suspend(self, _call: Call) -> Answer:
        """It stands still."""
        self.process.suspend()
        return DONE

    @request(Request.PROCESS_RESUME, ProcessRight.RUN)
    def resume(self, _call: Call) -> Answer:
        """It goes on."""
        self.process.resume()
        return DONE

    @request(Request.PROCESS_STATISTICS, ProcessRight.LOOK, changes=False)
    def statistics(self, _call: Call) -> Answer:
        """What it has used."""
        return Answer(_packed(self.process.statistics() if self._end is None else self._end.usage))


class ChildService(ProcessService):
    """A process that a guest started: nobody but guests knows it, and it is given back when it has ended."""

    def __init__(self, server: "Server", process: "Process", family: "Family", payment: Payment) -> None:
        """It has a place in ``family``, and what the host remembers of it is paid for."""
        super().__init__(server, process)
        self._family = family
        self._payment = payment

    def watch(self) -> None:
        """It is told of when everything is back."""
        self.process.expect_end(self.server.hear_of_end, self._given_back)

    def _given_back(self, end: Exit | None) -> None:
        self.server.families.leave(self._family, self.process)
        self._note_end(end)
        self.process.close()


def _tell_down(promise: Promise, endpoint: "Capability", number: int, urgent: int, down: "Down") -> None:
    end = down.exit
    record = (0, 0, 0, 0) if end is None else _end_fields(end)
    promise.keep(endpoint, DOWN.pack(number, *record), Told.DOWN, urgent=urgent != 0)


def _end_fields(end: Exit) -> tuple[int, int, int, int]:
    return end.returncode, end.reason, end.fault.kind if end.fault else 0, 0


def _packed(usage: Usage) -> bytes:
    cpu_time, wall_time, *counts = usage
    return STATISTICS.pack(int(cpu_time * 10**9), int(wall_time * 10**9), *counts)


def process_capability(server: "Server", process: "Process") -> "Capability":
    """A capability to it.  Raises ``Closed``."""

    def make(serving: "Server") -> ProcessService:
        made = ProcessService(serving, process)
        made.watch()
        return made

    return server.capability(process, make)
