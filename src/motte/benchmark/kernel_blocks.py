"""What it costs to give a block of pages away, whatever its size."""

from __future__ import annotations

from motte.benchmark.kernel_figures import Figure, Scale
from motte.benchmark.kernel_guests import Bench, bench

ROUNDS_PER_BATCH = 10
KIB = 1024
CHECKED_SIZES = {"64 KiB": (64 * KIB, 600), "4 MiB": (4096 * KIB, None)}
SIZES = {"64 KiB": (64 * KIB, None), "1 MiB": (1024 * KIB, 25_000), "4 MiB": (4096 * KIB, None)}


def blocks(scale: Scale) -> list[Figure]:
    """Between two processes on one worker: sent, received, opened or mapped, and touched at both ends."""
    with bench(workers=1) as here:
        rate = here.ticks_per_ns()
        kinds = (
            ("checked_blocks", "checked block", "opened and touched", CHECKED_SIZES),
            ("blocks", "block", "page-moved, mapped and touched", SIZES),
        )
        return [
            Figure(
                f"{kind} of {name} passed on",
                transfer_ns(here, program, scale.batches, size) * rate,
                "cycles",
                goal,
                note=note,
            )
            for program, kind, note, sizes in kinds
            for name, (size, goal) in sizes.items()
        ]


def transfer_ns(here: Bench, name: str, batches: int, size: int) -> float:
    """One way, of a block that is passed to and fro: the shortest batch's."""
    sender, receiver = here.machine.channel(4, buffer=64)
    program = here.program(name)
    server = here.machine.spawn(program, ["server", str(size)], time=None, stderr=None, grants={"in": receiver})
    client = here.machine.spawn(
        program,
        ["client", str(batches), str(ROUNDS_PER_BATCH), str(size)],
        time=None,
        stderr=None,
        grants={"out": sender},
    )
    sender.close()
    receiver.close()
    (shortest,) = here.numbers(client)
    client.close()
    here.finish(server)
    server.close()
    return shortest / ROUNDS_PER_BATCH / 2
