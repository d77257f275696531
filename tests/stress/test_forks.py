"""A fork of the host: what the parent has made is refused in the child, or does nothing; the child makes its own."""

import multiprocessing
import os
import pty
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

import motte
from stress.conftest import GUESTS, LONG, QUIET

pytestmark = pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")

WELL = 42


def use_a_machine(_number: int = 0) -> int:
    """Everything that needs threads, windows and signals, from nothing; at top level, for multiprocessing."""
    with motte.Machine(workers=2) as machine:
        tasks = machine.load(GUESTS / "tasks.c")
        assert machine.run(tasks).returncode == 3
        with machine.spawn(machine.load(GUESTS / "plugin.c"), start=False) as process:
            assert process.function("add")(1, 2) == 3
        with machine.spawn(tasks, ["fault"], keeper=lambda fault: motte.Kill()) as process:
            assert process.wait(LONG).reason is motte.StopReason.KILLED
    return WELL


def in_child(action: Callable[[], object]) -> int:
    """With which status a forked child ends, that returns or raises nothing."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONG)
        leave_with(action)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def leave_with(action: Callable[[], object]) -> NoReturn:
    status = 1
    try:
        status = int(action() or 0)  # type: ignore[call-overload]
    except SystemExit as leaving:
        status = int(leaving.code or 0)
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        os._exit(status)


class Parent:
    """Some of everything, alive."""

    def __init__(self, machine: motte.Machine) -> None:
        self.machine = machine
        self.tasks, plugin = machine.load(GUESTS / "tasks.c"), machine.load(GUESTS / "plugin.c")
        self.spinner = machine.spawn(self.tasks, ["spin"], keeper=lambda fault: None, **QUIET)  # type: ignore[arg-type]
        self.plugin = machine.spawn(plugin, start=False)
        self.add = self.plugin.function("add")
        self.sender, self.receiver = machine.channel()
        self.server = machine.spawn(self.tasks, ["serve"], grants={"in": self.receiver}, **QUIET)  # type: ignore[arg-type]
        self.block = machine.exchange.allocate("64KiB")
        self.pool = machine.pool(self.tasks)
        self.bank = machine.bank.sub("1MiB")
        self.meter = machine.meter.sub()

    def check(self) -> None:
        assert self.spinner.state in ("running", "ready")
        assert self.add(2, 3) == 5
        assert self.sender.call(b"question", timeout=LONG).data == b"question"
        assert self.machine.run(self.tasks).returncode == 3
        with self.pool.checkout() as process:
            process.start()
            assert process.wait(LONG).returncode == 3


@pytest.fixture(scope="module")
def parent() -> Iterator[Parent]:
    with motte.Machine(workers=2) as machine:
        yield Parent(machine)


REFUSED: dict[str, Callable[[Parent], object]] = {
    "spawn": lambda parent: parent.machine.spawn(parent.tasks),
    "load": lambda parent: parent.machine.load(GUESTS / "tasks.c"),
    "statistics of the machine": lambda parent: parent.machine.statistics(),
    "overview": lambda parent: parent.machine.overview(),
    "trim": lambda parent: parent.machine.trim(),
    "trace": lambda parent: parent.machine.trace(),
    "channel": lambda parent: parent.machine.channel(),
    "allocate": lambda parent: parent.machine.exchange.allocate("4KiB"),
    "pool": lambda parent: parent.machine.pool(parent.tasks),
    "checkout": lambda parent: parent.pool.checkout(),
    "fill": lambda parent: parent.pool.fill(),
    "wait": lambda parent: parent.spinner.wait(1),
    "kill": lambda parent: parent.spinner.kill(),
    "suspend": lambda parent: parent.spinner.suspend(),
    "monitor": lambda parent: parent.spinner.monitor(),
    "link": lambda parent: parent.spinner.link(parent.server),
    "report": lambda parent: parent.spinner.report(),
    "memory": lambda parent: parent.spinner.memory.read(0x10_0000, 4),
    "function": lambda parent: parent.plugin.function("length"),
    "a call": lambda parent: parent.add(1, 2),
    "send": lambda parent: parent.sender.send(b"", timeout=0),
    "call": lambda parent: parent.sender.call(b"", timeout=1),
    "receive": lambda parent: parent.receiver.receive(0),
    "view": lambda parent: parent.block.view(),
    "a meter": lambda parent: parent.meter.used,
    "a meter below": lambda parent: parent.meter.sub(),
}


@pytest.mark.parametrize("what", REFUSED)
def test_the_child_is_refused(parent: Parent, what: str) -> None:
    def attempt() -> int:
        try:
            REFUSED[what](parent)
        except motte.BadState as error:
            return WELL if "belongs to the parent of a fork" in str(error) else 2
        return 3

    assert in_child(attempt) == WELL
    parent.check()


def test_the_child_can_leave_what_the_parent_has_entered(parent: Parent) -> None:
    def leave() -> None:
        with parent.machine, parent.spinner, parent.plugin, parent.pool, parent.block, parent.bank:
            assert repr(parent.spinner).endswith("of the parent of a fork>")
            sys.exit(WELL)

    assert in_child(leave) == WELL
    parent.check()


def test_the_child_can_forget_everything(parent: Parent) -> None:
    def forget() -> int:
        vars(parent).clear()
        return WELL

    assert in_child(forget) == WELL
    parent.check()


def test_the_child_of_a_child_has_machines_of_its_own(parent: Parent) -> None:
    assert in_child(lambda: in_child(use_a_machine)) == WELL
    parent.check()


@pytest.mark.parametrize("way", ["fork", "forkserver", "spawn"])
def test_multiprocessing_works(parent: Parent, way: str) -> None:
    with multiprocessing.get_context(way).Pool(2) as pool:
        assert pool.map(use_a_machine, range(2)) == [WELL, WELL]
    parent.check()


def test_subprocesses_with_something_to_do_before_work(parent: Parent) -> None:
    def before() -> None:
        with warnings.catch_warnings():
            assert in_child(use_a_machine) == WELL
            assert in_child(lambda: parent.add(1, 2)) == 1

    command = [sys.executable, "-c", f"raise SystemExit({WELL})"]
    assert subprocess.run(command, preexec_fn=before, check=False).returncode == WELL
    parent.check()


def test_a_child_on_a_terminal_of_its_own_works(parent: Parent) -> None:
    child, terminal = pty.fork()
    if child == 0:
        leave_with(use_a_machine)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == WELL
    os.close(terminal)
    parent.check()


@pytest.mark.parametrize("forks", [20, pytest.param(1000, marks=pytest.mark.long)])
def test_forks_in_the_middle_of_storms(parent: Parent, forks: int) -> None:
    """Whatever locks the others hold at that moment."""
    over = threading.Event()
    failures: list[BaseException] = []

    def repeat(action: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                action()
        except BaseException as error:
            failures.append(error)

    storms: list[Callable[[], object]] = [
        lambda: parent.machine.run(parent.tasks),
        parent.machine.statistics,
        lambda: parent.sender.call(b"question"),
        lambda: parent.add(1, 2),
        lambda: parent.pool.checkout().close(),
        lambda: parent.machine.bank.sub("1MiB").destroy(),
    ]
    threads = [threading.Thread(target=repeat, args=(storm,)) for storm in storms]
    for thread in threads:
        thread.start()

    def attempt() -> int:
        with parent.machine, parent.spinner, parent.pool:
            try:
                parent.machine.statistics()
            except motte.BadState:
                return use_a_machine()
        return 2

    statuses = [in_child(attempt) for _ in range(forks)]
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert statuses == [WELL] * forks
    parent.check()
