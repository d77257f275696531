"""Programs, as guests know them: what processes are made from."""

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import CapabilityKind
from motte.bank_terms import WouldWait
from motte.core import Capability
from motte.errors import RequestError
from motte.keeping import NOBODY, keeping_of
from motte.no_streams import NO_STREAMS, OutputOf
from motte.process_making import make_process
from motte.services.bank import BankService
from motte.services.call import Answer, Call, sender_of
from motte.services.keeper import GuestKeeper, require_no_cycle
from motte.services.meter import MeterService
from motte.services.payment import Payment
from motte.services.process import ChildService
from motte.services.protocol import SPAWN, BankRight, MeterRight, ProgramRight, Request, SpawnFlag
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.meter import Meter
    from motte.process import Process
    from motte.program import Program
    from motte.run_limits import RunLimits
    from motte.services.server import Server

_LEAST_TIME_NS: Final = 1_000_000
_FLAGS: Final = int(sum(SpawnFlag))
_BANK, _METER, _KEEPER, _START, _OUTPUT = map(int, SpawnFlag)


class ProgramService(Service):
    """A program that was loaded."""

    kind = CapabilityKind.PROGRAM
    all_rights = int(ProgramRight.SPAWN)

    def __init__(self, server: "Server", program: "Program") -> None:
        """Of ``program``."""
        super().__init__(server)
        self._program = program

    @request(Request.PROGRAM_SPAWN, ProgramRight.SPAWN)
    def spawn(self, call: Call) -> Answer:
        """A new process, which whoever asked pays for; its capability."""
        _child, handle = spawn_child(self.server, self._program, call.sender, SpawnOrder(self.server, call))
        return Answer(b"", (handle,))

    @request(Request.PROGRAM_CONSTRUCTOR, ProgramRight.SPAWN, may_wait=True)
    def constructor(self, call: Call) -> Answer:
        """A recipe of it, with nothing in it, which whoever asked pays for; its capability."""
        from motte.services.constructor import BoughtConstructorService  # which makes processes as this file does

        made = BoughtConstructorService(self.server, self._program, call.sender.living_account)
        return Answer(b"", (self.server.capability(made.constructor, lambda _server: made),))


def spawn_child(
    server: "Server", program: "Program", spawner: "Process", order: "SpawnOrder"
) -> "tuple[Process, Capability]":
    """A process that another one has ordered, and its capability; or neither, and everything is as before.

    All that may have to wait comes first: from then on the capabilities of the order may have been moved.
    """
    if server.population.banks.is_hurried() and not program.has_image(spawner.limits.data_stack):
        raise WouldWait
    family = server.families.reserve(spawner)
    payment = None
    try:
        payment = Payment(server.population, order.account or spawner.living_account)
        child = _make(server, program, spawner, order)
    except BaseException:
        server.families.leave(family, None)
        if payment is not None:
            payment.give_back()
        raise
    server.families.enter(family, child)
    served = ChildService(server, child, family, payment)
    try:
        served.watch()
    except BaseException:
        server.families.leave(family, child)
        child.close()
        payment.give_back()
        raise
    try:
        if order.keeper is not None:
            require_no_cycle(server, child, order.keeper)
            child.keep(keeping_of(GuestKeeper(server, order.keeper), ()))
        handle = server.capability(child, lambda _server: served)
        if order.starts:
            child.start()
    except BaseException:
        child.close()
        payment.give_back()
        raise
    return child, handle


def _make(server: "Server", program: "Program", spawner: "Process", order: "SpawnOrder") -> "Process":
    return make_process(
        server.population,
        order.account or spawner.living_account,
        order.meter or spawner.meter,
        program,
        limits_below(spawner, order.cpu_time_ns, writes=order.writes),
        NOBODY,
        [program.argument, *order.arguments],
        order.environment,
        _output_of(spawner) if order.writes else NO_STREAMS,
        (),
        order.grants,
    )


def _output_of(spawner: "Process") -> OutputOf:
    with spawner.use() as core:
        return OutputOf(core)


class SpawnOrder:
    """What a request for a process asks for, read and checked."""

    def __init__(self, server: "Server", call: Call) -> None:
        """Raises ``RequestError``, ``InvalidCap`` and ``NoAccess``."""
        flags, arguments, variables, grants, cpu_time_ns = call.fields(SPAWN)
        strings = call.strings(SPAWN.size, arguments + variables + grants)
        given = list(call.capabilities)
        if flags & ~_FLAGS or len(given) != (flags & 7).bit_count() + grants:
            raise RequestError("the capabilities are not those announced")
        self.account: Account | None = None
        self.meter: Meter | None = None
        if flags & _BANK:
            self.account = server.resolve(given.pop(0), BankService, BankRight.ALLOCATE)[0].account
        if flags & _METER:
            self.meter = server.resolve(given.pop(0), MeterService, MeterRight.DRAW)[0].meter
        self.keeper: Capability | None = sender_of(given.pop(0)) if flags & _KEEPER else None
        self.arguments = strings[:arguments]
        self.environment = strings[arguments : arguments + variables]
        names = [name.decode() for name in strings[arguments + variables :]]
        self.grants = tuple(zip(names, given, strict=True))
        self.writes = bool(flags & _OUTPUT)
        self.starts = bool(flags & _START)
        self.cpu_time_ns = cpu_time_ns or None


def limits_below(spawner: "Process", cpu_time_ns: int | None, *, writes: bool) -> "RunLimits":
    """Those of a child: its maker's, with no more processor time and output than that has left."""
    limits = spawner.limits
    if limits.cpu_time_ns is not None:
        left_ns = max(limits.cpu_time_ns - int(spawner.statistics().cpu_time * 10**9), _LEAST_TIME_NS)
        cpu_time_ns = left_ns if cpu_time_ns is None else min(cpu_time_ns, left_ns)
    output = limits.output
    if writes and output is not None:
        output = max(output - spawner.statistics().output, 0)
    return _limited(limits, cpu_time_ns, output)


@lru_cache(maxsize=32)  # most children of a process have the same
def _limited(limits: "RunLimits", cpu_time_ns: int | None, output: int | None) -> "RunLimits":
    return replace(limits, cpu_time_ns=cpu_time_ns, extra_time_ns=0, output=output)
