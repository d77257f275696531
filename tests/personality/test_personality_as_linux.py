"""The same calls in a granted directory and in a plain one: what the personality answers, and what Linux does."""

from __future__ import annotations

import ctypes
import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from personality.guest import NUMBERS, Grant, Guest

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long

NAMES = (
    "a",
    "b",
    "d",
    "d/x",
    "d/y",
    "d/d",
    ".",
    "d/..",
    "d/.",
    "a/",
    "d/",
    "a/x",
    "none/x",
    "link",
    "link/x",
    "link/..",
)
FLAGS = (os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND, os.O_DIRECTORY, os.O_NOFOLLOW)
SLOTS = 6


def native(name: str, *arguments: int | bytes) -> int:
    """The call itself, on the host."""
    words = [argument if isinstance(argument, bytes) else ctypes.c_long(argument) for argument in arguments]
    result: int = LIBC.syscall(ctypes.c_long(NUMBERS[name]), *words)
    return -ctypes.get_errno() if result == -1 else result


class AsLinux(RuleBasedStateMachine):
    """Two trees that begin alike, and must stay alike. Slots are descriptors: ours and the host's."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="motte-as-linux-")
        self.ours, self.theirs = (Path(self.folder.name) / side for side in ("ours", "theirs"))
        for root in (self.ours, self.theirs):
            (root / "d").mkdir(parents=True)
            (root / "link").symlink_to("d")
        self.guest = Guest(Grant("/t", self.ours))
        self.slots: list[tuple[int, int] | None] = [None] * SLOTS
        os.umask(self.guest.umask(0o022))
        self.mask = os.umask(0o022)

    def teardown(self) -> None:
        for slot in filter(None, self.slots):
            os.close(slot[1])
        self.guest.__exit__(None, None, None)
        self.folder.cleanup()

    def both(self, name: str, path: str, *arguments: int) -> tuple[int, int]:
        host = os.fsencode(self.theirs / "x")[:-1] + path.encode()
        return self.guest.call(name, f"/t/{path}", *arguments), native(name, host, *arguments)

    names = st.sampled_from(NAMES)
    slot_numbers = st.integers(0, SLOTS - 1)
    offsets = st.integers(-1, 40)

    @rule(
        slot=slot_numbers,
        path=names,
        access=st.sampled_from([os.O_RDONLY, os.O_WRONLY, os.O_RDWR]),
        flags=st.sets(st.sampled_from(FLAGS)),
    )
    def open(self, slot: int, path: str, access: int, flags: set[int]) -> None:
        combined = access | sum(flags)
        if combined & os.O_CREAT and combined & os.O_DIRECTORY:
            combined &= ~os.O_DIRECTORY  # kernels differ
        ours, theirs = self.both("open", path, combined, 0o640)
        if combined & os.O_CREAT and path.endswith("/"):
            assert ours < 0  # nothing is created; what is said about it differs
            assert theirs < 0
        else:
            assert min(ours, 0) == min(theirs, 0)
        if ours >= 0:
            self.close(slot)
            self.slots[slot] = (ours, theirs)

    @rule(slot=slot_numbers)
    def close(self, slot: int) -> None:
        if pair := self.slots[slot]:
            assert self.guest.close(pair[0]) == 0
            os.close(pair[1])
            self.slots[slot] = None

    @rule(slot=slot_numbers, content=st.binary(max_size=30), position=st.none() | offsets)
    def write(self, slot: int, content: bytes, position: int | None) -> None:
        if pair := self.slots[slot]:
            name, extra = ("write", ()) if position is None else ("pwrite64", (position,))
            ours = self.guest.call(name, pair[0], content, len(content), *extra)
            assert ours == native(name, pair[1], content, len(content), *extra)

    @rule(slot=slot_numbers, size=st.integers(0, 50), position=st.none() | offsets)
    def read(self, slot: int, size: int, position: int | None) -> None:
        if pair := self.slots[slot]:
            name, extra = ("read", ()) if position is None else ("pread64", (position,))
            buffer = ctypes.create_string_buffer(64)
            ours = self.guest.call(name, pair[0], self.guest.buffer, size, *extra)
            assert ours == native(name, pair[1], ctypes.addressof(buffer), size, *extra)
            assert ours <= 0 or self.guest.peek(self.guest.buffer, ours) == buffer.raw[:ours]

    @rule(slot=slot_numbers, offset=offsets, whence=st.integers(0, 2))
    def seek(self, slot: int, offset: int, whence: int) -> None:
        pair = self.slots[slot]
        if pair and not stat.S_ISDIR(os.fstat(pair[1]).st_mode):
            assert self.guest.lseek(pair[0], offset, whence) == native("lseek", pair[1], offset, whence)

    @rule(slot=slot_numbers, size=offsets)
    def truncate_open_file(self, slot: int, size: int) -> None:
        if pair := self.slots[slot]:
            assert self.guest.ftruncate(pair[0], size) == native("ftruncate", pair[1], size)

    @rule(path=names, size=offsets)
    def truncate(self, path: str, size: int) -> None:
        ours, theirs = self.both("truncate", path, size)
        assert ours == theirs

    @rule(path=names, name=st.sampled_from(["unlink", "rmdir"]))
    def remove(self, path: str, name: str) -> None:
        ours, theirs = self.both(name, path)
        dots = path.rstrip("/").endswith(".")
        assert ours == theirs or (dots and ours < 0 and theirs < 0)

    @rule(path=names, mode=st.sampled_from([0o700, 0o755, 0o777]))
    def make(self, path: str, mode: int) -> None:
        ours, theirs = self.both("mkdir", path, mode)
        assert ours == theirs

    @rule(path=names, mode=st.sampled_from([0o600, 0o644, 0o700, 0o755]))
    def change_mode(self, path: str, mode: int) -> None:
        ours, theirs = self.both("chmod", path, mode)
        assert ours == theirs

    @rule(path=names, mode=st.sampled_from([os.F_OK, os.R_OK, os.W_OK]))
    def access(self, path: str, mode: int) -> None:
        ours, theirs = self.both("access", path, mode)
        assert ours == theirs

    @rule(path=names)
    def read_link(self, path: str) -> None:
        buffer = ctypes.create_string_buffer(64)
        host = os.fsencode(self.theirs / "x")[:-1] + path.encode()
        assert self.guest.readlink(f"/t/{path}", self.guest.buffer, 64) == native(
            "readlink", host, ctypes.addressof(buffer), 64
        )

    @rule(first=names, second=names)
    def rename(self, first: str, second: str) -> None:
        hosts = [os.fsencode(self.theirs / "x")[:-1] + path.encode() for path in (first, second)]
        ours, theirs = self.guest.rename(f"/t/{first}", f"/t/{second}"), native("rename", *hosts)
        assert ours == theirs or (ours < 0 and theirs < 0)  # several things are wrong; which is said first differs

    @staticmethod
    def tree(root: Path) -> dict[str, tuple[int, bytes]]:
        """Every name with its mode and content."""
        found = {}
        for path in sorted(root.rglob("*")):
            mode = path.lstat().st_mode
            found[str(path.relative_to(root))] = (mode, path.read_bytes() if stat.S_ISREG(mode) else b"")
        return found

    @invariant()
    def both_trees_are_alike(self) -> None:
        assert self.tree(self.ours) == self.tree(self.theirs)


TestAsLinux = AsLinux.TestCase
TestAsLinux.settings = settings(max_examples=50, stateful_step_count=40, deadline=None, derandomize=True)


@pytest.mark.long
def test_the_same_with_other_choices_each_time() -> None:
    run_state_machine_as_test(AsLinux, settings=settings(max_examples=1000, stateful_step_count=50, deadline=None))
