"""A machine at one moment: its processes, its tree of banks, its tree of meters.

The totals are those of the roots: each bank and each meter counts what is below it, what has ended included.  Processes
are looked at one after the other while they run, so their own figures are of slightly different moments.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from motte.bank import statistics_of
from motte.card import Card, Columns, Shown
from motte.errors import Closed, InvalidCap
from motte.image.names import printable
from motte.quantities import format_size

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.meter import Meter
    from motte.population import Population
    from motte.process import Process


@dataclass(frozen=True, slots=True)
class ProcessLook:
    """One process; times in seconds, sizes in bytes."""

    identity: int
    program: str
    state: str
    cpu_time: float
    memory: int
    peak_memory: int
    page_faults: int
    mailbox: int
    """Messages that wait in the queues that it was granted, or received from last."""

    bank: int | None
    """The identity of who pays for it; ``None`` once it has given everything back."""

    meter: int


@dataclass(frozen=True, slots=True)
class BankLook:
    """One bank; sizes in bytes."""

    identity: int
    parent: int | None
    depth: int
    """0 is the root."""

    name: str
    used: int
    peak: int
    limit: int | None
    processes: int
    """That draw from just this one."""


@dataclass(frozen=True, slots=True)
class MeterLook:
    """One meter; times in seconds."""

    identity: int
    parent: int | None
    depth: int
    name: str
    used: float
    left: float | None
    weight: int
    on: bool
    dry: bool
    processes: int
    """Whose time is counted by just this one."""


@dataclass(frozen=True, slots=True)
class Overview(Shown):
    """A machine at one moment; trees are listed from the root down, whoever is below another behind it.

    For example:

        overview = machine.overview()
        print(overview)
        print([look.state for look in overview.processes])
    """

    host_process: int
    monotonic_ns: int
    processes: tuple[ProcessLook, ...]
    banks: tuple[BankLook, ...]
    meters: tuple[MeterLook, ...]

    @property
    def memory(self) -> int:
        """Bytes that the machine uses: what its root bank says."""
        return self.banks[0].used

    @property
    def cpu_time(self) -> float:
        """Seconds that were used in it, in all: what its root meter says."""
        return self.meters[0].used

    def as_dict(self) -> dict[str, Any]:
        """What ``json.dumps`` takes."""
        return {"memory": self.memory, "cpu_time": self.cpu_time, **asdict(self)}

    def __str__(self) -> str:
        """The text for people."""
        return str(self.card())

    def card(self) -> Card:
        """The totals, and a table each of processes, banks and meters."""
        limit = self.banks[0].limit
        facts = (
            ("memory", format_size(self.memory) + ("" if limit is None else f" of {format_size(limit)}")),
            ("CPU", f"{self.cpu_time:.4g} s"),
            ("processes", str(len(self.processes))),
        )
        below = [Card("processes", columns=process_columns(self.processes))] if self.processes else []
        trees = Card("banks", columns=bank_columns(self.banks)), Card("meters", columns=meter_columns(self.meters))
        return Card(f"machine of process {self.host_process}", facts, below=(*below, *trees))


def overview_of(population: "Population", mailboxes: Iterable[tuple[int, int]]) -> Overview:
    """How things stand on a machine; a bank or process that ends meanwhile is left out."""
    queued: Counter[int] = Counter()
    for identity, messages in mailboxes:
        queued[identity] += messages
    processes = tuple(_processes(population.everybody(), queued))
    meters = tuple(meter_looks(population.meters.root, population.meters.everybody(), processes))
    root = population.banks.root
    return Overview(
        host_process=os.getpid(),
        monotonic_ns=time.monotonic_ns(),
        processes=processes,
        banks=tuple(bank_looks(root, population.banks.everybody(), processes)),
        meters=meters,
    )


def _processes(everybody: "Iterable[Process]", queued: Mapping[int, int]) -> Iterator[ProcessLook]:
    for process in everybody:
        with suppress(Closed, InvalidCap):
            usage, account = process.statistics(), process.account
            yield ProcessLook(
                identity=process.identity,
                program=process.program.name,
                state=process.state,
                cpu_time=usage.cpu_time,
                memory=usage.memory,
                peak_memory=usage.peak_memory,
                page_faults=usage.page_faults,
                mailbox=queued[process.identity],
                bank=None if account is None else account.core.identity,
                meter=process.meter.core.identity,
            )


def bank_looks(
    top: "Account", everybody: "Iterable[Account]", processes: Iterable[ProcessLook] = ()
) -> Iterator[BankLook]:
    """``top`` and the banks below it."""
    drawing = Counter(process.bank for process in processes)
    known = [(each.core.identity, each.core.parent_identity, each) for each in everybody]
    for depth, parent, account in _tree(top, known, top.core.identity):
        with suppress(InvalidCap):
            figures = statistics_of(account)
            identity = account.core.identity
            yield BankLook(
                identity=identity,
                parent=parent,
                depth=depth,
                name=account.name,
                used=figures.used,
                peak=figures.peak,
                limit=figures.limit,
                processes=drawing[identity],
            )


def meter_looks(
    top: "Meter", everybody: "Iterable[Meter]", processes: Iterable[ProcessLook] = ()
) -> Iterator[MeterLook]:
    """``top`` and the meters below it."""
    using = Counter(process.meter for process in processes)
    known = [
        (each.core.identity, None if each.parent is None else each.parent.core.identity, each) for each in everybody
    ]
    for depth, parent, meter in _tree(top, known, top.core.identity):
        figures, identity = meter.statistics(), meter.core.identity
        yield MeterLook(
            identity=identity,
            parent=parent,
            depth=depth,
            name=meter.name,
            used=figures.used,
            left=figures.left,
            weight=figures.weight,
            on=figures.on,
            dry=figures.dry,
            processes=using[identity],
        )


_Node = TypeVar("_Node")


def _tree(
    top: _Node, known: list[tuple[int, int | None, _Node]], identity: int
) -> Iterator[tuple[int, int | None, _Node]]:
    """Depth, parent and node, whoever is below another behind it; siblings in the order of their making."""
    below: dict[int | None, list[tuple[int, _Node]]] = {}
    for own, parent, node in sorted(known, key=lambda each: each[0]):
        below.setdefault(parent, []).append((own, node))
    waiting: list[tuple[int, int | None, int, _Node]] = [(0, None, identity, top)]
    while waiting:
        depth, parent, own, node = waiting.pop()
        yield depth, parent, node
        waiting += [(depth + 1, own, identity, child) for identity, child in reversed(below.get(own, ()))]


def process_columns(processes: Iterable[ProcessLook]) -> Columns:
    """A table of processes."""
    rows = [
        (
            str(each.identity),
            printable(each.program),
            each.state,
            f"{each.cpu_time:.3f}",
            format_size(each.memory),
            str(each.page_faults),
            str(each.mailbox),
        )
        for each in processes
    ]
    return Columns(
        ("process", "program", "state", "CPU s", "memory", "faults", "mail"), tuple(rows), frozenset({0, *range(3, 7)})
    )


def bank_columns(banks: Iterable[BankLook]) -> Columns:
    """A tree of banks."""
    rows = [
        (
            "  " * each.depth + printable(each.name),
            format_size(each.used),
            "none" if each.limit is None else format_size(each.limit),
            format_size(each.peak),
            str(each.processes),
        )
        for each in banks
    ]
    return Columns(("bank", "used", "limit", "peak", "processes"), tuple(rows), frozenset({1, 2, 3, 4}))


def meter_columns(meters: Iterable[MeterLook]) -> Columns:
    """A tree of meters."""
    rows = [
        (
            "  " * each.depth + printable(each.name),
            f"{each.used:.3f}",
            "" if each.left is None else f"{each.left:.3f}",
            str(each.weight),
            "dry" if each.dry else "on" if each.on else "off",
            str(each.processes),
        )
        for each in meters
    ]
    return Columns(("meter", "used s", "left s", "weight", "", "processes"), tuple(rows), frozenset({1, 2, 3, 5}))
