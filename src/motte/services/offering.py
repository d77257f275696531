"""Python's objects as capabilities: what a grant hands to a process."""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from motte.bank import SpaceBank
from motte.constructor import Constructor
from motte.core import Capability
from motte.launcher import Launcher
from motte.meter import Meter
from motte.process import Process
from motte.program import Program
from motte.services.bank import bank_capability
from motte.services.constructor import ConstructorService
from motte.services.launcher import launcher_capability
from motte.services.meter import meter_capability
from motte.services.process import process_capability
from motte.services.program import ProgramService
from motte.services.service import Service
from motte.time_and_chance import Seed, TimeAndChance, time_and_chance

if TYPE_CHECKING:
    from motte.services.server import Server


class HostService(Enum):
    """What there is once in each machine, and can be granted."""

    TIMERS = "timers"
    """Bits that are posted to a channel after some time."""

    NAMES = "names"
    """Channels that are found by a registered name."""

    LINKS = "links"
    """Exit signals to oneself, to be trapped; and a capability to oneself."""

    CLOCK = "clock"
    """The time, as exactly as the host knows it."""

    COARSE_CLOCK = "coarse clock"
    """The time in whole milliseconds."""

    RANDOM = "random"
    """The host's random numbers."""


def capability_of(server: "Server", granted: object) -> Capability | None:
    """A capability to one of the machine's objects; ``None`` for what is none of them.

    Raises ``InvalidCap`` or ``Closed`` if it has ended.
    """
    offered = next((offer for kind, offer in _OFFERS if isinstance(granted, kind)), None)
    return None if offered is None else offered(server, granted)


def _program(server: "Server", program: Program) -> Capability:
    return server.capability(program, lambda serving: ProgramService(serving, program))


def _constructor(server: "Server", constructor: Constructor) -> Capability:
    return server.capability(constructor, lambda serving: ConstructorService(serving, constructor))


def _host_service(server: "Server", which: HostService) -> Capability:
    if which in _SOURCES:
        return server.population.source(_SOURCES[which])
    return server.capability(which, _SERVED[which])


def _seed(server: "Server", seed: Seed) -> Capability:
    return server.population.source(time_and_chance(None, seed.number))


_SERVED: Final[dict[HostService, Callable[["Server"], Service]]] = {
    HostService.TIMERS: lambda server: server.timers,
    HostService.NAMES: lambda server: server.names,
    HostService.LINKS: lambda server: server.links,
}
_SOURCES: Final[dict[HostService, TimeAndChance]] = {
    HostService.CLOCK: time_and_chance("real", None),
    HostService.COARSE_CLOCK: time_and_chance("coarse", None),
    HostService.RANDOM: time_and_chance(None, "real"),
}


_OFFERS: Final[tuple[tuple[type, Callable[["Server", Any], Capability]], ...]] = (
    (SpaceBank, bank_capability),
    (Meter, meter_capability),
    (Process, process_capability),
    (Program, _program),
    (Launcher, launcher_capability),
    (Constructor, _constructor),
    (HostService, _host_service),
    (Seed, _seed),
)
