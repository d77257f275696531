"""Calls of guests' functions that event loops await: results, ends, cancellation, deadlines; and no thread for any."""

import asyncio
import contextlib
import contextvars
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

import motte
from calls.conftest import LONG, Plugin

MANY = 1000


def in_loop(coroutine: Coroutine[Any, Any, Any]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(LONG):
            return await coroutine

    return asyncio.run(bounded())


async def state_is(process: motte.Process, *states: str) -> None:
    while process.state not in states:
        await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def spinning(process: motte.Process) -> AsyncIterator[asyncio.Task[Any]]:
    """In it, a call is under way that does not return by itself."""
    task = asyncio.create_task(process.function("spin").call_async())
    await state_is(process, "ready", "running")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


# --- what comes of it -------------------------------------------------------------------------------------------------


def test_a_call_is_awaited_with_all_that_a_call_takes(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    numbers = bytearray(6)

    async def call() -> None:
        assert await process.call_async("add", 2, 3) == 5
        add = process.function("add")
        assert await add.call_async(b=4, a=-5) == -1
        assert await add.call_async(1, 2, timeout=LONG) == 3
        assert await process.call_async("length", "grüß") == 6
        assert await process.call_async("fill", motte.Out(numbers), 3, 7) is None
        assert await process.call_async("constructions") == 1

    in_loop(call())
    assert numbers == b"\7\7\7\0\0\0"
    assert process.function("add")(2, 3) == 5


def test_wrong_arguments_are_refused_as_ever_and_nothing_is_called(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)

    async def call() -> None:
        with pytest.raises(OverflowError, match=r"^add: a: 2147483648 does not fit into int32$"):
            await process.call_async("add", 2**31, 0)
        with pytest.raises(TypeError, match=r"^add takes 2 arguments, and 1 was given$"):
            await process.call_async("add", 1)
        with pytest.raises(TypeError, match=r"^add has no parameter 'c'$"):
            await process.function("add").call_async(1, c=2)
        with pytest.raises(LookupError, match="exports no function 'ad'"):
            await process.call_async("ad")
        with pytest.raises(ValueError, match=r"^timeout: more than 0 seconds, or None$"):
            await process.call_async("add", 1, 2, timeout=-1)

    in_loop(call())
    assert process.state == "idle"


def test_ends_are_those_of_the_synchronous_call(plugin: Plugin, library: motte.Program, busy: motte.Program) -> None:
    process = plugin(library)

    async def call() -> None:
        with pytest.raises(motte.GuestFault, match=r"^read_at: fault: read through a null pointer") as caught:
            await process.call_async("read_at", None)
        assert [frame.function for frame in caught.value.end.backtrace] == ["read_at"]
        with pytest.raises(motte.Exited, match=r"^add: the process of library\.c has ended: fault"):
            await process.call_async("add", 1, 2)
        with pytest.raises(motte.Exited, match=r"^leave: the process has exited with status 3$"):
            await plugin(busy).call_async("leave", 3)
        with pytest.raises(motte.GuestFault, match=r"^give_up: stopped: abort\(\)"):
            await plugin(busy).call_async("give_up")
        with pytest.raises(motte.LimitReached, match=r"^spin: .*CPU-time limit of 100 ms"):
            await plugin(busy, time=0.1).call_async("spin")
        with pytest.raises(motte.LimitReached, match=r"^spin: .*wall-time limit"):
            await plugin(busy, wall_time=0.1).call_async("spin")

    in_loop(call())


def test_a_keeper_may_repair_a_fault_of_an_awaited_call(plugin: Plugin, library: motte.Program) -> None:
    def keeper(fault: motte.KeptFault) -> motte.Skip:
        return motte.Skip()

    process = plugin(library, keeper=keeper)
    in_loop(process.call_async("read_at", 0x4))
    assert process.function("add")(2, 3) == 5


# --- many -------------------------------------------------------------------------------------------------------------


def test_a_thousand_calls_wait_at_once_and_there_is_no_thread_for_any(
    machine: motte.Machine, plugin: Plugin, busy: motte.Program
) -> None:
    async def call() -> None:
        with contextlib.ExitStack() as stack:
            channels = [machine.channel(capacity=1) for _ in range(MANY)]
            for sender, receiver in channels:
                stack.enter_context(sender)
                stack.enter_context(receiver)
            processes = [plugin(busy, bank="256KiB", grants={"in": receiver}) for _, receiver in channels]
            before = threads()
            calls = [asyncio.create_task(process.call_async("receive")) for process in processes]
            for process in processes:
                await state_is(process, "receiving")
            assert threads() <= before + 12  # the machine's workers, and a few spare ones
            for number, (sender, _) in enumerate(channels):
                sender.send(b"x" * (number % 8))
            assert await asyncio.gather(*calls) == [number % 8 for number in range(MANY)]

    in_loop(call())


def test_a_thousand_calls_of_one_process_are_served_one_after_another(plugin: Plugin, caller: motte.Program) -> None:
    seen: list[int] = []

    def twice(value: motte.i32) -> motte.i32:
        seen.append(value)
        return 2 * value

    process = plugin(caller, {"twice": twice})

    async def call() -> None:
        calls = (process.call_async("call_twice", number) for number in range(MANY))
        assert await asyncio.gather(*calls) == [2 * number for number in range(MANY)]

    in_loop(call())
    assert seen == list(range(MANY))


def test_loops_and_threads_share_a_process(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    failures: list[BaseException] = []

    async def in_turns(number: int) -> None:
        for i in range(0, 300, 10):
            calls = (process.call_async("add", number, i + j) for j in range(10))
            assert await asyncio.gather(*calls) == [number + i + j for j in range(10)]

    def threaded(number: int) -> None:
        add = process.function("add")
        for i in range(300):
            assert add(number, i) == number + i

    def guarded(work: Callable[[int], object], number: int) -> None:
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    works: list[Callable[[int], object]] = [threaded, lambda number: in_loop(in_turns(number))]
    running = [threading.Thread(target=guarded, args=(works[number % 2], number)) for number in range(6)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert failures == []
    assert process.state == "idle"


# --- who gives up -----------------------------------------------------------------------------------------------------


def test_who_cancels_a_call_stops_the_guest(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)

    async def call() -> None:
        async with spinning(process) as task:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert process.state == "exited"
        with pytest.raises(motte.Exited, match=r"^work: the process of busy\.c has ended: stopped: killed by the host"):
            await process.call_async("work", 1)

    in_loop(call())


def test_who_leaves_the_line_disturbs_nobody(plugin: Plugin, busy: motte.Program, machine: motte.Machine) -> None:
    async def call() -> None:
        sender, receiver = machine.channel(capacity=1)
        with sender, receiver:
            process = plugin(busy, grants={"in": receiver})
            first = asyncio.create_task(process.call_async("receive"))
            await state_is(process, "receiving")
            line = [asyncio.create_task(process.call_async("nap", number)) for number in range(5)]
            await asyncio.sleep(0)
            for task in line[::2]:
                task.cancel()
            await asyncio.wait(line[::2])
            sender.send(b"go")
            assert await first == 2
            assert [await task for task in line[1::2]] == [1, 3]
            assert all(task.cancelled() for task in line[::2])
            assert process.state == "idle"

    in_loop(call())


def test_a_call_that_nobody_awaits_any_more_is_cancelled(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)

    async def begin() -> None:
        call = process.function("spin").call_async()
        call.send(None)
        await state_is(process, "ready", "running")
        call.close()
        assert process.state == "exited"

    in_loop(begin())


def test_a_deadline_ends_the_process_or_only_the_wait_in_line(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)

    async def call() -> None:
        async with spinning(process):
            with pytest.raises(motte.Timeout, match=r"^work: the calls before it have not returned in time$"):
                await process.call_async("work", 1, timeout=0.05)
            assert process.state in {"ready", "running"}
        other = plugin(busy)
        with pytest.raises(motte.Timeout, match=r"^spin did not return in time: its process was ended$"):
            await other.call_async("spin", timeout=0.05)
        assert other.state == "exited"
        third = plugin(busy)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await third.call_async("spin")
        assert third.state == "exited"

    in_loop(call())


# --- ends from elsewhere ----------------------------------------------------------------------------------------------


def test_the_process_may_be_killed_or_closed_in_the_same_loop(plugin: Plugin, busy: motte.Program) -> None:
    killed, closed = plugin(busy), plugin(busy)

    async def call() -> None:
        async with spinning(killed) as task:
            waiting = asyncio.create_task(killed.call_async("work", 1))
            await asyncio.sleep(0)
            killed.kill()
            with pytest.raises(motte.Exited, match=r"^spin: stopped: killed by the host"):
                await task
            with pytest.raises(motte.Exited, match=r"^work: the process of busy\.c has ended"):
                await waiting
        async with spinning(closed) as task:
            waiting = asyncio.create_task(closed.call_async("work", 1))
            await asyncio.sleep(0)
            closed.close()
            with pytest.raises(motte.Closed):
                await task
            with pytest.raises(motte.Closed):
                await waiting

    in_loop(call())


def test_the_machine_may_be_closed_in_the_same_loop() -> None:
    guests = Path(__file__).with_name("guests")
    machine = motte.Machine(memory="64MiB", workers=1)
    program = machine.load(guests / "busy.c", motte.BuildOptions(debug=True))
    processes = [machine.spawn(program, start=False) for _ in range(3)]

    async def call() -> None:
        calls = [asyncio.create_task(process.call_async("spin")) for process in processes]
        for process in processes:
            await state_is(process, "ready", "running")
        machine.close()
        assert [type(error) for error in await asyncio.gather(*calls, return_exceptions=True)] == [motte.Closed] * 3

    in_loop(call())


def test_a_bank_that_is_destroyed_ends_its_calls(machine: motte.Machine, plugin: Plugin, busy: motte.Program) -> None:
    bank = machine.bank.sub("4MiB")
    process = plugin(busy, bank=bank)

    async def call() -> None:
        async with spinning(process) as task:
            await asyncio.to_thread(bank.destroy)
            with pytest.raises(motte.Exited, match=r"^spin: stopped: killed by the host"):
                await task

    in_loop(call())


def test_a_thread_that_waits_for_its_turn_hears_of_the_end(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)
    work = process.function("work")

    async def call() -> None:
        async with spinning(process):
            waiting = asyncio.create_task(asyncio.to_thread(work, 1))
            await asyncio.to_thread(lambda: None)  # a thread is with it
            process.kill()
            with pytest.raises(motte.Exited, match=r"^work: the process of busy\.c has ended: stopped: killed"):
                await waiting

    in_loop(call())


def test_the_thread_that_awaits_a_call_cannot_wait_for_its_end(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)

    async def call() -> None:
        async with spinning(process):
            with pytest.raises(
                motte.BadState, match=r"^work: this thread is in the middle of a call of the same process"
            ):
                process.function("work")(1)

    in_loop(call())


def test_constructors_hold_up_no_loop(machine: motte.Machine, plugin: Plugin, tmp_path: Path) -> None:
    source = tmp_path / "slow.c"
    source.write_text(
        '__attribute__((constructor)) static void prepare(void) { for (;;) __asm__ volatile(""); }\n'
        "int one(void) { return 1; }\n"
    )
    process = plugin(machine.load(source))

    async def call() -> None:
        task = asyncio.create_task(process.call_async("one"))
        await state_is(process, "ready", "running")
        other = asyncio.create_task(process.call_async("one"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(motte.Exited):
            await other

    in_loop(call())


# --- functions of the host --------------------------------------------------------------------------------------------

current: contextvars.ContextVar[str] = contextvars.ContextVar("current")


def test_functions_of_the_host_run_beside_the_loop_in_the_context_of_the_call(
    plugin: Plugin, caller: motte.Program
) -> None:
    seen = []

    def twice(value: motte.i32) -> motte.i32:
        seen.append((current.get(), threading.get_ident() != threading.main_thread().ident))
        return 2 * value

    process = plugin(caller, {"twice": twice})

    async def call() -> None:
        current.set("here")
        assert await process.call_async("loop", 3) == 6

    in_loop(call())
    assert seen == [("here", True)] * 3


def test_an_exception_ends_the_call_and_reaches_who_awaits_it(plugin: Plugin, caller: motte.Program) -> None:
    class OwnError(Exception):
        pass

    def twice(value: motte.i32) -> motte.i32:
        if value:
            raise OwnError(value)
        return 0

    process = plugin(caller, {"twice": twice})

    async def one(number: int) -> None:
        with pytest.raises(OwnError) as caught:
            await process.call_async("call_twice", number)
        assert caught.value.args == (number,)
        assert caught.traceback[-1].name == "twice"

    async def call() -> None:
        height = await process.call_async("height")
        await asyncio.gather(*map(one, range(1, 100)))
        assert await process.call_async("call_twice", 0) == 0
        assert await process.call_async("height") == height

    in_loop(call())


def test_a_function_of_the_host_may_call_back(plugin: Plugin, caller: motte.Program) -> None:
    process: motte.Process

    def again(n: motte.i32) -> motte.i32:
        return int(process.function("descend")(n))

    process = plugin(caller, {"again": again})
    assert in_loop(process.call_async("descend", 10)) == 11


def test_a_loop_inside_of_a_function_of_the_host_cannot_await_the_same_process(
    plugin: Plugin, caller: motte.Program
) -> None:
    process: motte.Process

    def twice(value: motte.i32) -> motte.i32:
        return int(in_loop(process.call_async("call_twice", value)))

    process = plugin(caller, {"twice": twice})
    with pytest.raises(motte.BadState, match="in the middle of a call of the same process"):
        process.function("call_twice")(1)


def test_a_deadline_ends_a_call_whose_function_of_the_host_waits_in_the_kernel(
    plugin: Plugin, caller: motte.Program
) -> None:
    read, write = os.pipe()

    def twice(value: motte.i32) -> motte.i32:
        os.read(read, 1)
        return value

    process = plugin(caller, {"twice": twice})

    async def call() -> None:
        begun = time.monotonic()
        try:
            with pytest.raises(
                motte.Timeout, match=r"^call_twice did not return in time, but was in a function of the host's"
            ):
                await process.call_async("call_twice", 1, timeout=0.2)
            assert 0.2 <= time.monotonic() - begun < LONG / 2
            assert process.state == "exited"
        finally:
            os.write(write, b"x")  # else the loop's executor would wait for it

    in_loop(call())
    os.close(read)
    os.close(write)


def test_a_deadline_raises_in_a_function_of_the_host_that_computes(plugin: Plugin, caller: motte.Program) -> None:
    def twice(value: motte.i32) -> motte.i32:
        while True:
            value += 1

    process = plugin(caller, {"twice": twice})
    with pytest.raises(motte.Timeout, match=r"^the call did not return in time: it was in twice, a function"):
        in_loop(process.call_async("call_twice", 1, timeout=0.2))
    assert process.state == "idle"


def test_who_cancels_while_a_function_of_the_host_computes_stops_that_too(
    plugin: Plugin, caller: motte.Program
) -> None:
    reached, left = threading.Event(), threading.Event()

    def twice(value: motte.i32) -> motte.i32:
        reached.set()
        try:
            while True:
                value += 1
        finally:
            left.set()

    process = plugin(caller, {"twice": twice})

    async def call() -> None:
        task = asyncio.create_task(process.call_async("call_twice", 1))
        await asyncio.to_thread(reached.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert process.state == "exited"
        assert await asyncio.to_thread(left.wait, LONG)

    in_loop(call())


def test_a_forked_child_cannot_go_on_with_an_awaited_guest(plugin: Plugin, caller: motte.Program) -> None:
    children: list[int] = []

    def forks(value: motte.i32) -> motte.i32:
        child = os.fork()
        if child == 0:
            try:
                in_loop(process.call_async("call_twice", 1))
            except motte.BadState:
                os._exit(42)
            os._exit(1)
        children.append(child)
        return value

    process = plugin(caller, {"twice": forks})
    assert in_loop(process.call_async("call_twice", 7)) == 7
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 42
