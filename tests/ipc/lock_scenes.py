"""What drops much at once; run with ``lock_times.c`` preloaded, prints how long a lock was held in each scene.

``python -m ipc.lock_scenes LIBRARY``: a JSON object of scenes, each with nanoseconds and how often a lock was held.
"""

from __future__ import annotations

import ctypes
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import motte
from motte.core import PrepaidMessage

ROUNDS = 3
NOTHING = b"define i32 @main() { ret i32 0 }"

Scene = tuple[Callable[[motte.Machine], Any], Callable[[Any], None]]


def channel_with(machine: motte.Machine, messages: int, capabilities: int = 0, blocks: int = 0) -> motte.Receiver:
    """Messages that hold the last capabilities to something."""
    sender, receiver = machine.channel(messages)
    for _ in range(messages):
        sender.send(
            capabilities=[machine.channel(1)[0] for _ in range(capabilities)],
            blocks=[machine.exchange.allocate(1) for _ in range(blocks)],
        )
    return receiver


def queues_in_one_another(machine: motte.Machine) -> motte.Receiver:
    """The receiver of each lies in the next one's queue."""
    _sender, receiver = machine.channel(1)
    for _ in range(4096):
        sender, outer = machine.channel(1)
        sender.send(capabilities=[receiver])
        receiver.close()
        receiver = outer
    return receiver


def full_table(machine: motte.Machine) -> motte.Process:
    grants = {f"capability {i}": machine.channel(1)[0] for i in range(4000)}
    return machine.spawn(machine.load(NOTHING), grants=grants, start=False)


def bank_of_channels(machine: motte.Machine) -> tuple[motte.SpaceBank, list[Any]]:
    bank, kept = machine.bank.sub(), []
    for _ in range(4096):
        sender, receiver = machine.channel(2, bank=bank)
        sender.send(capabilities=[machine.channel(1)[0]])
        kept.append((sender, receiver))
    return bank, kept


def bank_of_blocks(machine: motte.Machine) -> tuple[motte.SpaceBank, list[motte.Block]]:
    bank = machine.bank.sub()
    return bank, [machine.exchange.allocate(1, bank=bank) for _ in range(2000)]


def queue_paid_in_advance(machine: motte.Machine, bank: motte.SpaceBank) -> tuple[motte.SpaceBank, list[Any]]:
    """Of 20,000 messages, which wait at a channel that has room for one."""
    sender, receiver = machine.channel(1)
    payer = bank.account_to_draw_from(machine._population.banks).core
    for _ in range(20_000):
        PrepaidMessage(machine._population.scheduler, payer).send(sender.core, b"", 0, 0, ())
    return machine.bank.sub() if bank == machine.bank else bank, [sender, receiver]


def close(made: Any) -> None:
    made.close()


def destroy(made: Any) -> None:
    made[0].destroy()


SCENES: dict[str, Scene] = {
    "4,096 messages with capabilities": (lambda machine: channel_with(machine, 4096, capabilities=4), close),
    "1,000 messages with blocks": (lambda machine: channel_with(machine, 1000, blocks=2), close),
    "65,536 messages": (lambda machine: channel_with(machine, 65536), close),
    "4,096 queues in one another": (queues_in_one_another, close),
    "a full table": (full_table, close),
    "a bank of 4,096 channels": (bank_of_channels, destroy),
    "a bank that has paid for 20,000 messages": (
        lambda machine: queue_paid_in_advance(machine, machine.bank.sub()),
        destroy,
    ),
    "a bank beside 20,000 messages that another has paid for": (
        lambda machine: queue_paid_in_advance(machine, machine.bank),
        destroy,
    ),
    "a bank of 2,000 blocks": (bank_of_blocks, destroy),
}


def core_code() -> tuple[int, int]:
    """Where the core's code lies in this process."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    (line,) = (each for each in maps if "/_core" in each and " r-xp " in each)
    start, end = line.split()[0].split("-")
    return int(start, 16), int(end, 16)


def measure(library: Any, scene: Scene) -> tuple[int, int]:
    """The shortest of several rounds: whatever else happened in one did not happen in all."""
    make, drop = scene
    measured = []
    for _ in range(ROUNDS):
        with motte.Machine(memory=None, workers=1) as machine:
            made = make(machine)
            library.lock_times_begin()
            drop(made)
            measured.append((library.lock_times_longest_ns(), library.lock_times_holds()))
            del made
    return min(measured)


def main() -> None:
    library = ctypes.CDLL(sys.argv[1])
    library.lock_times_of.argtypes = [ctypes.c_uint64, ctypes.c_uint64]
    library.lock_times_longest_ns.restype = library.lock_times_holds.restype = ctypes.c_uint64
    library.lock_times_of(*core_code())
    print(json.dumps({name: measure(library, scene) for name, scene in SCENES.items()}))


if __name__ == "__main__":
    main()
