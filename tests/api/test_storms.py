"""Ends that come at the worst moment, and from everywhere at once."""

import os
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

import motte
from motte import ExitReason, StopReason

KILLED = ExitReason.KILLED
LONG = 30  # seconds: nothing takes that long unless something is wrong
HOLE = 0x9000_0000  # a window address where nothing is mapped

GUEST = r"""
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    static char block[1 << 17];
    int main(int argc, char **argv) {
        char byte;
        if (!strcmp(argv[1], "sleep")) sleep(1000);
        if (!strcmp(argv[1], "read")) return read(0, &byte, 1) == 1 ? 3 : 4;
        if (!strcmp(argv[1], "write")) return write(1, block, sizeof block) == sizeof block ? 3 : 4;
        if (!strcmp(argv[1], "fault"))
            for (long page = 0;; page++) *(volatile char *)(0x90000000 + page % 4096 * 4096) = 1;
        if (!strcmp(argv[1], "exit")) return 3;
        for (;;) { volatile int turn = 0; (void)turn; }
    }
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guest") / "guest.c"
    path.write_text(GUEST)
    return path


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(workers=2) as machine:
        yield machine


@pytest.fixture
def guest(machine: motte.Machine, source: Path) -> motte.Program:
    return machine.load(source)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def all_at_once(actions: list[Callable[[], object]]) -> None:
    """Each on a thread of its own; what one of them raises is raised here."""
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        try:
            barrier.wait(LONG)
            action()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
        assert not thread.is_alive(), "somebody waits for ever"
    if errors:
        raise errors[0]


def quiet(machine: motte.Machine, guest: motte.Program, what: str, **options: object) -> motte.Process:
    return machine.spawn(guest, [what], stdout=motte.DISCARD, stderr=motte.DISCARD, **options)  # type: ignore[arg-type]


def come_to(process: motte.Process, state: str) -> None:
    """Wait, for what happens on the core's threads."""
    deadline = threading.Event()
    timer = threading.Timer(LONG, deadline.set)
    timer.start()
    while process.state != state:
        assert not deadline.is_set(), process.state
    timer.cancel()


# --- wherever it is ---


Spawn = Callable[..., motte.Process]


def suspended(machine: motte.Machine, spawn: Spawn) -> motte.Process:
    process = spawn("spin")
    process.suspend()
    come_to(process, "suspended")
    return process


def dry(machine: motte.Machine, spawn: Spawn) -> motte.Process:
    told = threading.Event()
    process = spawn("spin", meter=machine.meter.sub(budget="1ms", keeper=lambda _meter: told.set()))
    assert told.wait(LONG)
    come_to(process, "ready")
    return process


def off(machine: motte.Machine, spawn: Spawn) -> motte.Process:
    meter = machine.meter.sub()
    process = spawn("spin", meter=meter)
    meter.off()
    come_to(process, "ready")
    return process


def at_rest(plan: str, state: str) -> Callable[[motte.Machine, Spawn], motte.Process]:
    def start(machine: motte.Machine, spawn: Spawn) -> motte.Process:
        process = spawn(plan)
        come_to(process, state)
        return process

    return start


PLACES: dict[str, Callable[[motte.Machine, Spawn], motte.Process]] = {
    "created": lambda machine, spawn: spawn("spin", start=False),
    "just started": lambda machine, spawn: spawn("spin"),
    "sleeping": at_rest("sleep", "waiting"),
    "reading a pipe": at_rest("read", "calling"),
    "suspended": suspended,
    "under a dry meter": dry,
    "under a meter that is off": off,
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("way", ["kill", "exit", "close", "destroy"])
def test_a_process_can_be_ended_wherever_it_is(
    machine: motte.Machine, guest: motte.Program, pipe: tuple[int, int], place: str, way: str
) -> None:
    used = machine.bank.used
    bank = machine.bank.sub()
    process = PLACES[place](
        machine, lambda plan, **options: quiet(machine, guest, plan, bank=bank, stdin=pipe[0], **options)
    )
    monitor = process.monitor()
    {"kill": process.kill, "exit": lambda: process.exit("over"), "close": process.close, "destroy": bank.destroy}[way]()
    assert monitor.wait(LONG).reason == (ExitReason("over") if way == "exit" else KILLED)
    assert way == "close" or process.wait(0).reason is StopReason.KILLED
    assert machine.statistics().processes == 0
    if way != "destroy":
        assert bank.used == 0
        bank.destroy()
    assert machine.bank.used == used


@pytest.mark.parametrize("way", ["kill", "close", "destroy"])
def test_a_process_can_be_ended_while_its_keeper_is_asked(
    machine: motte.Machine, guest: motte.Program, way: str
) -> None:
    """The keeper's answer comes to nothing, and whoever monitors the process is told when the keeper has returned."""
    asked, returns = threading.Event(), threading.Event()
    order: list[str] = []
    refused: list[type[Exception]] = []

    def keeper(fault: motte.KeptFault) -> motte.Resume | None:
        asked.set()
        assert returns.wait(LONG)
        try:
            fault.supply()
        except (motte.InvalidCap, motte.Closed) as error:
            refused.append(type(error))
        order.append("keeper")
        return motte.Resume()

    bank = machine.bank.sub()
    process = quiet(machine, guest, "fault", regions=[motte.Region(HOLE, 4096, keeper)], bank=bank)
    monitor = process.monitor(lambda _down: order.append("down"))
    assert asked.wait(LONG)
    if way == "kill":
        process.kill()
        assert process.wait(LONG).reason is StopReason.KILLED
        assert monitor.down is None
        returns.set()
    else:
        threading.Timer(0.01, returns.set).start()
        process.close() if way == "close" else bank.destroy()
    assert monitor.wait(LONG).reason == KILLED
    assert refused == [motte.InvalidCap]
    machine.close()
    assert order == ["keeper", "down"]


# --- from inside ---


@pytest.mark.parametrize("way", ["kill", "close", "destroy", "exit"])
def test_a_keeper_can_end_the_process_that_it_keeps(machine: motte.Machine, guest: motte.Program, way: str) -> None:
    used = machine.bank.used
    bank = machine.bank.sub()
    ready = threading.Event()

    def keeper(_fault: motte.KeptFault) -> None:
        assert ready.wait(LONG)
        ways: dict[str, Callable[[], None]] = {"kill": process.kill, "close": process.close, "destroy": bank.destroy}
        ways.get(way, lambda: process.exit("x"))()

    process = quiet(machine, guest, "fault", keeper=keeper, bank=bank)
    monitor = process.monitor()
    ready.set()
    assert monitor.wait(LONG).reason == (ExitReason("x") if way == "exit" else KILLED)
    if way != "destroy":
        assert bank.used == 0
        bank.destroy()
    assert machine.bank.used == used
    assert machine.statistics().processes == 0


def test_a_callback_can_close_the_process_that_has_ended(machine: motte.Machine, guest: motte.Program) -> None:
    ends: list[motte.Exit] = []

    def close(process: motte.Process, end: motte.Exit) -> None:
        process.close()
        ends.append(end)

    process = quiet(machine, guest, "exit", start=False)
    process.on_end(close)
    monitor = process.monitor(lambda down: down.target.close() if isinstance(down.target, motte.Process) else None)
    process.start()
    assert monitor.wait(LONG).reason == ExitReason("status", 3)
    assert [end.returncode for end in ends] == [3]
    process.close()
    assert machine.statistics().processes == 0


# --- from everywhere ---


def test_a_process_can_be_closed_by_many_at_once(machine: motte.Machine, guest: motte.Program) -> None:
    for turn in range(30):
        told: list[motte.Down] = []
        process = quiet(machine, guest, ("spin", "exit", "sleep")[turn % 3])
        process.monitor(told.append)
        all_at_once([process.close] * 3)
        assert len(told) == 1
        assert process.state == "closed"
    assert machine.statistics().processes == 0


def watch(process: motte.Process, monitors: list[motte.Monitor], told: list[motte.Down]) -> None:
    for _number in range(5):
        monitors.append(process.monitor(told.append))


def test_monitors_that_come_while_a_process_ends_are_told_once_each(
    machine: motte.Machine, guest: motte.Program
) -> None:
    for _turn in range(30):
        told: list[motte.Down] = []
        process = quiet(machine, guest, "exit")
        monitors: list[motte.Monitor] = []
        all_at_once([partial(watch, process, monitors, told)] * 4)
        for monitor in monitors:
            assert monitor.wait(LONG).reason in (ExitReason("status", 3), ExitReason.NOPROC)
        process.close()
        assert len(told) == len(set(map(id, told))) == 20


def test_a_ring_of_links_ends_together(machine: motte.Machine, guest: motte.Program) -> None:
    for _turn in range(5):
        ring = [quiet(machine, guest, "spin") for _number in range(8)]
        for one, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            one.link(other)
        monitors = [process.monitor() for process in ring]
        all_at_once([lambda process=process: process.exit("crash") for process in ring[:4]])  # type: ignore[misc]
        assert {monitor.wait(LONG).reason for monitor in monitors} == {ExitReason("crash")}
        assert machine.statistics().processes == 0


def test_a_storm_of_everything_leaves_nothing(machine: motte.Machine, guest: motte.Program) -> None:
    used = machine.bank.used
    told: list[motte.Down] = []
    spawned: list[motte.Process] = []

    def rage(seed: int) -> None:
        chance = random.Random(seed)
        mine: list[motte.Process] = []
        for _step in range(60):
            if len(mine) < 4:
                process = quiet(machine, guest, chance.choice(["spin", "sleep", "exit", "fault"]), start=False)
                spawned.append(process)
                process.monitor(told.append)
                mine.append(process)
                with suppress(motte.Closed, motte.InvalidCap, motte.BadState):  # somebody else was faster
                    process.start()
            process = chance.choice(spawned)
            action = chance.choice(["suspend", "resume", "kill", "exit", "close", "wait", "link", "statistics"])
            with suppress(motte.BadState, motte.Closed, motte.InvalidCap, motte.Timeout):
                match action:
                    case "wait":
                        process.wait(0.0001)
                    case "exit":
                        process.exit("crash")
                    case "link":
                        process.link(chance.choice(mine))
                    case _:
                        getattr(process, action)()
            mine = [process for process in mine if process.state not in ("exited", "closed")]

    all_at_once([lambda seed=seed: rage(seed) for seed in range(8)])  # type: ignore[misc]
    all_at_once([process.close for process in spawned[:50]])
    for process in spawned:
        process.close()
    assert sorted(down.target.identity for down in told) == sorted(process.identity for process in spawned)  # type: ignore[attr-defined]
    assert machine.statistics().processes == 0
    assert machine.bank.used == used


# --- after an end, silence ---


def test_no_keeper_is_called_after_the_end_was_told(machine: motte.Machine, guest: motte.Program) -> None:
    for _turn in range(20):
        calls: list[int] = []
        enough = threading.Event()

        def keeper(fault: motte.KeptFault, calls: list[int] = calls, enough: threading.Event = enough) -> motte.Resume:
            calls.append(1)
            if len(calls) > 5:
                enough.set()
            return fault.supply()

        process = quiet(machine, guest, "fault", regions=[motte.Region(HOLE, 4096 * 4096, keeper)])
        monitor = process.monitor(lambda _down, calls=calls: calls.append(-1))  # type: ignore[misc]
        assert enough.wait(LONG)
        process.kill()
        monitor.wait(LONG)
        machine.trim()
        process.close()
        assert calls[-1] == -1
        assert calls.count(-1) == 1


# --- waiting is not work ---


@pytest.mark.parametrize("plan", ["read", "write"])
def test_waiting_for_a_pipe_uses_no_processor_time(
    machine: motte.Machine, guest: motte.Program, pipe: tuple[int, int], plan: str
) -> None:
    with machine.spawn(guest, [plan], stdin=pipe[0], stdout=pipe[1], time="50ms") as process:
        if plan == "write":
            while not os.read(pipe[0], 1):
                pass
        come_to(process, "calling")
        with pytest.raises(motte.Timeout):
            process.wait(0.2)
        assert process.state == "calling"
        if plan == "read":
            os.write(pipe[1], b"x")
        else:
            left = (1 << 17) - 1
            while left:
                left -= len(os.read(pipe[0], left))
        end = process.wait(LONG)
        assert end.returncode == 3
        assert end.usage.cpu_time < 0.05
        assert end.usage.wall_time > 0.2
