"""A thousand guests that talk with one event loop: no thread and no descriptor for any of them."""

import asyncio
import threading
from pathlib import Path

import motte

GUESTS = 1000


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def talk(machine: motte.Machine, program: motte.Program, number: int, everybody: asyncio.Barrier) -> bytes:
    """One guest's conversation; its first answer."""
    async with machine.spawn(program, stdin=motte.PIPE, stdout=motte.PIPE) as guest:
        await guest.stdin.write(b"hello from %d\n" % number)
        answer = await guest.stdout.readline()
        await everybody.wait()  # all of them are here at once
        guest.stdin.write(b"line one\nline two\n")
        guest.stdin.close()
        lines = [line async for line in guest.stdout]
        assert lines == [b"LINE ONE\n", b"LINE TWO\n"]
        assert (await guest).returncode == 0
        return answer


async def main() -> None:
    """All of them."""
    async with motte.Machine() as machine:
        program = machine.load("upper.c")
        everybody = asyncio.Barrier(GUESTS)
        before = descriptors()
        talks = [asyncio.create_task(talk(machine, program, number, everybody)) for number in range(GUESTS)]
        while everybody.n_waiting < GUESTS - 1 and not talks[0].done():
            await asyncio.sleep(0)
        few = threading.active_count() < 10 and descriptors() - before < 20
        answers = await asyncio.gather(*talks)
        print(answers[0], answers[-1], f"{len(answers)} guests")
        print("a few threads and descriptors for all of them:", few)

        # A run is a process from its start to its end. To cancel it is to kill its guest.
        done = await machine.run_async(program, stdin=b"one run\n")
        print(done.stdout, done.returncode)
        try:
            async with asyncio.timeout(0.1):
                await machine.run_async(program, stdin=motte.PIPE)  # nobody ever writes
        except TimeoutError:
            print("timed out; processes that are left:", machine.statistics().processes)

        # A pipeline: what one writes, the next one reads.
        async with (
            machine.spawn(program, stdin=b"through two guests\n", stdout=motte.PIPE) as first,
            machine.spawn(program, stdin=first.stdout) as second,
        ):
            await second
            print(second.stdout)


asyncio.run(main())
