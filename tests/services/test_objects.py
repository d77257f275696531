"""Banks, meters, timers, names and monitors, as guests use them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

import motte
from motte.abi.capabilities import KernelError
from services.conftest import GUESTS, SECONDS, Run

GONE = f"-{KernelError.INVALID_CAP:d}"
NO_ACCESS = f"-{KernelError.NO_ACCESS:d}"
TIMEOUT = f"-{KernelError.TIMEOUT:d}"


@pytest.fixture
def objects(machine: motte.Machine, run: Run) -> Any:
    """Runs a mode of the guest with a bank and a meter of its own; what it says, line by line."""

    def run_mode(mode: str) -> list[str]:
        meter = machine.meter.sub()
        with machine.bank.sub(name="of the guest") as bank:
            services = {"timers": motte.HostService.TIMERS, "names": motte.HostService.NAMES}
            return run(
                "objects.c", mode, grants={"bank": bank, "meter": meter, **services}, bank=bank, meter=meter
            ).splitlines()

    return run_mode


def test_a_guest_makes_banks_limits_them_and_ends_them(objects: Any) -> None:
    assert objects("banks") == [
        "figures 0",
        "limit 100",
        "used 1",
        "available 2",
        f"too little -{KernelError.LIMIT_REACHED:d}",
        "nothing is left behind 1",
        "it pays 1",
        "verify 0",
        f"a channel is no bank {GONE}",
        f"a program is none {GONE}",
        f"no destroy {NO_ACCESS}",
        f"no limit {NO_ACCESS}",
        "a look 1",
        f"weak {NO_ACCESS}",
        "a weak look 1",
        "more 0",
        "destroy 0",
        "wait 0",
        "status 137 reason 4",
        f"gone {GONE}",
        f"below it {GONE}",
        f"and no bank {GONE}",
    ]


def test_a_bank_that_is_removed_leaves_its_processes_to_its_parent_and_all_comes_back(objects: Any) -> None:
    assert objects("inherits") == ["remove 0", "its page 1", f"lives {TIMEOUT}", "all is back 0"]


def test_a_guest_keeps_the_meters_that_it_makes(objects: Any) -> None:
    assert objects("meters") == [
        "weight 0",
        f"no weight -{KernelError.REQUEST_ERROR:d}",
        "budget 0",
        "figures 0",
        "weight 300 state 1 left 1",
        "wait 0",
        "status 124 reason 5",
        "state 3 left 0",
        "keeper 0",
        *("dry 1", f"alive {TIMEOUT}", "refill 0") * 3,
        "off 0",
        "stands still 0",
        f"own meter -{KernelError.KEEPER_CYCLE:d}",
        "wait 0",
        "status 137 reason 4",
    ]


def test_timers_fire_once_in_their_order_and_never_when_cancelled(objects: Any) -> None:
    assert objects("timers") == [
        "numbers 1",
        f"no bits -{KernelError.REQUEST_ERROR:d}",
        "cancel 0",
        f"cancel again {GONE}",
        "bits 2 flags 4",
        "bits 1 flags 4",
        f"too late {GONE}",
        f"nothing more {TIMEOUT}",
    ]


def test_a_name_leads_to_a_sender_only_and_is_free_before_the_end_is_told(objects: Any) -> None:
    assert objects("names") == [
        f"nobody {GONE}",
        "registered 0",
        "kind 1",
        f"taken -{KernelError.BAD_STATE:d}",
        f"of another {GONE}",
        f"no badge {NO_ACCESS}",
        f"no revoking {NO_ACCESS}",
        "send 0",
        "down 1 number 77 status 9",
        "free again 0",
        "unregister 0",
        f"nobody {GONE}",
    ]


@pytest.fixture
def sleeper(machine: motte.Machine) -> Iterator[motte.Process]:
    """A process that has fallen asleep for long."""
    with machine.spawn(machine.load(GUESTS / "objects.c"), ["sleep"]) as process:
        while process.state != "waiting":
            time.sleep(0.001)
        yield process


def test_each_monitor_is_told_once_and_in_order_though_the_channel_is_full(objects: Any) -> None:
    assert objects("crowded") == [
        f"full -{KernelError.FULL:d}",
        "first 5",
        "room again 0",
        "told 20",
        "last 6",
        f"nothing more {TIMEOUT}",
    ]


def test_who_asks_pays_for_being_told(machine: motte.Machine, sleeper: motte.Process) -> None:
    program = machine.load(GUESTS / "objects.c")
    used = machine.bank.used
    with machine.bank.sub("1MiB") as bank:
        with machine.spawn(program, ["monitors"], grants={"sleeper": sleeper}, bank=bank) as process:
            process.wait(SECONDS)
            said = process.stdout.decode().splitlines()
        assert said == ["some 1", f"refused -{KernelError.LIMIT_REACHED:d}"]
        assert bank.used > 0.9 * 2**20  # they outlive the process that made them
    assert machine.bank.used == used


def test_what_a_bank_has_paid_for_to_be_told_ends_with_it(machine: motte.Machine, sleeper: motte.Process) -> None:
    program = machine.load(GUESTS / "objects.c")
    (outside, told), (ready, is_ready) = machine.channel(1), machine.channel(1)
    outside.send(b"before")
    used = machine.bank.used
    bank = machine.bank.sub("8MiB")
    grants = {"program": program, "sleeper": sleeper, "outside": outside, "ready": ready}
    with machine.spawn(program, ["promises"], grants=grants, bank=bank):
        is_ready.receive(SECONDS)
        bank.destroy()
    assert told.receive(SECONDS).data == b"before"
    with pytest.raises(motte.Timeout):
        told.receive(0)
    assert machine.bank.used == used
    monitor = sleeper.monitor()
    sleeper.kill()
    monitor.wait(SECONDS)
    with pytest.raises(motte.Timeout):
        told.receive(0)
    for each in (outside, told, ready, is_ready):
        each.close()


def test_the_time_that_the_host_spends_on_requests_is_that_of_who_asks(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "objects.c")
    thread = machine._population.services._thread.ident
    assert thread is not None
    clock = time.pthread_getcpuclockid(thread)
    before = time.clock_gettime(clock)
    with machine.spawn(program, ["asks"], grants={"bank": machine.bank}) as process:
        assert process.wait(SECONDS).returncode == 0
        spent = time.clock_gettime(clock) - before
        assert process.statistics().cpu_time > spent * 0.9
        assert spent > 0.01


def test_what_was_fetched_through_a_weak_capability_can_be_looked_at_and_not_changed(
    machine: motte.Machine, run: Run
) -> None:
    sender, receiver = machine.channel()
    with machine.bank.sub("1MiB") as bank:
        program = machine.load(GUESTS / "library.c")
        with machine.spawn(program, ["keeps"], grants={"in": receiver, "out": sender, "bank": bank}, bank=bank):
            said = run("library.c", "reads", grants={"library": sender.restrict(weak=True)}).splitlines()
    once = [
        "fetch 0",
        "look 1",
        f"limit {NO_ACCESS}",
        f"bank {NO_ACCESS}",
        f"destroy {NO_ACCESS}",
        f"spent {NO_ACCESS}",
    ]
    assert said == once + once
