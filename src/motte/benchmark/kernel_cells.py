"""What it costs to run in an OS process of one's own: starts, kernel calls, messages, blocks."""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Callable
from statistics import median
from typing import TYPE_CHECKING

from motte.benchmark.kernel_blocks import transfer_ns
from motte.benchmark.kernel_calls import shortest_batch_ns
from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, bench
from motte.benchmark.kernel_messages import call_ns

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MIB = 1 << 20
WARM = 4
"""Cells are kept ready; who starts more at once waits for others to be made."""

PAUSE_SECONDS = 0.005
"""Between two warm starts, for the pool to fill again."""

CALLS = 1000
TRIPS = 2000


def cells(scale: Scale) -> list[Figure]:
    """Verified code in cells, on one worker; what Linux has for two processes beside it."""
    with bench(workers=1, isolation="both") as here:
        batches = max(10, scale.batches // 10)
        return [
            *_starts(here, max(20, scale.spawns // 20)),
            Figure(
                "guest → kernel call, in a cell", shortest_batch_ns(here, batches, CALLS, "getpid") / CALLS / 1000, "µs"
            ),
            Figure(
                "call and answer, 1 byte, between cells",
                call_ns(here, max(3, batches // 10), 1) / 1000,
                "µs",
                peers={"socket pair": _trip_us(socket_server, socket.socketpair), "multiprocessing": _pipe_trip_us()},
                note="there and back",
            ),
            Figure(
                "block of 1 MiB passed on between cells",
                transfer_ns(here, "blocks", max(3, batches // 10), MIB) / 1000,
                "µs",
                note="copied in and out",
            ),
        ]


def _starts(here: Bench, count: int) -> list[Figure]:
    """From the call of ``spawn`` to the end of an empty guest, so past its first instruction."""
    program = here.program("empty")
    warm, burst = [], []
    for _ in range(count):
        time.sleep(PAUSE_SECONDS)
        begin = time.perf_counter()
        with here.machine.spawn(program, stdout=None, stderr=None, time=None) as process:
            process.wait()
            warm.append((time.perf_counter() - begin) * 1e6)
    for _ in range(max(3, count // 20)):
        begin = time.perf_counter()
        processes = [here.machine.spawn(program, stdout=None, stderr=None, time=None) for _ in range(4 * WARM)]
        for process in processes:
            process.wait()
        burst.append((time.perf_counter() - begin) * 1e6 / len(processes))
        for process in processes:
            process.close()
    return [
        Figure("spawn + exit in a cell, warm", min(warm), "µs", 300, note=f"median {median(warm):.0f}", samples=warm),
        Figure(
            f"spawn + exit in a cell, {4 * WARM} at once", min(burst), "µs", note=f"median {median(burst):.0f}; of one"
        ),
    ]


def socket_server(end: socket.socket) -> None:
    """Answers each byte; the other process's part."""
    while data := end.recv(1):
        end.sendall(data)


def pipe_server(end: Connection) -> None:
    """The same by the standard library's connections."""
    while (data := end.recv_bytes()) != b"":
        end.send_bytes(data)


def _trip_us(server: Callable[[socket.socket], None], pair: Callable[[], tuple[socket.socket, socket.socket]]) -> float:
    here, there = pair()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=server, args=(there,))
    process.start()
    there.close()

    def trip() -> None:
        here.sendall(b"x")
        here.recv(1)

    shortest = _shortest_trip(trip)
    process.kill()
    process.join()
    here.close()
    return shortest


def _pipe_trip_us() -> float:
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    process = context.Process(target=pipe_server, args=(there,))
    process.start()

    def trip() -> None:
        here.send_bytes(b"x")
        here.recv_bytes()

    shortest = _shortest_trip(trip)
    process.kill()
    process.join()
    return shortest


def _shortest_trip(trip: Callable[[], object]) -> float:
    times = []
    for _ in range(10):
        begin = time.perf_counter()
        for _ in range(TRIPS // 10):
            trip()
        times.append((time.perf_counter() - begin) * 1e6 / (TRIPS // 10))
    return min(times)
