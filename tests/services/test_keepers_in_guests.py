"""Keepers that are processes."""

import motte
from motte.abi.capabilities import KernelError
from motte.abi.faults import FaultKind
from services.conftest import GUESTS, SECONDS, Run

GONE = f"-{KernelError.INVALID_CAP:d}"
NO_ACCESS = f"-{KernelError.NO_ACCESS:d}"
WRONG = f"-{KernelError.REQUEST_ERROR:d}"
CYCLE = f"-{KernelError.KEEPER_CYCLE:d}"
READ_NULL = f"fault kind {FaultKind.NULL_PAGE:d} access 1 address 10 region 0 call 0"
ENDED_BY_FAULT = f"status 139 reason 2 fault {FaultKind.NULL_PAGE:d}"


def test_a_pager_written_in_c_keeps_more_pages_than_are_there_at_once(run: Run) -> None:
    said = run("pager.c").splitlines()
    assert said[0] == "monitor 0"
    ended, loads = said[1].split(" after ")
    assert ended == f"ended with -{KernelError.UNKNOWN_REQUEST:d}"  # the monitor's message
    assert int(loads.split()[0]) == 32 + 64
    assert said[2:] == ["wait 0", "status 0 reason 1"]


def test_a_process_s_keeper_answers_once_and_only_what_can_be(run: Run) -> None:
    assert run("keepers.c", "whole").splitlines() == [
        READ_NULL,
        "registers 0",
        f"read {WRONG}",  # nothing is there
        f"no such register {WRONG}",
        f"the stack pointer {WRONG}",
        "skip 0",
        f"used up {GONE}",
        "wait 0",
        "status 0 reason 1 fault 0",
        READ_NULL,
        "kill 0",
        f"copy {GONE}",
        "wait 0",
        "status 137 reason 4 fault 0",
    ]


def test_the_region_s_keeper_is_asked_first_and_to_drop_a_fault_is_to_decline(run: Run) -> None:
    each = [
        f"fault kind {FaultKind.UNMAPPED:d} access 1 address 14 region 1000 call 0",
        f"look {NO_ACCESS}",
        f"write {NO_ACCESS}",
        f"skip {NO_ACCESS}",
        f"outside {WRONG}",
        "decline 0",
        f"fault kind {FaultKind.UNMAPPED:d} access 1 address 90000014 region 0 call 0",
        "decline 0",
        "wait 0",
        f"status 139 reason 2 fault {FaultKind.UNMAPPED:d}",
    ]
    assert run("keepers.c", "order").splitlines() == each + each


def test_a_keeper_that_has_ended_or_has_no_room_keeps_nothing(run: Run) -> None:
    assert run("keepers.c", "without").splitlines() == ["wait 0", ENDED_BY_FAULT] * 2


def test_nobody_keeps_what_it_is_kept_by(run: Run) -> None:
    assert run("keepers.c", "cycles").splitlines() == [
        f"self {CYCLE}",
        f"itself {CYCLE}",
        "first by second 0",
        f"second by first {CYCLE}",
        "second by this 0",
    ]


def test_a_fault_that_only_those_could_answer_who_wait_for_it_is_declined(run: Run) -> None:
    assert run("keepers.c", "late").splitlines() == ["wait 0", ENDED_BY_FAULT]


def test_python_starts_a_process_that_another_one_keeps(machine: motte.Machine) -> None:
    keeper, kept = machine.load(GUESTS / "zeros.c"), machine.load(GUESTS / "keepers.c")
    sender, receiver = machine.channel(capacity=4)
    with machine.spawn(keeper, grants={"faults": receiver}) as keeping:
        receiver.close()
        region = motte.Region(0x9000_0000, "64KiB", sender)
        with machine.spawn(kept, ["region"], regions=[region]) as process:
            assert process.wait(SECONDS).returncode == 0
        with machine.spawn(kept, ["null"], keeper=sender) as process:
            assert process.wait(SECONDS).returncode == 139
        sender.close()
        assert keeping.wait(SECONDS).returncode == 2
