"""A scheduler without threads: simulated processes on simulated workers, chosen by the core's own meters.

What it leaves out of the real one is everything that cannot be repeated: signals, timers, the processor's clock.  What
it keeps is the order of calls.  A worker asks for the next process, runs it until it stops by itself, its credit ends,
or its slice is over and somebody waits; then it says how much was used, and asks again.  ``latency_ticks`` is how long
after such a moment a process goes on, as the real one does until the signal arrives: it overshoots its credit by that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from heapq import heappop, heappush

from motte.core import MeterSimulation
from motte.testing.behaviour import Act, Run
from motte.testing.simulated import SimulatedMeter, SimulatedProcess, Stretch

NEVER = 2**63


@dataclass
class Worker:
    """One processor: what runs there and since when."""

    number: int
    process: SimulatedProcess | None = None
    start: int = 0
    credit_end: int = NEVER
    slice_end: int = NEVER
    interrupted: int = NEVER

    def begin(self, now: int, credit: int | None, slice_ticks: int) -> None:
        """A stretch."""
        self.start = now
        self.credit_end = NEVER if credit is None else now + credit
        self.slice_end = now + slice_ticks
        self.interrupted = NEVER

    def free(self) -> None:
        """Nobody runs here."""
        self.process = None
        self.credit_end = self.slice_end = self.interrupted = NEVER

    def end(self, latency: int) -> int:
        """When what runs here stops, as things are."""
        if self.process is None:
            return NEVER
        by_itself = NEVER if self.process.remaining is None else self.start + self.process.remaining
        return min(by_itself, min(self.credit_end, self.interrupted) + latency)


class MeterSimulator:
    """A tree of meters, processes below it, and workers that run them."""

    def __init__(
        self,
        *,
        workers: int = 1,
        slice_ticks: int = 1000,
        latency_ticks: int = 0,
        on_dry: Callable[[SimulatedMeter], None] | None = None,
    ) -> None:
        """``on_dry`` is called once for each time that a meter becomes dry, and may refill it."""
        self.core = MeterSimulation(workers)
        self.now = 0
        self.root = SimulatedMeter(self, 0, "root", None)
        self.root.set_slice(slice_ticks)
        self.meters = {0: self.root}
        self.processes: list[SimulatedProcess] = []
        self.trace: list[Stretch] = []
        self.latency_ticks = latency_ticks
        self._on_dry = on_dry
        self._workers = [Worker(number) for number in range(workers)]
        self._sleepers: list[tuple[int, int]] = []

    def process(
        self, meter: SimulatedMeter, acts: Iterable[Act], *, budget: int | None = None, name: str = ""
    ) -> SimulatedProcess:
        """A process that starts now; ``budget`` is its own hard limit in ticks."""
        number = self.core.attach(meter.number, budget)
        process = SimulatedProcess(number, meter, name or f"process {number}", iter(acts))
        self.processes.append(process)
        self._begin_act(process)
        if process.wants_to_run:
            self.core.wake(number, self.now)
        return process

    def run(self, ticks: int) -> None:
        """Let that much time pass. At the end everybody who runs is stopped, and charged what it used."""
        end = self.now + ticks
        while True:
            self._wake_sleepers()
            self._start_idle()
            while self._stop_due() or self._tell_dry():
                self._start_idle()
            if self.now == end:
                break
            self.now = min(end, self._next_time())
        for worker in self._workers:
            self._stop(worker)
        while self._tell_dry():
            pass

    def interrupt_all_below(self, meter: SimulatedMeter) -> None:
        """Stop, after the latency, whoever runs below ``meter``; for limits that are set while somebody runs."""
        for worker in self._workers:
            above = worker.process.meter if worker.process else None
            while above not in (None, meter):
                above = above.parent if above else None
            if above is meter:
                worker.interrupted = min(worker.interrupted, self.now)

    def _begin_act(self, process: SimulatedProcess) -> None:
        """The next thing to do, after one is done."""
        act = next(process.acts, None)
        process.remaining = act.ticks if isinstance(act, Run) else 0
        if act is None:
            process.is_over = True
        elif not process.wants_to_run:
            heappush(self._sleepers, (self.now + (act.ticks or 0), process.number))

    def _wake_sleepers(self) -> None:
        self.core.advance(self.now)
        while self._sleepers and self._sleepers[0][0] <= self.now:
            process = self.processes[heappop(self._sleepers)[1]]
            self._begin_act(process)
            if process.wants_to_run:
                process.woken = self.now
                self.core.wake(process.number, self.now)

    def _start_idle(self) -> None:
        for worker in self._workers:
            if worker.process is not None:
                continue
            picked = self.core.pick(self.now)
            if picked is None:
                return
            number, credit, slice_ticks = picked
            process = self.processes[number]
            if process.woken is not None:
                process.delays.append(self.now - process.woken)
                process.woken = None
            worker.process = process
            worker.begin(self.now, credit, slice_ticks)

    def _stop_due(self) -> bool:
        """Stop all whose time is over; whether there were any."""
        anyone_waits = self.core.anyone_waits()
        due = False
        for worker in self._workers:
            if anyone_waits and worker.slice_end <= self.now:
                worker.interrupted = min(worker.interrupted, self.now)
            if worker.end(self.latency_ticks) <= self.now:
                due = True
                if anyone_waits or worker.interrupted <= self.now or not self._extend(worker):
                    self._stop(worker)
        return due

    def _record(self, worker: Worker, process: SimulatedProcess) -> int:
        used = self.now - worker.start
        if used:
            self.trace.append(Stretch(worker.start, self.now, process, worker.number))
        process.used += used
        if process.remaining is not None:
            process.remaining -= used
        return used

    def _extend(self, worker: Worker) -> bool:
        """New credit for the same process, where nobody else wants to run; False if it has to stop."""
        process = worker.process
        if process is None or process.remaining == self.now - worker.start:
            return False
        renewed = self.core.extend(process.number, self.now, self._record(worker, process))
        if renewed is None:
            self._after_stop(worker, process)
        else:
            worker.begin(self.now, *renewed)
        return True

    def _stop(self, worker: Worker) -> None:
        process = worker.process
        if process is None:
            return
        used = self._record(worker, process)
        if not process.wants_to_run:
            self._begin_act(process)
        self.core.stop(process.number, self.now, used, process.wants_to_run)
        self._after_stop(worker, process)

    def _after_stop(self, worker: Worker, process: SimulatedProcess) -> None:
        worker.free()
        if self.core.look_at_runnable(process.number)[1] == 0:
            process.is_over = True
        if process.is_over:
            self.core.detach(process.number, self.now)

    def _tell_dry(self) -> bool:
        number = self.core.next_dry()
        if number is not None and self._on_dry is not None:
            self._on_dry(self.meters[number])
        return number is not None

    def _next_time(self) -> int:
        times = [worker.end(self.latency_ticks) for worker in self._workers]
        if self.core.anyone_waits():
            times += [worker.slice_end for worker in self._workers if worker.slice_end > self.now]
        if self._sleepers:
            times.append(self._sleepers[0][0])
        event = self.core.next_event()
        if event is not None:
            times.append(event)
        return min(times)
