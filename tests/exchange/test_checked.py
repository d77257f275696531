"""Checked blocks: what is open can be touched and nothing else, whatever interrupts whom."""

import os
import threading
from pathlib import Path

import pytest

import motte
from exchange.conftest import GUESTS, SECONDS, Actor, Command, NewActor
from motte.abi.capabilities import KernelError
from motte.abi.layout import CHECKED_BLOCKS, CHECKED_CELL, PAGE_SIZE

REACH = 1 << 32
LONG = 60


@pytest.fixture(autouse=True)
def checked() -> bool:
    """Of actors, in all tests here."""
    return True


def opened(actor: Actor, value: int = 1, pages: int = 2) -> tuple[int, int]:
    return actor.made(pages, value)


# --- which bytes can be reached --------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [Command.READ, Command.WRITE])
@pytest.mark.parametrize("place", ["before", "behind", "first", "guard", "last", "negative"])
def test_nothing_can_be_reached_but_the_pages_of_the_block(actor: NewActor, place: str, command: Command) -> None:
    one = actor()
    _, address = opened(one)
    where = {
        "before": address - 1,
        "behind": address + 2 * PAGE_SIZE,
        "first": 0,
        "guard": 40,  # where compilers look for a canary
        "last": REACH - 1,
        "negative": REACH - 8,  # where a thread's variables would be
    }[place]
    fault = one.dies(command, where)
    assert (fault.kind, fault.address) == (motte.FaultKind.CHECKED_BLOCK, where)


def test_only_the_low_half_of_an_address_counts(actor: NewActor) -> None:
    one = actor()
    _, address = opened(one, 7)
    assert one(Command.READ, address + (5 << 32)) == 7


def test_two_blocks_never_begin_at_one_address_and_opening_one_closes_the_other(actor: NewActor) -> None:
    one = actor()
    first, address = opened(one, 1)
    second, other_address = opened(one, 2)
    assert address != other_address
    assert one(Command.READ, other_address) == 2
    assert one(Command.MAP, first) == address
    assert one(Command.READ, address) == 1
    assert one.dies(Command.READ, other_address).kind == motte.FaultKind.CHECKED_BLOCK
    assert second


@pytest.mark.parametrize("end", [Command.FREE, Command.UNMAP, Command.SEND])
def test_what_was_closed_cannot_be_reached(machine: motte.Machine, actor: NewActor, end: Command) -> None:
    sender, _receiver = machine.channel(2)
    one = actor(sink=sender)
    handle, address = opened(one)
    assert one(end, handle) == 0
    assert one.dies(Command.WRITE, address).kind == motte.FaultKind.CHECKED_BLOCK


def test_a_reach_that_was_freed_is_used_again_after_all_others(actor: NewActor) -> None:
    one = actor()
    handle, address = opened(one)
    assert one(Command.FREE, handle) == 0
    _, next_address = opened(one)
    assert next_address != address


# --- how many, how large ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, CHECKED_CELL + 1, 1 << 40])
def test_there_is_no_checked_block_of_no_size_nor_beyond_a_cell(actor: NewActor, wrong: int) -> None:
    assert actor()(Command.ALLOCATE, wrong) == -KernelError.REQUEST_ERROR


def test_the_largest_block_is_a_whole_cell(actor: NewActor) -> None:
    one = actor()
    pages = CHECKED_CELL // PAGE_SIZE
    _, address = opened(one, 3, pages)
    assert one(Command.COUNT_OTHERS, address, CHECKED_CELL, 3) == 0
    assert one.dies(Command.READ, address + CHECKED_CELL).address == address + CHECKED_CELL


def test_there_are_so_many_checked_blocks_and_then_again_when_one_is_gone(
    machine: motte.Machine, actor: NewActor
) -> None:
    one = actor("64MiB")
    blocks = []
    with pytest.raises(motte.LimitReached):
        for _ in range(CHECKED_BLOCKS + 1):
            blocks.append(machine.exchange.allocate(1, checked=True))
    assert len(blocks) == CHECKED_BLOCKS
    assert one(Command.ALLOCATE, 1) == -KernelError.LIMIT_REACHED
    blocks.pop().close()
    handle = one(Command.ALLOCATE, 1)
    assert handle > 0
    assert one(Command.MAP, handle) > 0
    assert one(Command.SPLIT, handle, 0) == -KernelError.REQUEST_ERROR
    for block in blocks:
        block.close()


def test_a_tenant_who_takes_them_all_pays_and_keeps_others_from_nothing_else(
    machine: motte.Machine, actor: NewActor
) -> None:
    greedy, other = actor("64MiB"), actor()
    plain = Actor(machine, machine.bank.sub("8MiB"))
    taken = 0
    while (handle := greedy(Command.ALLOCATE, 1)) > 0:
        taken += 1
    assert (taken, handle) == (CHECKED_BLOCKS, -KernelError.LIMIT_REACHED)
    assert greedy.uses() >= taken * greedy.cost(1)
    assert other(Command.ALLOCATE, 1) == -KernelError.LIMIT_REACHED
    assert other.uses() == 0
    assert plain.made(1)
    plain.close()
    greedy.close()
    assert opened(other)


# --- copies ----------------------------------------------------------------------------------------------------------


def test_bytes_are_copied_between_blocks_that_need_not_be_open(actor: NewActor) -> None:
    one = actor()
    source, _ = opened(one, 5, 20)
    target, address = opened(one, 0, 20)
    assert one(Command.COPY_BYTES, target, source, 19 * PAGE_SIZE + 1) == 0
    assert one(Command.COUNT_OTHERS, address, 19 * PAGE_SIZE + 1, 5) == 0
    assert one(Command.READ, address + 19 * PAGE_SIZE + 1) == 0


def test_copies_beyond_an_end_or_from_nowhere_or_to_what_is_frozen_are_refused(actor: NewActor) -> None:
    one = actor()
    source, _ = opened(one, 5, 2)
    target, address = opened(one, 1, 1)
    assert one(Command.COPY_BYTES, target, source, PAGE_SIZE + 1) == -KernelError.REQUEST_ERROR
    assert one(Command.COPY_BYTES, target, target, 1) == -KernelError.REQUEST_ERROR
    assert one(Command.COPY_BYTES, target, source, -1) == -KernelError.REQUEST_ERROR
    assert one(Command.COPY_BYTES, target, 0, 1) == -KernelError.BAD_ADDRESS  # of the window's null page
    assert one(Command.COPY_BYTES, 0, source, 1) == -KernelError.BAD_ADDRESS
    assert one(Command.COPY_BYTES, target, 99, 1) == -KernelError.INVALID_CAP
    assert one(Command.COUNT_OTHERS, address, PAGE_SIZE, 1) == 0
    assert one(Command.FREEZE, target) == 0
    assert one(Command.COPY_BYTES, target, source, 1) == -KernelError.SEALED


# --- programs of two kinds -------------------------------------------------------------------------------------------


def test_who_cannot_reach_checked_blocks_can_own_and_pass_them_on(machine: motte.Machine) -> None:
    ends = [machine.channel(2) for _ in range(2)]
    one = Actor(machine, machine.bank.sub("8MiB"), sink=ends[0][0], checked=True)
    plain = Actor(machine, machine.bank.sub("8MiB"), source=ends[0][1], sink=ends[1][0])
    last = Actor(machine, machine.bank.sub("8MiB"), source=ends[1][1], checked=True)
    handle, _ = opened(one, 9, 3)
    assert one(Command.SEND, handle) == 0
    received = plain(Command.RECEIVE)
    assert plain(Command.SIZE, received) == 3 * PAGE_SIZE
    assert plain(Command.MAP, received) == 0
    assert plain(Command.SEND, received) == 0
    assert last(Command.COUNT_OTHERS, last(Command.MAP, last(Command.RECEIVE)), 3 * PAGE_SIZE, 9) == 0
    for each in (one, plain, last):
        each.close()
        assert each.bank.used == 0


@pytest.mark.parametrize("with_plain", [False, True], ids=["alone", "with others"])
@pytest.mark.parametrize("workers", [1, 4])
def test_no_interruption_anywhere_gives_anybody_another_block(workers: int, with_plain: bool) -> None:
    """Turns of 50 µs on several threads: processes go on elsewhere all the time, and lend each other turns."""
    processes, blocks, rounds = 6, 3, 2000
    with motte.Machine(workers=workers, memory="256MiB") as machine:
        group = machine.meter.sub(slice="50us")
        ends = [machine.channel(processes * blocks) for _ in range(processes)]
        ask, asked = machine.channel(processes)
        plain = machine.spawn(machine.load(GUESTS / "counter.c"), time=None, grants={"in": asked}, meter=group)
        asked.close()
        program = machine.load(GUESTS / "storm.c")
        running = []
        for place in range(processes):
            grants = {"in": ends[place][1], "out": ends[(place + 1) % processes][0]}
            arguments = [str(number) for number in (place, processes, blocks, rounds)]
            if with_plain:
                grants["plain"] = ask
            running.append(machine.spawn(program, arguments, time=None, grants=grants, meter=group))
        ask.close()
        assert [process.wait(LONG).returncode for process in running] == [0] * processes, [p.stdout for p in running]
        assert plain.wait(LONG).returncode == 0


# --- the host's own threads ------------------------------------------------------------------------------------------


def test_the_c_library_s_own_signal_finds_its_thread_s_variables(machine: motte.Machine) -> None:
    """Changing user ids interrupts all threads, those that run guests with another FS base, too."""
    program = machine.load(GUESTS / "storm.c")
    running = []
    for _ in range(2):
        sender, receiver = machine.channel(8)
        grants = {"in": receiver, "out": sender}
        running.append(machine.spawn(program, ["0", "1", "3", str(1 << 40)], time=None, grants=grants))
    for _ in range(1000):
        os.setresuid(-1, -1, -1)
        assert not any(process.state == "exited" for process in running), [process.stdout for process in running]
    for process in running:
        process.close()


def test_python_calls_functions_of_who_has_a_block_open(machine: motte.Machine) -> None:
    with machine.spawn(machine.load(GUESTS / "functions.c"), start=False) as process:
        assert process.function("begin")() == 1
        put, total = process.function("put"), process.function("sum")
        for at in range(0, 4096, 512):
            assert put(at, 3) == 3
        assert total(1) == 24
        assert total(2000) == 48000  # for longer than a visit may take, and a slice


def test_a_fault_elsewhere_and_python_s_own_signals_find_theirs(machine: motte.Machine) -> None:
    source, sink = machine.channel(8)
    process = machine.spawn(
        machine.load(GUESTS / "storm.c"), ["0", "1", "3", "5000"], time=None, grants={"in": sink, "out": source}
    )
    errors = []

    def work() -> None:
        while process.state != "exited":
            try:
                Path("/nowhere").stat()
            except FileNotFoundError as error:
                errors.append(error.errno)

    thread = threading.Thread(target=work)
    thread.start()
    assert process.wait(LONG).returncode == 0
    thread.join()
    assert set(errors) <= {2}


def test_a_child_of_fork_has_checked_blocks_of_its_own(machine: motte.Machine, tmp_path: Path) -> None:
    block = machine.exchange.allocate("64KiB", checked=True)
    block.view()[:4] = b"here"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with motte.Machine(memory="64MiB", workers=1) as own:
                actor = Actor(own, own.bank.sub("8MiB"), checked=True)
                _, address = opened(actor, 4)
                status = 0 if actor(Command.READ, address) == 4 else 2
                actor.close()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bytes(block.view()[:4]) == b"here"


# --- ends ------------------------------------------------------------------------------------------------------------


def test_a_machine_is_closed_with_blocks_open() -> None:
    for _ in range(3):
        with motte.Machine(memory="64MiB", workers=2) as machine:
            actors = [Actor(machine, machine.bank.sub("8MiB"), checked=True) for _ in range(3)]
            for each in actors:
                opened(each)


def test_who_reads_a_frozen_block_pays_for_it_and_keeps_it(machine: motte.Machine, actor: NewActor) -> None:
    sender, receiver = machine.channel(4)
    bank = machine.bank.sub("8MiB")
    other = actor(source=receiver)
    block = machine.exchange.allocate(20 * PAGE_SIZE, bank, checked=True)
    block.view()[:5] = b"words"
    block.freeze()
    sender.send(blocks=[block])
    received = other(Command.RECEIVE)
    before = other.uses()
    address = other(Command.MAP, received)
    assert other.uses() - before == 20 * PAGE_SIZE
    bank.destroy()
    assert other(Command.READ, address) == ord("w")
    assert other(Command.UNMAP, received) == 0
    assert other.uses() == before
    assert other(Command.MAP, received) == 0


def test_a_keeper_may_mend_a_pointer_into_a_block_but_no_region_of_the_window_is_meant(machine: motte.Machine) -> None:
    seen: list[motte.KeptFault] = []

    def mend(fault: motte.KeptFault) -> motte.Resume | None:
        seen.append(fault)
        return motte.Resume({"rdi": CHECKED_CELL}) if len(seen) < 3 else None  # no block begins lower, perhaps

    commands, receiver = machine.channel(1)
    process = machine.spawn(
        machine.load(GUESTS / "checked_actor.c"), time=None, grants={"commands": receiver}, keeper=mend
    )
    receiver.close()
    with pytest.raises(motte.PeerClosed):
        commands.call(b"\0" * 24, tag=Command.READ, timeout=SECONDS)
    assert process.wait(SECONDS).fault is not None
    assert {fault.kind for fault in seen} == {motte.FaultKind.CHECKED_BLOCK}
    process.close()
