"""The interpreter ends while guests live: at once, with its own status, and without a word that alarms.

Each case is a program of its own, which prints a line when it comes to its end, or is ready to be interrupted.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

import motte
from stress.conftest import GUESTS

PROMPTLY = 2.0  # seconds from the last line of a program to the end of its interpreter

BEGINNING = """
import asyncio, atexit, gc, os, sys, threading, time
import motte
machine = motte.Machine(workers=2)
tasks, plugin = machine.load({tasks!r}), machine.load({plugin!r})
QUIET = {{"stdout": motte.DISCARD, "stderr": motte.DISCARD}}
began = threading.Event()
def stay(*arguments):
    began.set()
    time.sleep(1000)
def stay_busy(value: motte.i32) -> motte.i32:
    began.set()
    while True: pass
def twice(value: motte.i32) -> motte.i32:
    return 2 * value
def in_background(action):
    threading.Thread(target=action, daemon=True).start()
def for_ever(action):
    def repeat():
        while True:
            action()
            began.set()
    return repeat
def with_twice(function):
    function.__annotations__ = {{"value": motte.i32, "return": motte.i32}}
    return {{"twice": motte.host_function(function)}}
"""

AT_THE_END = {
    "guests that run": 'kept = [machine.spawn(tasks, ["spin"], **QUIET) for _ in range(20)]',
    "guests that wait": 'kept = [machine.spawn(tasks, ["sleep"], **QUIET) for _ in range(20)]',
    "a guest that reads a pipe": 'kept = machine.spawn(tasks, ["copy"], stdin=motte.PIPE, stdout=motte.PIPE)',
    "a guest in a system call": 'kept = machine.spawn(tasks, ["copy"], stdin=os.pipe()[0], **QUIET)',
    "a guest that receives": 'kept = machine.spawn(tasks, ["serve"], grants={"in": machine.channel()[1]}, **QUIET)',
    "a file object that does not return": """
        class Slow:
            def read(self, size=-1): stay()
        kept = machine.spawn(tasks, ["copy"], stdin=Slow(), **QUIET)
        began.wait()""",
    "a callback for output that does not return": """
        kept = machine.spawn(tasks, ["flood"], stdout=stay)
        began.wait()""",
    "a function of the host that sleeps": """
        def sleep(value): stay()
        kept = machine.spawn(tasks, ["twice"], grants=with_twice(sleep), **QUIET)
        began.wait()""",
    "a function of the host that never waits": """
        kept = machine.spawn(tasks, ["twice"], grants={"twice": motte.host_function(stay_busy)}, **QUIET)
        began.wait()""",
    "a keeper at work": """
        kept = machine.spawn(tasks, ["fault"], keeper=stay, **QUIET)
        began.wait()""",
    "a callback at the end of a process": """
        kept = machine.spawn(tasks, ["spin"], time="50ms", **QUIET)
        kept.on_end(stay)
        began.wait()""",
    "a thread in a call": """
        kept = machine.spawn(plugin, start=False)
        spin = kept.function("spin")
        in_background(spin)
        while kept.state == "idle": pass""",
    "a thread in a call of a function of the host": """
        def sleep(value): stay()
        kept = machine.spawn(plugin, start=False, grants=with_twice(sleep))
        in_background(lambda call=kept.function("call_twice"): call(1))
        began.wait()""",
    "threads that wait": """
        kept, (sender, receiver) = machine.spawn(tasks, ["spin"], **QUIET), machine.channel()
        in_background(kept.wait)
        in_background(receiver.receive)""",
    "threads that call": """
        kept = machine.spawn(plugin, start=False, grants={"twice": motte.host_function(twice)})
        for name in ("call_twice", "call_twice", "double_it", "double_it"):
            in_background(for_ever(lambda call=kept.function(name): call(1)))
        began.wait()""",
    "threads that spawn": """
        def run():
            with machine.spawn(tasks, **QUIET) as process: process.wait()
        for _ in range(4): in_background(for_ever(run))
        began.wait()""",
    "an open pool": 'kept = machine.pool(plugin, prepare=lambda process: process.function("add")(1, 2))',
    "a pool whose preparation does not return": """
        kept = machine.pool(plugin, prepare=stay)
        began.wait()""",
    "a supervisor": 'kept = motte.Supervisor(machine, [motte.Child("one", tasks, ["sleep"])])',
    "traces": 'kept = machine.trace(), machine.events(), machine.spawn(tasks, ["spin"], **QUIET)',
    "views of blocks": 'kept = [machine.exchange.allocate("64KiB", checked=each).view() for each in (True, False)]',
    "an event loop that was stopped": """
        loop = asyncio.new_event_loop()
        task = loop.create_task(machine.run_async(tasks, ["spin"]))
        loop.call_later(0.05, loop.stop)
        loop.run_forever()
        task._log_destroy_pending = False
        loop.close()""",
    "a machine that is closed by a handler at exit": """
        kept = machine.spawn(tasks, ["spin"], **QUIET)
        atexit.register(machine.close)""",
    "a process that is spawned by a handler at exit": """
        atexit.register(lambda: machine.spawn(tasks, ["fault"], keeper=lambda fault: None, **QUIET).wait())""",
    "a finaliser that closes the machine": """
        class Owner:
            def __del__(self): self.machine.close()
        owner = Owner()
        owner.machine, owner.itself, owner.kept = machine, owner, machine.spawn(tasks, ["spin"], **QUIET)""",
    "garbage": """
        kept = machine.spawn(tasks, ["spin"], **QUIET)
        del machine, kept, tasks, plugin
        gc.collect()""",
}

WITH_STATUS: dict[str, tuple[int, str]] = {
    "sys.exit in a function of the host": (
        7,
        """
        def leave(value): sys.exit(7)
        machine.spawn(tasks, ["twice"], grants=with_twice(leave), **QUIET).wait()""",
    ),
    "sys.exit in a function of the host that is called": (
        7,
        """
        def leave(value): sys.exit(7)
        machine.spawn(plugin, start=False, grants=with_twice(leave)).function("call_twice")(1)""",
    ),
    "os._exit in a function of the host": (
        9,
        """
        def leave(value): os._exit(9)
        machine.spawn(tasks, ["twice"], grants=with_twice(leave), **QUIET).wait()""",
    ),
    "sys.exit in an event loop with guests": (
        5,
        """
        async def main():
            runs = [asyncio.create_task(machine.run_async(tasks, ["spin"])) for _ in range(5)]
            await asyncio.sleep(0.05)
            sys.exit(5)
        asyncio.run(main())""",
    ),
    "sys.exit while a machine is open": (
        6,
        """
        with machine, machine.spawn(tasks, ["spin"], **QUIET): sys.exit(6)""",
    ),
}

INTERRUPTED = {
    "wait": 'machine.spawn(tasks, ["spin"], **QUIET).wait()',
    "run": 'machine.run(tasks, ["spin"])',
    "call": 'machine.spawn(plugin, start=False).function("spin")()',
    "close": """
        kept = machine.spawn(tasks, ["fault"], keeper=stay, **QUIET)
        began.wait()
        machine.close()""",
    "event loop": 'asyncio.run(machine.run_async(tasks, ["spin"]))',
}


def started(case: str, *, ready: bool) -> subprocess.Popen[str]:
    """A program; it prints a line before what it does, if it is to be ``ready`` then, or after."""
    beginning = BEGINNING.format(tasks=str(GUESTS / "tasks.c"), plugin=str(GUESTS / "plugin.c"))
    lines = ["print(flush=True)"]
    body = [line.removeprefix(" " * 8) for line in case.split("\n")]
    text = "\n".join([beginning, *(lines + body if ready else body + lines)])
    environment = os.environ | {"PYTHONFAULTHANDLER": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-X", "dev", "-c", text], env=environment, **pipes)  # type: ignore[call-overload, no-any-return]


def ended(process: subprocess.Popen[str]) -> str:
    """What it has said, but for what Python tells developers of what they have not closed."""
    try:
        errors: str = process.communicate(timeout=PROMPTLY)[1]
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # where all its threads are
        pytest.fail(f"it does not end:\n{process.communicate()[1]}")
    lines = errors.splitlines()
    return "\n".join(line for line in lines if "ResourceWarning: " not in line)


@pytest.fixture(scope="module", autouse=True)
def _programs_in_cache() -> None:
    with motte.Machine() as machine:
        machine.load(GUESTS / "tasks.c")
        machine.load(GUESTS / "plugin.c")


@pytest.mark.parametrize("case", AT_THE_END)
def test_an_interpreter_ends_with(case: str) -> None:
    process = started(AT_THE_END[case], ready=False)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n", process.communicate()
    assert (ended(process), process.returncode) == ("", 0)


@pytest.mark.parametrize("case", WITH_STATUS)
def test_an_interpreter_ends_by(case: str) -> None:
    status, text = WITH_STATUS[case]
    process = started(text, ready=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n", process.communicate()
    assert (ended(process), process.returncode) == ("", status)


@pytest.mark.parametrize("case", INTERRUPTED)
def test_ctrl_c_ends_an_interpreter_in(case: str) -> None:
    process = started(INTERRUPTED[case], ready=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n", process.communicate()
    time.sleep(0.05)  # it may come earlier as well, and is then what Python itself does
    process.send_signal(signal.SIGINT)
    said = ended(process)
    assert said.endswith("KeyboardInterrupt")
    assert "Fatal" not in said
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize("case", ["wait", "call"])
def test_sigterm_ends_an_interpreter_in(case: str) -> None:
    process = started(INTERRUPTED[case], ready=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "\n", process.communicate()
    process.terminate()
    assert (ended(process), process.returncode) == ("", -signal.SIGTERM)


def test_an_exception_that_nobody_catches_is_told_as_ever() -> None:
    process = started('with machine, machine.spawn(tasks, ["spin"], **QUIET): raise LookupError("mine")', ready=True)
    said = ended(process)
    assert said.endswith("LookupError: mine")
    assert said.count("Traceback") == 1
    assert process.returncode == 1
