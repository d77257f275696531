"""What a guest is told of the time, and which random numbers it gets: as much as it was granted."""

from __future__ import annotations

import errno
import struct
import time
from pathlib import Path

import pytest

from motte.abi.capabilities import COARSE_CLOCK_NS, ClockRight
from personality.guest import Guest

CLOCKS = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_PROCESS_CPUTIME_ID, time.CLOCK_BOOTTIME)
NO_TIME = bytes(48)


def file_times(guest: Guest) -> bytes:
    assert guest.stat("/data/file", guest.buffer) == 0
    return guest.peek(guest.buffer + 72, 48)


@pytest.fixture(autouse=True)
def file(data: Path) -> None:
    (data / "file").write_text("now")


def test_without_a_clock_nothing_tells_the_time(guest: Guest) -> None:
    guest.grant_sources(clock=0, random=1)
    for clock in CLOCKS:
        assert guest.clock_gettime(clock, guest.buffer) == guest.clock_getres(clock, guest.buffer) == -errno.EPERM
    assert guest.gettimeofday(guest.buffer, 0) == guest.time(guest.buffer) == -errno.EPERM
    assert guest.times(guest.buffer) == guest.getrusage(0, guest.buffer) == -errno.EPERM
    assert file_times(guest) == NO_TIME


def test_without_a_clock_a_wrong_one_is_still_wrong(guest: Guest) -> None:
    guest.grant_sources(clock=0, random=0)
    assert guest.clock_gettime(11, guest.buffer) == guest.clock_getres(11, guest.buffer) == -errno.EINVAL
    assert guest.getrusage(7, guest.buffer) == -errno.EINVAL


def test_one_can_sleep_for_a_while_without_a_clock_and_not_until_a_moment(guest: Guest) -> None:
    guest.grant_sources(clock=0, random=0)
    guest.poke(guest.buffer, struct.pack("qq", 0, 1))
    assert guest.nanosleep(guest.buffer, 0) == guest.clock_nanosleep(time.CLOCK_MONOTONIC, 0, guest.buffer, 0) == 0
    assert guest.clock_nanosleep(time.CLOCK_MONOTONIC, 1, guest.buffer, 0) == -errno.EPERM


def test_a_coarse_clock_rounds_down_everything_that_tells_the_time(guest: Guest) -> None:
    guest.grant_sources(clock=int(ClockRight.READ), random=0)
    for clock in CLOCKS:
        before = time.clock_gettime_ns(clock)
        assert guest.clock_gettime(clock, guest.buffer) == 0
        seconds, nanoseconds = struct.unpack("qq", guest.peek(guest.buffer, 16))
        assert nanoseconds % COARSE_CLOCK_NS == 0
        if clock != time.CLOCK_PROCESS_CPUTIME_ID:
            assert before - COARSE_CLOCK_NS < seconds * 10**9 + nanoseconds <= time.clock_gettime_ns(clock)
        assert guest.clock_getres(clock, guest.buffer) == 0
        assert struct.unpack("qq", guest.peek(guest.buffer, 16)) == (0, COARSE_CLOCK_NS)
    assert guest.gettimeofday(guest.buffer, 0) == 0
    assert struct.unpack("qq", guest.peek(guest.buffer, 16))[1] % 1000 == 0
    assert guest.getrusage(0, guest.buffer) == 0
    assert struct.unpack("qq", guest.peek(guest.buffer, 16))[1] % 1000 == 0
    accessed, modified, changed = struct.unpack("qqqqqq", file_times(guest))[1::2]
    assert not (accessed % COARSE_CLOCK_NS or modified % COARSE_CLOCK_NS or changed % COARSE_CLOCK_NS)
    assert file_times(guest) != NO_TIME


def test_without_random_numbers_there_are_none(guest: Guest) -> None:
    guest.grant_sources(clock=0, random=0)
    guest.poke(guest.buffer, b"before")
    assert guest.getrandom(guest.buffer, 6, 0) == guest.getrandom(guest.buffer, 0, 0) == -errno.EPERM
    assert guest.getrandom(guest.buffer, 6, 64) == -errno.EINVAL
    assert guest.peek(guest.buffer, 6) == b"before"
