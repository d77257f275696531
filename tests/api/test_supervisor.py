"""Supervisors: who is started again, with whom, how often; and in which order everything stops."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import motte
from motte import Child, ExitReason, Supervisor
from motte.supervision.decisions import Intensity, affected, checked_strategy
from motte.testing import ManualClock

NORMAL, SHUTDOWN, KILL, KILLED = ExitReason.NORMAL, ExitReason.SHUTDOWN, ExitReason.KILL, ExitReason.KILLED
CRASH = ExitReason("crash")
LONG = 30  # seconds: no test waits that long unless something is wrong


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(workers=2) as machine:
        yield machine


@pytest.fixture
def waiter(machine: motte.Machine, programs: Path) -> motte.Program:
    return machine.load(programs / "waiter.c")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def crash(supervisor: Supervisor, id: str, reason: ExitReason | str = CRASH) -> None:
    """End a child; when this returns, the supervisor has done what it does about that."""
    child = supervisor.child(id)
    assert child is not None
    monitor = child.monitor()
    child.exit(reason)
    monitor.wait(LONG)
    settle(supervisor)


def settle(supervisor: Supervisor) -> None:
    """Links are told before monitors: what was in the mailbox is done when this returns."""
    supervisor.statistics()


def living(supervisor: Supervisor) -> dict[str, motte.linked.Linked | None]:
    return {child.id: child.target for child in supervisor.children()}


class Journal:
    """Recipes whose starts and ends are written down."""

    def __init__(self, machine: motte.Machine, program: motte.Program) -> None:
        self.machine = machine
        self.program = program
        self.lines: list[str] = []

    def recipe(self, id: str, **options: Any) -> Child:
        def start() -> motte.Process:
            self.lines.append(f"+{id}")
            process = self.machine.spawn(self.program, start=False, stdout=motte.DISCARD, stderr=motte.DISCARD)
            process.monitor(lambda _down: self.lines.append(f"-{id}"))
            return process

        return Child(id, start, **options)

    def take(self) -> str:
        lines, self.lines = self.lines, []
        return " ".join(lines)


@pytest.fixture
def journal(machine: motte.Machine, waiter: motte.Program) -> Journal:
    return Journal(machine, waiter)


# --- the rules ---


@pytest.mark.parametrize(
    ("strategy", "concerned"),
    [("one_for_one", "b"), ("one_for_all", "abc"), ("rest_for_one", "bc"), ("simple_one_for_one", "b")],
)
def test_whom_an_end_concerns(strategy: str, concerned: str) -> None:
    assert affected(checked_strategy(strategy), "abc", "b") == list(concerned)


@pytest.mark.parametrize(
    ("restart", "again"),
    [("permanent", [NORMAL, SHUTDOWN, CRASH, KILLED]), ("transient", [CRASH, KILLED]), ("temporary", [])],
)
def test_after_which_ends_a_child_is_started_again(restart: Any, again: list[ExitReason]) -> None:
    child = Child("x", lambda: None, restart=restart)  # type: ignore[arg-type,return-value]
    ends = [NORMAL, SHUTDOWN, CRASH, KILLED]
    assert [reason for reason in ends if child.is_restarted_after(reason)] == again


def test_the_intensity_counts_a_sliding_period() -> None:
    intensity = Intensity(2, 5)
    assert [intensity.allows(now) for now in (0, 1, 5.5, 6.5, 6.6)] == [True, True, True, True, False]
    assert [Intensity(0, 5).allows(0), Intensity(1, 5).allows(0)] == [False, True]


# --- the strategies, on real processes ---


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("one_for_one", "-b +b"),
        ("one_for_all", "-b -c -a +a +b +c"),
        ("rest_for_one", "-b -c +b +c"),
    ],
)
def test_who_is_started_again_in_which_order(
    machine: motte.Machine, journal: Journal, strategy: str, expected: str
) -> None:
    with Supervisor(machine, [journal.recipe(id) for id in "abc"], strategy=strategy, intensity=9) as supervisor:
        assert journal.take() == "+a +b +c"
        before = living(supervisor)
        crash(supervisor, "b")
        assert journal.take() == expected
        after = living(supervisor)
        assert list(after) == ["a", "b", "c"]
        assert {id for id in "abc" if after[id] is not before[id]} == set(expected.replace("-", "").split()) - {
            "+a",
            "+b",
            "+c",
        }
        assert supervisor.statistics() == motte.SupervisorStatistics(3, 3, 0, expected.count("+"))
    assert journal.take() == "-c -b -a"
    assert supervisor.wait(0) == SHUTDOWN


def test_ordinary_ends(machine: motte.Machine, journal: Journal) -> None:
    children = [journal.recipe(kind, restart=kind) for kind in ("permanent", "transient", "temporary")]
    with Supervisor(machine, children, intensity=9) as supervisor:
        for id in ("permanent", "transient", "temporary"):
            crash(supervisor, id, "shutdown")
        assert [(child.id, child.target is not None, child.restarts) for child in supervisor.children()] == [
            ("permanent", True, 1),
            ("transient", False, 0),
        ]
        assert supervisor.children()[1].reason == SHUTDOWN
        supervisor.restart_child("transient")
        crash(supervisor, "transient")
        assert supervisor.statistics() == motte.SupervisorStatistics(2, 2, 0, 2)


def test_temporary_siblings_are_stopped_with_the_others_and_forgotten(machine: motte.Machine, journal: Journal) -> None:
    children = [journal.recipe("a"), journal.recipe("b", restart="temporary"), journal.recipe("c", restart="transient")]
    with Supervisor(machine, children, strategy="one_for_all") as supervisor:
        crash(supervisor, "a")
        assert journal.take() == "+a +b +c -a -c -b +a +c"
        assert list(living(supervisor)) == ["a", "c"]


def test_equals_of_one_recipe(machine: motte.Machine, status: motte.Program, waiter: motte.Program) -> None:
    recipe = Child("worker", waiter, restart="transient", stdout=motte.DISCARD, stderr=motte.DISCARD)
    with Supervisor(machine, [recipe], strategy="simple_one_for_one", intensity=9) as supervisor:
        assert supervisor.children() == ()
        for _number in range(3):
            supervisor.start_another()
        assert list(living(supervisor)) == ["worker-1", "worker-2", "worker-3"]
        crash(supervisor, "worker-2")
        crash(supervisor, "worker-1", "shutdown")
        supervisor.stop_child("worker-3")
        assert list(living(supervisor)) == ["worker-2"]
        with pytest.raises(motte.BadState, match="call start_another"):
            supervisor.start_child(recipe)
    with Supervisor(machine, [Child("status", status, restart="temporary")], strategy="simple_one_for_one") as more:
        monitors = [more.start_another([str(number)]).monitor() for number in (3, 4)]
        reasons = [monitor.wait(LONG).reason for monitor in monitors]
        assert set(reasons) <= {ExitReason("status", 3), ExitReason("status", 4), ExitReason.NOPROC}
        settle(more)
        assert more.children() == ()


# --- giving up ---


def test_one_restart_in_five_seconds_is_the_default(
    machine: motte.Machine, journal: Journal, clock: ManualClock
) -> None:
    supervisor = Supervisor(machine, [journal.recipe("a"), journal.recipe("b")], clock=clock)
    ends: list[tuple[Supervisor, ExitReason]] = []
    supervisor.on_end(lambda *end: ends.append(end))
    for _round in range(3):
        crash(supervisor, "a")
        clock.advance(5.5)
    crash(supervisor, "a")
    clock.advance(5)
    journal.take()
    child = supervisor.child("a")
    assert child is not None
    child.exit(CRASH)
    assert supervisor.wait(LONG) == SHUTDOWN
    assert journal.take() == "-a -b"
    assert ends == [(supervisor, SHUTDOWN)]
    assert supervisor.statistics() == motte.SupervisorStatistics(2, 0, 0, 4)
    assert repr(supervisor) == "<Supervisor 'supervisor': shutdown>"
    supervisor.on_end(lambda *end: ends.append(end))
    assert ends == [(supervisor, SHUTDOWN)] * 2
    for use in (lambda: supervisor.start_child(journal.recipe("c")), lambda: supervisor.stop_child("a")):
        with pytest.raises(motte.BadState, match="supervisor 'supervisor' has ended: shutdown"):
            use()
    supervisor.close()


def test_a_crash_storm_ends_and_leaves_nothing(machine: motte.Machine, status: motte.Program) -> None:
    used = machine.bank.used
    storm = [Child(str(number), status, ["1"], stdout=motte.DISCARD, stderr=motte.DISCARD) for number in range(8)]
    supervisor = Supervisor(machine, storm, intensity=50, period=1000)
    assert supervisor.wait(LONG) == SHUTDOWN
    assert supervisor.statistics().restarts == 50
    assert machine.statistics().processes == 0
    assert machine.bank.used == used


def test_giving_up_is_told_to_the_parent_and_it_tries_again(
    machine: motte.Machine, journal: Journal, clock: ManualClock
) -> None:
    inner: list[Supervisor] = []

    def branch() -> Supervisor:
        inner.append(Supervisor(machine, [journal.recipe("leaf")], name="branch", intensity=0, clock=clock))
        return inner[-1]

    tree = Supervisor(machine, [journal.recipe("first"), Child("branch", branch)], name="root", clock=clock)
    assert tree.statistics().supervisors == 1
    for generation in range(2):
        leaf = inner[generation].child("leaf")
        assert leaf is not None
        leaf.exit(CRASH)
        assert inner[generation].wait(LONG) == SHUTDOWN
        settle(tree)
    assert tree.wait(LONG) == SHUTDOWN
    assert journal.take() == "+first +leaf -leaf +leaf -leaf -first"
    assert len(inner) == 2


# --- stopping ---


def test_a_tree_stops_in_reverse_order(machine: motte.Machine, journal: Journal) -> None:
    def branch(*ids: str) -> Callable[[], Supervisor]:
        return lambda: Supervisor(machine, [journal.recipe(id) for id in ids])

    children = [journal.recipe("a"), Child("x", branch("b", "c")), journal.recipe("d"), Child("y", branch("e"))]
    with Supervisor(machine, children) as tree:
        assert "4 children" in repr(tree)
    assert journal.take() == "+a +b +c +d +e -e -d -c -b -a"


def test_a_child_that_traps_exits_has_its_time_and_is_killed_then(
    machine: motte.Machine, waiter: motte.Program, clock: ManualClock
) -> None:
    asked = [threading.Event(), threading.Event()]
    processes: list[motte.Process] = []

    def recipe(number: int, **options: Any) -> Child:
        def start() -> motte.Process:
            process = machine.spawn(waiter, start=False)
            process.trap_exit = lambda signal: asked[number].set()
            processes.append(process)
            return process

        return Child(str(number), start, **options)

    supervisor = Supervisor(machine, [recipe(0, shutdown="2s"), recipe(1)], clock=clock)
    stopper = threading.Thread(target=supervisor.close)
    stopper.start()
    for number, seconds in ((1, 5.0), (0, 2.0)):
        assert asked[number].wait(LONG)
        process = processes[number]
        while not clock.waiting:
            pass
        clock.advance(seconds - 0.1)
        assert process.exit_reason is None
        clock.advance(0.2)
        process.monitor().wait(LONG)
        assert process.exit_reason == KILLED
    stopper.join(LONG)
    assert not stopper.is_alive()
    assert clock.waiting == 0


def test_a_brutal_shutdown_asks_nobody(machine: motte.Machine, waiter: motte.Program) -> None:
    signals: list[motte.ExitSignal] = []

    def start() -> motte.Process:
        process = machine.spawn(waiter, start=False)
        process.trap_exit = signals.append
        return process

    Supervisor(machine, [Child("x", start, shutdown="kill")]).close()
    assert signals == []


def test_signals_from_elsewhere_stop_it(machine: motte.Machine, journal: Journal) -> None:
    supervisor = Supervisor(machine, [journal.recipe("a"), journal.recipe("b")])
    owner = machine.observer("owner")
    owner.link(supervisor)
    supervisor.exit("normal")
    settle(supervisor)
    assert supervisor.exit_reason is None
    assert supervisor.trap_exit is True
    with pytest.raises(motte.BadState):
        supervisor.trap_exit = False
    owner.end("over")
    assert supervisor.wait(LONG) == ExitReason("over")
    assert journal.take() == "+a +b -b -a"


def test_a_killed_supervisor_takes_its_children_along(machine: motte.Machine, journal: Journal) -> None:
    supervisor = Supervisor(machine, [journal.recipe("a"), journal.recipe("b")])
    monitors = [child.target.monitor() for child in supervisor.children() if child.target]
    supervisor.exit("kill")
    assert supervisor.wait(0) == KILLED
    assert [monitor.wait(LONG).reason for monitor in monitors] == [KILLED, KILLED]


def test_closing_the_machine_ends_its_supervisors(programs: Path) -> None:
    with motte.Machine() as machine:
        program = machine.load(programs / "loop.c")
        supervisor = Supervisor(machine, [Child("x", program), Child("y", program, restart="temporary")])
    assert supervisor.wait(LONG) == KILLED
    supervisor.close()
    with pytest.raises(motte.Closed):
        Supervisor(machine, [Child("x", program)])


# --- children ---


def test_children_come_and_go(machine: motte.Machine, journal: Journal) -> None:
    with Supervisor(machine, [journal.recipe("a")]) as supervisor:
        process = supervisor.start_child(journal.recipe("b"))
        assert supervisor.child("b") is process
        with pytest.raises(motte.BadState, match="there is a child 'b' already"):
            supervisor.start_child(journal.recipe("b"))
        for use in (supervisor.restart_child, supervisor.remove_child):
            with pytest.raises(motte.BadState, match="child 'b' lives: stop it first"):
                use("b")
        supervisor.stop_child("b")
        assert supervisor.child("b") is None
        assert supervisor.restart_child("b") is not process
        supervisor.stop_child("b")
        supervisor.remove_child("b")
        for lookup in (supervisor.child, supervisor.stop_child, supervisor.restart_child, supervisor.remove_child):
            with pytest.raises(KeyError, match="has no child 'b'"):
                lookup("b")
        with pytest.raises(motte.BadState, match="only with simple_one_for_one"):
            supervisor.start_another()
    assert journal.take() == "+a +b -b +b -b -a"


def test_every_generation_gets_the_same_options(machine: motte.Machine, waiter: motte.Program) -> None:
    bank, meter = machine.bank.sub("32MiB"), machine.meter.sub(weight=7)

    def keeper(_fault: motte.KeptFault) -> None:
        return None

    child = Child("x", waiter, ["argument"], bank=bank, meter=meter, keeper=keeper, time=7, output_limit="1MiB")
    with Supervisor(machine, [child]) as supervisor:
        first = supervisor.child("x")
        used = bank.used
        crash(supervisor, "x")
        second = supervisor.child("x")
        assert isinstance(first, motte.Process)
        assert isinstance(second, motte.Process)
        assert first is not second
        assert (second.meter, second.keeping.keeper, second.limits) == (meter, keeper, first.limits)
        assert bank.used == used > 0


def test_a_start_that_fails_stops_those_before_it(machine: motte.Machine, journal: Journal) -> None:
    def fail() -> motte.Process:
        raise ZeroDivisionError("no start")

    with pytest.raises(ZeroDivisionError, match="no start"):
        Supervisor(machine, [journal.recipe("a"), journal.recipe("b"), Child("c", fail), journal.recipe("d")])
    assert journal.take() == "+a +b -b -a"
    assert machine.statistics().processes == 0


def test_a_restart_that_fails_is_tried_again_and_counts(
    machine: motte.Machine, waiter: motte.Program, journal: Journal
) -> None:
    turns = itertools.count()

    def sometimes() -> motte.Process:
        if next(turns) in (1, 2):
            raise RuntimeError("not now")
        return machine.spawn(waiter, start=False)

    children = [journal.recipe("a"), Child("b", sometimes)]
    with Supervisor(machine, children, strategy="rest_for_one", intensity=3, period=1000) as supervisor:
        child = supervisor.child("b")
        assert child is not None
        monitor = child.monitor()
        child.exit(CRASH)
        monitor.wait(LONG)
        while supervisor.child("b") is None:
            pass
        assert next(turns) == 4
        assert supervisor.children()[1].restarts == 1
        child = supervisor.child("b")
        assert child is not None
        child.exit(CRASH)
        assert supervisor.wait(LONG) == SHUTDOWN


def test_a_child_that_had_ended_before_it_was_linked(machine: motte.Machine, status: motte.Program) -> None:
    def start() -> motte.Process:
        process = machine.spawn(status)
        process.wait()
        return process

    with Supervisor(machine, [Child("x", start, restart="transient")]) as supervisor:
        assert [(child.reason, child.restarts) for child in supervisor.children()] == [(NORMAL, 0)]


def test_a_destroyed_bank_makes_it_give_up(machine: motte.Machine, waiter: motte.Program) -> None:
    bank = machine.bank.sub()
    supervisor = Supervisor(machine, [Child("x", waiter, bank=bank)], intensity=3, period=1000)
    bank.destroy()
    assert supervisor.wait(LONG) == SHUTDOWN
    assert isinstance(supervisor.children()[0].failure, motte.InvalidCap)


def test_it_can_be_awaited(machine: motte.Machine, journal: Journal) -> None:
    async def run() -> ExitReason:
        supervisor = Supervisor(machine, [journal.recipe("a")], intensity=0)
        child = supervisor.child("a")
        assert child is not None
        asyncio.get_running_loop().call_soon(child.exit, "crash")
        return await supervisor

    assert asyncio.run(run()) == SHUTDOWN


def test_misuse_is_named(machine: motte.Machine, waiter: motte.Program) -> None:
    def recursive() -> motte.linked.Linked:
        return supervisors[0].start_child(Child("y", waiter))

    supervisors: list[Supervisor] = []
    with Supervisor(machine) as supervisor:
        supervisors.append(supervisor)
        with pytest.raises(motte.BadState, match="cannot be called by its own recipes"):
            supervisor.start_child(Child("x", recursive))
    for nonsense, message in (
        ({"strategy": "all"}, "strategy: 'all' is not one of one_for_one, "),
        ({"intensity": -1}, "intensity: -1 restarts"),
        ({"period": None}, "period: expected a duration"),
        ({"strategy": "simple_one_for_one"}, "takes exactly one recipe, and not 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Supervisor(machine, **nonsense)
    with pytest.raises(ValueError, match="id: '' is not a name"):
        Child("", waiter)
    with pytest.raises(ValueError, match="restart: 'often' is not one of permanent, transient, temporary"):
        Child("x", waiter, restart="often")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="shutdown: 'soon' is not a duration"):
        Child("x", waiter, shutdown="soon")
    with pytest.raises(TypeError, match="start: expected a program or a callable"):
        Child("x", "file.c")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="args and options are for programs"):
        Child("x", lambda: supervisor, ["argument"])
    with pytest.raises(TypeError, match="nonsense"):
        Supervisor(machine, [Child("x", waiter, nonsense=1)])
