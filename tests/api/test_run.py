"""``motte.run``: one call, one finished run, whatever the guest did."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

import motte


def test_a_run_gives_status_output_and_usage(programs: Path) -> None:
    done = motte.run(programs / "cat.c", stdin=b"some input")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"some input", b"")
    assert (done.reason, done.fault, done.message) == (motte.StopReason.EXITED, None, None)
    assert 0 < done.usage.cpu_time < 5
    assert 4096 <= done.usage.peak_memory <= 16 << 20
    assert done.usage.output == 10
    assert done.usage.system_calls >= 2


def test_arguments_and_environment_are_exactly_what_is_given(programs: Path) -> None:
    done = motte.run(programs / "echo.c", ["a", b"b\xff", "", Path("p")], env={"NAME": "value"})
    assert done.stdout == b"echo.c|a|b\xff||p|value"
    os.environ["NAME"] = "of the host"
    try:
        assert motte.run(programs / "echo.c").stdout == b"echo.c|nothing"
    finally:
        del os.environ["NAME"]


def test_64_mib_of_output_do_not_block_and_are_complete(programs: Path) -> None:
    done = motte.run(programs / "flood.c", output_limit=None)
    assert (done.returncode, len(done.stdout), len(done.stderr)) == (0, 32 << 20, 32 << 20)
    assert set(done.stdout) == {ord("x")}


def test_the_output_limit_is_exact(programs: Path) -> None:
    done = motte.run(programs / "flood.c", output_limit="3MiB")
    assert (done.returncode, done.reason) == (153, motte.StopReason.OUTPUT_LIMIT)
    assert len(done.stdout) + len(done.stderr) <= 3 << 20
    assert done.usage.output <= 3 << 20


def test_64_mib_of_input_arrive(programs: Path) -> None:
    given = os.urandom(1 << 20) * 64
    assert motte.run(programs / "cat.c", stdin=given, output_limit=None).stdout == given


def test_input_can_be_a_file(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(b"from a file")
    with (tmp_path / "input").open("rb") as file:
        assert motte.run(programs / "cat.c", stdin=file).stdout == b"from a file"


def test_a_fault_is_a_value_that_names_its_place(programs: Path) -> None:
    done = motte.run(programs / "null.c", options=motte.BuildOptions(debug=True))
    assert done.returncode == 139
    fault = done.fault
    assert fault is not None
    assert (fault.kind, fault.address, fault.access) == (motte.FaultKind.NULL_PAGE, 0, "read")
    assert (fault.function, fault.line) == ("value_of", 2)
    assert str(fault.file).endswith("null.c")
    assert done.message == str(fault)


def test_the_memory_limit_is_felt_by_malloc_and_kept(programs: Path) -> None:
    done = motte.run(programs / "memory.c", memory="32MiB")
    assert done.returncode == 0
    assert 16 <= int(done.stdout) < 32
    assert done.usage.peak_memory <= 32 << 20


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"time": 0.1}, motte.StopReason.CPU_LIMIT), ({"time": None, "wall_time": "100ms"}, motte.StopReason.WALL_LIMIT)],
)
def test_an_endless_loop_stops_at_its_limit(programs: Path, limits: dict[str, float], reason: motte.StopReason) -> None:
    done = motte.run(programs / "loop.c", **limits)  # type: ignore[arg-type]
    assert (done.returncode, done.reason) == (124, reason)
    assert done.usage.wall_time >= 0.1
    assert done.usage.cpu_time < 0.2


def test_extra_time_shows_the_real_need_and_still_counts(programs: Path) -> None:
    done = motte.run(programs / "loop.c", time="50ms", extra_time="100ms")
    assert (done.returncode, done.reason) == (124, motte.StopReason.CPU_LIMIT)
    assert 0.15 <= done.usage.cpu_time < 0.25


def test_ctrl_c_raises_at_once_and_leaves_nothing_behind(programs: Path) -> None:
    motte.run(programs / "status.c")
    before = {thread.name for thread in threading.enumerate()}
    interrupt = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
    interrupt.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        motte.run(programs / "loop.c")
    assert time.monotonic() - start < 5
    interrupt.join()
    assert {thread.name for thread in threading.enumerate()} == before


@pytest.mark.parametrize(
    ("keywords", "error", "reason"),
    [
        ({"memory": "much"}, ValueError, "memory: 'much' is not a size"),
        ({"time": -1}, ValueError, "time: -1 is not greater than zero"),
        ({"stack": None}, ValueError, "stack: a stack needs a size"),
        ({"args": ["a\0b"]}, ValueError, "args: .* contains a NUL"),
        ({"env": {"A=B": "c"}}, ValueError, "env: 'A=B' is not the name of a variable"),
        ({"env": {"A": "\0"}}, ValueError, "env: .* contains a NUL"),
        ({"directories": ["missing"]}, FileNotFoundError, "missing"),
        ({"stdin": 1.5}, TypeError, "stdin: expected bytes"),
    ],
)
def test_misuse_is_told_before_anything_runs(
    programs: Path, keywords: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        motte.run(programs / "status.c", **keywords)  # type: ignore[arg-type]


def test_a_memory_limit_that_no_program_fits_in_is_named(programs: Path) -> None:
    with pytest.raises(motte.LimitReached, match="memory"):
        motte.run(programs / "status.c", memory="8KiB")


def test_what_does_not_compile_is_a_compile_error_with_the_compilers_words(tmp_path: Path) -> None:
    (tmp_path / "broken.c").write_text("int main(void) { return undeclared; }\n")
    with pytest.raises(motte.CompileError) as caught:
        motte.run(tmp_path / "broken.c")
    assert "use of undeclared identifier 'undeclared'" in caught.value.diagnostics
    assert "motte-dependencies" not in caught.value.diagnostics


def test_runs_at_once_in_many_threads_do_not_mix(programs: Path) -> None:
    seen: dict[int, bytes] = {}

    def work(number: int) -> None:
        seen[number] = motte.run(programs / "cat.c", stdin=str(number).encode() * 1000).stdout

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {number: str(number).encode() * 1000 for number in range(8)}
