"""Processes that are made by processes."""

import motte
from motte.abi.capabilities import KernelError
from motte.abi.faults import FaultKind, StopReason
from services.conftest import GUESTS, SECONDS, Run


def test_a_process_starts_another_and_learns_how_it_ended(run: Run) -> None:
    assert run("spawner.c", "ends").splitlines() == [
        "wait 0",
        f"status 7 reason {StopReason.EXITED:d} fault 0",
        "wait 0",
        f"status 139 reason {StopReason.FAULTED:d} fault {FaultKind.NULL_PAGE:d}",
        f"not yet -{KernelError.TIMEOUT:d}",
        f"nor then -{KernelError.TIMEOUT:d}",
        "kill 0",
        "wait 0",
        f"status 137 reason {StopReason.KILLED:d} fault 0",
        "kill again 0",
        "wait 0",
        f"status 137 reason {StopReason.KILLED:d} fault 0",
    ]


def test_a_process_may_be_granted_more_capabilities_than_a_message_carries(run: Run) -> None:
    said = run("spawner.c", "grants").splitlines()
    assert said[:12] == [line for badge in range(1, 7) for line in ("received 0", f"badge {badge}")]
    assert said[12:] == ["wait 0", "status 0 reason 1 fault 0"]


def test_a_suspended_process_runs_from_its_start_on_and_is_granted_nothing_later(run: Run) -> None:
    assert run("spawner.c", "suspended").splitlines() == [
        f"not yet -{KernelError.TIMEOUT:d}",
        f"resume -{KernelError.BAD_STATE:d}",
        "start 0",
        "wait 0",
        "status 7 reason 1 fault 0",
        f"start -{KernelError.INVALID_CAP:d}",
        f"grant -{KernelError.INVALID_CAP:d}",
    ]


def test_only_a_program_with_the_right_to_it_is_started(run: Run) -> None:
    assert run("spawner.c", "wrong").splitlines() == [
        "nothing granted -2",
        f"no handle -{KernelError.INVALID_CAP:d}",
        f"no program -{KernelError.PEER_CLOSED:d}",
        f"no right -{KernelError.NO_ACCESS:d}",
        f"weak -{KernelError.NO_ACCESS:d}",
        f"not a process -{KernelError.UNKNOWN_REQUEST:d}",
    ]


def test_so_many_processes_come_of_one_and_no_more(machine: motte.Machine, run: Run) -> None:
    with machine.bank.sub() as bank:
        said = run("spawner.c", "bomb", processes=5, bank=bank).splitlines()
        assert said == ["children 4", f"error -{KernelError.LIMIT_REACHED:d}"]


def test_a_child_writes_where_its_maker_does_if_that_is_wanted(run: Run) -> None:
    end = ["wait 0", "status 0 reason 1 fault 0"]
    assert run("spawner.c", "writes").splitlines() == ["before", "written", *end, *end]


def test_a_child_writes_no_more_than_its_maker_had_left(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "spawner.c")
    with machine.spawn(program, ["writes"], grants={"program": program}, output_limit=10) as process:
        process.wait(SECONDS)
        assert process.stdout == b"before\nwriwai"  # the child, and then its maker itself
