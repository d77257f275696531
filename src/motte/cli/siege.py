"""Hostile programs and an honest one on one machine, for some seconds: what became of each.  Prints nothing.

The honest one has a meter, and all the hostile ones together have another, of the same weight: half of the time is the
honest one's due.  There is one worker, so that they all want the same processor, and what they get is compared as the
meters count it: it does not matter what else this host does.
Whoever is stopped is started again at once, so that all of them are at work all the time.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from motte.bank import SpaceBank
from motte.cli.tour_programs import MEMORY, Visit
from motte.exit import Exit
from motte.machine import Machine
from motte.meter import Meter
from motte.process import Process
from motte.program import Program
from motte.streams import CAPTURE

DUE: Final = 0.5
"""The honest one's part of the time."""

ENOUGH: Final = 0.9
"""Of its due, it must get so much."""

_LOOK: Final = 0.02
_LONGEST: Final = 15.0
"""Seconds, at most, that it goes on until each has been stopped at least once."""


@dataclass(frozen=True)
class Payers:
    """Whose time the honest one uses, and the hostile ones; and who pays for the memory of the latter."""

    good: Meter
    bad: Meter
    bank: SpaceBank


@dataclass
class Attacker:
    """One hostile program, and what became of it so far."""

    visit: Visit
    program: Program
    stopped: int = 0
    """Times that it ended as it must."""

    differences: list[str] = field(default_factory=list)
    end: Exit | None = None
    """The latest one."""

    process: Process | None = None
    bank: SpaceBank | None = None

    def throw(self, machine: Machine, payers: Payers) -> None:
        """Start it, with a bank of its own and with what it is granted."""
        granted = self.visit.grants(machine, self.program) if self.visit.grants else {}
        self.bank = payers.bank.sub(MEMORY, name=self.visit.name)
        options = {"stdout": CAPTURE, **self.visit.options}
        self.process = machine.spawn(self.program, bank=self.bank, meter=payers.bad, grants=granted, **options)
        for capability in granted.values():
            if not isinstance(capability, Program):
                capability.close()

    def settle(self, *, finish: bool = False) -> bool:
        """Whether it is over: looked at, and given back; with ``finish`` it is ended now if it is not."""
        process, bank = self.process, self.bank
        if process is None or bank is None or not (finish or process.returncode is not None):
            return process is None
        if process.returncode is not None:
            self._look_at(process)
        process.close()
        bank.destroy()
        self.process = self.bank = None
        return True

    def _look_at(self, process: Process) -> None:
        end = self.end = process.wait()
        stdout = b"" if self.visit.stdout is None else process.stdout
        found = self.visit.differences(end, stdout)
        self.stopped += not found
        self.differences += [each for each in found if each not in self.differences]


@dataclass
class Siege:
    """All of it; figures of the moment."""

    attackers: Sequence[Attacker]
    seconds: float = 0.0
    """Since it began."""

    rounds: int = 0
    """Of the honest one, since it began."""

    rounds_alone: float = 0.0
    """A second, before it began."""

    share: float = 0.0
    """The honest one's part of the time that was used."""

    honest_lives: bool = True
    memory_peak: int = 0
    """Most bytes that the hostile ones held together."""

    memory_left: int = 0
    """Bytes that the hostile ones still held when all was over."""

    @property
    def rounds_a_second(self) -> float:
        """Of the honest one."""
        return self.rounds / self.seconds if self.seconds else 0.0

    @property
    def all_have_ended(self) -> bool:
        """Each of the hostile ones, at least once."""
        return all(each.stopped or each.differences for each in self.attackers)

    @property
    def failures(self) -> list[str]:
        """What is not as it must be; empty if all is well."""
        found = [f"{each.visit.name}: {'; '.join(each.differences)}" for each in self.attackers if each.differences]
        found += [f"{each.visit.name}: never came to its end" for each in self.attackers if not each.stopped]
        if self.share < ENOUGH * DUE:
            found.append(f"honest: it had {self.share:.0%} of the time, and {DUE:.0%} is its due")
        if not self.honest_lives:
            found.append("honest: it has ended")
        if self.memory_left:
            found.append(f"{self.memory_left} bytes were not given back")
        return found


def besiege(
    machine: Machine,
    programs: Sequence[tuple[Visit, Program]],
    honest: Program,
    seconds: float,
    watch: Callable[[Siege], None],
) -> Siege:
    """Run them all for so long; ``watch`` is called with how it goes, 50 times a second."""
    siege = Siege([Attacker(visit, program) for visit, program in programs])
    payers = Payers(
        machine.meter.sub(name="honest"),
        machine.meter.sub(name="hostile"),
        machine.bank.sub("400MiB", name="hostile"),
    )
    bank = payers.bank
    empty = bank.used
    with machine.spawn(honest, meter=payers.good, bank=MEMORY, stdout=None, time=None, output_limit=None) as neighbour:
        siege.rounds_alone = _rounds_alone(neighbour, seconds / 5)
        with _thrown(machine, siege.attackers, payers):
            for _ in _moments(siege, neighbour, payers, seconds):
                watch(siege)
                for attacker in siege.attackers:
                    if attacker.settle():
                        attacker.throw(machine, payers)
        siege.honest_lives = neighbour.returncode is None
    siege.memory_left, siege.memory_peak = bank.used - empty, bank.peak
    bank.close()
    return siege


def _rounds_alone(neighbour: Process, seconds: float) -> float:
    before = neighbour.statistics()
    time.sleep(max(seconds, 0.2))
    after = neighbour.statistics()
    return (after.output - before.output) / (after.wall_time - before.wall_time)


@contextmanager
def _thrown(machine: Machine, attackers: Sequence[Attacker], payers: Payers) -> Iterator[None]:
    try:
        for attacker in attackers:
            attacker.throw(machine, payers)
        yield
    finally:
        for attacker in attackers:
            attacker.settle(finish=True)


def _moments(siege: Siege, neighbour: Process, payers: Payers, seconds: float) -> Iterator[None]:
    """50 a second, each with the figures of that moment, until it is over."""
    start, rounds = time.monotonic(), neighbour.statistics().output
    good_before, bad_before = payers.good.used, payers.bad.used
    while siege.seconds < seconds or (siege.seconds < _LONGEST and not siege.all_have_ended):
        time.sleep(_LOOK)
        its, theirs = payers.good.used - good_before, payers.bad.used - bad_before
        siege.seconds = time.monotonic() - start
        siege.rounds = neighbour.statistics().output - rounds
        siege.share = its / (its + theirs) if its + theirs else 0.0
        yield
