"""The host process: its own faults stay its own, and a host that cannot run guests is told so."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import motte
from motte import core

SOURCE_ROOT = Path(motte.__file__).parent.parent
TESTS = Path(__file__).parent.parent


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own, with the package and the tests on its path."""
    start = f"import sys; sys.path[:0] = [{str(SOURCE_ROOT)!r}, {str(TESTS)!r}]\n"
    return subprocess.run(
        [sys.executable, "-c", start + code], capture_output=True, text=True, check=False, timeout=100
    )


GUEST = """
from core.snippets import EXIT_SNIPPET, Workshop
workshop = Workshop()
def run_a_guest():
    stop = workshop.run("function main\\nmovl %gs:8(,%eiz), %eax\\nud2\\nend main").stop()
    assert stop.fault.name == "NULL_PAGE", stop
"""
HOST_FAULT = "import ctypes; ctypes.string_at(0)\n"


def test_a_fault_of_the_host_kills_it_as_before() -> None:
    done = run_python(GUEST + "run_a_guest()\n" + HOST_FAULT)
    assert done.returncode == -signal.SIGSEGV, done.stderr


def test_a_fault_of_the_host_reaches_the_handler_that_was_there_before() -> None:
    done = run_python("import faulthandler; faulthandler.enable()\n" + GUEST + "run_a_guest()\n" + HOST_FAULT)
    assert done.returncode == -signal.SIGSEGV
    assert done.stderr.count("Fatal Python error: Segmentation fault") == 1, done.stderr


def test_guests_run_after_another_handler_was_installed_over_ours() -> None:
    done = run_python(GUEST + "import faulthandler\nfaulthandler.enable()\nrun_a_guest()\n" + HOST_FAULT)
    assert done.returncode == -signal.SIGSEGV
    assert done.stderr.count("Fatal Python error: Segmentation fault") == 1, done.stderr


def test_no_guest_runs_under_a_handler_that_was_installed_before_its_start() -> None:
    """However short the time since the handlers were looked at, for another guest that was started just before."""
    grow = """
import faulthandler
from core.snippets import SECOND
from core.test_stacks import RECURSION, with_counter
program = workshop.program(RECURSION)
for _ in range(200):
    faulthandler.disable()
    first, second = [workshop.spawn(program, segments=with_counter(20)) for _ in range(2)]
    first.start()
    assert first.wait(SECOND)
    faulthandler.enable()
    second.start()
    assert second.wait(SECOND) and second.stop().reason.name == "EXITED", second.stop()
    first.close()
    second.close()
"""
    done = run_python(GUEST + grow)
    assert done.returncode == 0, done.stderr


def test_copies_by_the_host_meet_our_handler_after_another_was_installed_over_it() -> None:
    copies = """
import faulthandler
from core.snippets import RODATA
for action in (
    lambda: workshop.spawn(EXIT_SNIPPET, data_stack_variables=(RODATA, 0)),
    lambda: process.read_memory(0, 1),
):
    faulthandler.disable()
    process = workshop.spawn(EXIT_SNIPPET)
    faulthandler.enable()
    try:
        action()
    except ValueError as error:
        print(error)
"""
    done = run_python(GUEST + copies)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "a data stack variable does not lie in a writable segment",
        "not all of the 1 bytes at 0x0 are accessible",
    ]


def test_a_fault_signal_that_was_sent_kills_as_before() -> None:
    done = run_python(
        GUEST + "run_a_guest()\nimport os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nsignal.pause()\n"
    )
    assert done.returncode == -signal.SIGSEGV


def test_an_ignored_signal_that_was_sent_stays_ignored() -> None:
    ignore = "import os, signal\nsignal.signal(signal.SIGFPE, signal.SIG_IGN)\n"
    send = "os.kill(os.getpid(), signal.SIGFPE)\nrun_a_guest()\nprint('alive')\n"
    done = run_python(ignore + GUEST + send)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


def test_a_pending_kill_of_the_host_works_while_guests_run() -> None:
    spin = "process = workshop.spawn('function main\\nagain:\\njmp again\\nend main')\nprocess.start()\n"
    done = run_python(GUEST + spin + "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\nprocess.wait(None)\n")
    assert done.returncode == -signal.SIGTERM


def test_the_host_can_change_its_user_id_while_guests_run() -> None:
    """The C library interrupts every thread for that, with a handler that must not swallow a kill."""
    change = """
import os, signal
signal.alarm(60)
program = workshop.program("function main\\nagain:\\njmp again\\nend main")
for _ in range(100):
    process = workshop.spawn(program, cpu_ns=None, wall_ns=None)
    process.start()
    os.setuid(os.getuid())
    assert process.state() == "running"
    process.close()
workshop.close()
"""
    done = run_python(GUEST + change)
    assert done.returncode == 0, done.stderr


def test_a_host_exits_while_guests_run() -> None:
    spin = "process = workshop.spawn('function main\\nagain:\\njmp again\\nend main')\nprocess.start()\n"
    done = run_python(GUEST + spin + "workshop.closers.clear()\nimport os\nsys.stdout.flush()\nos._exit(3)\n")
    assert done.returncode == 3
    done = run_python(GUEST + spin)
    assert done.returncode == 0, done.stderr


def test_addresses_that_are_taken_are_named() -> None:
    take = """
import ctypes
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
assert libc.mmap(ctypes.c_void_p(0x20000000), 4096, 0, 0x100022, -1, 0) == 0x20000000
from motte import core, errors
print(core.host_features()["code_region"], core.host_features()["problem"])
core.Bank(1)
try:
    core.CodeRegion(4096, 0)
except errors.Unsupported as error:
    print(error)
"""
    done = run_python(take)
    assert done.returncode == 0, done.stderr
    features, error = done.stdout.splitlines()
    assert features == f"False {error}"
    assert error.startswith("the addresses from 0x10000000 to 0x7fff0000 are not free in this process")


def test_this_host_has_no_problem() -> None:
    features = core.host_features()
    assert features["problem"] is None
    assert features["fsgsbase"]
    assert features["code_region"]
    assert not features["user_shadow_stack"]
    assert features["max_map_count"] == int(Path("/proc/sys/vm/max_map_count").read_text())
