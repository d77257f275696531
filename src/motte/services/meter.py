"""Meters, as guests know them."""

from functools import partial
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import CapabilityKind
from motte.errors import KeeperCycle, RequestError
from motte.meter import RATE_PERIOD_NS
from motte.services.call import DONE, Answer, Call
from motte.services.keeper import receivers_of
from motte.services.protocol import METER_FIGURES, NO_LIMIT, SIZE, MeterRight, Request, Told
from motte.services.service import Service, request
from motte.services.telling import tell

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.meter import Meter
    from motte.services.server import Server

_MILLIONTHS: Final = 10**6


class MeterService(Service):
    """A meter of the machine."""

    kind = CapabilityKind.METER
    all_rights = sum(MeterRight)

    def __init__(self, server: "Server", meter: "Meter") -> None:
        """Of ``meter``."""
        super().__init__(server)
        self.meter = meter

    @request(Request.METER_CREATE, MeterRight.DRAW)
    def create(self, call: Call) -> Answer:
        """A meter below this one, without limits."""
        below = MeterService(self.server, self.meter.sub())
        below.charge(call.sender.living_account)
        return Answer(b"", (self.server.capability(below.meter, lambda _server: below),))

    @request(Request.METER_KEEPER, MeterRight.CHANGE)
    def keep(self, call: Call) -> Answer:
        """A message with its capability to the channel that comes along, each time that it has become dry."""
        if not call.capabilities:
            self.meter.keeper = None
            return DONE
        endpoint = call.channel()
        if self._is_heard_below(endpoint):
            raise KeeperCycle("whoever receives there stands still when this meter is dry")
        self.meter.keeper = partial(self._tell_dry, endpoint, call.rights)
        return DONE

    def _tell_dry(self, endpoint: "Capability", rights: int, meter: "Meter") -> None:
        if not endpoint.receivers() or self._is_heard_below(endpoint):
            self.server.population.end_below(meter)
        else:
            tell(endpoint, b"", Told.DRY, (meter_capability(self.server, meter, rights),))

    def _is_heard_below(self, endpoint: "Capability") -> bool:
        below = (each for each in self.server.population.everybody() if each.meter.is_below(self.meter))
        return any(receivers_of(each, endpoint) for each in below)

    @request(Request.METER_FIGURES, MeterRight.QUERY, changes=False)
    def figures(self, _call: Call) -> Answer:
        """Used and left, weight, on, dry."""
        used, left, _ticks, _slice, weight, on, dry = self.meter.core.state_fields()
        return Answer(METER_FIGURES.pack(used, NO_LIMIT if left is None else left, weight, on | dry << 1))

    @request(Request.METER_BUDGET, MeterRight.CHANGE)
    def budget(self, call: Call) -> Answer:
        """A total from now on."""
        (budget,) = call.fields(SIZE)
        self.meter.set_budget_of(None if budget == NO_LIMIT else budget)
        return DONE

    @request(Request.METER_REFILL, MeterRight.CHANGE)
    def refill(self, call: Call) -> Answer:
        """So much more."""
        (more,) = call.fields(SIZE)
        self.meter.core.refill(more)
        return DONE

    @request(Request.METER_RATE, MeterRight.CHANGE)
    def rate(self, call: Call) -> Answer:
        """Millionths of one processor; 0: no limit."""
        (millionths,) = call.fields(SIZE)
        if millionths >= 1024 * _MILLIONTHS:
            raise RequestError("there are not so many processors")
        self.meter.core.set_rate(millionths * RATE_PERIOD_NS // _MILLIONTHS, RATE_PERIOD_NS if millionths else 0)
        return DONE

    @request(Request.METER_WEIGHT, MeterRight.CHANGE)
    def weight(self, call: Call) -> Answer:
        """Its share among its siblings."""
        self.meter.core.set_weight(*call.fields(SIZE))
        return DONE

    @request(Request.METER_SWITCH, MeterRight.CHANGE)
    def switch(self, call: Call) -> Answer:
        """Off (0) or on."""
        (on,) = call.fields(SIZE)
        self.meter.core.set_on(bool(on))
        return DONE


def meter_capability(server: "Server", meter: "Meter", rights: int | None = None) -> "Capability":
    """A capability to it."""
    return server.capability(meter, lambda serving: MeterService(serving, meter), rights)
