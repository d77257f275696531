"""Pipes of processes: what goes through them arrives, whole and in order, and nobody waits who need not."""

import contextlib
import io
import json
import os
import select
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

import motte
from motte import PIPE
from motte.abi.faults import StopReason

CAPACITY = 65536


def entries(directory: str) -> int:
    return len(list(Path(directory).iterdir()))


@pytest.fixture(scope="module")
def shared() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB") as machine:
        yield machine


@pytest.fixture(scope="module")
def streams(shared: motte.Machine) -> motte.Program:
    return shared.load(Path(__file__).parent / "programs/streams.c")


@pytest.fixture(autouse=True)
def nothing_is_left(shared: motte.Machine) -> Iterator[None]:
    before = entries("/proc/self/fd")
    yield
    assert shared.statistics().processes == 0
    assert entries("/proc/self/fd") <= before + 4  # the machine's own


def state_becomes(process: motte.Process, state: str) -> None:
    deadline = time.monotonic() + 10
    while process.state != state:
        assert time.monotonic() < deadline, process.state
        time.sleep(0.001)


# --- reading and writing --------------------------------------------------------------------------------------------


def test_a_conversation_line_by_line(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
        for number in range(100):
            process.stdin.write(b"line %d\n" % number)
            assert process.stdout.readline() == b"line %d\n" % number
        process.stdin.close()
        assert process.stdout.readline() == b""
        assert process.wait().returncode == 0


def test_lines_come_by_iteration_and_the_last_may_lack_its_newline(
    shared: motte.Machine, streams: motte.Program
) -> None:
    with shared.spawn(streams, ["say", "one\n\ntwo\nthree"], stdout=PIPE) as process:
        assert list(process.stdout) == [b"one\n", b"\n", b"two\n", b"three"]


def test_all_the_ways_to_read_agree(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", "0123456789\nabc\n", "say", "rest"], stdout=PIPE) as process:
        out = process.stdout
        assert out.read(3) == b"012"
        assert out.read(0) == b""
        assert out.readline(2) == b"34"
        assert out.readline() == b"56789\n"
        into = bytearray(2)
        assert out.readinto(into) == 2
        assert into == b"ab"
        assert out.read() == b"c\nrest"
        assert out.read() == out.read(5) == out.read1() == out.readline() == b""


def test_a_reader_is_a_binary_file(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", '{"a": ["é"]}'], stdout=PIPE) as process:
        assert json.load(process.stdout) == {"a": ["é"]}
    with shared.spawn(streams, ["say", "é\nü\n"], stdout=PIPE) as process:
        assert list(io.TextIOWrapper(process.stdout, encoding="utf-8")) == ["é\n", "ü\n"]


def test_a_line_may_be_longer_than_the_pipe(shared: motte.Machine, streams: motte.Program) -> None:
    line = os.urandom(3_000_000).replace(b"\n", b" ") + b"\n"
    with shared.spawn(streams, ["copy"], stdin=line + b"next", stdout=PIPE) as process:
        assert process.stdout.readline() == line
        assert process.stdout.readline() == b"next"


def test_zero_bytes_are_the_end_only_when_nobody_writes(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdin.write(b"") == 0
        state_becomes(process, "waiting")
        process.stdin.write(b"\0\0")
        process.stdin.close()
        assert process.stdout.read() == b"\0\0"


def test_a_process_is_told_that_its_streams_are_pipes(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["status"], stdin=PIPE) as process:
        process.wait()
        assert process.stderr == b"0 1 -1\n"


def test_what_a_process_wrote_can_be_read_after_its_end(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["out", "5"], stdout=PIPE) as process:
        process.wait()
        assert process.stdout.read() == b"abcde"


def test_the_end_comes_with_the_end_of_the_process_however_that_comes(
    shared: motte.Machine, streams: motte.Program
) -> None:
    with shared.spawn(streams, ["say", "x", "trap"], stdout=PIPE) as process:
        assert process.stdout.read() == b"x"
    with shared.spawn(streams, ["say", "x", "copy"], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout.read(1) == b"x"
        killer = threading.Timer(0.05, process.kill)
        killer.start()
        assert process.stdout.read() == b""
        killer.join()
    with shared.spawn(streams, ["say", "x", "close", "1", "copy"], stdin=PIPE, stdout=PIPE) as process:
        assert process.stdout.read() == b"x"
        assert process.state == "waiting"


# --- who waits ------------------------------------------------------------------------------------------------------


def test_a_slow_reader_makes_the_guest_wait_and_loses_nothing(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["out", "1000000"], stdout=PIPE) as process:
        state_becomes(process, "waiting")
        assert process.statistics().output == CAPACITY
        out = process.stdout.read()
        assert len(out) == 1_000_000
        assert out == bytes(ord("a") + i % 26 for i in range(1_000_000))
        assert process.wait().returncode == 0
        assert process.stderr == b"1000000\n"


def test_a_vector_that_waits_in_the_middle_goes_on_there(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["vector"], stdout=PIPE) as process:
        state_becomes(process, "waiting")
        assert process.stdout.read() == b"one," + b"." * 200000 + b"three"
        process.wait()
        assert process.stderr == b"200009\n"


def test_a_guest_that_waits_for_a_reader_uses_no_time_and_no_thread(
    shared: motte.Machine, streams: motte.Program
) -> None:
    before = entries("/proc/self/task")
    processes = [shared.spawn(streams, ["forever"], stdout=PIPE) for _ in range(50)]
    for process in processes:
        state_becomes(process, "waiting")
    used = sum(process.statistics().cpu_time for process in processes)
    assert entries("/proc/self/task") <= before + 4
    assert sum(process.statistics().cpu_time for process in processes) == used
    for process in processes:
        process.close()


def test_time_limits_fire_while_a_guest_waits_for_a_reader(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["forever"], stdout=PIPE, wall_time="50ms") as process:
        assert process.wait(10).reason is StopReason.WALL_LIMIT
    with shared.spawn(streams, ["copy"], stdin=PIPE, wall_time="50ms") as process:
        assert process.wait(10).reason is StopReason.WALL_LIMIT


def test_the_output_limit_bounds_a_pipe_and_two_together(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["forever"], stdout=PIPE, output_limit=1000) as process:
        assert process.wait().reason is StopReason.OUTPUT_LIMIT
        assert len(process.stdout.read()) == 1000
    words = ["say", "x" * 600, "complain", "y" * 600]
    with shared.spawn(streams, words, stdout=PIPE, stderr=motte.STDOUT, output_limit=1000) as process:
        assert process.wait().reason is StopReason.OUTPUT_LIMIT
        assert process.stdout.read() == b"x" * 600 + b"y" * 400


def test_who_does_not_want_to_wait_is_told_that_it_would(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["fill"], stdout=PIPE) as process:
        process.wait()
        assert process.stderr == b"65000 1\n"  # 1,000 bytes are written in one piece or not at all
        assert len(process.stdout.read()) == 65000


def test_ctrl_c_ends_a_wait_for_output_and_loses_nothing(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", "half", "copy"], stdin=PIPE, stdout=PIPE) as process:
        interrupt = threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT))
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            process.stdout.readline()
        interrupt.join()
        process.stdin.write(b" a line\n")
        assert process.stdout.readline() == b"half a line\n"


def test_suspended_processes_find_their_input_when_they_go_on(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as process:
        state_becomes(process, "waiting")
        process.suspend()
        process.stdin.write(b"later\n")
        state_becomes(process, "suspended")
        process.resume()
        assert process.stdout.readline() == b"later\n"


# --- poll and select ------------------------------------------------------------------------------------------------


def test_poll_knows_of_pipes(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["poll", "0"], stdin=PIPE, stdout=PIPE) as process:
        process.wait()
        assert process.stderr == b"1 0 %d\n" % select.POLLOUT
    with shared.spawn(streams, ["poll", "0"], stdin=PIPE, start=False) as process:
        process.stdin.write(b"x")
        process.start()
        process.wait()
        assert process.stderr == b"2 %d %d\n" % (select.POLLIN, select.POLLOUT)
    with shared.spawn(streams, ["poll", "0"], stdin=PIPE, stdout=PIPE, start=False) as process:
        process.stdin.close()
        process.stdout.close()
        process.start()
        process.wait()
        assert process.stderr == b"2 %d %d\n" % (select.POLLHUP, select.POLLOUT | select.POLLERR)


def test_poll_waits_for_pipes_and_no_longer_than_it_may(shared: motte.Machine, streams: motte.Program) -> None:
    words = ["fill", "poll", "30", "poll", "-1", "say", "!"]
    with shared.spawn(streams, words, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.stderr.readline() == b"65000 1\n"
        assert process.stderr.readline() == b"0 0 0\n"
        state_becomes(process, "calling")
        assert process.stdout.read() == bytes(65000) + b"!"
        assert process.stderr.readline() == b"1 0 %d\n" % select.POLLOUT


def test_select_waits_for_pipes(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["select"], stdin=PIPE) as process:
        state_becomes(process, "calling")
        process.stdin.write(b"x")
        process.wait()
        assert process.stderr == b"1 1\n"


# --- who does not read, or not write --------------------------------------------------------------------------------


def test_a_closed_reader_makes_writes_fail_at_once_and_later(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["forever"], stdout=PIPE) as process:
        state_becomes(process, "waiting")
        process.stdout.close()
        assert process.wait(10).returncode == 10
        assert process.stderr == b"write: 32\n"
        with pytest.raises(ValueError, match="closed"):
            process.stdout.read()


def test_writing_to_who_has_ended_is_a_broken_pipe(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, [], stdin=PIPE) as process:
        process.wait()
        with pytest.raises(BrokenPipeError):
            process.stdin.write(b"x")
        process.stdin.close()
        process.stdin.close()
        with pytest.raises(ValueError, match="closed"):
            process.stdin.write(b"x")


def test_after_close_nothing_can_be_read_or_written(shared: motte.Machine, streams: motte.Program) -> None:
    process = shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE)
    reader, writer = process.stdout, process.stdin
    process.close()
    assert reader.read() == b""
    with pytest.raises(motte.Closed):
        writer.write(b"x")


def test_streams_that_are_no_pipes_say_so(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, [], stderr=None) as process:
        process.wait()
        with pytest.raises(motte.BadState, match="stdin is not a pipe"):
            _ = process.stdin
        with pytest.raises(motte.BadState, match="stderr is not captured"):
            _ = process.stderr


# --- from guest to guest --------------------------------------------------------------------------------------------


def test_one_guest_reads_what_another_writes(shared: motte.Machine, streams: motte.Program) -> None:
    data = os.urandom(3_000_000)
    with (
        shared.spawn(streams, ["copy"], stdin=data, stdout=PIPE) as first,
        shared.spawn(streams, ["copy"], stdin=first.stdout, stdout=PIPE) as second,
        shared.spawn(streams, ["copy"], stdin=second.stdout) as third,
    ):
        assert third.wait().returncode == 0
        assert third.stdout == data
        assert first.stdout.read() == b""


def test_a_guest_is_the_input_of_another_from_its_side(shared: motte.Machine, streams: motte.Program) -> None:
    with (
        shared.spawn(streams, ["copy"], stdin=PIPE) as last,
        shared.spawn(streams, ["say", "hello"], stdout=last.stdin) as first,
    ):
        first.wait()
        last.wait()
        assert last.stdout == b"hello"


def test_a_pipeline_ends_from_its_end(shared: motte.Machine, streams: motte.Program) -> None:
    with (
        shared.spawn(streams, ["forever"], stdout=PIPE) as first,
        shared.spawn(streams, ["close", "0"], stdin=first.stdout) as second,
    ):
        second.wait()
        assert first.wait(10).returncode == 10


def test_a_stream_that_was_read_from_is_not_given_away(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", "a\nb\n"], stdout=PIPE) as first:
        assert first.stdout.readline() == b"a\n"
        with pytest.raises(ValueError, match="read from"):
            shared.spawn(streams, ["copy"], stdin=first.stdout)


def test_pipes_do_not_lead_to_another_machine(shared: motte.Machine, streams: motte.Program) -> None:
    with motte.Machine() as other, shared.spawn(streams, ["copy"], stdin=PIPE, stdout=PIPE) as first:
        program = other.load(Path(__file__).parent / "programs/streams.c")
        with pytest.raises(ValueError, match="another machine"):
            other.spawn(program, ["copy"], stdin=first.stdout)
        first.stdin.write(b"still here\n")
        assert first.stdout.readline() == b"still here\n"


# --- communicate ----------------------------------------------------------------------------------------------------


def test_communicate_writes_and_reads_everything_at_once(shared: motte.Machine, streams: motte.Program) -> None:
    data = os.urandom(2_000_000)
    with shared.spawn(streams, ["copy", "complain", "end"], stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        assert process.communicate(data) == (data, b"end")
    with shared.spawn(streams, ["copy"], stdin=PIPE, stderr=None) as process:
        assert process.communicate(b"captured") == (b"captured", None)


def test_communicate_forgives_who_does_not_read(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", "no"], stdin=PIPE, stdout=PIPE) as process:
        assert process.communicate(bytes(1_000_000)) == (b"no", b"")


def test_communicate_in_time_or_again(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["say", "first ", "select", "say", "second"], stdin=PIPE, stdout=PIPE) as process:
        process.suspend()
        with pytest.raises(motte.Timeout, match="still runs"):
            process.communicate(b"x", timeout=0.05)
        process.resume()
        assert process.communicate() == (b"first second", b"1 1\n")
    with shared.spawn(streams, [], stdin=None) as process, pytest.raises(ValueError, match="stdin is not a pipe"):
        process.communicate(b"x")


# --- all at once -------------------------------------------------------------------------------------------------


def test_whoever_ends_first_nobody_waits_for_ever(shared: motte.Machine, streams: motte.Program) -> None:
    """Readers, writers, killers and closers meet at every moment."""

    def meet(seed: int) -> None:
        random = Random(seed)
        for _ in range(40):
            words = random.choice([["copy"], ["forever"], ["out", "200000"], ["select", "copy"], ["fill", "poll", "5"]])
            first = shared.spawn(streams, words, stdin=PIPE, stdout=PIPE, wall_time="2s")
            second = shared.spawn(streams, ["copy"], stdin=first.stdout, stdout=PIPE, wall_time="2s")
            for step in random.sample(range(6), 4):
                with contextlib.suppress(BrokenPipeError, ValueError, motte.BadState):
                    if step == 0:
                        first.stdin.write(b"x" * random.choice([1, 5000, 60000]))
                    elif step == 1:
                        first.stdin.close()
                    elif step == 2:
                        second.stdout.read1(random.choice([1, 100_000])) if second.state == "exited" else None
                    elif step == 3:
                        random.choice([first, second]).kill()
                    elif step == 4:
                        second.stdout.close()
                    else:
                        second.suspend()
                        second.resume()
            random.choice([first, second]).close()
            first.close()
            second.close()

    threads = [threading.Thread(target=meet, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
