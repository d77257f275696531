"""Python's objects as capabilities: what a grant hands to a process."""

from enum import Enum
from typing import TYPE_CHECKING

from motte.bank import SpaceBank
from motte.core import Capability
from motte.launcher import Launcher
from motte.meter import Meter
from motte.process import Process
from motte.program import Program
from motte.services.bank import bank_capability
from motte.services.launcher import LauncherService
from motte.services.meter import meter_capability
from motte.services.process import process_capability
from motte.services.program import ProgramService

if TYPE_CHECKING:
    from motte.services.server import Server


class HostService(Enum):
    """What there is once in each machine, and can be granted."""

    TIMERS = "timers"
    """Bits that are posted to a channel after some time."""

    NAMES = "names"
    """Channels that are found by a registered name."""


def capability_of(server: "Server", granted: object) -> Capability | None:
    """A capability to one of the machine's objects; ``None`` for what is none of them.

    Raises ``InvalidCap`` or ``Closed`` if it has ended.
    """
    if isinstance(granted, SpaceBank):
        return bank_capability(server, granted)
    if isinstance(granted, Meter):
        return meter_capability(server, granted)
    if isinstance(granted, Process):
        return process_capability(server, granted)
    if isinstance(granted, Program):
        return server.capability(granted, lambda serving: ProgramService(serving, granted))
    if isinstance(granted, Launcher):
        return server.capability(granted, lambda serving: LauncherService(serving, granted))
    if isinstance(granted, HostService):
        timers = granted is HostService.TIMERS
        return server.capability(granted, lambda serving: serving.timers if timers else serving.names)
    return None
