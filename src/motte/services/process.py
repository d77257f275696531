"""Processes, as guests know them."""

import threading
from typing import TYPE_CHECKING

from motte.abi.capabilities import CapabilityKind
from motte.errors import InvalidCap, RequestError, Timeout
from motte.exit import Exit, Usage
from motte.services.call import DONE, Answer, Call
from motte.services.protocol import END, GRANT, STATISTICS, WAIT, ProcessRight, Request
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.linked import Down
    from motte.process import Process
    from motte.services.family import Family
    from motte.services.server import Server

_ALL = ProcessRight.LOOK | ProcessRight.RUN | ProcessRight.KILL | ProcessRight.CHANGE


class ProcessService(Service):
    """A process.  One that Python started stays Python's."""

    kind = CapabilityKind.PROCESS
    all_rights = int(_ALL)

    def __init__(self, server: "Server", process: "Process") -> None:
        """Of ``process``."""
        super().__init__(server)
        self.process = process
        self._lock = threading.Lock()  # guards the next two
        self._waiting: dict[int, Call] = {}  # by who waits: nobody waits twice at once
        self._end: Exit | None = None

    def watch(self) -> None:
        """See to it that its end is noticed, once."""
        self.process.monitor(self._ended)

    def _ended(self, down: "Down") -> None:
        with self._lock:
            self._end = down.exit
            waiting, self._waiting = self._waiting, {}
        for call in waiting.values():
            call.answer(self._report())

    def _report(self) -> Answer:
        end = self._end
        if end is None:
            raise InvalidCap("it has ended with its bank")
        return Answer(END.pack(end.returncode, end.reason, end.fault.kind if end.fault else 0, 0))

    # --- requests ----------------------------------------------------------------------------------------------------

    @request(Request.PROCESS_WAIT, ProcessRight.LOOK, changes=False)
    def wait(self, call: Call) -> Answer | None:
        """How it ended."""
        (waits,) = call.fields(WAIT)
        with self._lock:
            if self._end is None and waits:
                self._waiting[call.sender_identity] = call
                return None
        if self._end is None:
            raise Timeout("it has not ended yet")
        return self._report()

    @request(Request.PROCESS_GRANT, ProcessRight.CHANGE, may_wait=True)
    def grant(self, call: Call) -> Answer:
        """Capabilities that it finds by name; before it starts."""
        (count,) = call.fields(GRANT)
        names = call.strings(GRANT.size, count)
        if len(call.capabilities) != count:
            raise RequestError("there are not as many capabilities as names")
        for name, capability in zip(names, call.capabilities, strict=True):
            self.process.grant(name.decode(), capability)
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

    def __init__(self, server: "Server", process: "Process", family: "Family") -> None:
        """It has a place in ``family``."""
        super().__init__(server, process)
        self._family = family

    def _ended(self, down: "Down") -> None:
        self.server.families.leave(self._family, self.process)
        super()._ended(down)
        self.process.close()


def _packed(usage: Usage) -> bytes:
    cpu_time, wall_time, *counts = usage
    return STATISTICS.pack(int(cpu_time * 10**9), int(wall_time * 10**9), *counts)
