"""Traces of a machine."""

import pytest

import motte
from motte import TraceKind


def test_a_trace_tells_of_a_process_from_its_spawning_to_its_end(machine: motte.Machine, status: motte.Program) -> None:
    with machine.trace() as trace, machine.spawn(status) as process:
        process.wait(20)
        records = [record for record in trace.take() if record.process == process.identity]
        assert trace.lost == 0
        used = sum(record.used_ticks for record in records)
        assert used == machine.meter.used_ticks
    assert [record.kind for record in records[:2]] == [TraceKind.SPAWNED, TraceKind.READY]
    assert records[-1].kind is TraceKind.EXITED
    assert all((record.thread is not None) == (record.kind.name.startswith("TURN")) for record in records)


def test_a_trace_is_paid_for_by_the_machine_or_by_the_bank_it_was_given(machine: motte.Machine) -> None:
    before = machine.bank.used
    with machine.trace(records=10_000):
        assert machine.bank.used >= before + 400_000
    assert machine.bank.used == before
    bank = machine.bank.sub("1MiB")
    with machine.trace(records=10_000, bank=bank):
        assert bank.used >= 400_000
    with pytest.raises(motte.LimitReached):
        machine.trace(records=100_000, bank=bank)


def test_a_machine_has_one_trace_at_a_time(machine: motte.Machine) -> None:
    with machine.trace(), pytest.raises(motte.BadState, match="traced already"):
        machine.trace()
    machine.trace().close()


def test_a_closed_trace_says_so_and_a_closed_machine_ends_its_trace() -> None:
    machine = motte.Machine()
    trace = machine.trace(records=10)
    machine.close()
    with pytest.raises(motte.Closed):
        trace.take()
    with pytest.raises(motte.Closed):
        machine.trace()
