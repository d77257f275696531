"""Meters: who may use the processor, and how much of it.

What is used below a meter is used from every meter above it.  A meter can have a *budget*, a total that counts down; a
*rate*, so much in any second; and a *weight*, its share among its siblings when they compete.  A meter whose budget
is used up is *dry*: everything below it stands still where it is, and its keeper is asked.

The idea, and the word, are KeyKOS's.
"""

import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from motte.card import Card, Shown
from motte.core import Meter as CoreMeter
from motte.quantities import Duration, duration_ns
from motte.unique import Unique

SECOND_NS: Final = 10**9
RATE_PERIOD_NS: Final = 100_000_000
"""Nanoseconds over which a rate is kept: in any tenth of a second, at most a tenth of it."""


@dataclass(frozen=True, slots=True)
class MeterStatistics:
    """A meter at one moment; times in seconds.

    For example:

        print(machine.meter.statistics().used)
    """

    used: float
    left: float | None
    """Of its budget; ``None`` without one."""

    weight: int
    slice: float
    on: bool
    dry: bool


MeterKeeper = Callable[["Meter"], object]
"""Called with a meter that has become dry.  It may ``refill`` it, now or later; what it returns is not looked at."""


class MeterTree:
    """The meters of one machine, as Python knows them."""

    def __init__(self, root: CoreMeter, listen: Callable[[], None]) -> None:
        """``listen`` makes sure that somebody hears of dry meters."""
        self.listen = listen
        self.lock = threading.Lock()
        self._by_identity: weakref.WeakValueDictionary[int, Meter] = weakref.WeakValueDictionary()
        self.root = Meter(self, root, None, "machine")

    def add(self, meter: "Meter") -> None:
        """From now on it is found by its core's identity."""
        with self.lock:
            self._by_identity[meter.core.identity] = meter

    def everybody(self) -> "list[Meter]":
        """Those that anybody still holds."""
        with self.lock:
            return list(self._by_identity.values())

    def find(self, core: CoreMeter) -> "Meter | None":
        """The meter with this core, if anybody still holds it."""
        with self.lock:
            return self._by_identity.get(core.identity)


class Meter(Shown, Unique):
    """An account of processor time; made by ``Machine.meter`` and :meth:`sub`.

    Durations are seconds or texts such as ``"500ms"``; 1 s of a meter is one second of one processor.  Safe to use
    from several threads.
    """

    __slots__ = ("__weakref__", "_keeper", "_tree", "core", "name", "parent")

    def __init__(self, tree: MeterTree, core: CoreMeter, parent: "Meter | None", name: str | None) -> None:
        """For the package; users call :meth:`sub`."""
        self.name = name or f"meter {core.identity}"
        """What is shown of it."""
        self._tree = tree
        self._keeper: MeterKeeper | None = None
        self.core = core
        self.parent = parent
        tree.add(self)

    def sub(
        self,
        *,
        budget: Duration = None,
        rate: "str | float | None" = None,
        weight: int = 100,
        slice: Duration = None,
        keeper: MeterKeeper | None = None,
        name: str | None = None,
    ) -> "Meter":
        """A meter below this one.

        ``budget`` is a total; ``rate`` a share of one processor that is never exceeded, such as ``"20%"`` or ``0.2``
        (more than 1 for several processors); ``weight`` (1 to 10000) its share among its siblings;
        ``slice`` the longest turn of those below it while others wait (default: as above it).  ``name`` is for people.

        Raises ``ValueError`` for unusable values, ``TooDeep`` beyond 20 levels.
        """
        share = None if rate is None else rate_share(rate)
        budget_ns, slice_ns = duration_ns(budget, "budget"), duration_ns(slice, "slice")
        meter = Meter(self._tree, self.core.sub(), self, name)
        meter.core.set_weight(weight)
        if slice_ns is not None:
            meter.core.set_slice(slice_ns)
        if share is not None:
            meter.core.set_rate(round(share * RATE_PERIOD_NS), RATE_PERIOD_NS)
        if keeper is not None:
            meter.keeper = keeper
        if budget_ns is not None:
            self._tree.listen()
            meter.core.set_budget(budget_ns)
        return meter

    def refill(self, amount: Duration) -> None:
        """So much more of the budget: a dry meter goes on."""
        more = duration_ns(amount, "amount")
        if more is None:
            self.core.set_budget(None)
        else:
            self.core.refill(more)

    def set_budget(self, budget: Duration) -> None:
        """A total from now on, whatever was used before; ``None``: no limit."""
        self.set_budget_of(duration_ns(budget, "budget"))

    def set_budget_of(self, budget_ns: int | None) -> None:
        """For the package: the same in nanoseconds."""
        self._tree.listen()
        self.core.set_budget(budget_ns)

    def set_rate(self, rate: "str | float | None") -> None:
        """A share of one processor; ``None``: no limit."""
        if rate is None:
            self.core.set_rate(0, 0)
        else:
            self.core.set_rate(round(rate_share(rate) * RATE_PERIOD_NS), RATE_PERIOD_NS)

    def set_weight(self, weight: int) -> None:
        """1 to 10000."""
        self.core.set_weight(weight)

    def off(self) -> None:
        """Everything below stands still where it is, until :meth:`on`."""
        self.core.set_on(False)

    def on(self) -> None:
        """Everything below goes on where it was."""
        self.core.set_on(True)

    def statistics(self) -> MeterStatistics:
        """All of it: a frozen record."""
        used, left, _, slice_ns, weight, on, dry = self.core.state_fields()
        return MeterStatistics(
            used=used / SECOND_NS,
            left=None if left is None else left / SECOND_NS,
            weight=weight,
            slice=slice_ns / SECOND_NS,
            on=on,
            dry=dry,
        )

    @property
    def used(self) -> float:
        """Seconds that were used below it, in all."""
        return self.core.state_fields()[0] / SECOND_NS

    @property
    def used_ticks(self) -> int:
        """The same in the clock's own unit, exactly: while nothing runs, it is the sum over the meters below."""
        return self.core.state_fields()[2]

    @property
    def left(self) -> float | None:
        """Seconds that are left of its budget; ``None`` without one."""
        left = self.core.state_fields()[1]
        return None if left is None else left / SECOND_NS

    @property
    def dry(self) -> bool:
        """Whether its budget is used up."""
        return self.core.state_fields()[6]

    @property
    def keeper(self) -> MeterKeeper | None:
        """Who is asked, once, when it has become dry; without one, the nearest keeper above is.

        If there is none at all, the processes below it end with the reason CPU_LIMIT.
        """
        return self._keeper

    @keeper.setter
    def keeper(self, keeper: MeterKeeper | None) -> None:
        if keeper is not None and not callable(keeper):
            raise TypeError(f"keeper: expected a callable or None; got {type(keeper).__name__}")
        self._tree.listen()
        self._keeper = keeper

    def nearest_keeper(self) -> MeterKeeper | None:
        """Its own keeper, or that of the nearest meter above that has one."""
        meter: Meter | None = self
        while meter is not None and meter.keeper is None:
            meter = meter.parent
        return None if meter is None else meter.keeper

    def is_dry_for_good(self) -> bool:
        """Whether it, or a meter above it, is dry, and nobody is there who could have been asked."""
        meter: Meter | None = self
        while meter is not None:
            if meter.dry and meter.nearest_keeper() is None:
                return True
            meter = meter.parent
        return False

    @property
    def parent_identity(self) -> int | None:
        """For the package: of the core's meter above; ``None`` for a machine's own."""
        return None if self.parent is None else self.parent.core.identity

    def belongs_to(self, tree: MeterTree) -> bool:
        """Whether it is a meter of the machine with this tree."""
        return self._tree is tree

    def is_below(self, other: "Meter") -> bool:
        """Whether what this one uses is used from ``other``, too; true of itself."""
        meter: Meter | None = self
        while meter is not None and meter is not other:
            meter = meter.parent
        return meter is other

    def card(self) -> Card:
        """It, and the meters below it."""
        from motte.overview import meter_columns, meter_looks

        return Card(f"meter {self.name}", columns=meter_columns(meter_looks(self, self._tree.everybody())))

    def __repr__(self) -> str:
        """For people."""
        figures = self.statistics()
        budget = "" if figures.left is None else f", {figures.left:g} s left"
        state = " dry" if figures.dry else "" if figures.on else " off"
        return f"<Meter{state}: {figures.used:.6g} s used{budget}>"


def rate_share(rate: "str | float") -> float:
    """A share of one processor: ``0.2`` or ``"20%"``.  Raises ``ValueError`` unless it is positive and below 1024."""
    if isinstance(rate, str):
        text = rate.strip()
        try:
            share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
        except ValueError:
            raise ValueError(f"rate: {rate!r} is not a share such as 20% or 0.2") from None
    else:
        share = float(rate)
    if not 0 < share < 1024:
        raise ValueError(f"rate: {rate!r} is not a positive share of one processor")
    return share
