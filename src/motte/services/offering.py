"""Python's objects as capabilities: what a grant hands to a process."""

from typing import TYPE_CHECKING

from motte.bank import SpaceBank
from motte.core import Capability
from motte.meter import Meter
from motte.process import Process
from motte.program import Program
from motte.services.bank import bank_capability
from motte.services.meter import meter_capability
from motte.services.process import ProcessService
from motte.services.program import ProgramService

if TYPE_CHECKING:
    from motte.services.server import Server


def capability_of(server: "Server", granted: object) -> Capability | None:
    """A capability to one of the machine's objects; ``None`` for what is none of them.

    Raises ``InvalidCap`` or ``Closed`` if it has ended.
    """
    match granted:
        case SpaceBank():
            return bank_capability(server, granted)
        case Meter():
            return meter_capability(server, granted)
        case Program():
            return server.capability(granted, lambda serving: ProgramService(serving, granted))
        case Process():
            return server.capability(granted, lambda serving: ProcessService(serving, granted))
        case _:
            return None
