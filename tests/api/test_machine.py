"""Machines, programs and processes: lives, ends, and what each refuses afterwards."""

import asyncio
import contextlib
import gc
import os
import threading
import time
import warnings
from pathlib import Path

import pytest

import motte
from motte.abi.limits import DEFAULT_LIMITS


def open_descriptors() -> set[tuple[str, str]]:
    """Number and object of each, after what earlier tests dropped has been closed."""
    gc.collect()
    found = set()
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found.add((entry.name, str(entry.readlink())))
    return found


def wait_until_ready(process: motte.Process, reading_end: int) -> None:
    """Until the guest has written its first word."""
    assert os.read(reading_end, 5) == b"ready", process.statistics()


def test_one_program_runs_many_times(machine: motte.Machine, programs: Path) -> None:
    with machine.load(programs / "status.c") as program:
        for status in range(5):
            with machine.spawn(program, [str(status)]) as process:
                assert process.wait().returncode == status
                assert process.returncode == status


def test_processes_run_at_the_same_time(machine: motte.Machine, programs: Path) -> None:
    program = machine.load(programs / "cat.c")
    ends = [os.pipe() for _number in range(8)]
    processes = [machine.spawn(program, stdin=reading) for reading, _writing in ends]
    assert {process.returncode for process in processes} == {None}
    for number, (reading, writing) in enumerate(ends):
        os.write(writing, str(number).encode())
        os.close(writing)
        os.close(reading)
    for number, process in enumerate(processes):
        assert process.wait(timeout=10).returncode == 0
        assert process.stdout == str(number).encode()
        process.close()


def test_a_timeout_leaves_the_process_running(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c")) as process:
        for timeout in (0, 0.05, "50ms"):
            with pytest.raises(motte.Timeout, match=r"loop\.c still runs"):
                process.wait(timeout=timeout)  # type: ignore[arg-type]
        assert process.returncode is None
        with pytest.raises(motte.BadState, match="still runs"):
            _ = process.stdout
        with pytest.raises(TimeoutError):
            process.wait(timeout=0)


def test_a_killed_process_says_so_and_keeps_what_it_wrote(machine: motte.Machine, programs: Path) -> None:
    reading, writing = os.pipe()
    with machine.spawn(machine.load(programs / "loop.c"), stdout=writing) as process:
        wait_until_ready(process, reading)
        process.kill()
        process.kill()
        end = process.wait(timeout=5)
        assert (end.reason, end.returncode) == (motte.StopReason.KILLED, 137)
        assert process.wait() is end
        with pytest.raises(motte.BadState, match="stdout is not captured"):
            _ = process.stdout
    os.close(reading)
    os.close(writing)


def test_a_process_can_be_awaited(machine: motte.Machine, programs: Path) -> None:
    program = machine.load(programs / "status.c")

    async def all_of_them() -> list[int]:
        processes = [machine.spawn(program, [str(number)]) for number in range(10)]
        ends = await asyncio.gather(*processes)
        for process in processes:
            process.close()
        return [end.returncode for end in ends]

    assert asyncio.run(all_of_them()) == list(range(10))


def test_the_event_loop_runs_on_while_a_process_is_awaited(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c")) as process:

        async def kill_it_later() -> motte.Exit:
            waiting = asyncio.ensure_future(process)
            for _turn in range(10):
                await asyncio.sleep(0.005)
                assert not waiting.done()
            process.kill()
            return await waiting

        assert asyncio.run(kill_it_later()).returncode == 137


def test_an_await_can_be_given_up(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c")) as process:

        async def give_up() -> None:
            async with asyncio.timeout(0.05):
                await process

        with pytest.raises(TimeoutError):
            asyncio.run(give_up())
        assert process.returncode is None


def test_memory_can_be_read_from_outside_and_only_inside_the_window(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c")) as process:
        image = 0x1_1000
        assert len(process.memory.read(image, 16)) == 16
        assert process.memory.read(image, 0) == b""
        with pytest.raises(ValueError, match="not all of the 1 bytes at 0x0 are accessible"):
            process.memory.read(0, 1)
        for address, size in ((-1, 4), (0, -1), ((1 << 32) - 4, 5), (1 << 40, 1)):
            with pytest.raises(ValueError, match="not inside the window"):
                process.memory.read(address, size)


def test_statistics_are_frozen_and_grow(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c")) as process:
        with pytest.raises(motte.Timeout):
            process.wait(timeout=0.05)
        first = process.statistics()
        with pytest.raises(AttributeError):
            first.cpu_time = 0.0  # type: ignore[misc]
        with pytest.raises(motte.Timeout):
            process.wait(timeout=0.05)
        assert process.statistics().wall_time > first.wall_time
        assert process.statistics().memory > 0
        assert machine.statistics().memory >= process.statistics().memory
        assert (machine.statistics().processes, machine.statistics().programs) == (1, 1)


def test_the_machines_memory_is_shared_by_its_processes(programs: Path) -> None:
    with motte.Machine(memory="48MiB") as machine:
        program = machine.load(programs / "memory.c")
        processes = [machine.spawn(program) for _number in range(3)]
        assert [process.wait().returncode for process in processes] == [0, 0, 0]
        assert machine.statistics().peak_memory <= 48 << 20


def test_everything_is_given_back(programs: Path) -> None:
    threads = set(threading.enumerate())
    with motte.Machine() as machine:
        machine.spawn(machine.load(programs / "cat.c"), stdin=b"x").close()
    before = open_descriptors()
    with motte.Machine() as machine:
        program = machine.load(programs / "cat.c")
        loaded = machine.statistics().memory
        for _round in range(20):
            with machine.spawn(program, stdin=b"x", directories=[programs]) as process:
                process.wait()
        assert machine.statistics().memory == loaded
        program.close()
        assert machine.statistics().memory == 0
    assert open_descriptors() <= before
    assert not [thread for thread in set(threading.enumerate()) - threads if thread.name.startswith("motte")]


def test_closing_a_machine_kills_and_unloads(programs: Path) -> None:
    machine = motte.Machine()
    program = machine.load(programs / "loop.c")
    process = machine.spawn(program)
    machine.close()
    machine.close()
    for use in (
        process.wait,
        process.kill,
        process.statistics,
        lambda: process.returncode,
        lambda: process.memory.read(0x11000, 1),
        lambda: machine.spawn(program),
        lambda: machine.load(programs / "loop.c"),
        machine.statistics,
    ):
        with pytest.raises(motte.Closed):
            use()
    process.close()
    program.close()


def test_a_program_cannot_be_closed_under_its_processes(machine: motte.Machine, programs: Path) -> None:
    program = machine.load(programs / "loop.c")
    with machine.spawn(program), pytest.raises(motte.BadState, match=r"loop\.c.* still has 1 process"):
        program.close()
    program.close()
    with pytest.raises(motte.Closed, match=r"loop\.c.* is closed"):
        machine.spawn(program)


def test_closing_wakes_whoever_waits(machine: motte.Machine, programs: Path) -> None:
    process = machine.spawn(machine.load(programs / "loop.c"))
    seen: list[object] = []

    def wait() -> None:
        try:
            seen.append(process.wait().returncode)
        except motte.Closed as error:
            seen.append(error)

    waiters = [threading.Thread(target=wait) for _number in range(4)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.02)
    process.close()
    for waiter in waiters:
        waiter.join(10)
        assert not waiter.is_alive()
    assert all(each == 137 or isinstance(each, motte.Closed) for each in seen)
    assert len(seen) == 4


def test_many_threads_may_use_one_process(machine: motte.Machine, programs: Path) -> None:
    process = machine.spawn(machine.load(programs / "loop.c"))
    failures: list[BaseException] = []

    def use() -> None:
        try:
            for _turn in range(200):
                process.statistics()
                process.memory.read(0x11000, 16)
                assert process.returncode in (None, 137)
        except motte.Closed:
            pass
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=use) for _number in range(4)]
    for thread in threads:
        thread.start()
    process.kill()
    process.close()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_forgotten_process_is_warned_about(programs: Path) -> None:
    machine = motte.Machine()
    process = machine.spawn(machine.load(programs / "status.c"))
    process.wait()
    machine._population.leave(process)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        core = process._core
        del process
        gc.collect()
    assert [str(warning.message) for warning in caught] == ["unclosed process of status.c"]
    core.close()


def test_user_ids_can_be_changed_while_guests_run_and_threads_begin(programs: Path) -> None:
    with motte.Machine(workers=2) as machine:
        loop = machine.load([b"define i32 @main() {\n br label %again\nagain:\n br label %again\n}\n"])
        running = [machine.spawn(loop, time=None) for _ in range(4)]
        for _change in range(200):
            os.setresuid(-1, -1, -1)
        assert not any(process.state == "exited" for process in running)
        for process in running:
            process.close()


def test_a_machine_that_served_guests_can_be_closed_twice(programs: Path) -> None:
    machine = motte.Machine()
    program = machine.load(programs / "status.c")
    machine.spawn(program, grants={"bank": machine.bank, "timers": motte.HostService.TIMERS})
    machine.close()
    machine.close()


def test_spawning_in_a_closed_machine_leaves_nothing_open(programs: Path) -> None:
    machine = motte.Machine()
    other = motte.Machine()
    program = other.load(programs / "status.c")
    machine.close()
    before = open_descriptors()
    with pytest.raises(motte.Closed, match="the machine is closed"):
        machine.spawn(program)
    assert open_descriptors() <= before
    other.close()


def test_the_end_does_not_wait_for_ever_for_a_process_whose_making_was_torn_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("motte.program.MAKING_SECONDS", 0.05)
    source = tmp_path / "nothing.c"
    source.write_text("int main(void) { return 0; }")
    machine = motte.Machine(workers=1)
    program = machine.load(source)
    program.acquire(DEFAULT_LIMITS.data_stack)  # and nobody is there who would give it back
    begun = time.monotonic()
    machine.close()
    assert time.monotonic() - begun >= 0.05
    with pytest.raises(motte.Closed):
        machine.statistics()
