"""A machine with the guests of ``motte bench kernel``, and what their figures have in common."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeVar

from motte.abi.limits import DEFAULT_LIMITS
from motte.benchmark.measure import BenchmarkError
from motte.core import Bank, Terms
from motte.core import Process as CoreProcess
from motte.exit import Exit
from motte.isolation import Isolation
from motte.machine import Machine
from motte.meter import Meter
from motte.process import Process
from motte.program import Program
from motte.quantities import Duration
from motte.streams import CAPTURE
from motte.time_and_chance import time_and_chance

GUESTS: Final = Path(__file__).with_name("guests")

Started = TypeVar("Started", Process, CoreProcess)


class Bench:
    """Guests by name on one machine; each is compiled and loaded when it is first asked for."""

    def __init__(self, machine: Machine) -> None:
        """``machine`` stays its owner's."""
        self.machine = machine
        self._programs: dict[str, Program] = {}
        self._acquired: list[Program] = []

    def program(self, guest: str) -> Program:
        """The guest ``guests/GUEST.c``."""
        if guest not in self._programs:
            self._programs[guest] = self.machine.load(GUESTS / f"{guest}.c")
        return self._programs[guest]

    def spawn(self, guest: str, *arguments: object, meter: Meter | None = None, captured: bool = False) -> Process:
        """A process without limits on its time."""
        return self.spawn_program(self.program(guest), *arguments, meter=meter, captured=captured)

    def spawn_program(
        self, program: Program, *arguments: object, meter: Meter | None = None, captured: bool = False
    ) -> Process:
        """The same of any program."""
        return self.machine.spawn(
            program,
            [str(argument) for argument in arguments],
            meter=meter,
            time=None,
            stdout=CAPTURE if captured else None,
            stderr=None,
        )

    def numbers(self, process: Process) -> list[int]:
        """What it printed, a number a line, once it has ended."""
        self.finish(process)
        return [int(line) for line in process.stdout.split()]

    def finish(self, process: Process) -> Exit:
        """Its end.  Raises :class:`BenchmarkError` for any but an ordinary one."""
        end = process.wait()
        if end.returncode:
            raise BenchmarkError(f"{process.program.name}: {end.message or f'ended with status {end.returncode}'}")
        return end

    def spawner_in_core(self, guest: str, bank: Bank, *arguments: object) -> Callable[[], CoreProcess]:
        """Starts processes of the guest by nothing but the core, with everything prepared."""
        program = self.program(guest)
        image = program.acquire(DEFAULT_LIMITS.data_stack)
        self._acquired.append(program)
        strings = [guest.encode(), *(str(argument).encode() for argument in arguments)]
        meter = self.machine.meter.core

        terms = Terms(
            native_stack=DEFAULT_LIMITS.native_stack,
            cpu_ns=None,
            wall_ns=None,
            output_limit=None,
            open_files=DEFAULT_LIMITS.open_files,
        )
        streams = (-1, -1, -1)
        ambient = time_and_chance("real", "real")

        def spawn() -> CoreProcess:
            process = CoreProcess.create(image, terms, strings, (), bank, 0, meter, streams, (), ambient)
            process.start()
            return process

        return spawn

    def release(self) -> None:
        """No process of :meth:`spawner_in_core` is left."""
        while self._acquired:
            self._acquired.pop().release()

    def ticks_per_ns(self) -> float:
        """Of the time-stamp counter, against CLOCK_MONOTONIC: as the core has measured it."""
        process = self.spawn("spin", 2_000_000)
        self.finish(process)
        process.close()
        root = self.machine.meter
        return root.used_ticks / root.core.state_fields()[0]


@contextmanager
def bench(
    workers: int, deep_sleep: Duration = DEFAULT_LIMITS.deep_sleep, isolation: Isolation = "fault"
) -> Iterator[Bench]:
    """A machine with so many workers and no limit on memory, closed at the end."""
    with Machine(memory=None, workers=workers, deep_sleep=deep_sleep, isolation=isolation) as machine:
        here = Bench(machine)
        try:
            yield here
        finally:
            here.release()


class Closable(Protocol):
    """A process, the core's or Python's."""

    def close(self) -> None:
        """Kill it if it runs, and release it."""


def close_all(processes: Sequence[Closable]) -> None:
    """Close them, the latest first: their windows are used again in the order of their making."""
    for process in reversed(processes):
        process.close()


def all_asleep(start: Callable[[], Started], count: int) -> list[Started]:
    """So many processes that were started, all at once, and then waited for."""
    processes = [start() for _ in range(count)]
    for process in processes:
        wait_until_asleep(process)
    return processes


def wait_until_asleep(process: Process | CoreProcess) -> None:
    """Until its state is ``"waiting"``.  Raises :class:`BenchmarkError` if it ends instead."""
    while (now := process.state if isinstance(process, Process) else process.state()) != "waiting":
        if now == "exited":
            raise BenchmarkError("a process that should sleep has ended")
        time.sleep(0.0005)
