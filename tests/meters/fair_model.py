"""Who is next among equals on one worker, in the plainest words: a list, and loops over all of it."""

from __future__ import annotations

from dataclasses import dataclass

WEIGHT = 100
"""Of each: that of a process."""
TICK = 2**48
"""Of virtual time, for one of weight 1."""
INVERSE = TICK // WEIGHT


@dataclass(eq=False)
class Contender:
    number: int
    #: Virtual time up to which it has been served.
    served: int = 0
    deadline: int = 0
    #: Ticks that it had still to get when it left.
    lag: int = 0
    is_member: bool = False
    is_queued: bool = False


class FairModel:
    def __init__(self, slice_ticks: int) -> None:
        self.slice = slice_ticks * INVERSE
        self.now = 0
        #: Ticks to be used before virtual time moves again.
        self.surplus = 0
        self.everybody: list[Contender] = []
        self.running: Contender | None = None
        #: Ticks of the stretch under way that virtual time has moved by.
        self.counted = self.started = 0

    @property
    def members(self) -> list[Contender]:
        return [each for each in self.everybody if each.is_member]

    @property
    def queued(self) -> list[Contender]:
        return [each for each in self.everybody if each.is_queued]

    @staticmethod
    def ticks(span: int) -> int:
        return ((span >> 24) * WEIGHT) >> 24

    def use(self, ticks: int) -> None:
        """So much was used by the members, or is owed to them: virtual time moves, once the surplus is used up."""
        held = min(ticks, self.surplus)
        self.surplus -= held
        if ticks > held:
            self.now += (ticks - held) * (TICK // (WEIGHT * len(self.members)))

    def catch_up(self, time: int) -> None:
        if self.running is not None:
            self.use(time - self.started - self.counted)
            self.counted = time - self.started

    def wake(self, contender: Contender, time: int) -> None:
        self.catch_up(time)
        contender.is_member = contender.is_queued = True
        if contender.served <= self.now:
            contender.served = self.now - contender.lag * INVERSE
            self.surplus += contender.lag
        else:  # a debt, which is kept
            self.use(self.ticks(contender.served - self.now))
        contender.lag = 0
        contender.deadline = contender.served + self.slice

    def leave(self, contender: Contender, used: int | None = None) -> None:
        contender.is_member = contender.is_queued = False
        behind = self.now - contender.served
        if behind > 0:
            lag = self.ticks(min(behind, self.slice))
            contender.lag = lag if used is None else min(lag, used)
        if not self.members:
            self.surplus = 0
        elif behind < 0:
            self.surplus += self.ticks(-behind)
        else:
            self.use(self.ticks(behind))

    def candidates(self, time: int) -> list[Contender]:
        """Those of whom one is next: more than one if they have the same deadline."""
        self.catch_up(time)
        if all(each.served > self.now for each in self.queued):
            earliest = min(each.served for each in self.queued)
            self.surplus += ((earliest - self.now >> 24) * WEIGHT * len(self.members)) >> 24
            self.now = earliest
        eligible = [each for each in self.queued if each.served <= self.now]
        first = min(each.deadline for each in eligible)
        return [each for each in eligible if each.deadline == first]

    def start(self, contender: Contender, time: int) -> None:
        contender.is_queued = False
        self.running, self.started, self.counted = contender, time, 0

    def stop(self, used: int, *, ready: bool) -> None:
        contender, self.running = self.running, None
        assert contender is not None
        contender.served += used * INVERSE
        if used > self.counted:
            self.use(used - self.counted)
        if ready:
            contender.is_queued = True
            contender.deadline = contender.served + self.slice
        else:
            self.leave(contender, used)
