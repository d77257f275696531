"""Many processes of one program: load once, spawn often, wait with or without an event loop."""

import asyncio
from pathlib import Path

import motte

WORKER = Path(__file__).parent / "worker.c"


async def sums(machine: motte.Machine, program: motte.Program) -> list[int]:
    """All at once, each in a window of its own."""
    processes = [machine.spawn(program, [str(last)]) for last in (10, 100, 1000)]
    await asyncio.gather(*processes)
    return [int(process.stdout) for process in processes]


with motte.Machine(memory="256MiB") as machine:
    program = machine.load(WORKER)
    print("verified:", program.verdict.ok)
    print("sums:", asyncio.run(sums(machine, program)))

    with machine.spawn(program) as endless:
        try:
            endless.wait(timeout=0.05)
        except motte.Timeout:
            print("still running")
        endless.kill()
        print("killed:", endless.wait().returncode)

print("nothing is left running")
