"""Ends and timers, as the host tells guests of them."""

import motte
from motte.abi.capabilities import KernelError
from services.conftest import Run

TICK_NS = 4_000_000
"""Between two of the guest's timers."""


def test_the_end_of_a_process_overtakes_ten_thousand_messages_if_that_is_asked_for(run: Run) -> None:
    assert run("told.c", "urgent").splitlines() == [
        "first 5",
        "then 10000",
        "last 6",
        f"nothing more -{KernelError.TIMEOUT:d}",
    ]


def test_whoever_monitors_the_dead_is_told_at_once(run: Run) -> None:
    assert run("told.c", "dead").splitlines() == ["monitor 0", "told at once 9"]


def test_timers_are_never_early_rarely_late_and_silent_when_they_were_cancelled(run: Run) -> None:
    said = dict(
        line.rsplit(" ", 1)
        for line in run("told.c", "alarms", grants={"timers": motte.HostService.TIMERS}).splitlines()
    )
    assert int(said["cancelled"]) > 8, "most were in time"
    assert (said["early"], said["wrong"]) == ("0", "0")
    assert int(said["late"]) < TICK_NS
