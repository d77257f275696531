"""Paths: what is granted can be reached in every way, and nothing else in any."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from personality.guest import AT_FDCWD, Grant, Guest, names

ENOENT, ELOOP, EACCES, EXDEV = -errno.ENOENT, -errno.ELOOP, -errno.EACCES, -errno.EXDEV


@pytest.mark.parametrize(
    "path",
    ["/data/f", "/data//f", "/data/./f", "//data/f", "/./data/f", "/../data/f", "/data/../data/f", "/data/sub/../f",
     "/fixed/../data/f", "data/f", "./data/f", "../data/f", "/data/link", "/data/sub/up/f"],
)  # fmt: skip
def test_a_granted_file_is_reached_by_every_path_to_it(guest: Guest, data: Path, path: str) -> None:
    (data / "f").write_text("here")
    (data / "sub").mkdir()
    (data / "sub/up").symlink_to("..")
    (data / "link").symlink_to("sub/../f")
    assert guest.read_all(path) == b"here"


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "/outside/secret", "/data/../outside/secret", "/data/sub/../../outside/secret", "../etc/passwd",
     "/data/sub/../../../../../../../../etc/passwd", "/../../etc/passwd", "/nothing", "/dat", "/dataf",
     "/proc/self/root/etc/passwd", "/proc/self/fd/0", "/dev/null", "/data/./../outside/secret",
     "/data/sub//..//../etc"],
)  # fmt: skip
def test_outside_the_grants_there_is_nothing(guest: Guest, data: Path, path: str) -> None:
    (data / "sub").mkdir()
    assert guest.open(path, os.O_RDONLY) == ENOENT
    assert guest.open(path, os.O_RDWR | os.O_CREAT, 0o600) == ENOENT
    assert guest.stat(path, guest.buffer) == ENOENT
    assert guest.access(path, 0) == ENOENT
    assert guest.truncate(path, 0) == ENOENT
    assert guest.unlink(path) == ENOENT
    assert guest.mkdir(path, 0o700) == ENOENT
    assert guest.rename(path, "/data/mine") == ENOENT
    assert guest.chdir(path) == ENOENT
    assert guest.readlink(path, guest.buffer, 100) == ENOENT
    assert guest.chmod(path, 0o777) == ENOENT


@pytest.mark.parametrize("absolute", [True, False])
def test_symbolic_links_do_not_lead_out(guest: Guest, data: Path, outside: Path, absolute: bool) -> None:
    target = outside if absolute else Path("../outside")
    (data / "directory").symlink_to(target)
    (data / "file").symlink_to(target / "secret")
    (data / "new").symlink_to(target / "new")
    for path in ("/data/directory/secret", "/data/file", "/data/directory/.", "/data/directory/"):
        assert guest.open(path, os.O_RDONLY) == ENOENT
        assert guest.stat(path, guest.buffer) == ENOENT
        assert guest.chmod(path, 0) == ENOENT
    assert guest.open("/data/new", os.O_WRONLY | os.O_CREAT, 0o600) == ENOENT
    assert guest.mkdir("/data/directory/made", 0o700) == ENOENT
    assert guest.unlink("/data/directory/secret") == ENOENT
    assert guest.rename("/data/directory/secret", "/data/mine") == ENOENT
    assert guest.rename("/data/file", "/data/directory/file") == ENOENT
    assert guest.truncate("/data/file", 0) == ENOENT
    assert guest.chdir("/data/directory") == ENOENT
    assert names(outside) == ["secret"]
    assert (outside / "secret").read_text() == "secret"


def test_a_link_itself_can_be_looked_at_and_removed(guest: Guest, data: Path, outside: Path) -> None:
    (data / "link").symlink_to(outside / "secret")
    text = os.fsencode(outside / "secret")
    assert guest.readlink("/data/link", guest.buffer, 4096) == len(text)
    assert guest.peek(guest.buffer, len(text)) == text
    assert guest.readlink("/data/link", guest.buffer, 3) == 3
    assert guest.lstat("/data/link", guest.buffer) == 0
    assert guest.open("/data/link", os.O_RDONLY | os.O_NOFOLLOW) == ELOOP
    assert guest.unlink("/data/link") == 0
    assert (outside / "secret").exists()


def test_endless_links_end(guest: Guest, data: Path) -> None:
    (data / "a").symlink_to("b")
    (data / "b").symlink_to("a")
    assert guest.open("/data/a", os.O_RDONLY) == ELOOP
    assert guest.chdir("/data/a") == ELOOP


def test_an_open_directory_is_a_root_of_its_own(guest: Guest, data: Path, outside: Path) -> None:
    (data / "f").write_text("f")
    (data / "sub").mkdir()
    (data / "sub/inner").write_text("inner")
    (data / "sub/out").symlink_to("../f")
    (data / "sub/far").symlink_to(outside / "secret")
    directory = guest.open("/data/sub", os.O_RDONLY | os.O_DIRECTORY)
    assert guest.openat(directory, "inner", os.O_RDONLY) >= 0
    for path in ("../f", "..", "out", "far", "../../outside/secret", "inner/../../f"):
        assert guest.openat(directory, path, os.O_RDONLY) in (ENOENT, -errno.ENOTDIR)
        assert guest.unlinkat(directory, path, 0) != 0 or path in ("out", "far")
    assert guest.openat(directory, "/data/f", os.O_RDONLY) >= 0
    assert guest.openat(directory, "/etc/passwd", os.O_RDONLY) == ENOENT
    assert guest.openat(77, "f", os.O_RDONLY) == -errno.EBADF
    file = guest.open("/data/f", os.O_RDONLY)
    assert guest.openat(file, "f", os.O_RDONLY) == -errno.ENOTDIR
    assert guest.openat(file, "", os.O_RDONLY) == ENOENT


def test_a_directory_that_is_moved_while_open_does_not_open_a_way_out(guest: Guest, data: Path, outside: Path) -> None:
    (data / "sub").mkdir()
    directory = guest.open("/data/sub", os.O_RDONLY | os.O_DIRECTORY)
    (data / "sub").rename(outside / "sub")
    assert guest.openat(directory, "../secret", os.O_RDONLY) == ENOENT


def test_a_link_that_is_exchanged_during_the_call_does_not_lead_out(guest: Guest, data: Path, outside: Path) -> None:
    """One thread flips `flip` between a directory inside and a link to one outside, as fast as it can."""
    (data / "inside").mkdir()
    (data / "inside/secret").write_text("public")
    (data / "flip").symlink_to("inside")
    (data / "other").symlink_to(outside)
    finished = threading.Event()

    def flip() -> None:
        while not finished.is_set():
            for target in ("inside", outside):
                (data / "next").symlink_to(target)
                (data / "next").rename(data / "flip")

    thread = threading.Thread(target=flip)
    thread.start()
    seen = set()
    try:
        for _ in range(3000):
            descriptor = guest.open("/data/flip/secret", os.O_RDONLY)
            if descriptor >= 0:
                length = guest.read(descriptor, guest.buffer, 100)
                seen.add(guest.peek(guest.buffer, length))
                guest.close(descriptor)
            else:
                seen.add(errno.errorcode[-descriptor].encode())
            created = guest.open("/data/flip/new", os.O_WRONLY | os.O_CREAT, 0o600)
            if created >= 0:
                guest.close(created)
            guest.unlink("/data/flip/new")
            guest.mkdir("/data/flip/made", 0o700)
            guest.rename("/data/flip/made", "/data/flip/moved")
            guest.rmdir("/data/flip/moved")
    finally:
        finished.set()
        thread.join()
    assert seen <= {b"public", b"ENOENT", b"EAGAIN"}
    assert names(outside) == ["secret"]


def test_dot_and_dot_dot_are_no_entries(guest: Guest, data: Path) -> None:
    (data / "sub").mkdir()
    for path in ("/data/sub/.", "/data/sub/..", "/data/.", "/data", "/", "/data/sub/../"):
        assert guest.unlink(path) == -errno.EISDIR
        assert guest.rmdir(path) == -errno.EINVAL
        assert guest.mkdir(path, 0o700) == -errno.EEXIST
        assert guest.rename(path, "/data/new") == -errno.EBUSY
        assert guest.rename("/data/sub", path) == -errno.EBUSY
    assert guest.unlink("") == ENOENT
    assert (data / "sub").is_dir()


def test_directories_above_the_grants_exist_and_hold_nothing(tmp_path: Path) -> None:
    with Guest(Grant("/a/b/c", tmp_path)) as guest:
        for path in ("/", "/a", "/a/b", "/a/./b/..", "a"):
            assert guest.stat(path, guest.buffer) == 0
            assert guest.access(path, os.R_OK) == 0
            assert guest.access(path, os.W_OK) == -errno.EROFS
            assert guest.open(path, os.O_RDONLY) == EACCES
            assert guest.readlink(path, guest.buffer, 10) == -errno.EINVAL
        assert guest.mkdir("/a/x", 0o700) == ENOENT
        assert guest.mkdir("/a/b/c/x", 0o700) == 0


def test_the_root_itself_can_be_granted(data: Path) -> None:
    (data / "f").write_text("root")
    with Guest(Grant("/", data)) as guest:
        assert guest.read_all("/f") == b"root"
        assert guest.read_all("f") == b"root"
        assert guest.read_all("/../f") == b"root"
        assert guest.open("/x/../f", os.O_RDONLY) == ENOENT
        assert guest.open("/", os.O_RDONLY) >= 0


def test_an_inner_grant_wins_over_an_outer_one(tmp_path: Path) -> None:
    (tmp_path / "outer/inner").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/f").write_text("other")
    grants = (Grant("/o", tmp_path / "outer", writable=False), Grant("/o/inner", tmp_path / "other"))
    with Guest(*grants) as guest:
        assert guest.read_all("/o/inner/f") == b"other"
        assert guest.read_all("/o/./inner//f") == b"other"
        assert guest.open("/o/new", os.O_WRONLY | os.O_CREAT, 0o600) == -errno.EROFS
        assert guest.open("/o/inner/new", os.O_WRONLY | os.O_CREAT, 0o600) >= 0


@pytest.mark.parametrize(
    ("guest_paths", "error"),
    [
        ((("/a", True), ("/a/b", False)), errno.EINVAL),  # would look protected, and is not
        ((("/a", True), ("/a", True)), errno.EINVAL),
        ((("a", True),), errno.EINVAL),
        ((("", True),), errno.EINVAL),
        ((("/a/", True),), errno.EINVAL),
        ((("//a", True),), errno.EINVAL),
        ((("/a/../b", True),), errno.EINVAL),
        ((("/.", True),), errno.EINVAL),
        (tuple((f"/{number}", True) for number in range(65)), errno.EINVAL),
    ],
)
def test_grants_that_mean_nothing_clear_are_refused(
    tmp_path: Path, guest_paths: tuple[tuple[str, bool], ...], error: int
) -> None:
    with pytest.raises(OSError) as raised:
        Guest(*(Grant(path, tmp_path, writable) for path, writable in guest_paths))
    assert raised.value.errno == error


def test_a_file_is_no_grant(tmp_path: Path) -> None:
    (tmp_path / "f").touch()
    with pytest.raises(NotADirectoryError):
        Guest(Grant("/f", tmp_path / "f"))


def test_only_files_and_directories_are_opened(guest: Guest, data: Path) -> None:
    """A fifo would block, a device would act: neither is touched."""
    os.mkfifo(data / "fifo")
    (data / "device").symlink_to("/dev/zero")
    for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR, os.O_RDWR | os.O_CREAT, os.O_RDONLY | os.O_NONBLOCK):
        assert guest.open("/data/fifo", flags, 0o600) == EACCES
        assert guest.open("/data/device", flags, 0o600) == ENOENT
    assert guest.stat("/data/fifo", guest.buffer) == 0
    assert guest.truncate("/data/fifo", 0) == EACCES


def test_a_granted_procfs_does_not_give_the_host_process(guest: Guest) -> None:
    with Guest(Grant("/proc", Path("/proc"))) as process:
        for path in ("/proc/self/mem", "/proc/self/environ", f"/proc/{os.getpid()}/maps", "/proc"):
            assert process.open(path, os.O_RDONLY) == EACCES
        assert process.open("/proc/self/mem", os.O_RDWR) == EACCES
        assert process.truncate("/proc/self/mem", 0) == EACCES
        for path in ("/proc/self/root/etc/passwd", "/proc/self/cwd", "/proc/self/exe", "/proc/self/fd/0"):
            assert process.open(path, os.O_RDONLY) in (ENOENT, ELOOP)


@pytest.mark.parametrize(
    "flags", [os.O_TMPFILE | os.O_RDWR, os.O_PATH, os.O_DIRECT, 3, 1 << 30, os.O_CREAT | os.O_DIRECTORY]
)
def test_unusual_ways_to_open_are_refused(guest: Guest, flags: int) -> None:
    expected = -errno.EOPNOTSUPP if flags & os.O_TMPFILE == os.O_TMPFILE else -errno.EINVAL
    assert guest.open("/data", flags, 0o600) == expected


def test_paths_that_are_no_paths_are_refused(guest: Guest) -> None:
    guest.poke(guest.buffer, b"x" * 5000)
    assert guest.open("", os.O_RDONLY) == ENOENT
    assert guest.call("open", guest.buffer, os.O_RDONLY) == -errno.ENAMETOOLONG
    assert guest.call("open", 0x1000, os.O_RDONLY) == -errno.EFAULT
    assert guest.call("open", 2**32 - 1, os.O_RDONLY) == -errno.EFAULT
    assert guest.open("/data/" + "y" * 300, os.O_RDONLY) == -errno.ENAMETOOLONG
    assert guest.open("/data" + "/y" * 2045, os.O_RDONLY) == ENOENT
    assert guest.openat(AT_FDCWD, "/data/none", os.O_RDONLY) == ENOENT


def test_a_working_directory_is_where_relative_paths_begin(guest: Guest, data: Path) -> None:
    (data / "a/b").mkdir(parents=True)
    (data / "f").write_text("f")
    assert guest.chdir("/data/a/./b/../b") == 0
    assert guest.getcwd(guest.buffer, 100) == len("/data/a/b") + 1
    assert guest.peek(guest.buffer, 10) == b"/data/a/b\0"
    assert guest.getcwd(guest.buffer, 9) == -errno.ERANGE
    assert guest.read_all("../../f") == b"f"
    assert guest.read_all("../../../data/f") == b"f"
    assert guest.read_all("../../../fixed/file") == b"fixed"
    assert guest.open("../../../outside/secret", os.O_RDONLY) == ENOENT
    assert guest.chdir("..") == 0
    assert guest.chdir("../..") == 0
    assert guest.getcwd(guest.buffer, 100) == 2
    assert guest.peek(guest.buffer, 2) == b"/\0"
    assert guest.chdir("/data/f") == -errno.ENOTDIR


def test_dot_dot_after_a_link_means_the_links_target(guest: Guest, data: Path) -> None:
    """As on Linux, and unlike a path that is shortened as text."""
    (data / "a/b").mkdir(parents=True)
    (data / "a/f").write_text("right")
    (data / "f").write_text("wrong")
    (data / "link").symlink_to("a/b")
    assert guest.read_all("/data/link/../f") == b"right"
    assert guest.chdir("/data/link") == 0
    assert guest.read_all("../f") == b"right"
    assert guest.chdir("..") == 0
    assert guest.read_all("f") == b"right"
