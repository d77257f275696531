"""Processes that can do what they hold capabilities for: a server, two clients, and a report by contract."""

import asyncio
import tempfile
from pathlib import Path

import motte

LEARN, TELL = 1, 2

report = motte.Contract(
    name="report",
    messages={"found": motte.ContractMessage("!", size=32), "missing": motte.ContractMessage("!", size=0)},
    states={"Working": {"found": "Done", "missing": "Done"}},
    initial="Working",
    final=["Done"],
)


def run_client(machine: motte.Machine, program: motte.Program, dictionary: motte.Sender, *words: str) -> None:
    """One client, which asks the dictionary and reports what it has found."""
    client_end, server_end = machine.conversation(report)
    with machine.spawn(program, words, grants={"dictionary": dictionary, "report": client_end}) as client:
        message = server_end.receive()
        found = f"{server_end.name_of(message)} {message.data.decode()}".rstrip()
        print(f"client {dictionary.badge}: {words[0]} is {found}")
        assert client.wait().returncode == 0


async def ask_many(dictionary: motte.Sender) -> None:
    """Many at once, in one thread."""
    answers = await asyncio.gather(*(dictionary.call_async(b"moat", tag=TELL) for _ in range(1000)))
    print("a thousand calls at once:", {answer.data.decode() for answer in answers})


with tempfile.TemporaryDirectory() as headers, motte.Machine() as machine:
    (Path(headers) / "report.h").write_text(report.header())
    client = machine.load("client.c", motte.BuildOptions(include=[headers]))
    sender, receiver = machine.channel(capacity=16)
    server = machine.spawn(machine.load("dictionary.c"), grants={"requests": receiver})
    receiver.close()  # the server has a copy

    first, second = sender.restrict(badge=1), sender.restrict(badge=2)
    run_client(machine, client, first, "motte", "motte=a mound")
    run_client(machine, client, second, "motte")

    sender.call(b"moat=a ditch", tag=LEARN)
    asyncio.run(ask_many(sender))

    sender.revoke(2)
    try:
        second.call(b"motte", tag=TELL)
    except motte.InvalidCap as error:
        print("client 2:", error)
    print("client 1:", first.call(b"motte", tag=TELL).data.decode())

    for capability in (first, second, sender):
        capability.close()
    server.wait()
    print("server:", server.stdout.decode().strip())
    server.close()
