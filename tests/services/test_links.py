"""Links and exit signals of guests: the table of docs/supervision.md, row by row."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import motte
from motte.abi.capabilities import KernelError
from motte.services.reasons import Reason
from services.conftest import GUESTS, SECONDS, Run

NORMAL, KILLED = motte.ExitReason.NORMAL, motte.ExitReason.KILLED
ALONE = f"only one -{KernelError.TIMEOUT:d}"

Start = Callable[..., motte.Process]


@pytest.fixture
def start(machine: motte.Machine) -> Iterator[Start]:
    """Starts one of the parties; waits until those that say so are ready, and lets ``go`` let them go on."""
    started: list[motte.Process] = []
    program = machine.load(GUESTS / "links.c")
    ready, is_ready = machine.channel(16)

    def start(*arguments: str, ready_first: bool = False, **grants: Any) -> motte.Process:
        given = {"program": program, "links": motte.HostService.LINKS, "ready": ready, **grants}
        started.append(machine.spawn(program, arguments, grants=given))
        if ready_first:
            is_ready.receive(SECONDS)
        return started[-1]

    yield start
    for process in started:
        process.close()


@pytest.fixture
def go(machine: motte.Machine) -> tuple[motte.Sender, motte.Receiver]:
    return machine.channel(1)


def ended(process: motte.Process) -> motte.ExitReason:
    monitor = process.monitor()
    monitor.wait(SECONDS)
    assert process.exit_reason is not None
    return process.exit_reason


def told(process: motte.Process) -> list[str]:
    assert process.wait(SECONDS).returncode == 0, process.stdout
    return process.stdout.decode().splitlines()


SIGNALS = {
    # What the sender does: the reason that the receiver hears of or ends with, whether through a link, and its effect
    # on one that does not trap: None is nothing.
    "link normal": (("link", "0"), Reason.NORMAL, 0, True, None),
    "link status": (("link", "3"), Reason.STATUS, 3, True, motte.ExitReason("status", 3)),
    "link fault": (("fault", "0"), Reason.FAULT, None, True, "fault"),
    "link killed": (("waits", "0"), Reason.KILLED, 0, True, KILLED),
    "exit normal": (("exit", "1", "0"), Reason.NORMAL, 0, False, None),
    "exit shutdown": (("exit", "10", "0"), Reason.SHUTDOWN, 0, False, motte.ExitReason.SHUTDOWN),
    "exit status": (("exit", "2", "7"), Reason.STATUS, 7, False, motte.ExitReason("status", 7)),
    "exit other": (("exit", "0", "-5"), Reason.OTHER, -5, False, motte.ExitReason("other", -5)),
}


def send(start: Start, receiver: motte.Process, arguments: tuple[str, ...]) -> None:
    sender = start("sender", *arguments, target=receiver, ready_first=arguments[0] == "waits")
    if arguments[0] == "waits":
        sender.kill()
    ended(sender)
    sender.close()


@pytest.mark.parametrize("signal", SIGNALS)
def test_what_a_signal_does_to_one_that_does_not_trap(start: Start, go: Any, signal: str) -> None:
    arguments, _reason, _detail, _linked, effect = SIGNALS[signal]
    receiver = start("receiver", "", go=go[1], ready_first=True)
    send(start, receiver, arguments)
    if effect is None:
        assert receiver.returncode is None
        go[0].send()
        assert ended(receiver) == NORMAL
    elif effect == "fault":
        assert ended(receiver).word == "fault"
    else:
        assert ended(receiver) == effect


@pytest.mark.parametrize("signal", SIGNALS)
def test_one_that_traps_is_told_though_its_channel_is_full(start: Start, go: Any, signal: str) -> None:
    arguments, reason, detail, linked, _effect = SIGNALS[signal]
    receiver = start("trapping", "", go=go[1], ready_first=True)
    send(start, receiver, arguments)
    go[0].send()
    line, only = told(receiver)
    assert only == ALONE
    assert line.startswith(f"number 0 sender 1 reason {reason:d} detail ")
    assert line.endswith(f" linked {linked:d}")
    assert detail is None or f" detail {detail} " in line


@pytest.mark.parametrize("how", ["receiver", "trapping"])
def test_kill_on_purpose_ends_everybody_as_killed(start: Start, go: Any, how: str) -> None:
    receiver = start(how, "", go=go[1], ready_first=True)
    send(start, receiver, ("exit", str(int(Reason.KILL)), "0"))
    assert ended(receiver) == KILLED


def test_a_link_with_one_that_had_ended_ends_as_noproc_and_is_told(start: Start, go: Any) -> None:
    other = start("child", "0")
    other.wait(SECONDS)
    assert ended(start("receiver", "links", go=go[1], other=other)) == motte.ExitReason.NOPROC
    receiver = start("trapping", "links", go=go[1], other=other, ready_first=True)
    go[0].send()
    assert told(receiver) == [f"number 5 sender 1 reason {Reason.NOPROC:d} detail 0 linked 1", ALONE]


def test_a_signal_of_its_own_ends_it_though_it_is_normal(start: Start) -> None:
    process = start("itself")
    assert ended(process) == NORMAL
    assert process.stdout.decode().splitlines() == ["kind 6", "linked with itself 0"]
    assert process.wait(SECONDS).reason is motte.StopReason.KILLED


def test_both_ends_of_a_link_hear_of_one_another_with_numbers_of_their_own(start: Start, go: Any) -> None:
    other = start("receiver", "", go=go[1], ready_first=True)
    maker = start("trapping", "links", go=go[1], other=other, ready_first=True)
    other.exit("over")
    ended(other)
    go[0].send()
    assert told(maker) == [f"number 5 sender 1 reason {Reason.OTHER:d} detail 0 linked 1", ALONE]


def test_through_an_unlinked_link_comes_nothing(start: Start, go: Any) -> None:
    receiver = start("receiver", "", go=go[1], ready_first=True)
    send(start, receiver, ("unlinked", "3"))
    assert receiver.returncode is None
    go[0].send()
    assert ended(receiver) == NORMAL


def test_links_and_signals_of_pythons_reach_a_guest_that_traps(machine: motte.Machine, start: Start, go: Any) -> None:
    receiver = start("trapping", "", go=go[1], ready_first=True)
    with machine.observer("one") as observer:
        observer.link(receiver)
        observer.end("kill")
    go[0].send()
    assert told(receiver) == [f"number 0 sender 0 reason {Reason.KILL:d} detail 0 linked 1", ALONE]
    receiver = start("trapping", "", go=go[1], ready_first=True)
    receiver.exit("shutdown")
    go[0].send()
    assert told(receiver) == [f"number 0 sender 0 reason {Reason.SHUTDOWN:d} detail 0 linked 0", ALONE]


def test_a_guest_does_not_trap_what_python_traps(start: Start, go: Any, machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "links.c")
    grants = {"links": motte.HostService.LINKS, "go": go[1]}
    with machine.spawn(program, ["trapping", ""], grants=grants, start=False) as process:
        process.trap_exit = True
        process.start()
        assert process.wait(SECONDS).returncode == 1
        assert process.trap_exit is True


def test_a_supervisor_in_c_is_told_of_each_child_once_through_a_channel_with_room_for_one(run: Run) -> None:
    said = run("links.c", "supervises", grants={"links": motte.HostService.LINKS})
    wrong = f"-{KernelError.REQUEST_ERROR:d}"
    assert said.splitlines() == [
        "trap 0",
        "right 8",
        "link with one that has ended 0",
        "told of it 1",
        "no trap any more 0",
        f"and no reason {wrong}",
        f"nor such a fault {wrong}",
    ]


def test_links_need_rights_and_memory(machine: motte.Machine, start: Start, go: Any) -> None:
    target = start("receiver", "", go=go[1], ready_first=True)
    program = machine.load(GUESTS / "links.c")
    used = machine.bank.used
    with machine.bank.sub("1MiB") as bank:
        grants = {"target": target, "links": motte.HostService.LINKS}
        with machine.spawn(program, ["refused"], grants=grants, bank=bank) as process:
            assert process.wait(SECONDS).returncode == 0
            said = dict(line.rsplit(" ", 1) for line in process.stdout.decode().splitlines())
    denied, full = f"-{KernelError.NO_ACCESS:d}", f"-{KernelError.LIMIT_REACHED:d}"
    assert said == {
        "looks: link": denied,
        "looks: exit": denied,
        "ends: link": denied,
        "weak: link": denied,
        "weak: exit": denied,
        "no link: unlink": "0",
        "no right: trap": denied,
        "no right: self": denied,
        "no channel": f"-{KernelError.REQUEST_ERROR:d}",
        "no memory: link": full,
        "no memory: trap": full,
    }
    assert machine.bank.used == used
    assert target.returncode is None


def test_nothing_is_left_of_links_when_all_have_ended(machine: motte.Machine, start: Start, go: Any) -> None:
    for _ in range(3):
        receiver = start("trapping", "links", go=go[1], other=start("child", "0"), ready_first=True)
        go[0].send()
        told(receiver)
        ended(receiver)
    links = machine._population.services.links
    assert not any(links._ends.values())
    assert not links._watched
    assert not links._purposeful
    assert not machine._population.banks._purchases
