"""A refusal says which bank it was, wherever it is met; and what was to move stays where it was."""

from pathlib import Path

import pytest

import motte
from motte.abi.layout import PAGE_SIZE

SECONDS = 20

TALK = motte.Contract(
    messages={"ask": "!", "answer": "?"},
    states={"Start": {"ask": "Asked"}, "Asked": {"answer": "End"}},
    initial="Start",
    final=["End"],
)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    source = tmp_path / "nothing.c"
    source.write_text("int main(void) { return 0; }\n")
    return source


def test_a_receiver_whose_bank_does_not_cover_a_block_says_so() -> None:
    with motte.Machine(memory="64MiB") as machine, machine.bank.sub("64KiB", name="small") as bank:
        sender, receiver = machine.channel(1, bank=bank, buffer=64)
        sender.send(b"", blocks=[machine.exchange.allocate("128KiB")])
        with pytest.raises(motte.LimitReached) as refused:
            receiver.receive(0)
        assert refused.value.bank == bank
        bank.limit = "1MiB"
        (block,) = receiver.receive(0).blocks
        bank.limit = bank.used
        with pytest.raises(motte.LimitReached) as refused:
            block.split(PAGE_SIZE)
        assert refused.value.bank == bank
        block.close()


def test_an_end_that_moves_with_a_grant_stays_with_its_owner_if_nothing_comes_of_it(program: Path) -> None:
    with motte.Machine(memory="64MiB") as machine:
        loaded = machine.load(program)
        filler = {f"filler {i}": machine.meter for i in range(4096)}
        client, server = machine.conversation(TALK)
        with machine.bank.sub("512KiB") as bank, pytest.raises(motte.LimitReached):
            machine.spawn(loaded, grants={"end": client, **filler}, bank=bank)
        client.send("ask")
        assert server.name_of(server.receive(SECONDS)) == "ask"
        with machine.spawn(loaded, grants={"end": server}) as process:
            process.wait(SECONDS)
        with pytest.raises(motte.Closed):
            server.receive(0)
        assert machine.statistics().processes == 0
