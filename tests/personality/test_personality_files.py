"""Files and directories: what a program does with them, what is refused, and what read-only means."""

from __future__ import annotations

import errno
import os
import stat
import struct
import time
from pathlib import Path

import pytest

from personality.guest import AT_FDCWD, PAGE, Grant, Guest, names

WRITE_NEW = os.O_WRONLY | os.O_CREAT
AT_REMOVEDIR, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = 0x200, 0x100, 0x1000
FILE_SIZE_LIMIT, FILE_BYTES_LIMIT, CREATED_ENTRIES_LIMIT = 1 << 30, 16 << 30, 65536


def status(guest: Guest) -> dict[str, int]:
    """The struct stat in the guest's buffer, by musl's names."""
    fields = ("dev", "ino", "nlink", "mode", "uid", "gid", "_pad", "rdev", "size", "blksize", "blocks",
              "atime", "atime_ns", "mtime", "mtime_ns", "ctime", "ctime_ns")  # fmt: skip
    return dict(zip(fields, struct.unpack("3Q4IQ3q6q24x", guest.peek(guest.buffer, 144)), strict=True))


def directory_names(guest: Guest, path: str, portion: int = 64) -> set[str]:
    """What getdents64 lists, read in small portions."""
    descriptor = guest.open(path, os.O_RDONLY | os.O_DIRECTORY)
    found: set[str] = set()
    while (length := guest.getdents64(descriptor, guest.buffer, portion)) > 0:
        content, at = guest.peek(guest.buffer, length), 0
        while at < length:
            size = struct.unpack_from("H", content, at + 16)[0]
            found.add(content[at + 19 : at + size].split(b"\0")[0].decode())
            at += size
    assert length == 0
    assert guest.close(descriptor) == 0
    return found


def test_a_file_is_created_written_read_and_removed(guest: Guest, data: Path) -> None:
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    assert descriptor == 0
    assert guest.write(descriptor, b"hello", 5) == 5
    assert guest.lseek(descriptor, 1, os.SEEK_SET) == 1
    assert guest.read(descriptor, guest.buffer, 100) == 4
    assert guest.peek(guest.buffer, 4) == b"ello"
    assert guest.pread64(descriptor, guest.buffer, 2, 3) == 2
    assert guest.peek(guest.buffer, 2) == b"lo"
    assert guest.pwrite64(descriptor, b"J", 1, 0) == 1
    assert guest.lseek(descriptor, 0, os.SEEK_CUR) == 5
    assert guest.fsync(descriptor) == guest.fdatasync(descriptor) == 0
    assert guest.close(descriptor) == 0
    assert guest.close(descriptor) == -errno.EBADF
    assert (data / "f").read_bytes() == b"Jello"
    assert stat.S_IMODE((data / "f").stat().st_mode) == 0o644
    assert guest.open("/data/f", WRITE_NEW | os.O_EXCL, 0o600) == -errno.EEXIST
    assert guest.unlink("/data/f") == 0
    assert guest.open("/data/f", os.O_RDONLY) == -errno.ENOENT


def test_what_the_flags_of_open_say_is_done(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"content")
    assert guest.read(guest.open("/data/f", os.O_WRONLY), guest.buffer, 1) == -errno.EBADF
    assert guest.write(guest.open("/data/f", os.O_RDONLY), b"x", 1) == -errno.EBADF
    append = guest.open("/data/f", os.O_WRONLY | os.O_APPEND)
    assert guest.write(append, b"!", 1) == 1
    assert guest.fcntl(append, 3) == os.O_WRONLY | os.O_APPEND
    assert (data / "f").read_bytes() == b"content!"
    assert guest.fcntl(append, 4, 0) == 0
    assert guest.lseek(append, 0, os.SEEK_SET) == 0
    assert guest.write(append, b"C", 1) == 1
    assert (data / "f").read_bytes() == b"Content!"
    assert guest.open("/data/f", os.O_RDONLY | os.O_TRUNC) >= 0
    assert (data / "f").read_bytes() == b""
    assert guest.open("/data", os.O_RDWR) == -errno.EISDIR
    assert guest.open("/data/f", os.O_RDONLY | os.O_DIRECTORY) == -errno.ENOTDIR
    assert guest.open("/data/f/", os.O_RDONLY) == -errno.ENOTDIR
    assert guest.creat("/data/g", 0o640) >= 0
    assert stat.S_IMODE((data / "g").stat().st_mode) == 0o640


def test_special_bits_never_reach_a_file(guest: Guest, data: Path) -> None:
    assert guest.umask(0) == 0o022
    assert guest.open("/data/f", WRITE_NEW, 0o7777) >= 0
    assert guest.mkdir("/data/d", 0o7777) == 0
    assert guest.chmod("/data/d", 0o7755) == 0
    assert guest.chmod("/data/f", 0o7711) == 0
    assert guest.fchmod(0, 0o6700) == 0
    assert stat.S_IMODE((data / "f").stat().st_mode) == 0o700
    assert stat.S_IMODE((data / "d").stat().st_mode) == 0o755
    assert guest.umask(0o1077) == 0
    assert guest.umask(0) == 0o077


def test_in_a_read_only_grant_nothing_changes(guest: Guest, fixed: Path) -> None:
    before = sorted((path, path.lstat().st_mode, path.lstat().st_mtime_ns) for path in fixed.rglob("*"))
    read_only = -errno.EROFS
    assert guest.read_all("/fixed/file") == b"fixed"
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_RDONLY | os.O_TRUNC, os.O_WRONLY | os.O_CREAT | os.O_APPEND):
        assert guest.open("/fixed/file", flags, 0o600) == read_only
    assert guest.open("/fixed/new", WRITE_NEW, 0o600) == read_only
    assert guest.open("/fixed/new", os.O_WRONLY) == -errno.ENOENT
    assert guest.unlink("/fixed/file") == read_only
    assert guest.rmdir("/fixed/folder") == read_only
    assert guest.mkdir("/fixed/new", 0o700) == read_only
    assert guest.rename("/fixed/file", "/fixed/moved") == read_only
    assert guest.rename("/fixed/file", "/data/moved") == read_only
    assert guest.truncate("/fixed/file", 0) == read_only
    assert guest.chmod("/fixed/file", 0o600) == read_only
    assert guest.utimensat(AT_FDCWD, "/fixed/file", 0, 0) == read_only
    assert guest.chown("/fixed/file", 1000, 1000) == read_only
    assert guest.access("/fixed/file", os.R_OK) == 0
    assert guest.access("/fixed/file", os.W_OK) == read_only
    file = guest.open("/fixed/file", os.O_RDONLY)
    folder = guest.open("/fixed/folder", os.O_RDONLY)
    assert guest.ftruncate(file, 0) == -errno.EINVAL
    assert guest.fchmod(file, 0o600) == guest.fchmod(folder, 0o700) == read_only
    assert guest.utimensat(file, 0, 0, 0) == read_only
    assert guest.openat(folder, "new", WRITE_NEW, 0o600) == read_only
    assert guest.mkdirat(folder, "new", 0o700) == read_only
    assert guest.unlinkat(folder, "none", 0) == read_only
    assert before == sorted((path, path.lstat().st_mode, path.lstat().st_mtime_ns) for path in fixed.rglob("*"))


def test_a_file_cannot_be_moved_out_of_a_read_only_grant_or_into_it(guest: Guest, data: Path) -> None:
    (data / "f").touch()
    assert guest.rename("/data/f", "/fixed/f") == -errno.EROFS
    assert guest.rename("/data/f", "/fixed/file") == -errno.EROFS
    assert (data / "f").exists()


def test_rename_replaces_and_respects_its_flag(guest: Guest, data: Path) -> None:
    (data / "a").write_text("a")
    (data / "b").write_text("b")
    (data / "d").mkdir()
    no_replace, exchange = 1, 2
    assert guest.renameat2(AT_FDCWD, "/data/a", AT_FDCWD, "/data/b", no_replace) == -errno.EEXIST
    assert guest.renameat2(AT_FDCWD, "/data/a", AT_FDCWD, "/data/b", exchange) == -errno.EINVAL
    assert guest.rename("/data/a/", "/data/c") == -errno.ENOTDIR
    assert guest.rename("/data/a", "/data/c/") == -errno.ENOTDIR
    assert guest.rename("/data/a", "/data/b") == 0
    assert (data / "b").read_text() == "a"
    assert guest.rename("/data/d/", "/data/e/") == 0
    assert guest.rename("/data/none", "/data/x") == -errno.ENOENT
    assert guest.unlink("/data/b/") == -errno.ENOTDIR
    assert guest.rmdir("/data/e/") == 0
    assert guest.unlinkat(AT_FDCWD, "/data/b", 7) == -errno.EINVAL
    assert guest.unlinkat(AT_FDCWD, "/data/b", AT_REMOVEDIR) == -errno.ENOTDIR


def test_directories_are_listed_completely(guest: Guest, data: Path) -> None:
    expected = {f"name-{number}" for number in range(50)}
    for name in expected:
        (data / name).touch()
    assert directory_names(guest, "/data") == expected | {".", ".."}
    descriptor = guest.open("/data", os.O_RDONLY)
    assert guest.getdents64(descriptor, guest.buffer, 8) == -errno.EINVAL
    assert guest.getdents64(descriptor, 0x1000, 4096) == -errno.EFAULT
    assert guest.read(descriptor, guest.buffer, 10) == -errno.EISDIR
    assert guest.write(descriptor, b"x", 1) == -errno.EBADF
    assert guest.getdents64(guest.open("/data/name-1", os.O_RDONLY), guest.buffer, 100) == -errno.ENOTDIR


def test_status_has_the_layout_of_the_c_library(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"x" * 5000)
    os.utime(data / "f", ns=(1_000_000_007, 2_000_000_009))
    (data / "link").symlink_to("f")
    host = (data / "f").stat()
    expected = {"ino": host.st_ino, "nlink": 1, "size": 5000, "blksize": host.st_blksize, "blocks": host.st_blocks,
                "mode": host.st_mode, "uid": 1000, "gid": 1000, "atime": 1, "atime_ns": 7, "mtime": 2, "mtime_ns": 9,
                "ctime": host.st_ctime_ns // 10**9, "ctime_ns": host.st_ctime_ns % 10**9,
                "dev": host.st_dev}  # fmt: skip
    descriptor = guest.open("/data/f", os.O_RDONLY)
    calls: tuple[tuple[str, *tuple[int | str, ...]], ...] = (
        ("stat", "/data/f", guest.buffer),
        ("stat", "/data/link", guest.buffer),
        ("fstat", descriptor, guest.buffer),
        ("newfstatat", AT_FDCWD, "/data/f", guest.buffer, AT_SYMLINK_NOFOLLOW),
        ("newfstatat", descriptor, "", guest.buffer, AT_EMPTY_PATH),
    )
    for call in calls:
        guest.poke(guest.buffer, bytes(144))
        assert guest.call(*call) == 0
        assert status(guest).items() >= expected.items()
    assert guest.lstat("/data/link", guest.buffer) == 0
    assert stat.S_ISLNK(status(guest)["mode"])
    assert guest.stat("/data/f", 0x1000) == -errno.EFAULT
    assert guest.newfstatat(AT_FDCWD, "/data/f", guest.buffer, 1) == -errno.EINVAL
    assert guest.newfstatat(AT_FDCWD, "", guest.buffer, 0) == -errno.ENOENT


def test_access_answers_for_the_guest(guest: Guest, data: Path) -> None:
    (data / "f").touch(0o777)
    assert guest.access("/data/f", os.R_OK | os.W_OK) == 0
    assert guest.access("/data/f", os.X_OK) == -errno.EACCES
    assert guest.access("/data", os.X_OK) == 0
    assert guest.access("/data/f", 8) == -errno.EINVAL
    assert guest.faccessat2(AT_FDCWD, "/data/f", os.F_OK, 0x200) == 0
    assert guest.faccessat2(AT_FDCWD, "/data/f", os.F_OK, 1) == -errno.EINVAL


def test_times_and_owners_change_only_as_far_as_they_may(guest: Guest, data: Path) -> None:
    (data / "f").touch()
    times = guest.poke(guest.buffer, struct.pack("4q", 11, 12, 13, 14))
    assert guest.utimensat(AT_FDCWD, "/data/f", times, 0) == 0
    assert ((data / "f").stat().st_atime_ns, (data / "f").stat().st_mtime_ns) == (11_000_000_012, 13_000_000_014)
    descriptor = guest.open("/data/f", os.O_RDONLY)
    assert guest.utimensat(descriptor, 0, 0, 0) == 0
    assert abs((data / "f").stat().st_mtime - time.time()) < 60
    assert guest.chown("/data/f", 1000, 2**32 - 1) == guest.fchown(descriptor, 1000, 1000) == 0
    assert guest.chown("/data/f", 0, 0) == guest.fchown(descriptor, 0, 2**32 - 1) == -errno.EPERM
    assert guest.lchown("/data/none", 1000, 1000) == -errno.ENOENT


def test_names_that_would_lead_elsewhere_cannot_be_made(guest: Guest, data: Path) -> None:
    (data / "f").touch()
    assert guest.link("/data/f", "/data/g") == -errno.EPERM
    assert guest.linkat(AT_FDCWD, "/data/f", AT_FDCWD, "/data/g", 0) == -errno.EPERM
    assert guest.symlink("/etc/passwd", "/data/g") == -errno.EPERM
    assert guest.symlinkat("/etc/passwd", AT_FDCWD, "/data/g") == -errno.EPERM
    assert guest.mknod("/data/g", stat.S_IFIFO | 0o600, 0) == -errno.EPERM
    assert names(data) == ["f"]


def test_a_file_is_truncated_by_name_and_by_descriptor(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"12345")
    assert guest.truncate("/data/f", 3) == 0
    descriptor = guest.open("/data/f", os.O_RDWR)
    assert guest.ftruncate(descriptor, 10) == 0
    assert (data / "f").read_bytes() == b"123" + bytes(7)
    for bad in (-1, -(2**63)):
        assert guest.truncate("/data/f", bad) == guest.ftruncate(descriptor, bad) == -errno.EINVAL
    assert guest.truncate("/data", 0) == -errno.EISDIR


def test_no_file_grows_past_the_size_limit(guest: Guest, data: Path) -> None:
    descriptor = guest.open("/data/f", os.O_RDWR | os.O_CREAT, 0o600)
    assert guest.ftruncate(descriptor, FILE_SIZE_LIMIT + 1) == -errno.EFBIG
    assert guest.ftruncate(descriptor, FILE_SIZE_LIMIT) == 0
    assert guest.pwrite64(descriptor, b"x" * 8, 8, FILE_SIZE_LIMIT) == -errno.EFBIG
    assert guest.pwrite64(descriptor, b"x" * 8, 8, FILE_SIZE_LIMIT - 3) == 3
    assert guest.pwrite64(descriptor, b"x", 1, 2**63 - 1) == -errno.EFBIG
    assert guest.lseek(descriptor, FILE_SIZE_LIMIT - 2, os.SEEK_SET) == FILE_SIZE_LIMIT - 2
    assert guest.write(descriptor, b"x" * 8, 8) == 2
    assert guest.write(descriptor, b"x" * 8, 8) == -errno.EFBIG
    append = guest.open("/data/f", os.O_WRONLY | os.O_APPEND)
    assert guest.write(append, b"x", 1) == -errno.EFBIG
    assert (data / "f").stat().st_size == FILE_SIZE_LIMIT


def test_all_bytes_written_to_files_have_a_limit(guest: Guest, data: Path) -> None:
    descriptor = guest.open("/data/f", WRITE_NEW, 0o600)
    guest.pretend(file_bytes=FILE_BYTES_LIMIT - 5)
    assert guest.write(descriptor, b"12345", 5) == 5
    assert guest.write(descriptor, b"6", 1) == -errno.ENOSPC
    assert guest.pwrite64(descriptor, b"6", 1, 0) == -errno.ENOSPC
    assert (data / "f").read_bytes() == b"12345"


def test_what_is_created_and_not_removed_has_a_limit(guest: Guest, data: Path) -> None:
    guest.pretend(created_entries=CREATED_ENTRIES_LIMIT - 2)
    assert guest.open("/data/f", WRITE_NEW, 0o600) >= 0
    assert guest.mkdir("/data/d", 0o700) == 0
    assert guest.open("/data/g", WRITE_NEW, 0o600) == guest.mkdir("/data/e", 0o700) == -errno.ENOSPC
    assert guest.open("/data/f", WRITE_NEW, 0o600) >= 0
    assert names(data) == ["d", "f"]
    assert guest.unlink("/data/f") == 0
    assert guest.open("/data/g", WRITE_NEW, 0o600) >= 0


@pytest.mark.parametrize("count", [0, 2, 65537, 2**32 - 1])
def test_a_table_of_descriptors_has_a_sensible_size(count: int) -> None:
    with pytest.raises(OSError) as raised:
        Guest(open_files=count)
    assert raised.value.errno == errno.EINVAL


def test_what_cannot_be_set_up_leaves_nothing_behind(data: Path) -> None:
    before = len(names(Path("/proc/self/fd")))
    with pytest.raises(OSError) as raised:
        Guest(Grant("/data", data), streams=(9999, -1, -1))
    assert raised.value.errno == errno.EBADF
    with pytest.raises(OSError) as raised:
        Guest(Grant("/" + "d" * 4000, data), memory_pages=1)
    assert raised.value.errno == errno.ENOMEM
    assert len(names(Path("/proc/self/fd"))) == before


def test_descriptors_are_the_lowest_free_ones_and_end_at_the_limit(data: Path) -> None:
    (data / "f").touch()
    with Guest(Grant("/data", data), open_files=8) as guest:
        assert [guest.open("/data/f", os.O_RDONLY) for _ in range(8)] == list(range(8))
        before = names(data)
        assert guest.open("/data/new", WRITE_NEW, 0o600) == -errno.EMFILE
        assert guest.dup(0) == guest.fcntl(0, 0, 3) == -errno.EMFILE
        assert names(data) == before
        assert guest.close(3) == guest.close(5) == 0
        assert guest.open("/data/f", os.O_RDONLY) == 3
        assert guest.fcntl(0, 0, 4) == 5


def test_duplicates_share_one_position_until_the_last_is_closed(guest: Guest, data: Path) -> None:
    (data / "f").write_bytes(b"abcdef")
    first = guest.open("/data/f", os.O_RDONLY)
    second = guest.dup(first)
    assert guest.dup2(first, 40) == 40
    assert guest.dup3(first, 41, os.O_CLOEXEC) == 41
    assert [guest.fcntl(number, 1) for number in (first, 40, 41)] == [0, 0, 1]
    assert guest.read(first, guest.buffer, 2) == 2
    assert guest.close(first) == 0
    assert guest.read(second, guest.buffer, 2) == 2
    assert guest.peek(guest.buffer, 2) == b"cd"
    assert guest.dup2(40, 41) == 41
    assert guest.dup2(40, 40) == 40
    assert guest.dup3(40, 40, 0) == -errno.EINVAL
    assert guest.dup2(40, 64) == guest.dup2(40, -1) == guest.dup2(63, 1) == -errno.EBADF
    assert guest.fcntl(40, 0, 64) == guest.fcntl(40, 0, -1) == -errno.EINVAL
    assert guest.fcntl(40, 2, 1) == 0
    assert guest.fcntl(40, 1) == 1
    assert guest.fcntl(40, 1024) == -errno.EINVAL
    assert guest.fcntl(63, 1) == -errno.EBADF


@pytest.mark.parametrize("number", [-1, -(2**31), 64, 65, 2**31 - 1, 2**31])
def test_descriptors_that_do_not_exist_are_bad(guest: Guest, number: int) -> None:
    for name in ("close", "dup", "fsync", "fdatasync", "getdents64", "fstat", "ftruncate", "lseek", "fcntl", "fchmod",
                 "flock", "fchown"):  # fmt: skip
        assert guest.call(name, number, 0, 0) == -errno.EBADF, name
    for name in ("read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev"):
        assert guest.call(name, number, guest.buffer, 1, 0) == -errno.EBADF, name


def test_all_descriptors_of_the_host_are_given_back(data: Path) -> None:
    (data / "f").touch()
    before = len(names(Path("/proc/self/fd")))
    with Guest(Grant("/data", data), streams=(0, 1, 2)) as guest:
        for path in ("/data/f", "/data", "/data/none", "/data/new"):
            guest.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        guest.stat("/data/f", guest.buffer)
        guest.access("/data/f", 0)
        guest.chmod("/data/f", 0o600)
        guest.truncate("/data/f", PAGE)
        guest.rename("/data/f", "/data/g")
        guest.readlink("/data/g", guest.buffer, 10)
        guest.mkdir("/data/d", 0o700)
        guest.chdir("/data/d")
        guest.fcntl(3, 6, guest.poke(guest.buffer, struct.pack("hh4xqqi4x", 1, 0, 0, 0, 0)))
    assert len(names(Path("/proc/self/fd"))) == before
