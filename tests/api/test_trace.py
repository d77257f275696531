"""Traces of a machine."""

import asyncio
import threading
from pathlib import Path

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
        assert machine.bank.used >= before + 480_000
    assert machine.bank.used == before
    bank = machine.bank.sub("1MiB")
    with machine.trace(records=10_000, bank=bank):
        assert bank.used >= 480_000
    with pytest.raises(motte.LimitReached):
        machine.trace(records=100_000, bank=bank)


def test_names_of_programs_are_known_of_those_who_were_there_and_of_those_who_come(
    machine: motte.Machine, status: motte.Program, programs: Path
) -> None:
    with machine.spawn(machine.load(programs / "waiter.c"), time=None) as waiter, machine.trace() as trace:
        with machine.spawn(status) as process:
            process.wait(20)
        records = trace.take()
    assert {record.program for record in records if record.process == process.identity} <= {"status.c", None}
    assert records[-1].program == "status.c"
    assert {record.program for record in records if record.process == waiter.identity} <= {"waiter.c"}


def test_only_some_kinds_of_some_processes_are_traced_if_so_wished(
    machine: motte.Machine, status: motte.Program
) -> None:
    with machine.spawn(status, start=False) as first, machine.spawn(status, start=False) as second:
        with machine.trace(kinds=["exited", TraceKind.READY], processes=[second]) as trace:
            for process in (first, second):
                process.start()
                process.wait(20)
            found = [(record.kind, record.process) for record in trace.take()]
        assert found == [(TraceKind.READY, second.identity), (TraceKind.EXITED, second.identity)]
    with pytest.raises(ValueError, match="kinds: 'nonsense' is none of SPAWNED, READY"):
        machine.trace(kinds=["nonsense"])


def kinds_and_details(
    machine: motte.Machine, program: motte.Program, **options: object
) -> dict[str, dict[str, object]]:
    """What is told of one run, by kind; the last of each."""
    with machine.trace() as trace, machine.spawn(program, **options) as process:  # type: ignore[arg-type]
        process.wait(20)
        return {record.kind.name: dict(record.detail) for record in trace.take()}


def test_limits_faults_and_answers_of_keepers_are_told(machine: motte.Machine, programs: Path) -> None:
    loop, null, memory = (machine.load(programs / name) for name in ("loop.c", "null.c", "memory.c"))
    told = kinds_and_details(machine, loop, time="20ms")
    assert told["LIMIT_MET"] == {"limit": "CPU_TIME"}
    assert told["EXITED"] == {"reason": "CPU_LIMIT", "status": 0}
    assert kinds_and_details(machine, loop, time=None, wall_time="20ms")["LIMIT_MET"] == {"limit": "WALL_TIME"}
    told = kinds_and_details(machine, null, keeper=lambda fault: None)
    assert told["FAULTED"] == {"fault": "NULL_PAGE", "address": 0}
    assert told["ANSWERED"] == {"answer": "decline"}
    bank = machine.bank.sub("4MiB")
    told = kinds_and_details(machine, memory, bank=bank)
    assert told["LIMIT_MET"]["limit"] == "BANK"
    assert told["LIMIT_MET"]["bytes"] >= 1 << 20  # type: ignore[operator]
    assert told["TURN_ENDS"]["memory"] <= 4 << 20  # type: ignore[operator]


def test_a_dry_meter_is_told_of(machine: motte.Machine, programs: Path) -> None:
    meter = machine.meter.sub(budget="20ms", name="short")
    program = machine.load(programs / "loop.c")
    with machine.events(kinds=["limit_met"]) as events, machine.spawn(program, meter=meter, time=None) as process:
        record = next(events)
        process.wait(20)
    looks = {look.name: look.identity for look in machine.overview().meters}
    assert (record.process, dict(record.detail)) == (0, {"limit": "METER", "meter": looks["short"]})


def test_messages_are_told_of_under_one_number_and_blocks_with_them(machine: motte.Machine) -> None:
    sender, receiver = machine.channel()
    with machine.trace(kinds=["sent", "received", "blocks_moved"]) as trace:
        sender.send(b"hello")
        sender.send(b"", blocks=[machine.exchange.allocate(8192)])
        assert receiver.receive().data == b"hello"
        with receiver.receive() as message:
            assert len(message.blocks) == 1
        records = trace.take()
    assert [record.kind.name for record in records] == ["SENT", "SENT", "RECEIVED", "RECEIVED", "BLOCKS_MOVED"]
    assert [record.detail["message"] for record in records] == [1, 2, 1, 2, 2]
    assert [record.detail["bytes"] for record in records] == [5, 0, 5, 0, 8192]
    assert str(records[0]).endswith("SENT the host: message 1, bytes 5")
    sender.close()
    receiver.close()


# --- events as they happen -------------------------------------------------------------------------------------------


def test_events_come_as_they_happen(machine: motte.Machine, status: motte.Program) -> None:
    with machine.events(kinds=["spawned", "exited"]) as events:
        for _ in range(3):
            with machine.spawn(status) as process:
                assert [next(events).kind.name, next(events).kind.name] == ["SPAWNED", "EXITED"]
                assert events.take() == []
                process.wait(20)
        assert events.lost == 0


def test_closing_ends_those_who_iterate_once_they_have_everything(
    machine: motte.Machine, status: motte.Program
) -> None:
    events = machine.events()
    seen: list[motte.TraceRecord] = []
    threads = [threading.Thread(target=lambda: seen.extend(events)) for _ in range(2)]
    for thread in threads:
        thread.start()
    with machine.spawn(status) as process:
        process.wait(20)
    events.close()
    events.close()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert sorted(record.number for record in seen) == list(range(len(seen)))
    assert "EXITED" in {record.kind.name for record in seen}
    assert list(events) == []


def test_a_closed_machine_ends_its_events() -> None:
    machine = motte.Machine()
    events = machine.events()
    thread = threading.Thread(target=lambda: list(events))
    thread.start()
    machine.close()
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(motte.Closed):
        machine.events()


def test_events_are_awaited_without_holding_up_the_loop(machine: motte.Machine, status: motte.Program) -> None:
    async def ends(events: motte.TraceEvents) -> int:
        return len([record async for record in events if record.kind is TraceKind.EXITED])

    async def main() -> list[int]:
        first, second = machine.events(), machine.events(kinds=["exited"])
        readers = [asyncio.create_task(ends(events)) for events in (first, second)]
        await asyncio.sleep(0)
        for _ in range(5):
            with machine.spawn(status) as process:
                await process
        first.close()
        second.close()
        return await asyncio.gather(*readers)

    assert asyncio.run(main()) == [5, 5]


def test_a_slow_reader_learns_what_it_has_lost(machine: motte.Machine, status: motte.Program) -> None:
    with machine.events(records=3) as events:
        for _ in range(3):
            with machine.spawn(status) as process:
                process.wait(20)
        assert [record.number for record in events.take()] == [0, 1, 2]
        lost = events.lost
        assert lost >= 12
        with machine.spawn(status):
            assert next(events).number == 3 + lost


def test_a_closed_trace_says_so_and_a_closed_machine_ends_its_trace() -> None:
    machine = motte.Machine()
    trace = machine.trace(records=10)
    machine.close()
    with pytest.raises(motte.Closed):
        trace.take()
    with pytest.raises(motte.Closed):
        machine.trace()
