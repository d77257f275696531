"""Everything at once, from many threads: nobody waits for ever, nothing crashes, nothing stays."""

import os
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

import motte
from stress.conftest import LONG
from stress.held import held

THREADS = 8
HOLE = 0x9000_0000
SEED = int(os.environ.get("MOTTE_SEED", "1"))
OVERTAKEN = (motte.Closed, motte.BadState, motte.InvalidCap, motte.Exited, motte.Timeout, motte.LimitReached)
"""What somebody is told who comes after another thread has ended what he wants to use."""


class HostError(Exception):
    """What functions of the host raise in a storm."""


def twice(value: motte.i32) -> motte.i32:
    if value % 3 == 0:
        raise HostError(value)
    return 2 * value


class Storm:
    """What the threads do things to; each is as likely to meet what another thread has made."""

    def __init__(self, machine: motte.Machine, tasks: motte.Program, plugin: motte.Program) -> None:
        self.machine, self.tasks, self.plugin = machine, tasks, plugin
        self.processes = [machine.spawn(tasks, ["sleep"])]
        self.banks: list[motte.SpaceBank] = []
        self.host = motte.host_function(twice)
        self.sender, self.receiver = machine.channel(capacity=4)
        self.pool = machine.pool(tasks, ["spin"], warm=4)

    def options(self, chance: random.Random) -> dict[str, object]:
        """Of a process, such as users combine them."""
        bank = chance.choice([None, None, "4MiB", self.bank(chance)])
        stdin = chance.choice([None, b"text\n", motte.PIPE])
        stdout = chance.choice([motte.DISCARD, motte.CAPTURE, motte.PIPE, lambda data: None])
        keeper = chance.choice([None, lambda fault: None, lambda fault: motte.Kill(), self.keeper])
        regions = chance.choice([(), [motte.Region(HOLE, "1MiB", lambda fault: fault.supply())]])
        grants = {"twice": self.host, "in": self.receiver, "program": self.tasks}
        return {
            "bank": bank,
            "stdin": stdin,
            "stdout": stdout,
            "stderr": motte.DISCARD,
            "keeper": keeper,
            "regions": regions,
            "grants": chance.choice([None, grants]),
            "output_limit": "1MiB",
            "time": "100ms",
            "wall_time": "1s",
        }

    def bank(self, chance: random.Random) -> motte.SpaceBank:
        """One that others may be destroying."""
        if len(self.banks) < 4 or chance.random() < 0.2:
            self.banks.append(self.machine.bank.sub("32MiB"))
        return chance.choice(self.banks[-4:])

    def keeper(self, fault: motte.KeptFault) -> motte.Kill:
        """One that touches others."""
        with suppress(*OVERTAKEN):
            self.processes[-1].kill()
        return motte.Kill()

    # --- what can be done --------------------------------------------------------------------------------------------

    def spawn(self, chance: random.Random) -> None:
        tasks = ["", "spin", "sleep", "fault", "supply", "memory", "flood", "copy", "twice", "serve", "spawn"]
        self.processes.append(self.machine.spawn(self.tasks, [chance.choice(tasks)], **self.options(chance)))  # type: ignore[arg-type]

    def spawn_and_close(self, chance: random.Random) -> None:
        self.machine.spawn(self.tasks, [chance.choice(["", "spin", "fault"])]).close()

    def open_plugin(self, chance: random.Random) -> None:
        self.processes.append(self.machine.spawn(self.plugin, start=False, **self.options(chance)))  # type: ignore[arg-type]

    def call(self, chance: random.Random) -> None:
        process = chance.choice(self.processes)
        if process.program is not self.plugin:
            return
        name = chance.choice(["add", "call_twice", "fault", "spin"])
        arguments = {"add": (1, 2), "call_twice": (chance.randrange(6),)}.get(name, ())
        with suppress(HostError, motte.GuestFault):
            process.function(name)(*arguments, timeout=0.01)

    def check_out(self, chance: random.Random) -> None:
        process = self.pool.checkout()
        if chance.random() < 0.5:
            process.start()
            process.kill()
        process.close()

    def disturb(self, chance: random.Random) -> None:
        process = chance.choice(self.processes)
        what = chance.choice(["suspend", "resume", "kill", "close", "report", "statistics", "monitor"])
        getattr(process, what)()

    def link(self, chance: random.Random) -> None:
        chance.choice(self.processes).link(chance.choice(self.processes))

    def wait(self, chance: random.Random) -> None:
        with suppress(HostError):
            chance.choice(self.processes).wait(0.001)

    def exchange(self, chance: random.Random) -> None:
        process = chance.choice(self.processes)
        with suppress(HostError, ValueError, BrokenPipeError, OSError):
            process.communicate(b"text", timeout=0.01)

    def send(self, chance: random.Random) -> None:
        with suppress(motte.Full, motte.PeerClosed):
            block = self.machine.exchange.allocate("16KiB", checked=chance.random() < 0.2)
            self.sender.send(b"bytes", capabilities=[self.sender], blocks=[block], timeout=0)

    def receive(self, chance: random.Random) -> None:
        self.receiver.receive(0)

    def destroy(self, chance: random.Random) -> None:
        self.bank(chance).destroy()

    def look(self, chance: random.Random) -> None:
        assert self.machine.overview().as_dict()

    def rage(self, seed: int, steps: int) -> None:
        chance = random.Random(seed)
        usual = [self.spawn, self.disturb, self.wait, self.spawn_and_close, self.call, self.link]
        rare = [self.open_plugin, self.check_out, self.exchange, self.send, self.receive, self.destroy, self.look]
        for _ in range(steps):
            with suppress(*OVERTAKEN):
                chance.choice(usual if chance.random() < 0.7 else rare)(chance)

    def end(self) -> None:
        self.pool.close()
        for process in self.processes:
            process.close()
        for bank in self.banks:
            bank.close()
        self.sender.close()
        self.receiver.close()


def all_at_once(actions: list[Callable[[], object]], seconds: float) -> None:
    """Each on a thread of its own; what one of them raises is raised here."""
    failures: list[BaseException] = []

    def run(action: Callable[[], object]) -> None:
        try:
            action()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
        assert not thread.is_alive(), "somebody waits for ever"
    if failures:
        raise failures[0]


def come_to_rest(machine: motte.Machine, used: int) -> None:
    """What guests had started, or was closed by a callback of its own, is given back soon."""
    deadline = time.monotonic() + LONG
    while machine.statistics().processes or machine.bank.used != used:
        assert time.monotonic() < deadline, (machine.overview(), used)
        machine.channel()  # whoever comes by takes apart what was dropped


@pytest.mark.parametrize(("storms", "steps"), [(2, 60), pytest.param(100, 300, marks=pytest.mark.long)])
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_storm_of_everything(
    machine: motte.Machine, tasks: motte.Program, plugin: motte.Program, storms: int, steps: int
) -> None:
    used = machine.bank.used
    for seed in range(SEED, SEED + storms):
        print(f"seed {seed}")
        storm = Storm(machine, tasks, plugin)
        all_at_once([partial(storm.rage, seed * THREADS + number, steps) for number in range(THREADS)], 4 * LONG)
        all_at_once([storm.end], LONG)
        come_to_rest(machine, used)


@pytest.mark.parametrize(("storms", "steps"), [(1, 60), pytest.param(30, 300, marks=pytest.mark.long)])
@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_machines_that_are_closed_in_the_middle_of_a_storm(storms: int, steps: int) -> None:
    from stress.conftest import GUESTS

    def blow(seed: int) -> None:
        machine = motte.Machine(workers=2)
        tasks, plugin = (machine.load(GUESTS / name) for name in ("tasks.c", "plugin.c"))
        storm = Storm(machine, tasks, plugin)
        closer = threading.Timer(0.02 + random.Random(seed).random() / 20, machine.close)
        closer.start()
        all_at_once([partial(storm.rage, seed * THREADS + number, steps) for number in range(THREADS)], 4 * LONG)
        all_at_once([closer.join], LONG)
        storm.end()

    blow(SEED)
    before = held()
    for seed in range(SEED, SEED + storms):
        print(f"seed {seed}")
        blow(seed)
    grown = held() - before
    assert grown.descriptors == 0
    assert grown.threads <= 0  # those of an earlier test may end meanwhile


@pytest.mark.parametrize("rounds", [150, pytest.param(5000, marks=pytest.mark.long)])
def test_closes_from_everywhere_at_once(machine: motte.Machine, tasks: motte.Program, rounds: int) -> None:
    """By several threads, while a keeper, a callback or nobody is at work."""
    chance = random.Random(SEED)
    used = machine.bank.used
    for _ in range(rounds):
        bank = machine.bank.sub("4MiB")
        task = chance.choice(["spin", "sleep", "fault", "supply", "flood"])
        process = machine.spawn(
            tasks,
            [task],
            bank=bank,
            keeper=lambda fault: motte.Kill(),
            stdout=lambda data: None,
            output_limit="1MiB",
        )
        process.monitor(lambda down: down.target.close())  # type: ignore[attr-defined]
        ways: list[Callable[[], object]] = [process.close, process.close, process.kill, bank.destroy, process.wait]
        chance.shuffle(ways)

        def act(way: Callable[[], object]) -> None:
            with suppress(*OVERTAKEN):
                way()

        all_at_once([partial(act, way) for way in ways], LONG)
        process.close()
        bank.close()
    come_to_rest(machine, used)
