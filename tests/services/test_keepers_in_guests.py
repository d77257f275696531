"""Keepers that are processes."""

from motte.abi.capabilities import KernelError
from services.conftest import Run


def test_a_pager_written_in_c_keeps_more_pages_than_are_there_at_once(run: Run) -> None:
    said = run("pager.c").splitlines()
    assert said[0] == "monitor 0"
    ended, loads = said[1].split(" after ")
    assert ended == f"ended with -{KernelError.UNKNOWN_REQUEST:d}"  # the monitor's message
    assert int(loads.split()[0]) == 32 + 64
    assert said[2:] == ["wait 0", "status 0 reason 1"]
