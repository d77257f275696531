"""A bank and a meter in one: all that a tenant may use."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from motte.bank import SpaceBank
from motte.meter import Meter, MeterKeeper
from motte.quantities import Duration, Size

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True)
class Resources:
    """What ``spawn(resources=…)`` draws from; ``Machine.resources`` is everything.

    For example:

        tenant = machine.resources.sub("64MiB", budget="10s", name="tenant")
        process = machine.spawn(program, resources=tenant)
        tenant.close()                               # ends all that it paid for
    """

    bank: SpaceBank
    meter: Meter

    def sub(
        self,
        memory: Size = None,
        *,
        budget: Duration = None,
        rate: "str | float | None" = None,
        weight: int = 100,
        keeper: MeterKeeper | None = None,
        name: str | None = None,
    ) -> "Resources":
        """A packet below this one: :meth:`SpaceBank.sub` and :meth:`Meter.sub` in one call, or neither.

        Closing it destroys its bank, and with it all processes that draw from it.
        """
        bank = self.bank.sub(memory, name=name)
        try:
            meter = self.meter.sub(budget=budget, rate=rate, weight=weight, keeper=keeper, name=name)
        except BaseException:
            bank.close()
            raise
        return Resources(bank, meter)

    def close(self) -> None:
        """Stop everything that runs on it, then take its memory back; harmless when repeated."""
        self.meter.off()
        self.bank.close()

    def __enter__(self) -> "Resources":
        """The packet itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()
