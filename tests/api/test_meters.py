"""Meters as users hold them: budgets, rates, shares, keepers, and what happens to processes without one."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte
from motte.meter import rate_share


@pytest.fixture
def single() -> Iterator[motte.Machine]:
    """A machine with one worker."""
    with motte.Machine(workers=1) as machine:
        yield machine


@pytest.fixture
def spin(single: motte.Machine, programs: Path) -> motte.Program:
    return single.load(programs / "loop.c")


def test_an_endless_loop_in_a_budget_asks_once_and_a_refill_goes_on(single: motte.Machine, spin: motte.Program) -> None:
    asked: list[float] = []
    enough = threading.Event()

    def keeper(meter: motte.Meter) -> None:
        asked.append(meter.used)
        if len(asked) < 4:
            meter.refill("20ms")
        else:
            enough.set()

    meter = single.meter.sub(budget="50ms", keeper=keeper)
    with single.spawn(spin, meter=meter, stdout=motte.DISCARD) as process:
        assert enough.wait(20)
        assert process.state in {"ready", "running"}
        assert meter.dry
        for used, budget in zip(asked, (0.05, 0.07, 0.09, 0.11), strict=True):
            assert budget <= used < budget + 0.005
        standing = process.statistics().cpu_time
        time.sleep(0.02)
        assert process.statistics().cpu_time == standing
        assert len(asked) == 4


def test_without_a_keeper_a_dry_meter_ends_its_processes_and_says_why(
    single: motte.Machine, spin: motte.Program
) -> None:
    meter = single.meter.sub(budget="10ms")
    below = meter.sub()
    processes = [single.spawn(spin, meter=one, stdout=motte.DISCARD) for one in (meter, below, below)]
    for process in processes:
        end = process.wait(20)
        assert (end.reason, end.returncode) == (motte.StopReason.CPU_LIMIT, 124)
        process.close()


def test_the_keeper_of_a_meter_above_is_asked_for_one_without(single: motte.Machine, spin: motte.Program) -> None:
    asked: list[motte.Meter] = []
    told = threading.Event()
    above = single.meter.sub(keeper=lambda meter: (asked.append(meter), told.set()))
    meter = above.sub(budget="5ms")
    with single.spawn(spin, meter=meter, stdout=motte.DISCARD):
        assert told.wait(20)
        assert asked == [meter]


def test_the_most_constraining_meter_decides(single: motte.Machine, spin: motte.Program) -> None:
    above = single.meter.sub(budget="10ms")
    below = above.sub(budget="10s")
    with single.spawn(spin, meter=below, stdout=motte.DISCARD) as process:
        assert process.wait(20).reason is motte.StopReason.CPU_LIMIT
    assert above.dry
    assert not below.dry
    assert 0.01 <= above.used < 0.02
    assert above.used_ticks == below.used_ticks


def test_a_process_that_ends_before_its_meter_is_charged_exactly(single: motte.Machine, programs: Path) -> None:
    program = single.load(programs / "status.c")
    meter = single.meter.sub()
    used = 0.0
    for _ in range(5):
        with single.spawn(program, meter=meter) as process:
            used += process.wait(20).usage.cpu_time
    assert meter.used == pytest.approx(used, abs=1e-6)


def test_off_and_on(single: motte.Machine, spin: motte.Program) -> None:
    with single.spawn(spin, stdout=motte.DISCARD) as process:
        while process.statistics().cpu_time < 0.002:
            pass
        single.meter.off()
        while process.state == "running":
            pass
        standing = process.statistics().cpu_time
        time.sleep(0.02)
        assert process.statistics().cpu_time == standing
        single.meter.on()
        while process.statistics().cpu_time == standing:
            pass


def test_one_sibling_has_as_much_as_a_thousand_children(single: motte.Machine, spin: motte.Program) -> None:
    """Two meters of the same weight: how many processes are below one of them makes no difference."""
    crowd, alone = single.meter.sub(), single.meter.sub()
    single.meter.off()
    processes = [single.spawn(spin, meter=crowd, stdout=None) for _ in range(100)]
    processes.append(single.spawn(spin, meter=alone, stdout=None))
    single.meter.on()
    while single.meter.used < 0.3:
        pass
    single.meter.off()
    while any(process.state == "running" for process in processes):
        pass
    assert abs(crowd.used - alone.used) <= 0.004
    for process in processes:
        process.close()


def test_a_keeper_that_raises_is_reported_and_nothing_moves(single: motte.Machine, spin: motte.Program) -> None:
    reported: list[threading.ExceptHookArgs] = []
    told = threading.Event()
    before = threading.excepthook
    threading.excepthook = lambda arguments: (reported.append(arguments), told.set())[1]
    try:
        meter = single.meter.sub(budget="1ms", keeper=lambda meter: 1 // 0)
        with single.spawn(spin, meter=meter, stdout=motte.DISCARD) as process:
            assert told.wait(20)
            assert process.state == "ready"
    finally:
        threading.excepthook = before
    assert [arguments.exc_type for arguments in reported] == [ZeroDivisionError]


def test_resources_are_a_bank_and_a_meter_in_one(single: motte.Machine, programs: Path) -> None:
    program = single.load(programs / "status.c")
    with single.resources.sub("16MiB", budget="1s") as packet, single.spawn(program, resources=packet) as process:
        assert process.wait(20).returncode == 0
        assert packet.meter.used > 0
        assert packet.bank.used > 0
    with pytest.raises(TypeError, match="either resources, or bank and meter"):
        single.spawn(program, resources=single.resources, meter=single.meter)


@pytest.mark.parametrize(("rate", "share"), [("20%", 0.2), (0.5, 0.5), ("0.25", 0.25), (" 150% ", 1.5)])
def test_rates_are_shares_of_one_processor(rate: str | float, share: float) -> None:
    assert rate_share(rate) == share


@pytest.mark.parametrize("rate", ["", "much", "-1", 0, "0%", "20 %%", float("nan")])
def test_other_rates_are_refused(single: motte.Machine, rate: str | float) -> None:
    with pytest.raises(ValueError, match="rate"):
        single.meter.sub(rate=rate)


def test_what_a_meter_refuses(single: motte.Machine, spin: motte.Program) -> None:
    with pytest.raises(ValueError, match="weight is from 1 to 10000"):
        single.meter.sub(weight=0)
    with pytest.raises(ValueError, match="slice is at least"):
        single.meter.sub(slice="1us")
    with pytest.raises(TypeError, match="keeper"):
        single.meter.sub(keeper=7)  # type: ignore[arg-type]
    with motte.Machine() as other, pytest.raises(ValueError, match="another machine"):
        single.spawn(spin, meter=other.meter)
    deep = single.meter
    with pytest.raises(motte.TooDeep):
        for _ in range(30):
            deep = deep.sub()
    assert "used" in repr(single.meter)


@pytest.mark.parametrize("wrong", [{"time": "soon"}, {"env": {"A=B": "c"}}, {"stack": "none"}, {"keeper": 7}])
def test_a_spawn_that_fails_leaves_no_bank_behind(
    single: motte.Machine, programs: Path, wrong: dict[str, object]
) -> None:
    program = single.load(programs / "status.c")
    before = single.bank.statistics()
    with pytest.raises((ValueError, TypeError)):
        single.spawn(program, bank="1MiB", **wrong)  # type: ignore[arg-type]
    after = single.bank.statistics()
    assert (after.banks, after.used) == (before.banks, before.used)
