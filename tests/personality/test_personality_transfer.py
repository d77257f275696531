"""Reading and writing: buffers of the guest, partial results, the output limit, and being killed while blocked."""

from __future__ import annotations

import errno
import itertools
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from personality.guest import BREAK, KILLED, MAP_BASE, OUTPUT_LIMIT, PAGE, SCRATCH, SCRATCH_SIZE, Grant, Guest

BOUNCE = 64 * 1024
UNMAPPED = 0x1000


@contextmanager
def piped(**options: int) -> Iterator[tuple[Guest, int, int, int]]:
    """A guest, what feeds its stdin, and what its stdout and stderr lead to."""
    input_read, input_write = os.pipe()
    output_read, output_write = os.pipe()
    error_read, error_write = os.pipe()
    with Guest(streams=(input_read, output_write, error_write), **options) as guest:
        for descriptor in (input_read, output_write, error_write):
            os.close(descriptor)
        yield guest, input_write, output_read, error_read
    for descriptor in (input_write, output_read, error_read):
        os.close(descriptor)


def spans(guest: Guest, *pairs: tuple[int, int]) -> int:
    """The address of an array of struct iovec."""
    return guest.poke(guest.buffer + 0x30000, b"".join(struct.pack("QQ", *pair) for pair in pairs))


def test_streams_are_connected_and_have_their_direction() -> None:
    with piped() as (guest, feed, output, error):
        os.write(feed, b"question")
        assert guest.read(0, guest.buffer, 100) == 8
        assert guest.peek(guest.buffer, 8) == b"question"
        assert guest.write(1, b"answer", 6) == 6
        assert guest.write(2, b"woe", 3) == 3
        assert (os.read(output, 100), os.read(error, 100)) == (b"answer", b"woe")
        assert guest.write(0, b"x", 1) == guest.read(1, guest.buffer, 1) == -errno.EBADF
        assert [guest.fcntl(number, 3) for number in range(3)] == [os.O_RDONLY, os.O_WRONLY, os.O_WRONLY]
        assert guest.lseek(0, 0, 0) == guest.lseek(1, 0, 0) == -errno.ESPIPE
        assert guest.pread64(0, guest.buffer, 1, 0) == guest.pwrite64(1, b"x", 1, 0) == -errno.ESPIPE
        assert guest.ftruncate(1, 0) == guest.fsync(1) == -errno.EINVAL
        assert guest.fchmod(1, 0) == -errno.EPERM
        assert guest.ioctl(1, 0x5413, guest.buffer) == -errno.ENOTTY


def test_closed_streams_are_free_descriptors(data: Path) -> None:
    with Guest(Grant("/data", data)) as guest:
        assert guest.write(1, b"x", 1) == -errno.EBADF
        assert guest.open("/data", os.O_RDONLY) == 0


def test_a_large_transfer_goes_in_pieces_and_comes_out_whole(guest: Guest, data: Path) -> None:
    content = os.urandom(5 * BOUNCE + 12345)
    guest.map(MAP_BASE, 100)
    guest.poke(MAP_BASE, content)
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    assert guest.write(descriptor, MAP_BASE, len(content)) == len(content)
    assert (data / "f").read_bytes() == content
    guest.poke(MAP_BASE, bytes(len(content)))
    assert guest.pread64(descriptor, MAP_BASE, len(content) + 100, 7) == len(content) - 7
    assert guest.peek(MAP_BASE, len(content) - 7) == content[7:]
    (data / "f").write_bytes(content[:100])
    assert guest.lseek(descriptor, 0, 0) == 0
    assert guest.read(descriptor, MAP_BASE, len(content)) == 100
    assert guest.read(descriptor, MAP_BASE, 100) == 0


def test_several_buffers_are_one_transfer(guest: Guest, data: Path) -> None:
    guest.map(MAP_BASE, 64)
    content = os.urandom(3 * BOUNCE)
    guest.poke(MAP_BASE, content)
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    cuts = [0, 0, 1, 17, 17, 5000, BOUNCE + 3, 2 * BOUNCE, 3 * BOUNCE]
    parts = [(MAP_BASE + start, end - start) for start, end in itertools.pairwise(cuts)]
    vector = spans(guest, *parts)
    assert guest.writev(descriptor, vector, len(parts)) == len(content)
    assert (data / "f").read_bytes() == content
    guest.poke(MAP_BASE, bytes(len(content)))
    assert guest.preadv(descriptor, vector, len(parts), 5) == len(content) - 5
    assert guest.peek(MAP_BASE, len(content) - 5) == content[5:]
    assert guest.pwritev(descriptor, spans(guest, (MAP_BASE, 3), (MAP_BASE + 10, 2)), 2, 1) == 5
    assert (data / "f").read_bytes()[1:6] == content[5:8] + content[15:17]
    assert guest.readv(descriptor, vector, 0) == 0


@pytest.mark.parametrize(
    ("sizes", "count", "expected"),
    [
        ((8, 8), 1025, errno.EINVAL),
        ((8, 8), -1, errno.EINVAL),
        ((8, 8), 2**31, errno.EINVAL),
        ((2**63, 8), 2, errno.EINVAL),
        ((8, 2**64 - 1), 2, errno.EINVAL),
        ((2**63 - 1, 2**63 - 1), 2, errno.EFAULT),
        ((2**32, 8), 2, errno.EFAULT),
    ],
)
def test_sizes_of_buffers_cannot_overflow(
    guest: Guest, data: Path, sizes: tuple[int, int], count: int, expected: int
) -> None:
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    end = SCRATCH + SCRATCH_SIZE - 8
    vector = spans(guest, *((end, size) for size in sizes))
    for name in ("writev", "pwritev"):
        assert guest.call(name, descriptor, vector, count, 0) == -expected
    assert (data / "f").read_bytes() == b""


def test_bad_pointers_are_errors_not_faults(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"abc")
    descriptor = guest.open("/data/f", os.O_RDWR)
    for address in (0, UNMAPPED, BREAK, 2**32 - 1, 2**64 - 1, SCRATCH + SCRATCH_SIZE - 1):
        assert guest.read(descriptor, address, 3) in (-errno.EFAULT, 1)
        assert guest.write(descriptor, address, 3) == -errno.EFAULT
        assert guest.readv(descriptor, address, 2) == -errno.EFAULT
        assert guest.fstat(descriptor, address) == -errno.EFAULT
        assert guest.lseek(descriptor, 0, 0) == 0
    guest.map(MAP_BASE, 1, 1)
    assert guest.read(descriptor, MAP_BASE, 3) == -errno.EFAULT
    assert guest.write(descriptor, MAP_BASE, 3) == 3


def test_a_pointers_upper_half_is_dropped_as_the_guest_drops_it(guest: Guest, data: Path) -> None:
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    guest.poke(guest.buffer, b"abc")
    assert guest.write(descriptor, 0xFFFF_FFFF_0000_0000 | guest.buffer, 3) == 3
    assert guest.pwritev(descriptor, spans(guest, (0xDEAD_0000_0000_0000 | guest.buffer, 3)), 1, 3) == 3
    assert (data / "f").read_bytes() == b"abcabc"


def test_a_buffer_does_not_wrap_around_the_windows_end(guest: Guest, data: Path) -> None:
    guest.map(0xFFFE0000, 16)
    (data / "f").write_bytes(b"x" * 3 * BOUNCE)
    descriptor = guest.open("/data/f", os.O_RDWR)
    assert guest.read(descriptor, 0xFFFE0000, 3 * BOUNCE) == BOUNCE
    assert guest.pwrite64(descriptor, 0xFFFE0000, 3 * BOUNCE, 0) == BOUNCE
    assert guest.pwrite64(descriptor, 0xFFFEFFFF, 2, 0) == -errno.EFAULT


def test_what_came_before_a_bad_buffer_is_kept(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"abcdef")
    descriptor = guest.open("/data/f", os.O_RDWR)
    vector = spans(guest, (guest.buffer, 2), (UNMAPPED, 2))
    assert guest.readv(descriptor, vector, 2) == 2
    assert guest.peek(guest.buffer, 2) == b"ab"
    assert guest.pwritev(descriptor, vector, 2, 4) == 2
    assert (data / "f").read_bytes() == b"abcdab"


def test_negative_positions_are_refused(guest: Guest, data: Path) -> None:
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    for name in ("pread64", "pwrite64", "preadv", "pwritev"):
        assert guest.call(name, descriptor, guest.buffer, 0, -1) == -errno.EINVAL
    assert guest.read(descriptor, guest.buffer, 2**63) == -errno.EINVAL
    assert guest.lseek(descriptor, -1, os.SEEK_SET) == guest.lseek(descriptor, 0, 9) == -errno.EINVAL


def test_a_pipe_gives_what_it_has() -> None:
    with piped() as (guest, feed, _output, _error):
        os.write(feed, b"z" * 1000)
        assert guest.read(0, guest.buffer, 0x20000) == 1000
        os.write(feed, b"z" * BOUNCE)
        assert guest.read(0, guest.buffer, 0x20000) == BOUNCE


def test_writing_to_a_closed_pipe_is_an_error_and_no_signal() -> None:
    output_read, output_write = os.pipe()
    with Guest(streams=(-1, output_write, -1)) as guest:
        os.close(output_write)
        os.close(output_read)
        assert guest.write(1, b"x", 1) == -errno.EPIPE
        assert guest.stop is None


def test_output_up_to_the_limit_is_written_and_no_byte_more() -> None:
    with piped(output_limit=10) as (guest, _feed, output, error):
        assert guest.write(1, b"1234", 4) == 4
        assert guest.dup2(2, 9) == 9
        assert guest.write(9, b"56", 2) == 2
        assert guest.output_bytes == 6
        assert guest.write(1, b"7890", 4) == 4
        assert guest.stop is None
        assert guest.write(1, b"", 0) == 0
        assert guest.write(2, b"x", 1) == -errno.EINTR
        assert guest.stop == (OUTPUT_LIMIT, 0)
        assert (os.read(output, 100), os.read(error, 100), guest.output_bytes) == (b"12347890", b"56", 10)


def test_one_write_past_the_limit_writes_what_fits() -> None:
    with piped(output_limit=100) as (guest, _feed, output, _error):
        vector = spans(guest, (guest.buffer, 60), (guest.buffer, 60))
        assert guest.writev(1, vector, 2) == 100
        assert guest.stop == (OUTPUT_LIMIT, 0)
        assert len(os.read(output, 1000)) == guest.output_bytes == 100


def test_output_to_a_file_cannot_hide_in_holes(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "out", os.O_RDWR | os.O_CREAT)
    with Guest(streams=(-1, descriptor, -1), output_limit=4) as guest:
        assert guest.write(1, b"abc", 3) == 3
        assert guest.lseek(1, 1 << 40, os.SEEK_SET) == -errno.ESPIPE
        assert guest.pwrite64(1, b"x", 1, 1 << 40) == -errno.ESPIPE
        assert guest.ftruncate(1, 1 << 40) == -errno.EINVAL
    os.close(descriptor)
    assert (tmp_path / "out").read_bytes() == b"abc"


def test_files_do_not_count_as_output(guest: Guest, data: Path) -> None:
    with Guest(Grant("/data", data), output_limit=1) as process:
        descriptor = process.open("/data/f", os.O_WRONLY | os.O_CREAT, 0o600)
        assert process.write(descriptor, b"many bytes", 10) == 10
        assert process.output_bytes == 0


def test_input_from_a_file_can_be_sought(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"0123456789")
    descriptor = os.open(tmp_path / "in", os.O_RDONLY)
    with Guest(streams=(descriptor, -1, -1)) as guest:
        assert guest.lseek(0, 4, os.SEEK_SET) == 4
        assert guest.read(0, guest.buffer, 3) == 3
        assert guest.peek(guest.buffer, 3) == b"456"
        assert guest.pread64(0, guest.buffer, 2, 1) == 2
    os.close(descriptor)


def test_a_nonblocking_guest_is_told_to_come_again() -> None:
    with piped() as (guest, feed, _output, _error):
        assert guest.fcntl(0, 4, os.O_NONBLOCK) == 0
        assert guest.fcntl(0, 3) == os.O_NONBLOCK
        assert guest.read(0, guest.buffer, 1) == -errno.EAGAIN
        os.write(feed, b"x")
        assert guest.read(0, guest.buffer, 1) == 1


def test_a_pipe_that_the_host_made_nonblocking_still_blocks_the_guest() -> None:
    input_read, input_write = os.pipe()
    os.set_blocking(input_read, False)
    with Guest(streams=(input_read, -1, -1)) as guest:
        assert guest.call_and_kill("read", 0, guest.buffer, 1) == -errno.EINTR
        assert not os.get_blocking(input_read)
    os.close(input_read)
    os.close(input_write)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("read", (0, SCRATCH, 1)),
        ("poll", (SCRATCH, 0, -1)),
        ("select", (0, 0, 0, 0, 0)),
        ("nanosleep", (SCRATCH, 0)),
        ("clock_nanosleep", (1, 1, SCRATCH, 0)),
        ("futex", (SCRATCH + PAGE, 0, 0, 0)),
        ("write", (1, SCRATCH, SCRATCH_SIZE)),
    ],
)
def test_a_blocked_call_ends_when_the_process_is_killed(name: str, arguments: tuple[int, ...]) -> None:
    with piped() as (guest, _feed, _output, _error):
        guest.poke(SCRATCH, struct.pack("qq", 10**9, 0))
        result = guest.call_and_kill(name, *arguments)
        assert result == -errno.EINTR or (name == "write" and 0 < result < SCRATCH_SIZE)
        assert guest.stop == (KILLED, 0)
