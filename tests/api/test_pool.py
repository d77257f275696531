"""Pools: fresh processes, at once, each for one use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte

COUNTS = """
#include <stdio.h>
static int uses;
int main(void) { printf("%d", ++uses); }
"""


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def program(machine: motte.Machine, tmp_path_factory: pytest.TempPathFactory) -> motte.Program:
    source: Path = tmp_path_factory.mktemp("pool") / "counts.c"
    source.write_text(COUNTS)
    return machine.load(source)


def test_each_checkout_is_a_fresh_process(machine: motte.Machine, program: motte.Program) -> None:
    with machine.pool(program, warm=2) as pool:
        identities = set()
        for _use in range(20):
            with pool.checkout() as process:
                assert process.state == "created"
                identities.add(process.identity)
                process.start()
                assert process.wait(timeout=10).returncode == 0
                assert process.stdout == b"1"
        assert len(identities) == 20


def test_a_filled_pool_hands_out_what_is_ready_and_then_makes_more(
    machine: motte.Machine, program: motte.Program
) -> None:
    with machine.pool(program, warm=4) as pool:
        pool.fill()
        before = pool.statistics()
        assert (before.ready, before.missed) == (4, 0)
        held = [pool.checkout() for _ in range(50)]
        assert len({process.identity for process in held}) == 50
        pool.fill()
        after = pool.statistics()
        assert after.ready == 4
        assert after.made >= 54
        for process in held:
            process.close()


def test_arguments_and_options_are_those_of_spawn(machine: motte.Machine, program: motte.Program) -> None:
    with (
        machine.bank.sub("64MiB") as bank,
        machine.pool(program, ["x"], warm=1, bank=bank, stdout=motte.DISCARD) as pool,
    ):
        process = pool.checkout()
        assert bank.used > 0
        process.start()
        process.wait(timeout=10)
        with pytest.raises(motte.BadState, match="stdout is not captured"):
            _ = process.stdout
        process.close()


def test_closing_a_pool_ends_those_that_wait_and_no_others(machine: motte.Machine, program: motte.Program) -> None:
    processes = machine.statistics().processes
    pool = machine.pool(program, warm=5)
    pool.fill()
    kept = pool.checkout()
    pool.close()
    pool.close()
    assert machine.statistics().processes == processes + 1
    with pytest.raises(motte.Closed, match="the pool is closed"):
        pool.checkout()
    with pytest.raises(motte.Closed, match="the pool is closed"):
        pool.fill()
    kept.start()
    assert kept.wait(timeout=10).returncode == 0
    kept.close()
    assert machine.statistics().processes == processes


def test_a_bank_that_refuses_is_told_of_at_the_checkout(machine: motte.Machine, program: motte.Program) -> None:
    with machine.bank.sub("4KiB", name="tiny") as bank, machine.pool(program, warm=2, bank=bank) as pool:
        for _attempt in range(3):
            with pytest.raises(motte.LimitReached, match="tiny"):
                pool.checkout()
        bank.limit = 8 << 20
        pool.checkout().close()
        pool.fill()
        assert pool.statistics().ready == 2


def test_processes_whose_bank_was_destroyed_while_they_waited_are_not_handed_out(
    machine: motte.Machine, program: motte.Program
) -> None:
    bank = machine.bank.sub("8MiB", name="doomed")
    with machine.pool(program, warm=3, bank=bank) as pool:
        pool.fill()
        bank.destroy()
        with pytest.raises(motte.InvalidCap, match="doomed"):
            pool.checkout()


def test_many_threads_never_get_the_same_process(machine: motte.Machine, program: motte.Program) -> None:
    identities: list[int] = []

    def use() -> None:
        for _use in range(100):
            with pool.checkout() as process:
                identities.append(process.identity)

    with machine.pool(program, warm=4) as pool:
        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(identities)) == 800


def test_a_pool_ends_with_its_machine(program: motte.Program, tmp_path: Path) -> None:
    source = tmp_path / "counts.c"
    source.write_text(COUNTS)
    machine = motte.Machine()
    pool = machine.pool(machine.load(source), warm=3)
    pool.fill()
    machine.close()
    with pytest.raises(motte.Closed):
        pool.checkout()


@pytest.mark.parametrize(("warm", "error"), [(0, ValueError), (1025, ValueError), (True, TypeError), ("8", TypeError)])
def test_a_number_of_processes_that_is_none_is_refused(
    machine: motte.Machine, program: motte.Program, warm: object, error: type[Exception]
) -> None:
    with pytest.raises(error, match="warm: expected"):
        machine.pool(program, warm=warm)  # type: ignore[arg-type]


def test_the_largest_pool_can_be_filled(machine: motte.Machine, program: motte.Program) -> None:
    with machine.pool(program, warm=1024, stdout=None, stderr=None) as pool:
        pool.fill()
        assert pool.statistics().ready == 1024
