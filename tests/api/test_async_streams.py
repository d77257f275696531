"""Streams in event loops: asyncio's words for them, many guests at once, and what a cancellation does."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte
from motte import PIPE

STREAMS = Path(__file__).parent / "programs/streams.c"


def entries(directory: str) -> int:
    return len(list(Path(directory).iterdir()))


@pytest.fixture(scope="module")
def shared() -> Iterator[motte.Machine]:
    with motte.Machine(memory="4GiB") as machine:
        yield machine


@pytest.fixture(scope="module")
def streams(shared: motte.Machine) -> motte.Program:
    return shared.load(STREAMS)


@pytest.fixture(autouse=True)
def nothing_is_left(shared: motte.Machine) -> Iterator[None]:
    yield
    assert shared.statistics().processes == 0


def test_a_conversation(shared: motte.Machine, streams: motte.Program) -> None:
    async def talk() -> None:
        async with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
            for number in range(50):
                await process.stdin.write(b"line %d\n" % number)
                assert await process.stdout.readline() == b"line %d\n" % number
            process.stdin.write(b"last\nwithout")
            process.stdin.close()
            assert [line async for line in process.stdout] == [b"last\n", b"without"]
            assert process.stdout.at_eof()
            assert (await process).returncode == 0

    asyncio.run(talk())


def test_the_ways_to_read(shared: motte.Machine, streams: motte.Program) -> None:
    async def read() -> None:
        async with shared.spawn(streams, ["say", "0123456789;x", "say", "yz"], stdout=PIPE) as process:
            out = process.stdout
            assert isinstance(out, motte.AsyncReader)
            assert await out.read(0) == b""
            assert await out.readexactly(3) == b"012"
            assert await out.readuntil(b";") == b"3456789;"
            with pytest.raises(asyncio.IncompleteReadError) as incomplete:
                await out.readexactly(100)
            assert incomplete.value.partial == b"xyz"
            assert incomplete.value.expected == 100
            assert await out.read() == await out.read(5) == await out.readline() == b""

    asyncio.run(read())


def test_writes_wait_for_who_reads_them(shared: motte.Machine, streams: motte.Program) -> None:
    async def write() -> None:
        async with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
            data = os.urandom(1_000_000)
            drained = asyncio.ensure_future(process.stdin.write(data))
            done, _ = await asyncio.wait([drained], timeout=0.05)
            assert not done
            assert await process.stdout.readexactly(1_000_000) == data
            await drained
            process.stdin.write(data)  # goes on by itself
            process.stdin.close()
            assert await process.stdout.read() == data
            with pytest.raises(ValueError, match="closed"):
                process.stdin.write(b"x")

    asyncio.run(write())


def test_a_broken_pipe_reaches_who_writes(shared: motte.Machine, streams: motte.Program) -> None:
    async def write() -> None:
        async with shared.spawn(streams, ["close", "0", "say", "x", "forever"], stdin=PIPE, stdout=PIPE) as process:
            assert await process.stdout.readexactly(1) == b"x"
            with pytest.raises(BrokenPipeError):
                await process.stdin.write(b"x")

    asyncio.run(write())


def test_a_stream_can_change_from_one_world_to_the_other(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
        process.stdin.write(b"one\ntwo\nthree\n")
        assert process.stdout.readline() == b"one\n"

        async def read() -> bytes:
            line: bytes = await process.stdout.readline()
            return line

        assert asyncio.run(read()) == b"two\n"
        assert process.stdout.readline() == b"three\n"


def test_communicate(shared: motte.Machine, streams: motte.Program) -> None:
    async def communicate() -> None:
        data = os.urandom(1_000_000)
        async with shared.spawn(streams, ["copy", "complain", "e"], stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
            assert await process.communicate_async(data) == (data, b"e")

    asyncio.run(communicate())


def test_a_cancelled_read_takes_nothing(shared: motte.Machine, streams: motte.Program) -> None:
    async def cancel() -> None:
        async with shared.spawn(streams, ["say", "half", "copy"], stdin=PIPE, stdout=PIPE) as process:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(process.stdout.readline(), 0.02)
            await process.stdin.write(b" a line\n")
            assert await process.stdout.readline() == b"half a line\n"

    asyncio.run(cancel())


def test_two_thousand_guests_talk_under_one_loop_without_a_thread_or_a_descriptor_each(
    shared: motte.Machine, streams: motte.Program
) -> None:
    threads: set[int] = set()
    descriptors: set[int] = set()
    talking = 0

    async def talk(number: int, everybody: asyncio.Event) -> None:
        nonlocal talking
        async with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE, stderr=None) as process:
            await process.stdin.write(b"%d\n" % number)
            assert await process.stdout.readline() == b"%d\n" % number
            talking += 1
            if talking == 2000:
                threads.add(entries("/proc/self/task"))
                descriptors.add(entries("/proc/self/fd"))
                everybody.set()
            await everybody.wait()
            await process.stdin.write(b"again\n")
            assert await process.stdout.readline() == b"again\n"
            process.stdin.close()
            assert (await process).returncode == 0

    async def all_of_them() -> None:
        everybody = asyncio.Event()
        await asyncio.gather(*(talk(number, everybody) for number in range(2000)))

    before = entries("/proc/self/task"), entries("/proc/self/fd")
    asyncio.run(all_of_them())
    assert max(threads) <= before[0] + 16
    assert max(descriptors) <= before[1] + 16


# --- runs, and cancellation -----------------------------------------------------------------------------------------


def test_run_async_is_run_in_a_loop() -> None:
    async def run() -> None:
        done = await motte.run_async(STREAMS, ["copy"], stdin=b"input", memory="64MiB", time=10)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"input", b"")
        lines: list[bytes] = []
        done = await motte.run_async(STREAMS, ["say", "a\nb\n"], stdout=motte.lines(lines.append))
        assert lines == [b"a\n", b"b\n"]
        with pytest.raises(motte.CompileError):
            await motte.run_async(b"this is not LLVM assembly")

    asyncio.run(run())


def test_to_cancel_a_run_is_to_kill_the_guest(shared: motte.Machine, streams: motte.Program) -> None:
    async def cancel() -> None:
        running = [asyncio.ensure_future(shared.run_async(streams, ["copy"], stdin=PIPE)) for _ in range(10)]
        await asyncio.sleep(0.05)
        assert shared.statistics().processes == 10
        for run in running:
            run.cancel()
        for run in running:
            with pytest.raises(asyncio.CancelledError):
                await run
        assert shared.statistics().processes == 0

    asyncio.run(cancel())


def test_to_cancel_a_wait_is_not(shared: motte.Machine, streams: motte.Program) -> None:
    async def cancel() -> None:
        async with shared.spawn(streams, ["copy"], stdin=PIPE) as process:
            for _ in range(3):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(process, 0.01)
            assert process._callbacks == ()
            assert process.state == "waiting"
            process.stdin.close()
            assert (await process).returncode == 0

    asyncio.run(cancel())


def test_exceptions_of_callbacks_reach_who_awaits(shared: motte.Machine, streams: motte.Program) -> None:
    def fail(_chunk: bytes) -> None:
        raise LookupError("of the user's")

    async def run() -> None:
        with pytest.raises(LookupError):
            await shared.run_async(streams, ["forever"], stdout=fail)

    asyncio.run(run())


def test_machines_are_closed_without_holding_up_the_loop() -> None:
    async def use() -> None:
        async with motte.Machine(memory="64MiB") as machine:
            program = machine.load(STREAMS)
            assert (await machine.run_async(program, ["say", "x"])).stdout == b"x"
        with pytest.raises(motte.Closed):
            machine.statistics()

    asyncio.run(use())


def test_loops_on_several_threads_share_a_machine(shared: motte.Machine, streams: motte.Program) -> None:
    outputs: list[bytes] = []

    async def run(number: int) -> None:
        for turn in range(20):
            word = b"%d.%d" % (number, turn)
            outputs.append((await shared.run_async(streams, ["copy"], stdin=word)).stdout)

    threads = [threading.Thread(target=asyncio.run, args=(run(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outputs) == sorted(b"%d.%d" % (number, turn) for number in range(8) for turn in range(20))
