"""Who launches a process supplies its memory, and its time."""

import threading

import pytest

import motte
from launch.conftest import GUESTS, SECONDS, Run, bitcode_of
from motte.abi.capabilities import KernelError
from motte.abi.faults import StopReason
from motte.services.protocol import FIGURES, SIZE, Request


def test_a_process_grows_as_its_allocator_grants(machine: motte.Machine, launcher: motte.Launcher, run: Run) -> None:
    with machine.bank.sub() as bank:
        grants = {"launcher": launcher, "bank": bank}
        said = run("launcher.c", "allocator", "grants", grants=grants, stdin=bitcode_of("grows.c"))
    assert said.splitlines() == [
        f"fake -{KernelError.INVALID_CAP:d}",
        "official 0",
        "asked yes",
        "limit kept",
        "wait 0",
        f"status 0 reason {StopReason.EXITED:d}",
    ]


def test_a_process_whose_allocator_refuses_is_told_so(
    machine: motte.Machine, launcher: motte.Launcher, run: Run
) -> None:
    with machine.bank.sub() as bank:
        grants = {"launcher": launcher, "bank": bank}
        said = run("launcher.c", "allocator", "refuses", grants=grants, stdin=bitcode_of("grows.c"))
    assert said.splitlines()[2:] == ["asked yes", "limit kept", "wait 0", f"status 3 reason {StopReason.EXITED:d}"]


def test_an_allocator_gives_no_more_than_its_own_bank_has(
    machine: motte.Machine, launcher: motte.Launcher, run: Run
) -> None:
    with machine.bank.sub("20MiB") as bank:
        grants = {"launcher": launcher, "bank": bank}
        said = run("launcher.c", "allocator", "grants", grants=grants, stdin=bitcode_of("grows.c"))
        assert said.splitlines()[-1] == f"status 3 reason {StopReason.EXITED:d}"
        assert bank.peak <= 20 << 20


@pytest.mark.parametrize("quanta", [1, 7])
def test_a_process_runs_as_its_scheduler_grants(
    machine: motte.Machine, launcher: motte.Launcher, run: Run, quanta: int
) -> None:
    grants = {"launcher": launcher, "meter": machine.meter.sub()}
    said = run("launcher.c", "scheduler", str(quanta), grants=grants, stdin=bitcode_of("spins.c"))
    assert said.splitlines() == [
        f"told {quanta}",
        "used enough 1",
        "kill 0",
        "wait 0",
        f"status 137 reason {StopReason.KILLED:d}",
    ]


def test_an_allocator_that_dies_has_refused(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    bank = machine.bank.sub("4MiB")
    _keep(machine, bank, sender)
    with machine.spawn(machine.load(bitcode_of("grows.c")), bank=bank) as process:
        message = receiver.receive(timeout=SECONDS)
        receiver.close()
        del message
        assert process.wait(SECONDS).returncode == 3
    bank.destroy()


def test_who_is_not_there_is_not_asked(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    bank = machine.bank.sub("4MiB")
    _keep(machine, bank, sender)
    receiver.close()
    with machine.spawn(machine.load(bitcode_of("grows.c")), bank=bank) as process:
        assert process.wait(SECONDS).returncode == 3
    bank.destroy()


def test_waiting_for_an_allocator_takes_no_thread(machine: motte.Machine) -> None:
    program = machine.load(bitcode_of("grows.c"))
    sender, receiver = machine.channel(capacity=64)
    bank = machine.bank.sub("64MiB")
    for _ in range(12):  # more than there are threads for keepers
        below = bank.sub("4MiB")
        _keep(machine, below, sender)
        machine.spawn(program, bank=below)
    for _ in range(12):
        receiver.receive(timeout=SECONDS)
    asked = threading.Event()
    with machine.bank.sub("4MiB") as other:
        other.keeper = lambda _request: asked.set()
        with machine.spawn(program, bank=other) as process:
            assert process.wait(SECONDS).returncode == 3
    assert asked.is_set()
    bank.destroy()
    for process in machine._population.everybody():
        process.close()


def test_nobody_supplies_the_memory_that_it_draws_itself(machine: motte.Machine) -> None:
    from motte.services.bank import BankService
    from motte.services.call import Call
    from motte.services.protocol import BankRight

    sender, receiver = machine.channel()
    with machine.bank.sub() as bank:
        grants = {"requests": receiver}
        with machine.spawn(machine.load(bitcode_of("spins.c")), bank=bank, grants=grants, start=False) as process:
            served = BankService(machine._population.services, bank.account_for_anything())
            call = Call(b"", (sender.core,), None, process.identity, process, BankRight.CHANGE_LIMITS, weak=False)
            with pytest.raises(motte.KeeperCycle, match="draws from this bank"):
                served.keep(call)
            assert bank.keeper is None


def _keep(machine: motte.Machine, bank: motte.SpaceBank, sender: motte.Sender) -> None:
    from motte.services.shortage import GuestBankKeeper

    bank.keeper = GuestBankKeeper(machine._population.services, sender.restrict().core)


def test_who_speaks_the_protocol_looks_like_a_bank_until_somebody_verifies(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    inner, _receiver = machine.channel()
    grants = {"bank": sender, "official": machine.bank}
    with machine.spawn(machine.load(GUESTS / "asks.c"), grants=grants) as process:
        figures = receiver.receive(timeout=SECONDS)
        assert figures.tag == Request.BANK_FIGURES
        figures.reply(FIGURES.pack(100, 1, 1, 99))
        below = receiver.receive(timeout=SECONDS)
        assert (below.tag, SIZE.unpack(below.data)) == (Request.BANK_CREATE, (1 << 20,))
        below.reply(b"", capabilities=[inner])
        assert process.wait(SECONDS).returncode == 0
        said = process.stdout.decode().splitlines()
    assert said == ["available 99", "create 1", f"verify -{KernelError.INVALID_CAP:d}"]
