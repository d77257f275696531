"""Calls, messages, and everything that a machine can be asked to make: whatever ends, or is dropped, leaves nothing."""

import array
import asyncio
from collections.abc import Iterator
from contextlib import suppress

import pytest

import motte
from stress.conftest import GUESTS, LONG, QUIET, Flat

Channel = tuple[motte.Sender, motte.Receiver]


class RefusedError(Exception):
    """What a function of the host raises here."""


def twice(value: motte.i32) -> motte.i32:
    if value == 13:
        raise RefusedError(value)
    return 2 * value


@pytest.fixture(scope="module")
def guest(machine: motte.Machine, plugin: motte.Program) -> Iterator[motte.Process]:
    with machine.spawn(plugin, start=False, grants={"twice": motte.host_function(twice)}) as guest:
        yield guest


@pytest.fixture(scope="module")
def channel(machine: motte.Machine) -> Channel:
    return machine.channel(capacity=4)


# --- calls -----------------------------------------------------------------------------------------------------------


def test_calls(guest: motte.Process, flat: Flat) -> None:
    add = guest.function("add")
    flat(lambda: add(2, 3), 50_000, 1_000_000)


def test_calls_of_functions_of_the_host(guest: motte.Process, flat: Flat) -> None:
    call_twice = guest.function("call_twice")
    flat(lambda: call_twice(4), 20_000, 1_000_000)


def test_exceptions_in_functions_of_the_host(guest: motte.Process, flat: Flat) -> None:
    call_twice = guest.function("call_twice")

    def attempt() -> None:
        with suppress(RefusedError):
            call_twice(13)

    flat(attempt, 20_000, 1_000_000)


def test_texts_and_arrays(guest: motte.Process, flat: Flat) -> None:
    length, count_up = guest.function("length"), guest.function("count_up")
    numbers = array.array("d", bytes(128))

    def pass_both() -> None:
        assert length("a text") == 6
        count_up(motte.Out(numbers), 16)

    flat(pass_both, 10_000, 500_000)


def test_arguments_that_are_refused(guest: motte.Process, flat: Flat) -> None:
    add, length = guest.function("add"), guest.function("length")

    def attempt() -> None:
        for function, arguments in ((add, (1,)), (add, (1, "x")), (add, (1 << 40, 1)), (length, ("\ud800",))):
            with suppress(TypeError, OverflowError, ValueError):
                function(*arguments)

    flat(attempt, 3_000)


def test_binding(guest: motte.Process, flat: Flat) -> None:
    flat(lambda: guest.function("add", "int add(int one, int other)"), 1_000)


def test_plugins(machine: motte.Machine, plugin: motte.Program, flat: Flat) -> None:
    def use() -> None:
        with machine.spawn(plugin, start=False, grants={"twice": motte.host_function(twice)}) as process:
            assert process.function("call_twice")(3) == 6
            with suppress(RefusedError):
                process.function("call_twice")(13)
            with suppress(motte.GuestFault):
                process.function("fault")()

    flat(use, 300)


def test_calls_that_are_cut_short(machine: motte.Machine, plugin: motte.Program, flat: Flat) -> None:
    def use() -> None:
        with machine.spawn(plugin, start=False) as process, suppress(motte.Timeout):
            process.function("spin")(timeout=0.0005)

    flat(use, 100)


def test_calls_in_event_loops(guest: motte.Process, flat: Flat) -> None:
    add = guest.function("add")

    async def call() -> None:
        await asyncio.gather(*(asyncio.to_thread(add, number, 1) for number in range(3)))

    flat(lambda: asyncio.run(call()), 50)


# --- messages --------------------------------------------------------------------------------------------------------


def test_messages(channel: Channel, flat: Flat) -> None:
    sender, receiver = channel

    def pass_one() -> None:
        sender.send(b"some bytes")
        receiver.receive(0)

    flat(pass_one, 20_000, 1_000_000)


def test_capabilities_in_messages(channel: Channel, flat: Flat) -> None:
    sender, receiver = channel

    def pass_one() -> None:
        sender.send(b"", capabilities=[sender.copy(), sender.restrict(sender.rights, badge=5)])
        receiver.receive(0)

    flat(pass_one, 3_000)


@pytest.mark.parametrize("closed", [True, False])
def test_channels(machine: motte.Machine, flat: Flat, closed: bool) -> None:
    def make() -> None:
        sender, receiver = machine.channel(capacity=4)
        sender.send(b"nobody receives this")
        if closed:
            sender.close()
            receiver.close()

    flat(make, 3_000, 200_000)


def test_channels_that_lie_in_each_other_and_end_with_their_bank(machine: motte.Machine, flat: Flat) -> None:
    def make() -> None:
        with machine.bank.sub("1MiB") as bank:
            (to_one, one), (to_other, other) = (machine.channel(capacity=4, bank=bank) for _ in range(2))
            to_one.send(b"", capabilities=[to_other, other])
            to_other.send(b"", capabilities=[to_one, one])

    flat(make, 1_000)


def test_waits_that_are_cancelled(channel: Channel, flat: Flat) -> None:
    async def cancel() -> None:
        waiting = asyncio.create_task(channel[1].receive_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    flat(lambda: asyncio.run(cancel()), 100)


def test_conversations(machine: motte.Machine, flat: Flat) -> None:
    contract = motte.Contract(
        messages={"ask": "!", "answer": "?"},
        states={"Idle": {"ask": "Asked"}, "Asked": {"answer": "Idle"}},
        initial="Idle",
    )

    def talk() -> None:
        client, server = machine.conversation(contract)
        client.send("ask", b"question")
        assert server.name_of(server.receive(0)) == "ask"

    flat(talk, 2_000)


@pytest.mark.parametrize("kind", ["forwarder", "membrane"])
def test_forwarders(machine: motte.Machine, channel: Channel, flat: Flat, kind: str) -> None:
    sender, receiver = channel

    def forward() -> None:
        control = getattr(machine, kind)(sender)
        control.given.send(b"through it")
        receiver.receive(0)
        control.cut()

    flat(forward, 1_000)


# --- memory and time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("closed", [True, False])
def test_blocks(machine: motte.Machine, channel: Channel, flat: Flat, checked: bool, closed: bool) -> None:
    sender, receiver = channel

    def pass_one() -> None:
        block = machine.exchange.allocate("64KiB", checked=checked)
        block.view()[:4] = b"text"
        sender.send(b"", blocks=[block])
        received = receiver.receive(0).blocks[0]
        if closed:
            received.close()

    flat(pass_one, 300)


@pytest.mark.parametrize("destroyed", [True, False])
def test_banks(machine: motte.Machine, flat: Flat, destroyed: bool) -> None:
    def make() -> None:
        bank = machine.bank.sub("1MiB", name="tenant")
        below = bank.sub("64KiB", name="below")
        if destroyed:
            bank.destroy()
            assert below.destroyed

    flat(make, 1_000, 100_000)


def test_meters(machine: motte.Machine, flat: Flat) -> None:
    flat(lambda: machine.meter.sub(budget="1s", name="tenant").sub(rate="10%"), 2_000, 100_000)


# --- whole machines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("closed", [True, False])
def test_programs(machine: motte.Machine, flat: Flat, closed: bool) -> None:
    def load() -> None:
        program = machine.load(GUESTS / "tasks.c")
        if closed:
            program.close()

    flat(load, 100, 2_000)


def test_machines(flat: Flat) -> None:
    def make() -> None:
        with motte.Machine():
            pass

    flat(make, 300)


def test_machines_with_everything(flat: Flat) -> None:
    def make() -> None:
        with motte.Machine(workers=2) as machine:
            program = machine.load(GUESTS / "tasks.c")
            machine.observer().monitor()
            process = machine.spawn(program, ["sleep"], keeper=lambda fault: None, grants={"bank": machine.bank})
            machine.pool(program, warm=2).checkout()
            process.monitor(lambda down: None)

    flat(make, 30)


def test_traces(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def trace() -> None:
        with machine.trace(records=1024) as trace, machine.events() as events:
            with machine.spawn(tasks, **QUIET) as process:  # type: ignore[arg-type]
                process.wait(LONG)
            assert trace.take()
            assert events.take()

    flat(trace, 200)


def test_file_trees(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def grant() -> None:
        tree = motte.Directory(motte.FileTree(), "/data")
        with machine.spawn(tasks, directories=[tree], **QUIET) as process:  # type: ignore[arg-type]
            process.wait(LONG)

    flat(grant, 200)
