"""Keepers that are processes: a fault goes to a channel as a message, and its answer comes when it comes.

Nobody keeps what it is kept by.  A process that holds the receiving end of its own keeper's channel, or waits for an
answer of another that does, would stand still for ever.  That is refused when a keeper is set.  Receiving ends move,
so it is looked at again when a process faults: if all who could answer stand still themselves, and wait for one
another, the fault is declined.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import Right
from motte.channel import Sender
from motte.errors import Closed, InvalidCap, KeeperCycle, MotteError
from motte.keeper import Keeper, KeptFault, Later, Region
from motte.services.fault import FaultService
from motte.services.protocol import Told

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.keeping import Keeping
    from motte.population import Population
    from motte.process import Process
    from motte.services.server import Server


_LONGEST_CHAIN: Final = 64


class GuestKeeper:
    """Asks whoever receives at a channel."""

    def __init__(self, server: "Server", endpoint: "Capability") -> None:
        """``endpoint`` is a capability to send there."""
        self._server = server
        self.endpoint = endpoint
        self.answered_by: int | None = None

    def __call__(self, fault: KeptFault) -> Later | None:
        """Send the fault, with the capability to answer it.  A channel without room declines."""
        served = FaultService(self._server, fault, self)
        handle = self._server.capability(served, lambda _server: served)
        try:
            require_answerable(self._server, self, served)
            self.endpoint.send(served.record, Told.FAULT, 0, (handle,), 0)
        except MotteError:
            self._server.end(served)
            return None
        return Later()


def callable_keeper(population: "Population", keeper: "Keeper | Sender | None") -> "Keeper | None":
    """A keeper that can be called: for a channel, one that asks there.  Raises ``ValueError`` for another machine's."""
    if not isinstance(keeper, Sender):
        return keeper
    if not population.is_of_this_machine(keeper.core):
        raise ValueError("keeper: it is a capability of another machine")
    return GuestKeeper(population.services, keeper.core.restrict(Right.SEND | Right.COPY, 0, False))


def callable_region(population: "Population", region: Region) -> Region:
    """The same for the keeper of a region."""
    if not isinstance(region, Region) or not isinstance(region.keeper, Sender):
        return region
    keeper = callable_keeper(population, region.keeper)
    assert keeper is not None
    return replace(region, keeper=keeper)


def endpoints_of(keeping: "Keeping") -> "Iterator[Capability]":
    """The channels that are asked about a process's faults."""
    for keeper in (keeping.keeper, *(region.keeper for region in keeping.regions)):
        if isinstance(keeper, GuestKeeper):
            yield keeper.endpoint


def require_no_cycle(server: "Server", process: "Process", endpoint: "Capability") -> None:
    """Raises ``KeeperCycle`` if whoever receives there is the process itself, or is kept by it in turn."""
    kept = [each for each in server.population.everybody() if any(endpoints_of(each.keeping))]
    seen: set[int] = set()
    pending = [endpoint]
    while pending:
        asked = pending.pop()
        if receivers_of(process, asked):
            raise KeeperCycle("it would be kept by itself")
        for each in kept:
            if each.identity not in seen and receivers_of(each, asked):
                seen.add(each.identity)
                pending += endpoints_of(each.keeping)
        if len(seen) > _LONGEST_CHAIN:
            raise KeeperCycle(f"more than {_LONGEST_CHAIN} processes would keep one another")


def require_answerable(server: "Server", keeper: GuestKeeper, asked: FaultService) -> None:
    """Raises ``KeeperCycle`` if nobody who could answer will ever run again."""
    waiting = server.services_of(FaultService)
    standing = {each.fault.process_identity: each for each in waiting}
    if keeper.answered_by not in (None, *standing) and server.population.find(keeper.answered_by or 0):
        return  # who answered before can do so again: that is nearly always so
    seen, pending = {asked}, [asked]
    while pending and len(seen) <= _LONGEST_CHAIN:
        each = pending.pop()
        held = {other: receivers_of(server.population.find(who), each.endpoint) for who, other in standing.items()}
        if each.endpoint.receivers() > sum(held.values()):
            return
        holders = {other for other, count in held.items() if count} - seen
        seen |= holders
        pending += holders
    raise KeeperCycle("all who could answer wait for one another")


def receivers_of(process: "Process | None", endpoint: "Capability") -> int:
    """Those that it has; none if it runs at this moment, or has ended."""
    if process is None:
        return 0
    try:
        with process.use() as core:
            return core.receivers(endpoint) or 0
    except (Closed, InvalidCap):
        return 0
