"""Processes that come and go leave nothing, however they end, and whatever they were given."""

import asyncio
import io
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

import motte
from stress.conftest import GUESTS, LONG, QUIET, Flat

HOLE = 0x9000_0000


def done(machine: motte.Machine, program: motte.Program, task: str, **options: object) -> motte.Exit:
    with machine.spawn(program, [task], **QUIET | options) as process:  # type: ignore[arg-type]
        return process.wait(LONG)


def test_spawns(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    flat(partial(done, machine, tasks, ""), 20_000, 1_000_000)


def test_spawns_that_are_closed_at_once(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    flat(lambda: machine.spawn(tasks, **QUIET).close(), 3_000)  # type: ignore[arg-type]


def test_processes_that_are_never_started(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    flat(lambda: machine.spawn(tasks, start=False).close(), 5_000)


ENDS: dict[str, tuple[int, str, dict[str, object]]] = {
    "a fault": (2_000, "fault", {}),
    "the limit on CPU time": (300, "spin", {"time": "200us"}),
    "the limit on wall time": (300, "sleep", {"wall_time": "200us"}),
    "a full bank": (300, "memory", {"bank": "2MiB"}),
    "the limit on output": (500, "flood", {"output_limit": "64KiB", "stdout": motte.CAPTURE}),
}


@pytest.mark.parametrize("end", ENDS)
def test_processes_that_come_to(machine: motte.Machine, tasks: motte.Program, flat: Flat, end: str) -> None:
    rounds, task, options = ENDS[end]
    flat(partial(done, machine, tasks, task, **options), rounds)


def test_kills(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def kill() -> None:
        with machine.spawn(tasks, ["spin"], **QUIET) as process:  # type: ignore[arg-type]
            process.kill()
            process.wait(LONG)

    flat(kill, 1_000)


def test_ends_with_the_bank(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def destroy() -> None:
        bank = machine.bank.sub("4MiB")
        process = machine.spawn(tasks, ["spin"], bank=bank, **QUIET)  # type: ignore[arg-type]
        bank.destroy()
        process.close()

    flat(destroy, 300)


def test_ends_with_the_meter(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    flat(lambda: done(machine, tasks, "spin", meter=machine.meter.sub(budget="100us")), 200)


def test_reports(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def report() -> None:
        with machine.spawn(tasks, ["fault"]) as process:
            process.wait(LONG)
            assert str(process.report())
            assert process._repr_html_()
            machine.overview()

    flat(report, 300)


# --- streams ---------------------------------------------------------------------------------------------------------


def from_bytes() -> dict[str, object]:
    return {"stdin": b"text", "stdout": motte.CAPTURE}


def from_files() -> dict[str, object]:
    return {"stdin": io.BytesIO(b"text"), "stdout": io.BytesIO()}


def from_callbacks() -> dict[str, object]:
    return {"stdin": b"text\n", "stdout": lambda line: None}


@pytest.mark.parametrize("streams", [from_bytes, from_files, from_callbacks])
def test_streams(
    machine: motte.Machine, tasks: motte.Program, flat: Flat, streams: Callable[[], dict[str, object]]
) -> None:
    flat(lambda: done(machine, tasks, "copy", **streams()), 300)


def test_pipes(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def exchange() -> None:
        with machine.spawn(tasks, ["copy"], stdin=motte.PIPE, stdout=motte.PIPE) as process:
            assert process.communicate(b"text")[0] == b"text"

    flat(exchange, 500)


def test_callbacks_that_raise(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def refuse(data: bytes) -> None:
        raise LookupError(data)

    def attempt() -> None:
        with pytest.raises(LookupError):
            done(machine, tasks, "copy", stdin=b"text\n", stdout=refuse)

    flat(attempt, 200)


# --- whom they ask, and who is told ----------------------------------------------------------------------------------


def test_regions_and_their_keepers(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    regions = [motte.Region(HOLE, "1MiB", lambda fault: fault.supply())]
    flat(lambda: done(machine, tasks, "supply", regions=regions), 200)


def test_keepers_that_refer_to_the_process(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def kept() -> None:
        def keeper(fault: motte.KeptFault) -> motte.Kill:
            processes[0].statistics()
            return motte.Kill()

        processes = [machine.spawn(tasks, ["fault"], keeper=keeper, start=False)]
        with processes[0] as process:
            process.start()
            process.wait(LONG)

    flat(kept, 200)


def test_links_and_monitors(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def link() -> None:
        one, other = (machine.spawn(tasks, ["sleep"], **QUIET) for _ in range(2))  # type: ignore[arg-type]
        one.link(other)
        monitor = other.monitor()
        one.exit("over")
        monitor.wait(LONG)
        one.close()
        other.close()

    flat(link, 200)


def test_callbacks_at_the_end(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def wait() -> None:
        told = threading.Event()
        with machine.spawn(tasks, **QUIET) as process:  # type: ignore[arg-type]
            process.on_end(lambda _process, _end: told.set())
            assert told.wait(LONG)

    flat(wait, 500)


# --- what they are granted -------------------------------------------------------------------------------------------


def test_grants_of_capabilities(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    sender, receiver = machine.channel()
    grants = {"bank": machine.bank, "meter": machine.meter, "in": sender, "out": receiver, "program": tasks}
    flat(lambda: done(machine, tasks, "", grants=grants), 300)


def test_servers(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def serve() -> None:
        sender, receiver = machine.channel()
        with machine.spawn(tasks, ["serve"], grants={"in": receiver}, **QUIET):  # type: ignore[arg-type]
            receiver.close()
            assert sender.call(b"question", timeout=LONG).data == b"question"
            sender.close()

    flat(serve, 300)


def test_processes_of_guests(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def spawn() -> None:
        assert done(machine, tasks, "spawn", grants={"program": tasks}).returncode == 3

    flat(spawn, 20)


def test_functions_of_the_host(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def cycle() -> None:
        def twice(value: motte.i32) -> motte.i32:
            return 2 * value if processes[0].state else 0

        options = {"start": False, "grants": {"twice": motte.host_function(twice)}}
        processes = [machine.spawn(tasks, ["twice"], **QUIET | options)]  # type: ignore[arg-type]
        with processes[0] as process:
            process.start()
            assert process.wait(LONG).returncode == 14

    flat(cycle, 300)


def test_functions_of_the_host_that_raise(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def refuse(value: motte.i32) -> motte.i32:
        raise LookupError(value)

    def attempt() -> None:
        with pytest.raises(LookupError):
            done(machine, tasks, "twice", grants={"twice": motte.host_function(refuse)})

    flat(attempt, 300)


# --- many at once ----------------------------------------------------------------------------------------------------


def test_pools(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def use() -> None:
        with machine.pool(tasks, warm=2) as pool, pool.checkout() as process:
            process.start()
            process.wait(LONG)

    flat(use, 100)


def test_checkouts(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    with machine.pool(tasks, **QUIET) as pool:

        def use() -> None:
            with pool.checkout() as process:
                process.start()
                process.wait(LONG)
            pool.fill()

        flat(use, 3_000)


def test_event_loops(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    async def run_some() -> None:
        await asyncio.gather(*(machine.run_async(tasks) for _ in range(5)))
        cancelled = asyncio.create_task(machine.run_async(tasks, ["sleep"]))
        await asyncio.sleep(0)
        cancelled.cancel()
        with suppress(asyncio.CancelledError):
            await cancelled

    flat(lambda: asyncio.run(run_some()), 40)


def test_supervisors(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    def supervise() -> None:
        with motte.Supervisor(machine, [motte.Child("one", tasks, ["sleep"])]):
            pass

    flat(supervise, 100)


def test_runs_of_a_machine(machine: motte.Machine, tasks: motte.Program, flat: Flat) -> None:
    flat(lambda: machine.run(tasks), 500)


def test_runs_with_a_machine_each(flat: Flat) -> None:
    flat(lambda: motte.run(GUESTS / "tasks.c"), 200, 5_000)
