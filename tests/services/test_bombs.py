"""Processes that make processes without end: what they take is their maker's share."""

import time

import pytest

import motte
from services.conftest import GUESTS, SECONDS


def shares(meters: list[motte.Meter], seconds: float) -> list[float]:
    """What each of them uses within some time, of all that they use."""
    before = [meter.used for meter in meters]
    time.sleep(seconds)
    used = [meter.used - earlier for meter, earlier in zip(meters, before, strict=True)]
    return [each / sum(used) for each in used]


def test_a_fork_bomb_meets_its_limits_and_its_sibling_has_its_share() -> None:
    with motte.Machine(memory="256MiB", workers=1) as machine:
        program = machine.load(GUESTS / "herd.c")
        bomber, other = machine.meter.sub(), machine.meter.sub()
        with machine.bank.sub("32MiB") as bank:
            sibling = machine.spawn(program, ["spin"], meter=other)
            machine.spawn(program, ["bomb"], grants={"program": program}, bank=bank, meter=bomber, processes=40)
            until = time.monotonic() + SECONDS
            while machine.statistics().processes < 41 and time.monotonic() < until:
                time.sleep(0.01)
            assert machine.statistics().processes == 41
            share = shares([other, bomber], 0.4)[0]
            assert 0.45 < share < 0.6
            assert bank.used <= 32 << 20
        assert machine.statistics().processes == 1
        sibling.close()


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.long)])
def test_many_children_share_what_their_maker_has_with_one_sibling(count: int) -> None:
    with motte.Machine(memory="2GiB", workers=1) as machine:
        program = machine.load(GUESTS / "herd.c")
        many, one = machine.meter.sub(), machine.meter.sub()
        ready, is_ready = machine.channel(capacity=1)
        go, is_to_go = machine.channel(capacity=1)
        grants = {"program": program, "ready": ready, "go": is_to_go}
        with machine.bank.sub() as bank:
            machine.spawn(program, ["herd", str(count)], grants=grants, bank=bank, meter=many, processes=count + 1)
            is_ready.receive(SECONDS * 10)
            sibling = machine.spawn(program, ["spin"], meter=one)
            go.send()
            time.sleep(0.1 + count / 20_000)
            assert shares([one, many], 0.5)[0] == pytest.approx(0.5, abs=0.03)
        sibling.close()
