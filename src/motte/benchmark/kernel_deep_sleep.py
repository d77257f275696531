"""What processes cost that have waited for long, and what it costs to wake one."""

from __future__ import annotations

import time

from motte.benchmark.kernel_crowd import WARM_UP, costs
from motte.benchmark.kernel_figures import Figure, Scale, median
from motte.benchmark.kernel_guests import Bench, all_asleep, bench, close_all
from motte.benchmark.measure import BenchmarkError
from motte.core import Bank

SOON = "1ms"
PAUSE_NS = 20_000_000
LONG = 60.0


def deep_sleepers(scale: Scale) -> list[Figure]:
    """Memory of the core's processes that sleep deeply, and calls to one; one crowd in a fresh process."""
    (count,) = scale.idle
    return [_memory(count), *_calls(scale)]


def _memory(count: int) -> Figure:
    bank = Bank(None)
    with bench(workers=1, deep_sleep=SOON) as here:
        spawn = here.spawner_in_core("sleep_until", bank)
        first = all_asleep(spawn, WARM_UP)
        _until_deep(here, WARM_UP)
        before = costs()
        processes = all_asleep(spawn, count)
        _until_deep(here, WARM_UP + count)
        grown = costs().since(before)
        close_all([*first, *processes])
    return Figure(
        f"{count:,} processes in deep sleep, one takes",
        (grown.memory + grown.page_tables) / count,
        "bytes",
        16384,
        note=f"{grown.page_tables / count:.0f} of them page tables",
    )


def _until_deep(here: Bench, count: int) -> None:
    end = time.monotonic() + LONG
    while here.machine.statistics().deep_sleepers < count:
        if time.monotonic() > end:
            raise BenchmarkError(f"of {count} processes that wait, not all sleep deeply")
        time.sleep(0.001)


def _calls(scale: Scale) -> list[Figure]:
    """A client waits until its server sleeps deeply, as it does itself; its own waking is over when it calls."""
    awake, deep = (_call_after_pause(scale.wake_ups, deep_sleep) for deep_sleep in (None, SOON))
    note = f"of a server that is awake, after as long a pause: {awake / 1000:.1f} µs"
    return [Figure("call of a deep sleeper, median", deep / 1000, "µs", note=note)]


def _call_after_pause(rounds: int, deep_sleep: str | None) -> float:
    with bench(workers=1, deep_sleep=deep_sleep) as here:
        sender, receiver = here.machine.channel(16)
        program = here.program("messages")
        server = here.machine.spawn(program, ["server"], time=None, stderr=None, grants={"in": receiver})
        arguments = ["caller", str(rounds), str(PAUSE_NS)]
        client = here.machine.spawn(program, arguments, time=None, stderr=None, grants={"out": sender})
        sender.close()
        receiver.close()
        times = here.numbers(client)
        client.close()
        here.finish(server)
        server.close()
    return median([float(ns) for ns in times])
