"""What a limited child can and cannot do; each refusal has a twin that shows what is permitted."""

import contextlib
import os
import select
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from motte.toolchain.sandbox import ChildResult, SandboxFeatures, launch_child, sandbox_features

needs_landlock = pytest.mark.skipif(not sandbox_features().landlock_abi, reason="this kernel has no Landlock")
needs_seccomp = pytest.mark.skipif(not sandbox_features().seccomp, reason="this kernel has no seccomp filters")


def run_python(code: str, **options: Any) -> ChildResult:
    limits = {"cpu_seconds": 10.0, "memory_bytes": 1 << 30, "wall_seconds": 60.0}
    return launch_child([sys.executable, "-I", "-S", "-c", code], **(limits | options))


def last_line(child: ChildResult) -> str:
    return child.stderr.decode().splitlines()[-1]


def test_input_output_and_status_pass_through() -> None:
    code = "from sys import *; stdout.buffer.write(stdin.buffer.read()[::-1]); stderr.write('e'); exit(3)"
    data = os.urandom(1 << 20)
    child = run_python(code, input=data)
    assert (child.returncode, child.stdout, child.stderr, child.limit) == (3, data[::-1], b"e", None)
    assert child.describe() == "exited with status 3"


def test_a_child_that_does_not_read_its_input_harms_nobody() -> None:
    assert run_python("pass", input=bytes(1 << 20)).returncode == 0


def test_progress_lines_arrive_one_by_one() -> None:
    code = "import os; os.write(int(os.environ['MOTTE_PROGRESS_FD']), b'one\\ntwo\\nrest')"
    lines: list[str] = []
    assert run_python(code, progress=lines.append).returncode == 0
    assert lines == ["one", "two"]


def test_an_exception_of_the_progress_callback_kills_the_child(tmp_path: Path) -> None:
    code = f"""
import os, time
open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
os.write(int(os.environ["MOTTE_PROGRESS_FD"]), b"started\\n")
time.sleep(600)
"""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_python(code, progress=interrupt, writable=[tmp_path])
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_environment_is_ours_and_not_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    child = run_python("import os; print(sorted(os.environ))")
    assert child.stdout.decode().strip() == "['LC_ALL', 'MOTTE_PROGRESS_FD', 'PATH']"


def test_only_the_standard_descriptors_and_progress_are_open() -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(read_end, True)
    try:
        child = run_python(
            "import os\n"
            "def is_open(n):\n"
            "    try: os.fstat(n)\n"
            "    except OSError: return False\n"
            "    return True\n"
            "print(sum(map(is_open, range(256))))"
        )
    finally:
        os.close(read_end)
        os.close(write_end)
    assert child.stdout == b"4\n"


def test_the_cpu_limit_ends_the_child_and_is_named() -> None:
    child = run_python("while True: pass", cpu_seconds=1)
    assert (child.returncode, child.limit) == (-signal.SIGXCPU, "used more than 1 s of CPU time")


def test_the_wall_limit_ends_the_child_and_is_named() -> None:
    child = run_python("import time; time.sleep(600)", wall_seconds=0.5)
    assert (child.returncode, child.limit) == (-signal.SIGKILL, "took longer than 0.5 s")


def test_the_wall_limit_holds_for_a_child_that_closed_its_outputs() -> None:
    code = "import os, time\nfor n in range(64):\n  try: os.close(n)\n  except OSError: pass\ntime.sleep(600)"
    assert run_python(code, wall_seconds=0.5).limit == "took longer than 0.5 s"


def test_memory_beyond_the_limit_is_not_given() -> None:
    assert run_python("bytearray(900 << 20)").returncode == 0
    child = run_python("bytearray(1100 << 20)")
    assert (child.returncode, last_line(child)) == (1, "MemoryError")


def test_grandchildren_die_with_the_call(tmp_path: Path) -> None:
    code = f"""
import os, time
if os.fork() == 0:
    open({str(tmp_path / "pid")!r}, "w").write(str(os.getpid()))
    time.sleep(600)
while not os.path.exists({str(tmp_path / "pid")!r}): time.sleep(0.01)
os._exit(0)
"""
    child = run_python(code, writable=[tmp_path], wall_seconds=2)
    # The grandchild kept the pipes open, so the call lasted until its limit; then the whole session died.
    assert child.limit == "took longer than 2 s"
    grandchild = int((tmp_path / "pid").read_text())
    assert has_ended(grandchild)


def has_ended(process: int) -> bool:
    """Waits for the end of a process that is not ours to wait for; False after a minute."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    with contextlib.closing(os.fdopen(descriptor, "rb", buffering=0)):
        return bool(select.select([descriptor], [], [], 60)[0])


def test_a_child_crash_is_a_value() -> None:
    child = run_python("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    assert (child.returncode, child.describe()) == (-signal.SIGSEGV, "was ended by SIGSEGV")


def test_no_core_is_dumped_and_files_stay_small() -> None:
    code = "from resource import *; print(*(getrlimit(r)[1] for r in (RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE)))"
    assert run_python(code).stdout == b"0 1073741824 256\n"


def test_the_child_has_its_own_session_and_gains_no_privileges() -> None:
    code = "import os; print(os.getsid(0) == os.getpid(), 'NoNewPrivs:\\t1' in open('/proc/self/status').read())"
    assert run_python(code, readable=[Path("/proc")]).stdout == b"True True\n"


@needs_landlock
def test_only_named_trees_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    code = f"print(open({str(tmp_path / 'file')!r}).read())"
    assert run_python(code, readable=[tmp_path]).stdout == b"content\n"
    assert run_python(code, readable=[tmp_path / "file"]).stdout == b"content\n"
    assert last_line(run_python(code)).startswith("PermissionError: [Errno 13]")


@needs_landlock
def test_only_named_trees_can_be_written(tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'new')!r}, 'w').write('x')"
    assert last_line(run_python(code, readable=[tmp_path])).startswith("PermissionError: [Errno 13]")
    assert run_python(code, writable=[tmp_path]).returncode == 0
    assert (tmp_path / "new").read_text() == "x"


@needs_landlock
@pytest.mark.parametrize("action", ["os.unlink", "os.rmdir", "os.mkdir", "lambda p: os.symlink('/', p)", "os.mkfifo"])
def test_nothing_outside_can_be_made_or_removed(tmp_path: Path, action: str) -> None:
    target = tmp_path / "target"
    if action == "os.unlink":
        target.touch()
    elif action == "os.rmdir":
        target.mkdir()
    child = run_python(f"import os; ({action})({str(target)!r})", readable=[tmp_path])
    assert last_line(child).startswith("PermissionError: [Errno 13]")


@needs_landlock
def test_no_other_program_can_be_executed() -> None:
    child = run_python("import os; os.execv('/bin/sh', ['sh', '-c', 'true'])")
    assert last_line(child).startswith("PermissionError: [Errno 13]")


@needs_seccomp
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("socket", "(41, 2, 1, 0)"), ("socketpair", "(53, 1, 1, 0, 0)"), ("ptrace", "(101, 0, 0, 0, 0)"),
        ("mount", "(165, 0, 0, 0, 0, 0)"), ("unshare", "(272, 0x10000000)"), ("bpf", "(321, 0, 0, 0)"),
        ("userfaultfd", "(323, 0)"), ("perf_event_open", "(298, 0, 0, -1, -1, 0)"), ("keyctl", "(250, 0, 0, 0, 0)"),
        ("io_uring_setup", "(425, 1, 0)"), ("process_vm_readv", "(310, 1, 0, 0, 0, 0, 0)"),
        ("setsid", "(112,)"),
        ("setpgid", "(109, 0, 0)"),
        ("limits of another process", "(302, 1, 7, 0, 0)"),
        ("scheduling of another process", "(203, 1, 0, 0)"),
        ("pidfd_getfd", "(438, 0, 0, 0)"), ("clone into a user namespace", "(56, 0x10000011, 0, 0, 0, 0)"),
        ("a call of the x32 table", "(0x40000000 + 39,)"),
    ],
)  # fmt: skip
def test_calls_that_no_compiler_needs_fail_with_eperm(name: str, call: str) -> None:
    code = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); print(c.syscall(*{call}), ctypes.get_errno())"
    assert run_python(code).stdout == b"-1 1\n", name


@needs_seccomp
def test_a_process_may_ask_for_its_own_limits() -> None:
    code = "import ctypes; print(ctypes.CDLL(None).syscall(302, 0, 7, 0, ctypes.create_string_buffer(16)))"
    assert run_python(code).stdout == b"0\n"


@pytest.mark.skipif(sandbox_features().landlock_abi < 6, reason="this kernel's Landlock knows no scopes")
def test_no_signal_reaches_a_process_outside() -> None:
    child = run_python(f"import os; os.kill({os.getpid()}, 0)")
    assert last_line(child) == "PermissionError: [Errno 1] Operation not permitted"
    assert run_python("import os; os.kill(os.getpid(), 0)").returncode == 0


@needs_seccomp
def test_an_ordinary_fork_works_in_the_child() -> None:
    code = (
        "import os\npid = os.fork()\nif not pid: os._exit(7)\nprint(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    )
    assert run_python(code).stdout == b"7\n"


def test_the_child_dies_with_the_thread_that_started_it() -> None:
    """A parent that is killed leaves nothing behind: the kernel kills the child."""
    code = "import ctypes; n = ctypes.c_int(); ctypes.CDLL(None).prctl(2, ctypes.byref(n)); print(n.value)"
    assert int(run_python(code).stdout) == signal.SIGKILL


def test_children_of_several_threads_do_not_disturb_each_other() -> None:
    results: dict[int, bytes] = {}

    def work(number: int) -> None:
        results[number] = run_python("import sys; print(sys.stdin.read())", input=str(number).encode()).stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: f"{number}\n".encode() for number in range(4)}


def test_what_the_kernel_lacks_is_told_in_sentences() -> None:
    assert SandboxFeatures(landlock_abi=3, seccomp=True).missing() == []
    notes = SandboxFeatures(landlock_abi=0, seccomp=False).missing()
    assert [note.split(":")[0] for note in notes] == ["No Landlock", "No seccomp filters"]


def test_a_program_that_does_not_exist_is_a_failed_child() -> None:
    started = time.monotonic()
    child = launch_child(["/nowhere/program"], cpu_seconds=5, memory_bytes=1 << 30, wall_seconds=30)
    assert child.returncode == 1
    assert last_line(child) == "FileNotFoundError: [Errno 2] No such file or directory"
    assert time.monotonic() - started < 30
