"""Record locks: owned by a process as POSIX says, and real between guests and against programs of the host."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from personality.guest import Grant, Guest

READ_LOCK, WRITE_LOCK, UNLOCK = 0, 1, 2
GETLK, SETLK, SETLKW = 5, 6, 7


def lock(
    guest: Guest, descriptor: int, kind: int, start: int = 0, length: int = 0, *, whence: int = 0, how: int = SETLK
) -> int:
    """fcntl with a struct flock in the guest's buffer."""
    guest.poke(guest.buffer, struct.pack("hh4xqqi4x", kind, whence, start, length, 0))
    return guest.fcntl(descriptor, how, guest.buffer)


def holder(guest: Guest) -> tuple[int, int, int, int]:
    """(kind, start, length, process) that F_GETLK left in the guest's buffer."""
    kind, _whence, start, length, process = struct.unpack("hh4xqqi4x", guest.peek(guest.buffer, 32))
    return kind, start, length, process


@pytest.fixture
def other(data: Path, fixed: Path) -> Iterator[Guest]:
    with Guest(Grant("/elsewhere", data), Grant("/fixed", fixed, writable=False)) as process:
        yield process


@pytest.fixture
def files(guest: Guest, other: Guest, data: Path) -> tuple[int, int, int]:
    """One file: open twice in one guest, and once in another."""
    (data / "f").write_bytes(b"x" * 100)
    return guest.open("/data/f", os.O_RDWR), guest.open("/data/f", os.O_RDWR), other.open("/elsewhere/f", os.O_RDWR)


def test_two_guests_exclude_each_other(guest: Guest, other: Guest, files: tuple[int, int, int]) -> None:
    mine, _, theirs = files
    assert lock(guest, mine, WRITE_LOCK, 10, 5) == 0
    assert lock(other, theirs, READ_LOCK, 14, 1) == -errno.EAGAIN
    assert lock(other, theirs, READ_LOCK, 15, 1) == 0
    assert lock(other, theirs, WRITE_LOCK, 0, 0, how=GETLK) == 0
    assert holder(other) == (WRITE_LOCK, 10, 5, -1)
    assert lock(guest, mine, UNLOCK, 10, 5) == 0
    assert lock(other, theirs, WRITE_LOCK, 10, 5, how=GETLK) == 0
    assert holder(other)[0] == UNLOCK
    assert lock(other, theirs, WRITE_LOCK, 10, 5) == 0


def test_descriptors_of_one_process_share_their_locks(guest: Guest, other: Guest, files: tuple[int, int, int]) -> None:
    """Two connections of one SQLite process: what one takes, the other may strengthen and give up."""
    first, second, theirs = files
    assert lock(guest, first, READ_LOCK, 0, 10) == 0
    assert lock(guest, second, WRITE_LOCK, 0, 10) == 0
    assert lock(other, theirs, READ_LOCK, 0, 10) == -errno.EAGAIN
    assert lock(guest, second, UNLOCK, 0, 10) == 0
    assert lock(other, theirs, WRITE_LOCK, 0, 10) == 0


@pytest.mark.parametrize("how", ["close", "dup2", "exit"])
def test_closing_any_descriptor_of_a_file_drops_its_locks(
    data: Path, other: Guest, files: tuple[int, int, int], how: str
) -> None:
    theirs = files[2]
    process = Guest(Grant("/data", data))
    first, second = process.open("/data/f", os.O_RDWR), process.open("/data/f", os.O_RDWR)
    (data / "g").touch()
    unrelated = process.open("/data/g", os.O_RDONLY)
    assert lock(process, first, WRITE_LOCK) == 0
    assert process.close(process.dup(unrelated)) == 0
    assert lock(other, theirs, WRITE_LOCK) == -errno.EAGAIN
    if how == "close":
        assert process.close(second) == 0
    elif how == "dup2":
        assert process.dup2(unrelated, second) == second
    if how != "exit":
        assert lock(other, theirs, WRITE_LOCK) == 0
    process.__exit__(None, None, None)
    assert lock(other, theirs, WRITE_LOCK) == 0


def test_programs_of_the_host_see_the_locks(guest: Guest, files: tuple[int, int, int], data: Path) -> None:
    assert lock(guest, files[0], WRITE_LOCK) == 0
    pid = os.fork()
    if pid == 0:
        with (data / "f").open("r+b") as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os._exit(11)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 11


def test_positions_count_from_where_whence_says(guest: Guest, other: Guest, files: tuple[int, int, int]) -> None:
    mine, _, theirs = files
    assert guest.lseek(mine, 30, os.SEEK_SET) == 30
    assert lock(guest, mine, WRITE_LOCK, -10, 5, whence=os.SEEK_CUR) == 0
    assert lock(guest, mine, WRITE_LOCK, -10, 5, whence=os.SEEK_END) == 0
    for expected in ((20, 5), (90, 5)):
        assert lock(other, theirs, READ_LOCK, *expected, how=GETLK) == 0
        assert holder(other)[1:3] == expected


def test_locks_that_mean_nothing_are_refused(guest: Guest, files: tuple[int, int, int]) -> None:
    mine = files[0]
    assert lock(guest, mine, 3) == lock(guest, mine, WRITE_LOCK, whence=3) == -errno.EINVAL
    assert lock(guest, mine, WRITE_LOCK, -1) == -errno.EINVAL
    assert lock(guest, mine, WRITE_LOCK, 2**63 - 1, 0, whence=os.SEEK_END) == -errno.EOVERFLOW
    assert guest.fcntl(mine, SETLK, 0x1000) == -errno.EFAULT
    assert lock(guest, guest.open("/data/f", os.O_RDONLY), WRITE_LOCK) == -errno.EBADF
    assert lock(guest, guest.open("/data/f", os.O_WRONLY), READ_LOCK) == -errno.EBADF
    assert lock(guest, guest.open("/data", os.O_RDONLY), READ_LOCK) == -errno.EINVAL
    assert lock(guest, guest.open("/fixed/file", os.O_RDONLY), READ_LOCK) == 0


def test_waiting_for_a_lock_ends_when_the_process_is_killed(
    guest: Guest, other: Guest, files: tuple[int, int, int]
) -> None:
    assert lock(guest, files[0], WRITE_LOCK) == 0
    other.poke(other.buffer, struct.pack("hh4xqqi4x", WRITE_LOCK, 0, 0, 0, 0))
    assert other.call_and_kill("fcntl", files[2], SETLKW, other.buffer) == -errno.EINTR


def test_whole_file_locks_belong_to_the_open_file(guest: Guest, other: Guest, files: tuple[int, int, int]) -> None:
    first, second, theirs = files
    assert guest.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB) == 0
    assert guest.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB) == -errno.EAGAIN
    assert other.flock(theirs, fcntl.LOCK_SH | fcntl.LOCK_NB) == -errno.EAGAIN
    assert guest.flock(first, fcntl.LOCK_UN) == 0
    assert other.call_and_kill("flock", theirs, fcntl.LOCK_EX) == 0
