"""What processes cost that only exist, and how long it takes to start and to wake very many of them.

None of them sleeps deeply here: that has figures of its own.
"""

from __future__ import annotations

import gc
import re
import time
from pathlib import Path
from typing import NamedTuple

from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, all_asleep, bench, close_all
from motte.benchmark.kernel_peers import beam
from motte.benchmark.measure import BenchmarkError
from motte.core import Bank
from motte.host_limits import process_limits
from motte.process import Process

WARM_UP = 20
PAGE_SIZE = 4096
SECOND_NS = 10**9


class Costs(NamedTuple):
    """What the kernel keeps for this process: bytes, but for the mappings."""

    memory: int
    page_tables: int
    mappings: int

    def since(self, before: Costs) -> Costs:
        """What has come on top."""
        return Costs(*(now - then for now, then in zip(self, before, strict=True)))


def costs() -> Costs:
    """Of this process, at this moment."""
    gc.collect()
    status = dict(re.findall(r"^(RssAnon|VmPTE):\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.M))
    mappings = Path("/proc/self/maps").read_text().count("\n")
    return Costs(1024 * int(status["RssAnon"]), 1024 * int(status["VmPTE"]), mappings)


def idle_in_core(scale: Scale) -> list[Figure]:
    """Memory, mappings and charge of the core's processes that have run and sleep; one crowd in a fresh process."""
    (count,) = scale.idle
    bank = Bank(None)
    with bench(workers=1, deep_sleep=None) as here:
        spawn = here.spawner_in_core("sleep_until", bank)
        first = all_asleep(spawn, WARM_UP)
        before, charged_before = costs(), bank.used
        processes = all_asleep(spawn, count)
        grown, charged = costs().since(before), (bank.used - charged_before) * PAGE_SIZE
        close_all([*first, *processes])
    taken = grown.memory + grown.page_tables
    name = f"{count:,} idle processes"
    return [
        Figure(
            f"{name}, one takes",
            taken / count,
            "bytes",
            16384,
            peers={"BEAM": beam().get("idle_bytes")},
            note=f"{grown.page_tables / count:.0f} of them page tables",
        ),
        Figure(f"{name}, mappings of one", grown.mappings / count, "", 6.1),
        Figure(f"{name}, error of the bank's charge", 100 * abs(charged / taken - 1), "%", 5.0),
    ]


def idle_processes(scale: Scale) -> list[Figure]:
    """The same of ``Machine.spawn``: Python's own objects, too."""
    (count,) = scale.idle
    with bench(workers=1, deep_sleep=None) as here:
        bank = here.machine.bank
        first = _asleep(here, WARM_UP)
        before, charged_before = costs(), bank.used
        processes = _asleep(here, count)
        grown, charged = costs().since(before), bank.used - charged_before
        close_all([*first, *processes])
    taken, name = grown.memory + grown.page_tables, f"{count:,} idle processes of Machine.spawn"
    return [
        Figure(f"{name}, one takes", taken / count, "bytes", note="Python's objects included"),
        Figure(f"{name}, error of the bank's charge", 100 * abs(charged / taken - 1), "%", 5.0),
    ]


def _asleep(here: Bench, count: int, *arguments: object) -> list[Process]:
    return all_asleep(lambda: here.spawn("sleep_until", *arguments), count)


def many(scale: Scale) -> list[Figure]:
    """Very many processes at once, on two workers: started, asleep, woken in one moment, ended.

    Raises :class:`BenchmarkError` where the host's limits do not allow so many, naming the limit.
    """
    count = scale.processes
    for limit in process_limits():
        if limit.processes < count:
            raise BenchmarkError(f"{limit.name} allows {limit.processes:,} processes: {limit.advice_for(count)}")
    with bench(workers=2, deep_sleep=None) as here:
        close_all(_asleep(here, WARM_UP))
        before = costs()
        begin = time.perf_counter()
        started = _asleep(here, count)
        spawned = time.perf_counter() - begin
        grown = costs().since(before)
        close_all(started)
        moment = time.monotonic_ns() + int((2 * spawned + 1) * SECOND_NS)
        sleepers = _asleep(here, count, moment)
        if time.monotonic_ns() >= moment:
            raise BenchmarkError(f"{count} processes took twice as long to start as before")
        for process in sleepers:
            here.finish(process)
        woken = time.monotonic_ns() - moment
        begin = time.perf_counter()
        close_all(sleepers)
        closed = time.perf_counter() - begin
    name = f"{count:,} processes"
    return [
        Figure(f"{name}, all started and asleep", 1000 * spawned, "ms", note=f"{1e6 * spawned / count:.0f} µs for one"),
        Figure(f"{name}, memory and page tables", (grown.memory + grown.page_tables) / 2**20, "MiB"),
        Figure(f"{name}, mappings", float(grown.mappings), ""),
        Figure(f"{name}, all woken in one moment and ended", woken / 1e6, "ms", note=f"{woken / count:.0f} ns for one"),
        Figure(f"{name}, all closed", 1000 * closed, "ms"),
    ]
