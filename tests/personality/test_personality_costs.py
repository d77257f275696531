"""What a personality takes of its host's memory, and that the process pays for it."""

import errno
import os
from pathlib import Path

from personality.guest import PAGE, Grant, Guest

ENTRY = 16
"""Bytes of one entry in the table of descriptors, at least."""


def test_an_idle_personality_takes_one_page_whatever_it_may_open() -> None:
    with Guest(open_files=65536) as guest:
        assert guest.own_charge == 1


def test_the_table_of_descriptors_is_paid_for_when_it_grows(data: Path) -> None:
    (data / "f").touch()
    with Guest(Grant("/data", data), open_files=65536) as guest:
        first = guest.open("/data/f", os.O_RDONLY)
        before = guest.charged
        assert guest.dup2(first, 9999) == 9999
        assert guest.charged - before >= 10_000 * ENTRY // PAGE


def test_without_memory_the_table_stays_as_it_is(data: Path) -> None:
    (data / "f").touch()
    with Guest(Grant("/data", data), open_files=65536) as guest:
        first = guest.open("/data/f", os.O_RDONLY)
        guest.limit_memory(0)
        assert guest.dup2(first, 9999) == -errno.ENOMEM
        assert guest.fcntl(first, 0, 9999) == -errno.ENOMEM
        assert guest.dup2(9999, first) == -errno.EBADF
        assert guest.dup(first) == first + 1


def test_without_memory_no_file_is_created(data: Path) -> None:
    with Guest(Grant("/data", data), open_files=65536) as guest:
        guest.limit_memory(0)
        opened = 0
        while guest.open(f"/data/{opened}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) >= 0:
            opened += 1
        assert 0 < opened < PAGE // ENTRY
        assert guest.open("/data/other", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600) == -errno.ENOMEM
        assert len(list(data.iterdir())) == opened
