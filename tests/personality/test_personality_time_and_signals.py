"""Clocks, waiting, signals to oneself, and what a guest is told about itself."""

from __future__ import annotations

import errno
import os
import struct
import time
from collections.abc import Iterator

import pytest

from personality.guest import EXITED, NUMBERS, SCRATCH_SIZE, SIGNALLED, Guest

ABRT, KILL, TERM, STOP, CHLD, USR1 = 6, 9, 15, 19, 17, 10
BLOCK, UNBLOCK, SETMASK = 0, 1, 2
POLLIN, POLLOUT, POLLNVAL = 1, 4, 32


@pytest.fixture
def guest() -> Iterator[Guest]:
    """A process with a pipe as stdin, in which two bytes wait, and an empty one as stdout."""
    input_read, input_write = os.pipe()
    output_read, output_write = os.pipe()
    os.write(input_write, b"ab")
    with Guest(streams=(input_read, output_write, -1)) as process:
        yield process
    for descriptor in (input_read, input_write, output_read, output_write):
        os.close(descriptor)


def words(guest: Guest, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, guest.peek(guest.buffer, struct.calcsize(layout)))


# --- time ---------------------------------------------------------------------------------------------------------


def test_clocks_are_the_hosts(guest: Guest) -> None:
    for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC_RAW):
        before = time.clock_gettime_ns(clock)
        assert guest.clock_gettime(clock, guest.buffer) == 0
        seconds, nanoseconds = words(guest, "qq")
        assert before <= seconds * 10**9 + nanoseconds <= time.clock_gettime_ns(clock)
    assert guest.gettimeofday(guest.buffer, guest.buffer + 16) == 0
    assert abs(words(guest, "qq")[0] - time.time()) < 5
    assert abs(guest.time(guest.buffer) - time.time()) < 5
    assert guest.clock_getres(time.CLOCK_MONOTONIC, guest.buffer) == 0
    assert words(guest, "qq") == (0, 1)


def test_cpu_time_is_that_of_the_thread_that_runs_the_guest(guest: Guest) -> None:
    before = time.thread_time_ns()
    assert guest.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID, guest.buffer) == 0
    seconds, nanoseconds = words(guest, "qq")
    assert before <= seconds * 10**9 + nanoseconds <= time.thread_time_ns()
    assert guest.getrusage(0, guest.buffer) == 0
    assert words(guest, "18q")[2:] == (0,) * 16
    assert guest.getrusage(7, guest.buffer) == -errno.EINVAL
    assert guest.times(guest.buffer) > 0


@pytest.mark.parametrize("clock", [8, 9, 10, 11, 12, -1, -6, 2**31 - 1])
def test_clocks_of_others_and_clocks_that_wake_the_machine_do_not_exist(guest: Guest, clock: int) -> None:
    assert guest.clock_gettime(clock, guest.buffer) == guest.clock_getres(clock, 0) == -errno.EINVAL
    guest.poke(guest.buffer, bytes(16))
    assert guest.clock_nanosleep(clock, 0, guest.buffer, 0) == -errno.EINVAL


def test_sleeping_takes_its_time(guest: Guest) -> None:
    for name, leading in (("nanosleep", ()), ("clock_nanosleep", (time.CLOCK_MONOTONIC, 0))):
        guest.poke(guest.buffer, struct.pack("qq", 0, 20_000_000))
        before = time.monotonic_ns()
        assert guest.call(name, *leading, guest.buffer, 0) == 0
        assert time.monotonic_ns() - before >= 20_000_000
    guest.poke(guest.buffer, struct.pack("qq", 1, 0))
    assert guest.clock_nanosleep(time.CLOCK_MONOTONIC, 1, guest.buffer, 0) == 0


@pytest.mark.parametrize("request_", [(-1, 0), (0, -1), (0, 10**9), (-(2**63), 0)])
def test_times_that_are_none_are_refused(guest: Guest, request_: tuple[int, int]) -> None:
    guest.poke(guest.buffer, struct.pack("qq", *request_))
    assert guest.nanosleep(guest.buffer, 0) == -errno.EINVAL
    assert guest.clock_nanosleep(1, 0, guest.buffer, 0) == guest.clock_nanosleep(1, 1, guest.buffer, 0) == -errno.EINVAL
    assert guest.ppoll(0, 0, guest.buffer, 0, 0) == -errno.EINVAL
    assert guest.futex(guest.buffer + 64, 0, 0, guest.buffer) == -errno.EINVAL


def test_a_sleep_longer_than_time_itself_can_be_killed(guest: Guest) -> None:
    guest.poke(guest.buffer, struct.pack("qq", 2**63 - 1, 999_999_999))
    assert guest.call_and_kill("nanosleep", guest.buffer, 0) == -errno.EINTR


# --- waiting --------------------------------------------------------------------------------------------------------


def test_poll_tells_what_is_ready(guest: Guest) -> None:
    entries = ((0, POLLIN), (1, POLLOUT), (-1, POLLIN), (9, POLLIN), (1, POLLIN))
    guest.poke(guest.buffer, b"".join(struct.pack("ihh", number, events, 0x7FFF) for number, events in entries))
    assert guest.poll(guest.buffer, len(entries), -1) == 3
    found = struct.iter_unpack("ihh", guest.peek(guest.buffer, 8 * len(entries)))
    assert [ready for _, _, ready in found] == [POLLIN, POLLOUT, 0, POLLNVAL, 0]
    assert guest.poll(guest.buffer, 65, 0) == guest.poll(guest.buffer, 2**64 - 1, 0) == -errno.EINVAL
    assert guest.poll(0x1000, 1, 0) == -errno.EFAULT


def test_a_list_to_poll_has_a_limit_of_its_own() -> None:
    with Guest(open_files=65536) as guest:
        guest.poke(guest.buffer, struct.pack("ihh", -1, 0, 0) * 4097)
        assert guest.poll(guest.buffer, 4096, 0) == 0
        assert guest.poll(guest.buffer, 4097, 0) == -errno.EINVAL


def test_poll_waits_no_longer_than_asked(guest: Guest) -> None:
    guest.poke(guest.buffer, struct.pack("ihh", 1, POLLIN, 0))
    before = time.monotonic_ns()
    assert guest.poll(guest.buffer, 1, 20) == 0
    assert time.monotonic_ns() - before >= 20_000_000
    guest.poke(guest.buffer + 64, struct.pack("qq", 0, 5_000_000))
    assert guest.ppoll(guest.buffer, 1, guest.buffer + 64, 0, 0) == 0


def test_select_marks_what_is_ready(guest: Guest) -> None:
    readable, writable, timeout = (guest.buffer + 0x100 * number for number in (1, 2, 3))
    guest.poke(timeout, bytes(16))
    guest.poke(readable, (0b11).to_bytes(128, "little"))
    guest.poke(writable, (0b10).to_bytes(128, "little"))
    assert guest.select(2, readable, writable, 0, timeout) == 2
    assert guest.peek(readable, 8) == (0b01).to_bytes(8, "little")
    assert guest.peek(writable, 8) == (0b10).to_bytes(8, "little")
    guest.poke(readable, (1 << 1000).to_bytes(128, "little"))
    assert guest.pselect6(1001, readable, 0, 0, timeout, 0) == -errno.EBADF
    assert guest.pselect6(1000, readable, 0, 0, timeout, 0) == 0
    for count in (-1, 1025, 2**31 - 1):
        assert guest.select(count, readable, 0, 0, timeout) == -errno.EINVAL
    assert guest.select(1, 0x1000, 0, 0, timeout) == -errno.EFAULT


def test_a_futex_wakes_nobody_and_waits_only_for_time(guest: Guest) -> None:
    word = guest.poke(guest.buffer, struct.pack("I4x", 7))
    guest.poke(guest.buffer + 64, struct.pack("qq", 0, 5_000_000))
    private = 128
    assert guest.futex(word, 1 | private, 1) == 0
    assert guest.futex(word, 0 | private, 8, 0) == -errno.EAGAIN
    assert guest.futex(word, 0, 7, guest.buffer + 64) == -errno.ETIMEDOUT
    assert guest.futex(word + 1, 0, 7, 0) == -errno.EINVAL
    assert guest.futex(0x1000, 0, 7, 0) == -errno.EFAULT
    assert guest.futex(word, 6, 7, 0) == -errno.ENOSYS


# --- signals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, ABRT, 8, KILL, 11, 13, TERM, 34, 64])
@pytest.mark.parametrize(("name", "leading"), [("kill", (1,)), ("kill", (0,)), ("tkill", (1,)), ("tgkill", (1, 1))])
def test_a_fatal_signal_to_oneself_stops_the_process(
    guest: Guest, name: str, leading: tuple[int, ...], number: int
) -> None:
    assert guest.call(name, *leading, 0) == 0
    assert guest.stop is None
    assert guest.call(name, *leading, number) == 0
    assert guest.stop == (SIGNALLED, number)


@pytest.mark.parametrize("number", [17, 18, 23, 28, 19, 20, 21, 22])
def test_other_signals_do_nothing(guest: Guest, number: int) -> None:
    assert guest.kill(1, number) == 0
    assert guest.stop is None


def test_nobody_else_can_be_signalled(guest: Guest) -> None:
    for process in (2, -1, -2, os.getpid(), os.getppid(), 2**31 - 1):
        assert guest.kill(process, 0) == guest.kill(process, KILL) == guest.tkill(process, KILL) == -errno.ESRCH
        assert guest.tgkill(process, 1, KILL) == guest.tgkill(1, process, KILL) == -errno.ESRCH
    assert guest.kill(1, 65) == guest.kill(1, -1) == -errno.EINVAL
    assert guest.stop is None


def test_a_blocked_signal_waits_until_it_is_unblocked(guest: Guest) -> None:
    usr1 = 1 << (USR1 - 1)
    guest.poke(guest.buffer, struct.pack("Q", 2**64 - 1))
    assert guest.rt_sigprocmask(BLOCK, guest.buffer, 0, 8) == 0
    assert guest.kill(1, USR1) == guest.kill(1, CHLD) == 0
    assert guest.stop is None
    assert guest.rt_sigpending(guest.buffer, 8) == 0
    assert words(guest, "Q") == (usr1 | 1 << (CHLD - 1),)
    guest.poke(guest.buffer, struct.pack("Q", 1 << (CHLD - 1)))
    assert guest.rt_sigprocmask(UNBLOCK, guest.buffer, 0, 8) == 0
    assert guest.stop is None
    guest.poke(guest.buffer, struct.pack("Q", usr1))
    assert guest.rt_sigprocmask(UNBLOCK, guest.buffer, guest.buffer + 8, 8) == 0
    assert guest.stop == (SIGNALLED, USR1)
    assert words(guest, "QQ")[1] == 2**64 - 1 - (1 << (KILL - 1)) - (1 << (STOP - 1)) - (1 << (CHLD - 1))


def test_kill_cannot_be_blocked(guest: Guest) -> None:
    guest.poke(guest.buffer, struct.pack("Q", 2**64 - 1))
    assert guest.rt_sigprocmask(SETMASK, guest.buffer, 0, 8) == 0
    assert guest.kill(1, KILL) == 0
    assert guest.stop == (SIGNALLED, KILL)


def test_actions_are_stored_and_respected(guest: Guest) -> None:
    action = struct.pack("4Q", 1, 2, 3, 4)
    guest.poke(guest.buffer, action)
    assert guest.rt_sigaction(TERM, guest.buffer, 0, 8) == 0
    assert guest.rt_sigaction(TERM, 0, guest.buffer + 64, 8) == 0
    assert guest.peek(guest.buffer + 64, 32) == action
    assert guest.kill(1, TERM) == 0
    assert guest.stop is None
    for number in (0, 65, -1):
        assert guest.rt_sigaction(number, 0, guest.buffer, 8) == -errno.EINVAL
    assert guest.rt_sigaction(KILL, guest.buffer, 0, 8) == guest.rt_sigaction(STOP, guest.buffer, 0, 8) == -errno.EINVAL
    assert guest.rt_sigaction(KILL, 0, guest.buffer, 8) == 0
    assert guest.rt_sigaction(TERM, 0, guest.buffer, 16) == -errno.EINVAL
    assert guest.rt_sigaction(TERM, 0x1000, 0, 8) == guest.rt_sigaction(TERM, 0, 0x1000, 8) == -errno.EFAULT
    assert guest.rt_sigprocmask(3, guest.buffer, 0, 8) == -errno.EINVAL


def test_a_handled_signal_is_left_to_the_guest_and_kills_when_unhandled(guest: Guest) -> None:
    guest.poke(guest.buffer, struct.pack("4Q", 0x1230, 0, 0, 0))
    assert guest.rt_sigaction(ABRT, guest.buffer, 0, 8) == 0
    assert guest.tkill(1, ABRT) == 0
    assert guest.stop is None
    guest.poke(guest.buffer, bytes(32))
    assert guest.rt_sigaction(ABRT, guest.buffer, 0, 8) == 0
    assert guest.stop == (SIGNALLED, ABRT)


@pytest.mark.parametrize("name", ["exit", "exit_group"])
def test_exit_stops_with_the_low_byte_of_its_status(guest: Guest, name: str) -> None:
    guest.call(name, 0x1234)
    assert guest.stop == (EXITED, 0x34)
    guest.call(name, 1)
    assert guest.stop == (EXITED, 0x34)


# --- identity -------------------------------------------------------------------------------------------------------


def test_a_guest_is_told_the_same_on_every_host(guest: Guest) -> None:
    ones = ("getpid", "gettid", "getpgrp", "set_tid_address", "getpgid", "getsid")
    assert [guest.call(name, 0) for name in ones] == [1] * 6
    assert [guest.call(name) for name in ("getuid", "geteuid", "getgid", "getegid")] == [1000] * 4
    assert guest.getppid() == guest.getgroups(0, 0) == guest.set_robust_list(0, 24) == guest.sched_yield() == 0
    assert guest.getpgid(os.getpid()) == -errno.ESRCH
    assert guest.getresuid(guest.buffer, guest.buffer + 4, guest.buffer + 8) == 0
    assert words(guest, "3I") == (1000,) * 3
    assert guest.uname(guest.buffer) == 0
    content = guest.peek(guest.buffer, 6 * 65)
    assert [content[at : at + 65].rstrip(b"\0") for at in range(0, 390, 65)] == [
        b"Linux", b"motte", b"6.1.0", b"motte", b"x86_64", b"(none)"]  # fmt: skip


def test_limits_are_told_and_cannot_be_set(guest: Guest) -> None:
    files = 7
    assert guest.getrlimit(files, guest.buffer) == 0
    assert words(guest, "QQ") == (64, 64)
    assert guest.prlimit64(0, files, 0, guest.buffer + 16) == 0
    assert words(guest, "4Q") == (64,) * 4
    assert guest.prlimit64(0, files, guest.buffer, 0) == guest.setrlimit(files, guest.buffer) == -errno.EPERM
    assert guest.prlimit64(os.getpid(), files, 0, guest.buffer) == -errno.ESRCH
    assert guest.getrlimit(16, guest.buffer) == guest.prlimit64(1, -1, 0, 0) == -errno.EINVAL


def test_randomness_is_real_and_fills_everything(guest: Guest) -> None:
    size = SCRATCH_SIZE // 2
    assert guest.getrandom(guest.buffer, size, 0) == size
    first = guest.peek(guest.buffer, size)
    assert guest.getrandom(guest.buffer, size, 1) == size
    assert len({first, guest.peek(guest.buffer, size), bytes(size)}) == 3
    assert bytes(32) not in first
    assert guest.getrandom(guest.buffer, 1, 8) == -errno.EINVAL
    assert guest.getrandom(0x1000, 1, 0) == guest.getrandom(2**32 - 1, 2, 0) == -errno.EFAULT


@pytest.mark.parametrize(
    "number", [-1, -(2**63), max(NUMBERS.values()) + 1, 10_000, 2**31, 2**32, 2**32 + 1, 2**63 - 1]
)
def test_numbers_that_are_no_calls_do_not_exist(guest: Guest, number: int) -> None:
    assert guest.call(number) == -errno.ENOSYS
