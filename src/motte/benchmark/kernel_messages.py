"""What messages cost: calls that are answered, large ones, rings, and many senders to one receiver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, bench, close_all
from motte.benchmark.kernel_peers import beam, linux

if TYPE_CHECKING:
    from motte.capability import Capability
    from motte.meter import Meter
    from motte.process import Process

CALLS_PER_BATCH = 1000
LARGE = 65536
BUFFER = 65536
SLICE = "50us"


def messages(scale: Scale) -> list[Figure]:
    """On one worker."""
    host, other = linux(), beam()
    with bench(workers=1) as here:
        rate = here.ticks_per_ns()
        erlang = {name: other[name] * rate for name in ("ping_pong", "large", "hop")} if other else {}
        return [
            Figure(
                "call and answer, 1 byte",
                call_ns(here, scale.batches, 1) * rate,
                "cycles",
                500,
                peers={"Linux pipes": host.get("ping_pong"), "BEAM": erlang.get("ping_pong")},
                note="there and back: two switches",
            ),
            Figure(
                "call with 64 KiB",
                call_ns(here, max(2, scale.batches // 20), LARGE) * rate,
                "cycles",
                5000,
                peers={"BEAM": erlang.get("large")},
                note="copied, and answered; BEAM shares it",
            ),
            *_ring(here, scale, rate, erlang.get("hop")),
            _fan_in(here, scale, "on one worker"),
        ]


def fan_in(scale: Scale) -> list[Figure]:
    """Many senders to one receiver, where they and the receiver run at once."""
    with bench(workers=2) as here:
        return [_fan_in(here, scale, "on two workers")]


def call_ns(here: Bench, batches: int, size: int) -> float:
    """A call and its answer, with so many bytes each: the shortest batch's."""
    sender, receiver = here.machine.channel(16, buffer=BUFFER)
    server = _spawn(here, {"in": receiver}, "server")
    client = _spawn(here, {"out": sender}, "client", batches, CALLS_PER_BATCH, size)
    _close_all(sender, receiver)
    (shortest,) = here.numbers(client)
    client.close()
    here.finish(server)
    server.close()
    return shortest / CALLS_PER_BATCH


def _ring(here: Bench, scale: Scale, rate: float, peer: float | None) -> list[Figure]:
    channels = [here.machine.channel(4, buffer=64) for _ in range(scale.ring)]
    nodes = [
        _spawn(here, {"in": channels[i][1], "out": channels[(i + 1) % scale.ring][0]}, "node", 0)
        for i in range(1, scale.ring)
    ]
    first = _spawn(here, {"in": channels[0][1], "out": channels[1 % scale.ring][0]}, "node", scale.hops)
    for sender, receiver in channels:
        _close_all(sender, receiver)
    (elapsed,) = here.numbers(first)
    close_all([first, *nodes])
    return [
        Figure(
            f"a hop in a ring of {scale.ring:,}",
            elapsed / scale.hops * rate,
            "cycles",
            peers={"BEAM": peer},
            note=f"{scale.hops:,} hops",
        )
    ]


def _fan_in(here: Bench, scale: Scale, where: str) -> Figure:
    """How unequally those are served who send as often as they can, and wait for room in one line.

    Who has a turn when there is room and nobody waits may send more than once: turns are shared as time is, to within a
    slice.  So slices are short here, and they send for long.
    """
    group = here.machine.meter.sub(slice=SLICE)
    sender, receiver = here.machine.channel(1, buffer=64)
    collector = _spawn(here, {"in": receiver}, "collector", scale.fan_in * scale.messages_each, start=False)
    senders = []
    for badge in range(1, scale.fan_in + 1):
        marked = sender.restrict(badge=badge)
        senders.append(_spawn(here, {"out": marked}, "sender", meter=group, start=False))
        marked.close()
    _close_all(sender, receiver)
    for process in senders:
        process.start()
    collector.start()
    least, most = here.numbers(collector)
    close_all([collector, *senders])
    mean = scale.messages_each
    return Figure(
        f"{scale.fan_in:,} senders to one receiver, {where}: farthest from the mean",
        100 * max(most - mean, mean - least) / mean,
        "%",
        5,
        note=f"{mean:,} messages each, on the average",
    )


def _spawn(
    here: Bench, grants: Mapping[str, Capability], *arguments: object, meter: Meter | None = None, start: bool = True
) -> Process:
    strings = [str(argument) for argument in arguments]
    return here.machine.spawn(
        here.program("messages"), strings, time=None, stderr=None, grants=grants, meter=meter, start=start
    )


def _close_all(*capabilities: Capability) -> None:
    for capability in capabilities:
        capability.close()
