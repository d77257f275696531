"""How requests are served: on one thread that waits for nobody, and hears of the ends of children."""

import threading

import pytest

import motte
from motte.abi.capabilities import PROCESS_ENDED
from motte.bank_terms import BankRequest
from motte.errors import BadState
from motte.services.bank import bank_capability
from motte.services.protocol import FIGURES, SIZE, Request
from services.conftest import GUESTS, SECONDS

PAGE = 4096


def test_a_request_that_waits_for_a_banks_keeper_holds_up_nobody_and_is_done_once(machine: motte.Machine) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def keeper(request: BankRequest) -> None:
        asked.set()
        assert may_answer.wait(SECONDS)
        request.bank.limit = 8 * PAGE

    server = machine._population.services
    with machine.bank.sub(PAGE) as kept, machine.bank.sub() as other, kept.sub():
        kept.keeper = keeper
        waiting, quick = bank_capability(server, kept), bank_capability(server, other)
        answers: list[int] = []
        asker = threading.Thread(
            target=lambda: answers.append(waiting.call(SIZE.pack(PAGE), Request.BANK_CREATE, 0, (), None)[1])
        )
        asker.start()
        assert asked.wait(SECONDS)
        figures, status, *_ = quick.call(b"", Request.BANK_FIGURES, 0, (), SECONDS * 10**9)
        assert (status, len(figures)) == (0, FIGURES.size)
        assert not answers
        may_answer.set()
        asker.join(SECONDS)
        assert answers == [0]
        assert kept.statistics().peak == 2 * PAGE  # one more bank below it: the first attempt has left nothing


def test_the_end_of_a_process_is_told_once_where_it_is_expected(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "objects.c")
    sender, receiver = machine.channel(capacity=1)
    processes = [machine.spawn(program, ["exit"], start=False) for _ in range(3)]
    for process in processes:
        process.expect_end(receiver.core.expect_end, lambda _end: None)
    with pytest.raises(BadState, match="cannot be expected"):
        processes[0].expect_end(receiver.core.expect_end, lambda _end: None)
    assert receiver.core.next_ended() is None
    for process in processes:
        process.start()
        process.wait()
    message = receiver.receive(SECONDS)
    assert message.bits & PROCESS_ENDED
    processes[1].close()  # one that is gone is told of no more
    assert receiver.core.next_ended() == processes[0].identity
    assert receiver.core.next_ended() == processes[2].identity
    assert receiver.core.next_ended() is None
    for process in processes:
        process.close()
    with machine.spawn(program, ["exit"]) as process:
        process.wait()
        with pytest.raises(BadState, match="cannot be expected"):
            process.expect_end(receiver.core.expect_end, lambda _end: None)
    sender.close()
    receiver.close()


def test_only_who_receives_expects_ends(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "objects.c")
    sender, receiver = machine.channel(capacity=1)
    with machine.spawn(program, ["exit"], start=False) as process:
        with pytest.raises(BadState, match="cannot be expected"):
            process.expect_end(sender.core.expect_end, lambda _end: None)
        with pytest.raises(motte.NoAccess):
            sender.core.next_ended()
    receiver.close()
