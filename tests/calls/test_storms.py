"""Many threads, many calls, exceptions, kills, a collector that is always at work: nothing is lost or goes astray."""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

import motte
from calls.conftest import LONG, Plugin

THREADS = 8


def in_threads(work: Callable[[int], None], count: int = THREADS) -> None:
    """All at once; the first exception of any of them is raised here."""
    failures: list[BaseException] = []
    together = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            together.wait()
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def busy_collector() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(10, 2, 2)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def test_threads_share_one_process_one_call_at_a_time(plugin: Plugin, library: motte.Program) -> None:
    add = plugin(library).function("add")

    def work(number: int) -> None:
        for i in range(2000):
            assert add(number, i) == number + i

    with busy_collector():
        in_threads(work)


def test_threads_with_long_calls_wait_for_each_other(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)
    step = process.function("work")
    step(1_000_000)  # from now on it gives the interpreter's lock up
    wanted = step(200_000)

    def work(number: int) -> None:
        del number
        for _ in range(20):
            assert step(200_000) == wanted

    in_threads(work)
    assert process.state == "idle"


def storm_of_exceptions(plugin: Plugin, caller: motte.Program, rounds: int) -> None:
    class AstrayError(Exception):
        pass

    mine = threading.local()

    def refuse(value: motte.i32) -> motte.i32:
        if value % 3 == 0:
            raise AstrayError(mine.number, value)
        return value

    process = plugin(caller, {"twice": refuse})
    call = process.function("call_twice")

    def work(number: int) -> None:
        mine.number = number
        for i in range(rounds):
            try:
                assert call(i) == i
                assert i % 3
            except AstrayError as error:
                assert error.args == (number, i)

    with busy_collector():
        in_threads(work)
    assert process.state == "idle"


def test_every_exception_reaches_its_own_caller(plugin: Plugin, caller: motte.Program) -> None:
    storm_of_exceptions(plugin, caller, 1000)


@pytest.mark.long
def test_a_hundred_thousand_exceptions_reach_their_own_callers(plugin: Plugin, caller: motte.Program) -> None:
    storm_of_exceptions(plugin, caller, 40_000)


@pytest.mark.parametrize("calls", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_eight_threads_make_many_calls_each(
    machine: motte.Machine, plugin: Plugin, library: motte.Program, calls: int
) -> None:
    adds = [plugin(library).function("add") for _ in range(THREADS)]
    before = machine.statistics().memory

    def work(number: int) -> None:
        for i in range(calls):
            assert adds[(number + i) % THREADS](number, i) == number + i

    in_threads(work)
    assert machine.statistics().memory == before


def test_who_calls_while_the_process_is_killed_is_told(
    machine: motte.Machine, plugin: Plugin, library: motte.Program, busy: motte.Program
) -> None:
    del plugin
    for program, name, argument in ((library, "same_int32", 7), (busy, "work", 300_000), (busy, "nap", 1)) * 4:
        process = machine.spawn(program, start=False)
        call = process.function(name)
        told: list[type[BaseException]] = []

        def work(
            number: int,
            call: motte.Function = call,
            argument: int = argument,
            told: list[type[BaseException]] = told,
        ) -> None:
            del number
            try:
                while True:
                    call(argument)
            except motte.MotteError as error:
                told.append(type(error))

        killer = threading.Timer(0.01, process.kill)
        killer.start()
        in_threads(work, 4)
        killer.join()
        assert told == [motte.Exited] * 4
        process.close()


def test_closing_during_calls_waits_for_them(machine: motte.Machine, library: motte.Program) -> None:
    for _ in range(10):
        process = machine.spawn(library, start=False)
        add = process.function("add")
        closer = threading.Timer(0.005, process.close)
        closer.start()

        def work(number: int, add: motte.Function = add) -> None:
            with pytest.raises((motte.Closed, motte.Exited)):
                while True:
                    add(number, 1)

        in_threads(work, 4)
        closer.join()


def test_an_endless_function_ends_by_a_limit_a_timeout_or_an_interrupt(plugin: Plugin, busy: motte.Program) -> None:
    with pytest.raises(motte.LimitReached, match="CPU-time limit of 200 ms"):
        plugin(busy, time=0.2).function("spin")()
    process = plugin(busy)
    start = time.monotonic()
    with pytest.raises(motte.Timeout, match=r"^spin did not return in time: its process was ended$"):
        process.function("spin")(timeout=0.1)
    assert time.monotonic() - start < LONG
    assert process.wait(LONG).reason is motte.StopReason.KILLED
    interrupter = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
    interrupter.start()
    with pytest.raises(KeyboardInterrupt):
        plugin(busy).function("spin")()
    interrupter.join()


def test_other_threads_run_while_a_long_call_does(plugin: Plugin, busy: motte.Program) -> None:
    spin = plugin(busy).function("spin")
    counted = 0
    stop = threading.Event()

    def count() -> None:
        nonlocal counted
        while not stop.is_set():
            counted += 1

    counter = threading.Thread(target=count)
    counter.start()
    with pytest.raises(motte.Timeout):
        spin(timeout=0.3)
    stop.set()
    counter.join()
    assert counted > 1000


def test_a_process_that_is_suspended_takes_its_time(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    add = process.function("add")
    process.suspend()
    resumer = threading.Timer(0.05, process.resume)
    resumer.start()
    assert add(2, 3) == 5
    resumer.join()
    assert add(3, 4) == 7


def test_a_meter_is_charged_for_calls(machine: motte.Machine, plugin: Plugin, busy: motte.Program) -> None:
    meter = machine.meter.sub()
    process = plugin(busy, meter=meter)
    step = process.function("work")
    for _ in range(20):
        step(100_000)
    used, cpu = meter.statistics().used, process.statistics().cpu_time
    assert used == pytest.approx(cpu, abs=1e-9)
    assert used > 20 * 100_000 * 0.1e-9


def test_a_child_of_a_fork_is_told_so(plugin: Plugin, library: motte.Program) -> None:
    add = plugin(library).function("add")
    child = os.fork()
    if child == 0:
        try:
            add(1, 2)
        except motte.BadState:
            os._exit(42)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
    assert add(1, 2) == 3
