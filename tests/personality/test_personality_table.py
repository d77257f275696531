"""The table of calls and its documentation are one list."""

from __future__ import annotations

import errno
import re

import pytest

from personality.guest import NUMBERS, ROOT, Guest

DOCUMENT = (ROOT / "docs/system-calls.md").read_text()


def documented(heading: str, column: int) -> set[str]:
    """The calls named in one column of the tables below a heading."""
    section = DOCUMENT.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row[column])}


def answer(number: int) -> int:
    """What a fresh process is told for arguments that make no sense to any call (and let none of them wait)."""
    with Guest() as guest:
        return guest.call(number, *[2**64 - 1] * 6)


SUPPORTED, REFUSED, ABSENT = documented("Supported", 1), documented("Refused", 2), documented("Not there", 1)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_a_call_is_supported_refused_or_absent_as_documented(name: str) -> None:
    if name == "pause":  # whatever its arguments
        with Guest() as guest:
            assert guest.call_and_kill(name) == -errno.EINTR
        assert name in SUPPORTED
        return
    result = answer(NUMBERS[name])
    if name in REFUSED:
        assert result == -errno.EPERM
    elif name in SUPPORTED:
        assert result not in (-errno.ENOSYS, -errno.EPERM) or (name, result) == ("futex", -errno.ENOSYS)
    else:
        assert result == -errno.ENOSYS


def test_no_call_is_documented_twice_or_under_a_wrong_name() -> None:
    assert not SUPPORTED & REFUSED
    assert not (SUPPORTED | REFUSED) & ABSENT
    assert set(NUMBERS) >= SUPPORTED | REFUSED | ABSENT
    assert len(SUPPORTED) > 90
    assert len(REFUSED) > 70
