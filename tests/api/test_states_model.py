"""Processes in all their states, driven at random, against a model of a page.

The model knows what each process would do if it were let, and what keeps it from that.  From these it says in which
state the process comes to rest; after each step all of them have to get there.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import DataObject, data, integers, sampled_from

import motte
from motte import StopReason

LONG = 20  # seconds: nothing takes that long unless something is wrong

ACTOR = r"""
    #include <poll.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    int main(int argc, char **argv) {
        char byte;
        if (!strcmp(argv[1], "poll")) poll(0, 0, -1);
        if (!strcmp(argv[1], "sleep")) sleep(1000);
        if (!strcmp(argv[1], "read")) read(0, &byte, 1);
        if (!strcmp(argv[1], "fault")) *(volatile char *)0x90000000 = 1;
        if (!strcmp(argv[1], "exit")) return 7;
        for (;;) { volatile int turn = 0; (void)turn; }
    }
"""

RESTS = {"poll": "waiting", "sleep": "waiting", "read": "calling", "fault": "faulted"}
"""Where it comes to rest by itself; after that, and without such a place, it spins."""


@dataclass(eq=False)
class Actor:
    """One process, and what the model knows of it."""

    plan: str
    bank: motte.SpaceBank
    meter: motte.Meter
    pipe: tuple[int, int]
    process: motte.Process = field(init=False)
    monitor: motte.Monitor = field(init=False)
    started: bool = False
    suspended: bool = False
    reached: bool = False  # the place where it rests by itself
    end: StopReason | None = None
    closed: bool = False
    questions: list[motte.KeptFault] = field(default_factory=list)
    asked: int = 0  # questions when it ended
    answer: str = ""
    ends: list[motte.Exit] = field(default_factory=list)
    downs: list[motte.Down] = field(default_factory=list)

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What operations raise that do not fit its state."""
        return (motte.InvalidCap,) if self.end else (motte.BadState,)

    def keep_region(self, fault: motte.KeptFault) -> motte.Resume | None:
        """The keeper of its region, who does not know what to answer until the model says so."""
        self.questions.append(fault)
        eventually(lambda: self.answer or self.process.is_killed, lambda: "no answer")
        return fault.supply() if self.answer == "supply" else None

    def keep(self, fault: motte.KeptFault) -> motte.Kill | None:
        """Its keeper, who is asked then."""
        self.questions.append(fault)
        return motte.Kill() if self.answer == "kill" else None


def eventually(holds: Callable[[], object], what: Callable[[], object]) -> None:
    """A state is reached by other threads: look until it is."""
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.0002)


class ProcessStates(RuleBasedStateMachine):
    """One to three actors."""

    source: ClassVar[Path]

    def __init__(self) -> None:
        super().__init__()
        self.machine = motte.Machine(workers=2)
        self.program = self.machine.load(self.source)
        self.gates = [self.machine.meter.sub(weight=50) for _number in range(2)]
        self.is_on = dict.fromkeys(self.gates, True)
        self.purse = self.machine.meter.sub(budget="20ms", keeper=lambda _meter: None)
        self.banks = [self.machine.bank.sub() for _number in range(2)]
        self.actors: list[Actor] = []
        self.graveyard: list[Actor] = []

    def teardown(self) -> None:
        for actor in self.actors:
            self.has_ended(actor, StopReason.KILLED)
        self.machine.close()
        for actor in (*self.actors, *self.graveyard):
            assert len(actor.ends) == 1
            assert [down.target for down in actor.downs] == [actor.process]
            for end in actor.pipe:
                os.close(end)

    # --- what the model says ---

    def blocked(self, actor: Actor) -> bool:
        """Whether its meter keeps it from running, at last."""
        return not self.is_on.get(actor.meter, True) or actor.meter is self.purse

    def rest(self, actor: Actor) -> set[str]:
        """Where it comes to rest."""
        if actor.end is not None:
            return {"exited"}
        if not actor.started:
            return {"created"}
        if actor.reached and actor.plan in RESTS:
            return {RESTS[actor.plan]}
        if actor.suspended:
            return {"suspended"}
        return {"ready"} if self.blocked(actor) else {"ready", "running"}

    def let_go_on(self, actor: Actor) -> None:
        """Something that kept it may be gone: it does what it does next."""
        if actor.started and actor.end is None and not actor.suspended and not self.blocked(actor):
            actor.reached = True
            if actor.plan == "exit":
                self.has_ended(actor, StopReason.EXITED)

    def choose(self, choice: DataObject, wanted: Callable[[Actor], bool] = lambda _actor: True) -> Actor | None:
        among = [actor for actor in self.actors if wanted(actor)]
        return choice.draw(sampled_from(among), label="actor") if among else None

    def has_ended(self, actor: Actor, reason: StopReason) -> None:
        if actor.end is None:
            actor.end = reason
            actor.asked = len(actor.questions)

    # --- rules ---

    @precondition(lambda self: len(self.actors) < 3)
    @rule(
        plan=sampled_from(["spin", "poll", "sleep", "read", "fault", "exit", "purse"]),
        gate=integers(0, 1),
        bank=integers(0, 1),
    )
    def spawn(self, plan: str, gate: int, bank: int) -> None:
        actor = Actor(plan, self.banks[bank], self.purse if plan == "purse" else self.gates[gate], os.pipe())
        actor.process = self.machine.spawn(
            self.program,
            ["spin" if plan == "purse" else plan],
            bank=actor.bank,
            meter=actor.meter,
            keeper=actor.keep,
            regions=[motte.Region(0x9000_0000, 4096, actor.keep_region)],
            stdin=actor.pipe[0],
            stdout=motte.DISCARD,
            stderr=motte.DISCARD,
            start=False,
        )
        actor.process.on_end(lambda _process, end: actor.ends.append(end))
        actor.monitor = actor.process.monitor(actor.downs.append)
        self.actors.append(actor)

    @rule(choice=data())
    def start(self, choice: DataObject) -> None:
        if actor := self.choose(choice):
            if actor.started or actor.end:
                with pytest.raises(actor.refusals):
                    actor.process.start()
            else:
                actor.started = True
                actor.process.start()
                self.let_go_on(actor)

    @rule(choice=data())
    def suspend(self, choice: DataObject) -> None:
        if actor := self.choose(choice):
            if not actor.started or actor.end:
                with pytest.raises(actor.refusals):
                    actor.process.suspend()
            else:
                actor.suspended = True
                actor.process.suspend()

    @rule(choice=data())
    def resume(self, choice: DataObject) -> None:
        if actor := self.choose(choice):
            if not actor.started or actor.end:
                with pytest.raises(actor.refusals):
                    actor.process.resume()
            else:
                actor.suspended = False
                actor.process.resume()
                self.let_go_on(actor)

    @rule(choice=data(), how=sampled_from(["kill", "exit"]))
    def kill(self, choice: DataObject, how: str) -> None:
        if actor := self.choose(choice):
            self.has_ended(actor, StopReason.KILLED)
            actor.process.kill() if how == "kill" else actor.process.exit("crash")

    @rule(choice=data())
    def close(self, choice: DataObject) -> None:
        if actor := self.choose(choice):
            self.has_ended(actor, StopReason.KILLED)
            actor.closed = True
            actor.process.close()
            actor.process.close()
            for operation in (actor.process.kill, actor.process.start, actor.process.suspend, actor.process.wait):
                with pytest.raises(motte.Closed):
                    operation()
            self.actors.remove(actor)
            self.graveyard.append(actor)

    @rule(bank=integers(0, 1))
    def destroy(self, bank: int) -> None:
        for actor in self.actors:
            if actor.bank == self.banks[bank]:
                self.has_ended(actor, StopReason.KILLED)
        self.banks[bank].destroy()
        for actor in self.actors:
            if actor.bank == self.banks[bank]:
                assert actor.monitor.wait(LONG).exit is actor.process.wait(0)
        self.banks[bank] = self.machine.bank.sub()

    @rule(gate=integers(0, 1))
    def turn(self, gate: int) -> None:
        meter = self.gates[gate]
        self.is_on[meter] = not self.is_on[meter]
        if self.is_on[meter]:
            meter.on()
            for actor in self.actors:
                self.let_go_on(actor)
        else:
            meter.off()

    @rule()
    def refill(self) -> None:
        self.purse.refill("2ms")

    @rule(choice=data())
    def feed(self, choice: DataObject) -> None:
        if actor := self.choose(choice, lambda actor: actor.plan == "read" and actor.reached and not actor.end):
            actor.plan = "spin"
            os.write(actor.pipe[1], b"x")

    @rule(choice=data(), answer=sampled_from(["supply", "decline", "kill"]))
    def answer(self, choice: DataObject, answer: str) -> None:
        if actor := self.choose(choice, lambda actor: actor.plan == "fault" and actor.reached and not actor.end):
            if answer == "supply":
                actor.plan = "spin"
            else:
                self.has_ended(actor, StopReason.FAULTED if answer == "decline" else StopReason.KILLED)
                actor.asked += 1  # the process's keeper, after the region's
            actor.answer = answer

    @rule(choice=data())
    def look(self, choice: DataObject) -> None:
        if actor := self.choose(choice):
            before, after = actor.process.statistics(), actor.process.statistics()
            assert 0 <= before.cpu_time <= after.cpu_time
            assert before.wall_time <= after.wall_time
            assert before.peak_memory >= before.memory > 0
            if actor.end:
                assert after == before
            else:
                with pytest.raises(motte.Timeout):
                    actor.process.wait(0)

    # --- what has to hold after each ---

    @invariant()
    def all_come_to_rest(self) -> None:
        for actor in self.actors:
            eventually(
                lambda actor=actor: actor.process.state in self.rest(actor),  # type: ignore[misc]
                lambda actor=actor: (actor, actor.process.state, self.rest(actor)),  # type: ignore[misc]
            )
            if actor.end:
                assert actor.monitor.wait(LONG).exit is actor.process.wait(0)
                assert actor.process.wait(0).reason is actor.end
            elif actor.process.state == "faulted":
                eventually(lambda actor=actor: bool(actor.questions), lambda: "nobody was asked")  # type: ignore[misc]
            else:
                assert actor.process.returncode is None

    @invariant()
    def nobody_is_asked_about_the_dead(self) -> None:
        for actor in (*self.actors, *self.graveyard):
            if actor.end:
                assert len(actor.questions) == actor.asked

    @invariant()
    def the_meters_children_are_all_there_is(self) -> None:
        assert self.machine.statistics().processes == sum(actor.end is None for actor in self.actors)


@pytest.fixture(autouse=True)
def source(tmp_path: Path) -> None:
    ProcessStates.source = tmp_path / "actor.c"
    ProcessStates.source.write_text(ACTOR)


def test_processes_are_in_the_states_that_the_model_says() -> None:
    run_state_machine_as_test(
        ProcessStates,
        settings=settings(
            max_examples=120,
            stateful_step_count=25,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


@pytest.mark.long
def test_processes_are_in_the_states_that_the_model_says_for_long() -> None:
    run_state_machine_as_test(
        ProcessStates,
        settings=settings(
            max_examples=400,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
