"""Links, monitors and exit signals: Erlang's rules, and what is back when somebody is told."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import motte
from motte import ExitReason, ExitSignal
from motte.links import Effect, effect_of

NORMAL, SHUTDOWN, KILL, KILLED = ExitReason.NORMAL, ExitReason.SHUTDOWN, ExitReason.KILL, ExitReason.KILLED
NOPROC, CRASH = ExitReason.NOPROC, ExitReason("crash", 7)
LONG = 30  # seconds: no test waits that long unless something is wrong


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(workers=2) as machine:
        yield machine


@pytest.fixture
def loop(machine: motte.Machine, programs: Path) -> motte.Program:
    return machine.load(programs / "loop.c")


Linkable = motte.Process | motte.Observer
Maker = Callable[[], Linkable]


@pytest.fixture(params=["process", "observer"])
def make(request: pytest.FixtureRequest, machine: motte.Machine, loop: motte.Program) -> Maker:
    """Makes parties of both kinds: the rules are the same."""
    if request.param == "observer":
        return machine.observer
    return lambda: machine.spawn(loop, stdout=motte.DISCARD)


def ending_of(party: Linkable) -> ExitReason:
    party.monitor().wait(LONG)
    assert party.exit_reason is not None
    return party.exit_reason


# --- the table: what a signal does ---

TABLE = [
    # (linked, reason, traps, from itself) -> (effect, reason)
    ((True, NORMAL, False, False), (Effect.DROP, NORMAL)),
    ((True, NORMAL, True, False), (Effect.TELL, NORMAL)),
    ((True, CRASH, False, False), (Effect.END, CRASH)),
    ((True, CRASH, True, False), (Effect.TELL, CRASH)),
    ((True, SHUTDOWN, False, False), (Effect.END, SHUTDOWN)),
    ((True, SHUTDOWN, True, False), (Effect.TELL, SHUTDOWN)),
    ((True, KILL, False, False), (Effect.END, KILL)),
    ((True, KILL, True, False), (Effect.TELL, KILL)),
    ((True, KILLED, False, False), (Effect.END, KILLED)),
    ((True, KILLED, True, False), (Effect.TELL, KILLED)),
    ((True, NOPROC, False, False), (Effect.END, NOPROC)),
    ((True, NOPROC, True, False), (Effect.TELL, NOPROC)),
    ((False, NORMAL, False, False), (Effect.DROP, NORMAL)),
    ((False, NORMAL, True, False), (Effect.TELL, NORMAL)),
    ((False, NORMAL, False, True), (Effect.END, NORMAL)),
    ((False, NORMAL, True, True), (Effect.TELL, NORMAL)),
    ((False, CRASH, False, False), (Effect.END, CRASH)),
    ((False, CRASH, True, False), (Effect.TELL, CRASH)),
    ((False, CRASH, False, True), (Effect.END, CRASH)),
    ((False, CRASH, True, True), (Effect.TELL, CRASH)),
    ((False, KILL, False, False), (Effect.END, KILLED)),
    ((False, KILL, True, False), (Effect.END, KILLED)),
    ((False, KILL, True, True), (Effect.END, KILLED)),
    ((False, KILLED, False, False), (Effect.END, KILLED)),
    ((False, KILLED, True, False), (Effect.TELL, KILLED)),
]


def row_name(row: object) -> str:
    if not isinstance(row, tuple) or not isinstance(row[0], bool):
        return ""
    linked, reason, traps, from_itself = row
    return "-".join(
        ("link" if linked else "signal", reason.word, "traps" if traps else "dies", *["itself"] * from_itself)
    )


@pytest.mark.parametrize(("row", "expected"), TABLE, ids=row_name)
def test_the_exit_signal_table(row: tuple[bool, ExitReason, bool, bool], expected: tuple[Effect, ExitReason]) -> None:
    linked, reason, traps, from_itself = row
    assert effect_of(ExitSignal(None, reason, linked), traps=traps, from_itself=from_itself) == expected


@pytest.mark.parametrize(("row", "expected"), TABLE, ids=row_name)
def test_parties_obey_the_table(
    machine: motte.Machine,
    make: Maker,
    row: tuple[bool, ExitReason, bool, bool],
    expected: tuple[Effect, ExitReason],
) -> None:
    linked, reason, traps, from_itself = row
    effect, told = expected
    receiver, sender = make(), machine.observer("sender")
    receiver.trap_exit = traps
    if linked:
        sender.link(receiver)
        sender.end(reason)
    else:
        sender = receiver if from_itself else sender  # type: ignore[assignment]
        receiver.exit(reason, sender=sender)
    if effect is Effect.END:
        assert ending_of(receiver) == told
    else:
        assert receiver.exit_reason is None
        if effect is Effect.TELL:
            assert receiver.next_exit_signal(0) == ExitSignal(sender, told, linked)
        with pytest.raises(motte.Timeout):
            receiver.next_exit_signal(0)
        receiver.exit(KILL)
        assert ending_of(receiver) == KILLED
    if isinstance(receiver, motte.Process):
        receiver.close()


# --- how a process ends, as a reason ---


@pytest.mark.parametrize(
    ("source", "arguments", "reason"),
    [
        ("status.c", [], NORMAL),
        ("status.c", ["3"], ExitReason("status", 3)),
        ("null.c", [], ExitReason("fault", motte.FaultKind.NULL_PAGE)),
        ("flood.c", [], ExitReason("output_limit")),
    ],
)
def test_an_end_becomes_a_reason(
    machine: motte.Machine, programs: Path, source: str, arguments: list[str], reason: ExitReason
) -> None:
    with machine.spawn(machine.load(programs / source), arguments, output_limit="1MiB", start=False) as process:
        monitor = process.monitor()
        assert process.exit_reason is None
        process.start()
        down = monitor.wait(LONG)
        assert (down.target, down.reason, process.exit_reason) == (process, reason, reason)
        assert down.exit == process.wait()


def test_limits_kills_and_signals_are_reasons(machine: motte.Machine, loop: motte.Program, tmp_path: Path) -> None:
    (tmp_path / "abort.c").write_text("#include <stdlib.h>\nint main(void) { abort(); }\n")
    with machine.spawn(machine.load(tmp_path / "abort.c")) as process:
        assert process.monitor().wait(LONG).reason in (ExitReason("signal", 6), NOPROC)
        assert process.exit_reason == ExitReason("signal", 6)
    with machine.spawn(loop, time=0.01) as process:
        assert process.monitor().wait(LONG).reason == ExitReason("cpu_limit")
    with machine.spawn(loop, wall_time=0.01) as process:
        assert process.monitor().wait(LONG).reason == ExitReason("wall_limit")
    with machine.spawn(loop) as process:
        monitor = process.monitor()
        process.kill()
        process.exit("late")
        assert monitor.wait(LONG).reason == KILLED
        assert process.wait().message == "stopped: killed by the host"


def test_reasons_are_words() -> None:
    assert str(ExitReason("fault", motte.FaultKind.DIVIDE)) == "fault DIVIDE"
    assert str(ExitReason("status", 3)) == "status 3"
    assert str(NORMAL) == "normal"
    with pytest.raises(ValueError, match="'two words' is not a word for a reason"):
        ExitReason("two words")
    with motte.Machine() as machine, pytest.raises(TypeError, match="reason: expected an ExitReason or a word"):
        machine.observer().end(3)  # type: ignore[arg-type]


# --- links ---


def test_an_abnormal_end_goes_through_a_chain_of_links(machine: motte.Machine, loop: motte.Program) -> None:
    chain = [machine.spawn(loop, stdout=motte.DISCARD) for _number in range(4)]
    end = machine.observer("end of the chain")
    end.trap_exit = True
    for one, other in zip(chain, [*chain[1:], end], strict=True):
        one.link(other)
    chain[0].exit(CRASH)
    assert end.next_exit_signal(LONG) == ExitSignal(chain[3], CRASH, linked=True)
    for process in chain:
        assert process.exit_reason == CRASH
        assert process.wait().reason is motte.StopReason.KILLED
        assert process.wait().message == "stopped: by an exit signal: crash 7"
        assert process.links == []


def test_a_normal_end_leaves_those_who_are_linked_alone(
    machine: motte.Machine, loop: motte.Program, status: motte.Program
) -> None:
    with machine.spawn(loop) as survivor, machine.spawn(status, start=False) as process:
        survivor.link(process)
        monitor = process.monitor()
        process.start()
        assert monitor.wait(LONG).reason == NORMAL
        assert survivor.links == []
        assert survivor.exit_reason is None


def test_a_thousand_linked_observers_end_together(machine: motte.Machine) -> None:
    chain = [machine.observer(str(number)) for number in range(2000)]
    for one, other in pairwise(chain):
        one.link(other)
    chain[1000].end(CRASH)
    assert {each.exit_reason for each in chain} == {CRASH}


def test_an_unlinked_pair_does_not_share_its_fate(machine: motte.Machine, make: Maker) -> None:
    one, other = make(), make()
    one.link(other)
    one.link(other)
    assert (one.links, other.links) == ([other], [one])
    other.unlink(one)
    other.unlink(one)
    one.exit(CRASH)
    assert ending_of(one) == CRASH
    assert other.exit_reason is None
    for each in (one, other):
        if isinstance(each, motte.Process):
            each.close()


def test_linking_with_the_dead_is_noproc(machine: motte.Machine, make: Maker) -> None:
    dead, trapping, plain = make(), make(), make()
    dead.exit(KILL)
    ending_of(dead)
    trapping.trap_exit = True
    trapping.link(dead)
    assert trapping.next_exit_signal(0) == ExitSignal(dead, NOPROC, linked=True)
    dead.link(plain)
    assert ending_of(plain) == NOPROC
    dead.link(dead)
    trapping.exit(KILL)
    for each in (dead, trapping, plain):
        if isinstance(each, motte.Process):
            each.close()


def test_an_end_that_was_not_watched_is_noproc_too(machine: motte.Machine, status: motte.Program) -> None:
    observer = machine.observer()
    with machine.spawn(status, ["3"]) as process:
        process.wait()
        observer.link(process)
        assert observer.exit_reason == NOPROC


def test_machines_are_not_linked(machine: motte.Machine) -> None:
    with motte.Machine() as other, pytest.raises(ValueError, match="belongs to another machine"):
        machine.observer().link(other.observer())
    with pytest.raises(TypeError, match="expected a process, an observer or a supervisor; got int"):
        machine.observer().link(3)  # type: ignore[arg-type]


def test_trapped_signals_can_be_called_back(machine: motte.Machine) -> None:
    told: list[ExitSignal] = []
    observer, other = machine.observer(), machine.observer()
    assert observer.trap_exit is False
    observer.trap_exit = told.append
    assert observer.trap_exit == told.append
    observer.link(other)
    other.end("over")
    assert told == [ExitSignal(other, ExitReason("over"), linked=True)]
    observer.trap_exit = True
    assert observer.trap_exit is True
    observer.exit("again")
    assert observer.next_exit_signal(0).reason == ExitReason("again")
    with pytest.raises(TypeError, match="trap_exit: expected a bool or a callable"):
        observer.trap_exit = 3  # type: ignore[assignment]


def test_an_observer_is_a_context_manager(machine: motte.Machine) -> None:
    with machine.observer() as quiet:
        assert repr(quiet) == "<Observer 'observer': alive>"
    assert quiet.exit_reason == NORMAL
    with pytest.raises(ZeroDivisionError), machine.observer("loud") as loud:
        raise ZeroDivisionError("divided")
    assert loud.exit_reason == ExitReason("error", "divided")
    assert repr(loud) == "<Observer 'loud': error divided>"


# --- monitors ---


def test_every_monitor_is_told_exactly_once(machine: motte.Machine, make: Maker) -> None:
    party = make()
    told: list[motte.Down] = []
    monitors = [party.monitor(told.append) for _number in range(5)]
    assert party.demonitor(monitors[4])
    assert not monitors[4].cancel()
    party.exit(CRASH)
    party.exit("again")
    for monitor in monitors[:4]:
        assert monitor.wait(LONG).reason == CRASH
    if isinstance(party, motte.Process):
        party.close()
        machine.close()  # all callbacks have returned
    assert [down.target for down in told] == [party] * 4
    assert not monitors[0].cancel()
    with pytest.raises(motte.Timeout, match="no end within 0 s"):
        monitors[4].wait(0)


def test_a_dead_target_is_noproc_at_once(machine: motte.Machine, make: Maker, status: motte.Program) -> None:
    party = make()
    party.exit(KILL)
    ending_of(party)
    told: list[motte.Down] = []
    monitor = party.monitor(told.append)
    assert told == [monitor.down]
    assert told[0].reason == NOPROC
    if isinstance(party, motte.Process):
        assert told[0].exit is party.wait()
        party.close()
        assert party.monitor(told.append).wait(0).reason == NOPROC
    with machine.spawn(status, ["3"]) as process:  # nobody watched this one
        end = process.wait()
        assert process.monitor().down == motte.Down(process, NOPROC, end)


def test_monitors_can_be_awaited(machine: motte.Machine, status: motte.Program) -> None:
    async def ends() -> list[ExitReason]:
        processes = [machine.spawn(status, [str(number)], start=False) for number in range(5)]
        monitors = [process.monitor() for process in processes]
        for process in processes:
            process.start()
        reasons = [(await monitor).reason for monitor in monitors]
        assert [(await monitor).reason for monitor in monitors] == reasons
        return reasons

    assert asyncio.run(ends()) == [NORMAL, *(ExitReason("status", number) for number in range(1, 5))]


def test_a_monitor_is_cancelled_on_leaving(machine: motte.Machine) -> None:
    observer = machine.observer()
    told: list[motte.Down] = []
    with observer.monitor(told.append) as monitor:
        assert "waits" in repr(monitor)
    observer.end()
    assert told == []
    with pytest.raises(TypeError, match="callback: expected a callable or None"):
        observer.monitor(3)  # type: ignore[arg-type]


def test_a_callback_that_raises_is_reported_and_harms_nobody(
    machine: motte.Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", raised.append)
    observer = machine.observer()
    observer.monitor(lambda _down: 1 // 0)
    told: list[motte.Down] = []
    observer.monitor(told.append)
    observer.end()
    assert [each.exc_type for each in raised] == [ZeroDivisionError]
    assert [down.reason for down in told] == [NORMAL]


# --- what is back by then ---


def test_when_a_monitor_is_told_everything_is_back(machine: motte.Machine, loop: motte.Program) -> None:
    used = machine.bank.used
    bank = machine.bank.sub(name="short-lived")
    found: list[tuple[int, int, int, int]] = []

    def look(_down: motte.Down) -> None:
        statistics = machine.statistics()
        found.append((bank.used, machine.bank.used, machine.bank.statistics().banks, statistics.processes))

    shared = machine.spawn(loop, bank=bank)
    private = machine.spawn(loop, bank="16MiB")
    for process in (shared, private):
        process.monitor(look)
    before = machine.bank.used
    shared.kill()
    shared.monitor().wait(LONG)
    private.kill()
    private.monitor().wait(LONG)
    assert before > used
    page = 4096
    assert [found[0][0], found[0][2:], found[1]] == [0, (2, 1), (0, used + page, 1, 0)]


def test_the_end_of_a_bank_is_told_when_it_is_gone(machine: motte.Machine, loop: motte.Program) -> None:
    used = machine.bank.used
    found: list[tuple[bool, int, ExitReason]] = []
    bank = machine.bank.sub()
    processes = [machine.spawn(loop, bank=each) for each in (bank, bank, bank.sub())]
    for process in processes:
        process.monitor(lambda down: found.append((bank.destroyed, machine.bank.used, down.reason)))
    observer = machine.observer()
    observer.trap_exit = lambda signal: found.append((bank.destroyed, machine.bank.used, signal.reason))
    observer.link(processes[0])
    bank.destroy()
    assert found == [(True, used, KILLED)] * 4


def test_what_is_known_of_a_watched_process_survives_its_end(machine: motte.Machine, status: motte.Program) -> None:
    with machine.spawn(status, ["9"], start=False) as process:
        monitor = process.monitor()
        process.start()
        end = monitor.wait(LONG).exit
        assert end is process.wait(0)
        assert (process.returncode, process.state, process.stdout) == (9, "exited", b"")
        assert process.statistics() == end.usage
        process.kill()
        ends: list[motte.Exit] = []
        process.on_end(lambda _process, end: ends.append(end))
        assert ends == [end]
        assert asyncio.run(awaited(process)) is end
        with pytest.raises(motte.InvalidCap, match="has ended, and given everything back"):
            process.memory.read(0x1_1000, 1)
        for use in (process.suspend, process.resume, process.start):
            with pytest.raises(motte.InvalidCap):
                use()
    with pytest.raises(motte.Closed):
        process.wait()


async def awaited(process: motte.Process) -> motte.Exit:
    return await process


def test_a_closed_process_is_told_of_by_the_one_who_closes_it(machine: motte.Machine, loop: motte.Program) -> None:
    process = machine.spawn(loop)
    told: list[tuple[int, ExitReason, int]] = []
    process.monitor(lambda down: told.append((threading.get_ident(), down.reason, machine.statistics().processes)))
    process.close()
    assert [(reason, processes) for _thread, reason, processes in told] == [(KILLED, 0)]
    assert process.monitor().down == motte.Down(process, NOPROC, told and process._exit)
