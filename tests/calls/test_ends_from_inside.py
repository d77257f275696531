"""A function of the host, a keeper or a callback ends what it works for: the process, or the whole machine."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import motte
from calls.conftest import GUESTS, LONG, Plugin


def end_machine(machine: motte.Machine, process: motte.Process) -> None:
    machine.close()


def end_process(machine: motte.Machine, process: motte.Process) -> None:
    process.close()


def come_to_an_end(process: motte.Process) -> None:
    deadline = time.monotonic() + LONG
    while process.state != "closed":
        assert time.monotonic() < deadline


@pytest.mark.parametrize("end", [end_machine, end_process])
@pytest.mark.parametrize("called", [True, False])
def test_a_function_of_the_host_can_close(end: Callable[[motte.Machine, motte.Process], None], called: bool) -> None:
    def twice(value: motte.i32) -> motte.i32:
        end(machine, process)
        return value

    with motte.Machine(workers=2) as machine:
        program = machine.load(GUESTS / "caller.c", motte.BuildOptions(debug=True), exports=True)
        process = machine.spawn(program, start=False, grants={"twice": motte.host_function(twice)})
        if called:
            with pytest.raises((motte.Exited, motte.Closed)):
                process.function("call_twice")(1)
        else:
            process.start()
        come_to_an_end(process)
    with pytest.raises(motte.Closed):
        machine.statistics()


def close_in_keeper(machine: motte.Machine, program: motte.Program) -> None:
    machine.spawn(program, stdout=lambda data: None, keeper=lambda fault: machine.close())


def close_at_the_end(machine: motte.Machine, program: motte.Program) -> None:
    process = machine.spawn(program, start=False)
    process.on_end(lambda process, end: machine.close())
    process.start()


def close_in_monitor(machine: motte.Machine, program: motte.Program) -> None:
    process = machine.spawn(program, start=False)
    process.monitor(lambda down: machine.close())
    process.start()


def close_for_room(machine: motte.Machine, program: motte.Program) -> None:
    bank = machine.bank.sub("4KiB")
    bank.keeper = lambda request: machine.close()
    with pytest.raises((motte.Closed, motte.InvalidCap, motte.LimitReached)):
        machine.spawn(program, bank=bank)


@pytest.mark.parametrize("way", [close_in_keeper, close_at_the_end, close_in_monitor, close_for_room])
def test_a_keeper_or_a_callback_can_close_the_machine(
    way: Callable[[motte.Machine, motte.Program], None], tmp_path: Path
) -> None:
    source = tmp_path / "null.c"
    source.write_text("int main(void) { return *(volatile int *)4; }")
    before = set(threading.enumerate())
    machine = motte.Machine(workers=2)
    way(machine, machine.load(source))
    deadline = time.monotonic() + LONG
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline, threading.enumerate()
    machine.close()


def test_the_exception_of_a_deadline_is_not_raised_in_a_thread_that_is_just_being_started(
    plugin: Plugin, caller: motte.Program, capfd: pytest.CaptureFixture[str]
) -> None:
    def start_threads(value: motte.i32) -> motte.i32:
        while True:
            threading.Thread(target=bool, daemon=True).start()

    for _ in range(30):
        with pytest.raises(motte.Timeout):
            plugin(caller, {"twice": start_threads}).function("call_twice")(1, timeout=0.005)
    assert capfd.readouterr().err == ""
