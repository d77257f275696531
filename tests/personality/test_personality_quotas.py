"""Quotas of granted directories: what counts, what comes back, and that nothing goes past them."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from personality.guest import Grant, Guest, Quota

CREATE = os.O_RDWR | os.O_CREAT
LIMIT = 10_000


@pytest.fixture
def quota() -> Iterator[Quota]:
    with Quota(LIMIT, 3) as made:
        yield made


@pytest.fixture
def guest(data: Path, quota: Quota) -> Iterator[Guest]:
    with Guest(Grant("/data", data, quota=quota)) as made:
        yield made


def test_growth_counts_and_writing_over_does_not(guest: Guest, quota: Quota) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    assert guest.write(descriptor, guest.buffer, 6000) == 6000
    assert guest.pwrite64(descriptor, guest.buffer, 6000, 0) == 6000
    assert quota.used == (6000, 1)
    assert guest.pwrite64(descriptor, guest.buffer, 6000, 1000) == 6000
    assert quota.used == (7000, 1)
    assert guest.write(descriptor, guest.buffer, 6000) == 4000
    assert guest.write(descriptor, guest.buffer, 1) == -errno.EDQUOT
    assert guest.pwrite64(descriptor, guest.buffer, 10_000, 0) == 10_000
    assert quota.used == (LIMIT, 1)


def test_a_hole_counts_as_long_as_it_is(guest: Guest, quota: Quota) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    assert guest.pwrite64(descriptor, guest.buffer, 1, LIMIT) == -errno.EDQUOT
    assert guest.ftruncate(descriptor, LIMIT + 1) == -errno.EDQUOT
    assert guest.pwrite64(descriptor, guest.buffer, 100, LIMIT - 1) == 1
    assert quota.used == (LIMIT, 1)
    assert guest.truncate("/data/f", LIMIT + 1) == -errno.EDQUOT


def test_what_is_cut_off_makes_room(guest: Guest, quota: Quota) -> None:
    descriptor = guest.open("/data/f", CREATE, 0o600)
    assert guest.write(descriptor, guest.buffer, LIMIT) == LIMIT
    assert guest.ftruncate(descriptor, 4000) == 0
    assert quota.used == (4000, 1)
    assert guest.truncate("/data/f", 3000) == 0
    assert quota.used == (3000, 1)
    assert guest.open("/data/f", os.O_WRONLY | os.O_TRUNC) >= 0
    assert quota.used == (0, 1)
    appending = guest.open("/data/f", os.O_WRONLY | os.O_APPEND)
    assert guest.write(appending, guest.buffer, LIMIT + 1) == LIMIT


def test_files_and_directories_count(guest: Guest, quota: Quota) -> None:
    for path in ("/data/f", "/data/g"):
        assert guest.close(guest.open(path, CREATE, 0o600)) == 0
    assert guest.mkdir("/data/d", 0o755) == 0
    assert quota.used == (0, 3)
    assert guest.mkdir("/data/e", 0o755) == -errno.EDQUOT
    assert guest.open("/data/h", CREATE, 0o600) == -errno.EDQUOT
    assert guest.mkdir("/data/d", 0o755) == -errno.EDQUOT
    assert guest.unlink("/data/f") == guest.rmdir("/data/d") == 0
    assert quota.used == (0, 1)
    assert guest.mkdir("/data/no/such", 0o755) == -errno.ENOENT
    assert guest.open("/data/no/such", CREATE, 0o600) == -errno.ENOENT
    assert quota.used == (0, 1)


def test_a_removed_file_makes_room_when_nobody_has_it_open(guest: Guest, data: Path, quota: Quota) -> None:
    first = guest.open("/data/f", CREATE, 0o600)
    guest.write(first, guest.buffer, LIMIT)
    with Guest(Grant("/other", data, quota=quota)) as other:
        second = other.open("/other/f", os.O_RDONLY)
        assert guest.unlink("/data/f") == 0
        assert guest.close(first) == 0
        assert quota.used == (LIMIT, 0)
        again = guest.open("/data/g", CREATE, 0o600)
        assert guest.write(again, guest.buffer, 1) == -errno.EDQUOT
        assert other.close(second) == 0
        assert quota.used == (0, 1)
        assert guest.write(again, guest.buffer, LIMIT) == LIMIT
        assert other.unlink("/other/g") == 0
    assert quota.used == (LIMIT, 0)
    assert guest.close(again) == 0
    assert quota.used == (0, 0)


def test_the_end_of_a_process_closes_its_files(data: Path, quota: Quota) -> None:
    with Guest(Grant("/data", data, quota=quota)) as guest:
        descriptor = guest.open("/data/f", CREATE, 0o600)
        guest.write(descriptor, guest.buffer, LIMIT)
        guest.dup(descriptor)
        guest.unlink("/data/f")
    assert quota.used == (0, 0)


def test_a_replaced_file_makes_room(guest: Guest, quota: Quota) -> None:
    for path in ("/data/f", "/data/g"):
        descriptor = guest.open(path, CREATE, 0o600)
        guest.write(descriptor, guest.buffer, 4000)
        guest.close(descriptor)
    assert guest.rename("/data/f", "/data/g") == 0
    assert quota.used == (4000, 1)
    assert guest.rename("/data/g", "/data/g") == 0
    assert guest.rename("/data/g", "/data/h") == 0
    assert quota.used == (4000, 1)


def test_what_was_there_before_is_nobodys(guest: Guest, data: Path, quota: Quota) -> None:
    (data / "old").write_bytes(bytes(50_000))
    (data / "linked").write_bytes(bytes(50_000))
    os.link(data / "linked", data / "second name")
    descriptor = guest.open("/data/old", os.O_RDWR)
    assert guest.pwrite64(descriptor, guest.buffer, LIMIT + 1, 50_000) == LIMIT
    guest.close(descriptor)
    assert guest.unlink("/data/linked") == 0
    assert quota.used == (LIMIT, 0)
    assert guest.unlink("/data/old") == 0
    assert quota.used == (0, 0)


def test_a_grant_inside_another_does_not_limit_it(data: Path, quota: Quota) -> None:
    (data / "inner").mkdir()
    with pytest.raises(OSError, match="Invalid argument"):
        Guest(Grant("/data", data), Grant("/data/inner", data / "inner", quota=quota))
    with (
        Quota(LIMIT) as second,
        Guest(Grant("/data", data, quota=quota), Grant("/other", data / "inner", quota=second)) as guest,
    ):
        guest.close(guest.open("/data/f", CREATE, 0o600))
        assert guest.rename("/data/f", "/other/f") == -errno.EXDEV


calls = st.one_of(
    st.tuples(st.just("open"), st.integers(0, 2), st.sampled_from([CREATE, os.O_RDWR, CREATE | os.O_TRUNC])),
    st.tuples(st.just("write"), st.integers(0, 3), st.sampled_from([1, 100, 3000])),
    st.tuples(st.just("pwrite64"), st.integers(0, 3), st.sampled_from([1, 3000]), st.sampled_from([0, 50, 9000])),
    st.tuples(st.just("ftruncate"), st.integers(0, 3), st.sampled_from([0, 10, 5000, 20_000])),
    st.tuples(st.just("truncate"), st.integers(0, 2), st.sampled_from([0, 10, 5000])),
    st.tuples(st.just("unlink"), st.integers(0, 2)),
    st.tuples(st.just("rename"), st.integers(0, 2), st.integers(0, 2)),
    st.tuples(st.just("close"), st.integers(0, 3)),
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.booleans(), calls), max_size=40))
def test_what_counts_is_what_is_there(sequence: list[tuple[bool, tuple[int | str, ...]]]) -> None:
    """Two guests, one quota: what it counts is the size of the files with names, and of those that are open without."""
    with tempfile.TemporaryDirectory() as folder, Quota(LIMIT, 10) as quota:
        grant = Grant("/data", Path(folder), quota=quota)
        with Guest(grant) as one, Guest(grant) as two:
            for second, (name, *arguments) in sequence:
                guest = two if second else one
                paths = 2 if name == "rename" else 1 if name in {"open", "truncate", "unlink"} else 0
                given = [f"/data/{value}" if place < paths else value for place, value in enumerate(arguments)]
                if name in {"write", "pwrite64"}:
                    given.insert(1, guest.buffer)
                guest.call(str(name), *given, *([0o600] if name == "open" else []))
                held = {entry.stat().st_ino: entry.stat().st_size for entry in os.scandir(folder)}
                named = len(held)
                for link in Path("/proc/self/fd").iterdir():
                    if str(link.readlink() if link.is_symlink() else "").startswith(folder):
                        held[link.stat().st_ino] = link.stat().st_size
                directory = Path(folder).stat().st_ino
                assert quota.used == (sum(size for inode, size in held.items() if inode != directory), named)
                assert quota.used[0] <= LIMIT


def test_guests_that_work_together_at_once_find_no_gap(data: Path) -> None:
    with (
        Quota(LIMIT, 10) as quota,
        Guest(Grant("/d", data, quota=quota)) as one,
        Guest(Grant("/d", data, quota=quota)) as two,
    ):

        def work(guest: Guest, path: str, other: str) -> None:
            for _ in range(2000):
                descriptor = guest.open(path, CREATE | os.O_APPEND, 0o600)
                guest.write(descriptor, guest.buffer, 3000)
                guest.ftruncate(descriptor, 1000)
                guest.rename(path, other)
                guest.unlink(other)
                guest.close(descriptor)

        threads = [
            threading.Thread(target=work, args=(one, "/d/a", "/d/b")),
            threading.Thread(target=work, args=(two, "/d/b", "/d/a")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        one.unlink("/d/a")
        one.unlink("/d/b")
        assert list(data.iterdir()) == []
        assert quota.used == (0, 0)
