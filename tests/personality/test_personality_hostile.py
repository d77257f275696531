"""Calls with arguments that no program would make: nothing breaks, nothing leaks, nothing outside is touched."""

from __future__ import annotations

import os
import random
import stat
import struct
from pathlib import Path

import pytest

from personality.guest import (
    AT_FDCWD,
    BREAK,
    MAP_BASE,
    MAP_END,
    NUMBERS,
    PAGE,
    SCRATCH,
    SCRATCH_SIZE,
    Grant,
    Guest,
    names,
)

MAY_WAIT = {"nanosleep", "clock_nanosleep", "poll", "ppoll", "select", "pselect6", "futex", "flock",
            "pause"}  # fmt: skip
END = {"exit", "exit_group", "kill", "tkill", "tgkill"}
F_SETLKW = 7

PATHS = (b"/data/f", b"/data/d/../d/g", b"/data/out/secret", b"/data/out", b"../../outside/secret", b"/data/d",
         b"/data/", b"/", b"", b".", b"..", b"/data/far/f", b"/fixed/file", b"/proc/self/mem",
         b"/data/" + b"x" * 300)  # fmt: skip
NUMBERS_OF_ALL_KINDS = (0, 1, 2, 3, 7, 8, 63, 64, 100, 0o777, PAGE - 1, PAGE, 5 * PAGE, 0x10000, SCRATCH, BREAK,
                        MAP_BASE, MAP_END - PAGE, MAP_END, 0xFFFF0000, 2**31, AT_FDCWD, 2**32 - 1, 2**32,
                        2**63 - 1, 2**63,
                        2**64 - PAGE, 2**64 - 1)  # fmt: skip


def prepare(guest: Guest, chance: random.Random) -> list[int]:
    """Fills the scratch area; the addresses of paths, of vectors, and of noise."""
    addresses = []
    at = SCRATCH
    for path in PATHS:
        addresses.append(guest.poke(at, path + b"\0"))
        at += 512
    span = [
        (chance.choice((SCRATCH, at, 0x1000, MAP_BASE)), chance.choice((0, 1, 100, 2**32, 2**63))) for _ in range(8)
    ]
    addresses.append(guest.poke(at, b"".join(struct.pack("QQ", *pair) for pair in span)))
    noise = chance.randbytes(PAGE)
    addresses.append(guest.poke(at + PAGE, noise))
    addresses += [SCRATCH + SCRATCH_SIZE - size for size in (1, 8, 100)]
    return addresses


@pytest.mark.parametrize("seed", range(8))
def test_arguments_without_sense_do_no_harm(tmp_path: Path, data: Path, fixed: Path, outside: Path, seed: int) -> None:
    chance = random.Random(seed)
    (data / "d").mkdir()
    (data / "f").write_bytes(b"f" * 10000)
    (data / "out").symlink_to(outside)
    (data / "far").symlink_to("../outside")
    os.mkfifo(data / "fifo")
    before = {path: (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in tmp_path.rglob("*")}
    open_before = len(names(Path("/proc/self/fd")))
    stream = os.open(os.devnull, os.O_RDONLY)
    calls = [number for name, number in NUMBERS.items() if name not in MAY_WAIT | END]
    for _ in range(3):
        with Guest(
            Grant("/data", data),
            Grant("/fixed", fixed, writable=False),
            streams=(stream, stream, stream),
            open_files=16,
        ) as guest:
            guest.limit_memory(5000)
            addresses = prepare(guest, chance)
            for _ in range(2500):
                number = chance.choice(calls)
                arguments = [
                    chance.choice(addresses) if chance.random() < 0.5 else chance.choice(NUMBERS_OF_ALL_KINDS)
                    for _ in range(6)
                ]
                if number == NUMBERS["fcntl"] and arguments[1] % 2**32 == F_SETLKW:
                    continue
                result = guest.call(number, *arguments)
                assert -4096 < result < 2**63
            assert guest.stop is None
    os.close(stream)
    assert len(names(Path("/proc/self/fd"))) == open_before
    for path, (mode, changed) in before.items():
        if data not in (path, *path.parents):
            assert (path.lstat().st_mode, path.lstat().st_mtime_ns) == (mode, changed), path
    assert (outside / "secret").read_text() == "secret"
    for path in data.rglob("*"):
        assert not path.lstat().st_mode & (stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX)
