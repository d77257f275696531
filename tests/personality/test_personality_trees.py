"""File trees in memory against a directory of the host's: the same calls, the same answers; and what they cost."""

from __future__ import annotations

import errno
import os
import stat
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personality.guest import AT_FDCWD, Grant, Guest, MemoryTree
from personality.test_personality_files import directory_names, status

CREATE = os.O_RDWR | os.O_CREAT


@pytest.fixture
def tree() -> Iterator[MemoryTree]:
    with MemoryTree(limit=1 << 20, nodes=100) as made:
        yield made


@pytest.fixture
def guest(tree: MemoryTree) -> Iterator[Guest]:
    with Guest(Grant("/data", tree)) as made:
        yield made


# --- the model: a directory of the host's --------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "c"])
components = st.one_of(names, names, names, st.sampled_from([".", "..", "n" * 255, "n" * 256]))
relative = st.builds(
    lambda parts, separator, end: separator.join(parts) + end,
    st.lists(components, min_size=1, max_size=4),
    st.sampled_from(["/", "/", "/", "//"]),
    st.sampled_from(["", "", "", "/"]),
)
paths = st.one_of(
    relative, relative.map("/data/".__add__), st.sampled_from(["", "/", "/data", ".", "..", "/etc/passwd"])
)
descriptors = st.integers(0, 5)
sizes = st.sampled_from([0, 1, 5, 100, 4095, 4096, 4097, 10_000])
positions = st.sampled_from([0, 0, 1, 5, 4090, 4096, 12_000])
modes = st.sampled_from([0o600, 0o644, 0o777])
open_flags = st.builds(
    lambda access, more: access | sum(set(more)),
    st.sampled_from([os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR]),
    st.lists(st.sampled_from([os.O_CREAT, os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND, os.O_DIRECTORY]), max_size=3),
)
directory = st.one_of(st.just(AT_FDCWD), st.just(AT_FDCWD), descriptors)
calls = st.one_of(
    st.tuples(st.just("openat"), directory, paths, open_flags, modes),
    st.tuples(st.just("openat"), directory, relative, st.just(CREATE), modes),
    st.tuples(
        st.just("openat"), descriptors, st.sampled_from(["..", ".", "a/..", "a/../..", "../a"]), open_flags, modes
    ),
    st.tuples(st.just("close"), descriptors),
    st.tuples(st.just("dup"), descriptors),
    st.tuples(st.just("write"), descriptors, sizes),
    st.tuples(st.just("pwrite64"), descriptors, sizes, positions),
    st.tuples(st.just("read"), descriptors, sizes),
    st.tuples(st.just("pread64"), descriptors, sizes, positions),
    st.tuples(st.just("lseek"), descriptors, st.sampled_from([-3, 0, 2, 5000, 1 << 40]), st.integers(0, 5)),
    st.tuples(st.just("ftruncate"), descriptors, st.sampled_from([-1, 0, 3, 4096, 9000, 1 << 30, (1 << 30) + 1])),
    st.tuples(st.just("truncate"), paths, st.sampled_from([0, 3, 9000])),
    st.tuples(st.just("fstat"), descriptors),
    st.tuples(st.just("newfstatat"), directory, paths),
    st.tuples(st.just("faccessat"), directory, paths, st.integers(0, 7)),
    st.tuples(st.just("readlinkat"), directory, paths),
    st.tuples(st.just("mkdirat"), directory, paths, st.just(0o755)),
    st.tuples(st.just("mkdirat"), directory, relative, st.just(0o755)),
    st.tuples(st.just("unlinkat"), directory, paths, st.sampled_from([0, 0x200])),
    st.tuples(st.just("renameat2"), directory, paths, directory, paths, st.sampled_from([0, 0, 1])),
    st.tuples(st.just("fchmodat"), directory, paths, modes),
    st.tuples(st.just("utimensat"), directory, paths, st.sampled_from([(1, 2, 3, 4), (1, -1, 3, 4)])),
    st.tuples(st.just("fcntl"), descriptors, st.sampled_from([3, 4]), st.sampled_from([0, os.O_APPEND])),
    st.tuples(st.just("chdir"), paths),
    st.tuples(st.just("getcwd")),
    st.tuples(st.just("list"), paths),
    st.tuples(st.just("fsync"), descriptors),
)


def fill(guest: Guest, size: int, salt: int) -> int:
    return guest.poke(guest.buffer, bytes((salt + i) % 251 for i in range(size)))


def shown_status(guest: Guest) -> tuple[object, ...]:
    """What both kinds of directories agree on."""
    fields = status(guest)
    if stat.S_ISDIR(fields["mode"]):
        return ("directory", fields["uid"])
    return fields["mode"], fields["size"], fields["nlink"], fields["uid"], fields["gid"], fields["rdev"]


def answer(guest: Guest, number: int, call: tuple[object, ...]) -> object:  # noqa: PLR0911 (a call each)
    name, *arguments = call
    if name in {"write", "pwrite64"}:
        descriptor, size, *position = arguments
        return guest.call(name, descriptor, fill(guest, size, number), size, *position)  # type: ignore[arg-type]
    if name in {"read", "pread64"}:
        descriptor, size, *position = arguments
        length = guest.call(name, descriptor, guest.buffer, size, *position)  # type: ignore[arg-type]
        return length, guest.peek(guest.buffer, max(length, 0))
    if name == "lseek":  # where a directory can be sought to is its file system's own affair
        opened = guest.fstat(arguments[0], guest.buffer) == 0  # type: ignore[arg-type]
        return None if opened and stat.S_ISDIR(status(guest)["mode"]) else guest.call(name, *arguments)  # type: ignore[arg-type]
    if name == "fstat":
        result = guest.call(name, arguments[0], guest.buffer)  # type: ignore[arg-type]
        return result, shown_status(guest) if result == 0 else None
    if name == "newfstatat":
        result = guest.call(name, *arguments, guest.buffer, 0)  # type: ignore[arg-type]
        return result, shown_status(guest) if result == 0 else None
    if name == "readlinkat":
        return guest.call(name, *arguments, guest.buffer, 100)  # type: ignore[arg-type]
    if name == "utimensat":
        times = guest.poke(guest.buffer, struct.pack("4q", *arguments[2]))  # type: ignore[misc]
        return guest.call(name, *arguments[:2], times, 0)  # type: ignore[arg-type]
    if name == "getcwd":
        length = guest.getcwd(guest.buffer, 4096)
        return length, guest.peek(guest.buffer, max(length, 0))
    if name == "list":
        opened = guest.open(arguments[0], os.O_RDONLY | os.O_DIRECTORY)
        return opened if opened < 0 else (guest.close(opened), directory_names(guest, arguments[0], 512))  # type: ignore[arg-type]
    return guest.call(name, *arguments)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(calls, max_size=40), st.booleans())
def test_a_tree_answers_as_a_directory_of_the_hosts(sequence: list[tuple[object, ...]], writable: bool) -> None:
    with tempfile.TemporaryDirectory() as host, MemoryTree() as tree:
        empty = tree.figures.used
        with (
            Guest(Grant("/data", Path(host), writable)) as on_host,
            Guest(Grant("/data", tree, writable)) as in_memory,
        ):
            for guest in (on_host, in_memory):
                guest.chdir("/data")
            for number, call in enumerate(sequence):
                assert answer(in_memory, number, call) == answer(on_host, number, call), call
            remove_everything(in_memory, "/data")
        assert tree.figures.nodes == 1
        assert tree.figures.used <= empty + 8 * 64  # more buckets stay


def remove_everything(guest: Guest, path: str) -> None:
    for name in directory_names(guest, path, 512) - {".", ".."}:
        if guest.unlink(f"{path}/{name}") == -errno.EISDIR:
            remove_everything(guest, f"{path}/{name}")
            assert guest.rmdir(f"{path}/{name}") == 0


# --- what there is of its own --------------------------------------------------------------------------------------


def test_an_open_file_outlives_its_name(guest: Guest, tree: MemoryTree) -> None:
    before = tree.figures.used
    descriptor = guest.open("/data/f", CREATE, 0o600)
    guest.write(descriptor, b"still here", 10)
    assert guest.unlink("/data/f") == 0
    assert guest.open("/data/f", os.O_RDONLY) == -errno.ENOENT
    assert guest.pread64(descriptor, guest.buffer, 100, 0) == 10
    assert guest.peek(guest.buffer, 10) == b"still here"
    assert guest.fstat(descriptor, guest.buffer) == 0
    assert status(guest)["nlink"] == 0
    assert tree.figures.used > before + 4096
    assert guest.close(descriptor) == 0
    assert tree.figures.used == before


def test_a_removed_directory_holds_nothing_more(guest: Guest) -> None:
    assert guest.mkdir("/data/d", 0o755) == 0
    descriptor = guest.open("/data/d", os.O_RDONLY | os.O_DIRECTORY)
    assert guest.rmdir("/data/d") == 0
    for path in ("f", "../f", ".."):
        assert guest.openat(descriptor, path, CREATE, 0o600) == -errno.ENOENT
    assert guest.mkdirat(descriptor, "d", 0o755) == -errno.ENOENT
    assert guest.getdents64(descriptor, guest.buffer, 1000) == 0


def test_pages_that_were_never_written_are_not_there(guest: Guest, tree: MemoryTree) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    assert guest.ftruncate(descriptor, 1 << 30) == 0
    assert tree.figures.used < 4096
    assert guest.pread64(descriptor, guest.buffer, 10, (1 << 30) - 10) == 10
    assert guest.peek(guest.buffer, 10) == bytes(10)
    assert guest.pwrite64(descriptor, b"x", 1, 1 << 30) == -errno.EFBIG


def test_the_limit_is_the_end_of_all_growth(guest: Guest, tree: MemoryTree) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    written = 0
    while (result := guest.write(descriptor, guest.buffer, 60_000)) > 0:
        written += result
    assert result == -errno.ENOSPC
    assert (1 << 20) - 3 * 4096 < written < 1 << 20
    assert tree.figures.used <= 1 << 20
    assert (
        guest.pwrite64(descriptor, b"x", 1, 1 << 29) == -errno.ENOSPC
    )  # a table of pages is not to be had for nothing
    assert guest.ftruncate(descriptor, 0) == 0
    assert guest.write(descriptor, guest.buffer, 60_000) == 60_000


def test_names_count_and_so_does_their_number(guest: Guest, tree: MemoryTree) -> None:
    for number in range(99):
        assert guest.mkdir(f"/data/{number}", 0o755) == 0
    assert guest.mkdir("/data/x", 0o755) == -errno.ENOSPC
    assert guest.open("/data/x", CREATE, 0o600) == -errno.ENOSPC
    used = tree.figures.used
    assert guest.rename("/data/7", "/data/" + "n" * 255) == 0
    assert tree.figures.used == used + 254
    assert guest.rmdir("/data/8") == 0
    assert guest.open("/data/x", CREATE, 0o600) >= 0


def test_several_guests_share_a_tree(tree: MemoryTree) -> None:
    with Guest(Grant("/a", tree)) as first, Guest(Grant("/b", tree, writable=False)) as second:
        descriptor = first.open("/a/f", CREATE, 0o600)
        first.write(descriptor, b"shared", 6)
        assert second.read_all("/b/f") == b"shared"
        assert second.open("/b/f", os.O_RDWR) == -errno.EROFS
        assert second.unlink("/b/f") == -errno.EROFS
        assert second.open("/b/g", CREATE, 0o600) == -errno.EROFS
        assert second.rename("/b/f", "/b/g") == -errno.EROFS


def test_locks_exclude_other_guests_and_go_with_their_files(tree: MemoryTree) -> None:
    lock = struct.pack("hhi2qi4x", 1, 0, 0, 0, 0, 0)  # F_WRLCK, the whole file
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with Guest(Grant("/a", tree)) as first, Guest(Grant("/b", tree)) as second:
        one, other = first.open("/a/f", CREATE, 0o600), second.open("/b/f", CREATE, 0o600)
        assert first.fcntl(one, 6, first.poke(first.buffer, lock)) == 0
        assert second.fcntl(other, 6, second.poke(second.buffer, lock)) == -errno.EAGAIN
        assert first.close(one) == 0
        assert second.fcntl(other, 6, second.buffer) == 0
        one = first.open("/a/f", os.O_RDWR)
        assert second.flock(other, 2) == 0
        assert first.flock(one, 2 | 4) == -errno.EAGAIN
        assert second.flock(other, 8) == first.flock(one, 2 | 4) == 0
        for number in range(80):  # the host's descriptors are not for who locks many files in turn
            descriptor = first.open(f"/a/{number}", CREATE, 0o600)
            assert first.fcntl(descriptor, 6, first.poke(first.buffer, lock)) == 0
            assert first.close(descriptor) == 0
        assert len(list(Path("/proc/self/fd").iterdir())) <= descriptors + 12
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_nothing_moves_between_a_tree_and_the_host(tree: MemoryTree, data: Path) -> None:
    (data / "f").write_text("host")
    with Guest(Grant("/data", data), Grant("/tree", tree)) as guest, MemoryTree() as second:
        assert guest.rename("/data/f", "/tree/f") == -errno.EXDEV
        assert guest.mkdir("/tree/d", 0o755) == 0
        assert guest.rename("/tree/d", "/data/d") == -errno.EXDEV
        with Guest(Grant("/a", tree), Grant("/b", second)) as other:
            assert other.rename("/a/d", "/b/d") == -errno.EXDEV


@pytest.mark.parametrize(
    "path", ["/data/../outside/secret", "/data/d/../../outside/secret", "/data/./../../etc/passwd", "/data/d/../.."]
)
def test_no_path_leads_out(guest: Guest, outside: Path, path: str) -> None:
    assert (outside / "secret").exists()
    assert guest.mkdir("/data/d", 0o755) == 0
    for result in (
        guest.open(path, os.O_RDONLY),
        guest.open(path, CREATE, 0o600),
        guest.rename("/data/d", path),
        guest.truncate(path, 0),
    ):
        assert result in {-errno.ENOENT, -errno.EACCES, -errno.EBUSY, -errno.EISDIR, -errno.EXDEV}
    handle = guest.open("/data/d", os.O_RDONLY | os.O_DIRECTORY)
    for flags in (os.O_RDONLY, CREATE, CREATE | os.O_EXCL):
        assert guest.openat(handle, "..", flags, 0o600) == -errno.ENOENT
        assert guest.openat(handle, "../d", flags, 0o600) == -errno.ENOENT
    assert directory_names(guest, "/data") == {".", "..", "d"}


@pytest.mark.parametrize(
    ("call", "arguments"),
    [
        ("symlink", ("/etc/passwd", "/data/s")),
        ("link", ("/data/f", "/data/g")),
        ("mknod", ("/data/m", 0o010600, 0)),
    ],
)
def test_links_and_devices_cannot_be_made(guest: Guest, call: str, arguments: tuple[str | int, ...]) -> None:
    assert guest.call(call, *arguments) == -errno.EPERM


def test_a_file_can_be_mapped_and_polled(guest: Guest) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    guest.write(descriptor, b"mapped", 6)
    address = guest.mmap(0, 4096, 1, 2, descriptor, 0)
    assert guest.peek(address, 8) == b"mapped\0\0"
    guest.poke(guest.buffer, struct.pack("ihh", descriptor, 0x5, 0))
    assert guest.poll(guest.buffer, 1, -1) == 1
    assert struct.unpack("ihh", guest.peek(guest.buffer, 8))[2] == 0x5
