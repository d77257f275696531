"""``motte run``: what reaches the program, what comes back, and what each end looks like."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.command import motte
from motte.abi.faults import EXIT_LIMIT, EXIT_OUTPUT_LIMIT


def test_the_exit_status_is_the_programs_own(programs: Path) -> None:
    for status in (0, 1, 42, 124, 255):
        done = motte("run", programs / "status.c", str(status))
        assert (done.returncode, done.stderr) == (status, b"")


def test_arguments_input_and_output_pass_through(programs: Path) -> None:
    done = motte("run", programs / "echo.c", "--memory", "one two", "", input=b"some input\n")
    assert done.stdout == b"argument echo.c\nargument --memory\nargument one two\nargument \nsome input\n"
    assert done.stderr == b"to stderr\n"
    assert done.returncode == 0


def test_the_environment_is_empty_but_for_what_is_given(programs: Path) -> None:
    done = motte("run", "--env", "A=1", "--env", "B=x=y", programs / "echo.c")
    assert [line for line in done.stdout.splitlines() if line.startswith(b"variable")] == [
        b"variable A=1",
        b"variable B=x=y",
    ]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], b"time yes, milliseconds only no, random yes\n"),
        (["--clock", "coarse", "--random", "7"], b"time yes, milliseconds only yes, random f19ee3b965429844\n"),
        (["--clock=none", "--random=none"], b"time no, milliseconds only yes, random no\n"),
    ],
)
def test_time_and_chance_are_granted(programs: Path, options: list[str], told: bytes) -> None:
    done = motte("run", *options, programs / "sources.c", *([] if "7" in options else ["any"]))
    assert (done.stdout, done.returncode) == (told, 0)


@pytest.mark.parametrize("option", ["--clock=exact", "--random=dice", "--random=-1", "--random=18446744073709551616"])
def test_what_is_no_clock_and_no_random_numbers_is_wrong_usage(programs: Path, option: str) -> None:
    done = motte("run", option, programs / "status.c", "0")
    assert done.returncode == 125
    assert option.partition("=")[0].encode() in done.stderr


def test_a_library_cannot_be_run_which_is_told_as_what_does_not_compile_is(tmp_path: Path) -> None:
    (tmp_path / "library.c").write_text("int add(int a, int b) { return a + b; }")
    done = motte("run", tmp_path / "library.c")
    assert done.returncode == 126
    assert b"library.c: the program has no main function: it can be called, but not run" in done.stderr


def test_streams_can_be_files(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("from a file\n")
    (tmp_path / "out").write_text("something old that is longer than what is written to it by the program now")
    streams = [f"--std{name}={tmp_path / name}" for name in ("in", "out", "err")]
    done = motte("run", *streams, programs / "echo.c")
    assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
    assert (tmp_path / "out").read_text() == "argument echo.c\nfrom a file\n"
    assert (tmp_path / "err").read_text() == "to stderr\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--time", "100ms", "loop.c"], 124, "stopped: CPU-time limit of 100 ms reached (--time), in main"),
        (["--wall-time", "100ms", "loop.c"], 124, "stopped: wall-time limit of 100 ms reached (--wall-time), in main"),
        (["trap.c"], 132, "fault: illegal instruction"),
        (["abort.c"], 134, "stopped: abort()"),
        (["divide.c"], 136, "fault: integer division by zero"),
        (["null.c"], 139, "fault: read through a null pointer, at 0x0, in value_of"),
        (["-g", "null.c"], 139, "fault: read through a null pointer, at 0x0, in value_of (null.c:2)"),
        (["--output-limit", "64K", "flood.c"], 153, "stopped: output limit of 64 KiB reached (--output-limit)"),
    ],
)
def test_what_stops_a_program_is_one_line_and_a_status_and_below_a_fault_its_calls(
    programs: Path, arguments: list[str], status: int, message: str
) -> None:
    done = motte("run", *arguments, cwd=programs)
    assert done.returncode == status
    lines = done.stderr.decode().splitlines()
    assert lines[0].startswith(f"motte: {message}")
    if status in (EXIT_LIMIT, EXIT_OUTPUT_LIMIT):
        assert len(lines) == 1
    else:
        assert lines[-1] == "  in __motte_start"
        of_source = ["      return *pointer;", "             ^"] if "-g" in arguments else []
        assert [line for line in lines[1:] if not line.startswith("  in ")][:2] == of_source


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["missing.c"], 125, "missing.c: No such file or directory"),
        (["programs.txt"], 125, "programs.txt: unknown kind of source .txt"),
        (["--memory", "lots", "status.c"], 125, "'lots' is not a size such as"),
        (["--time", "5m", "status.c"], 125, "unknown unit 'm'"),
        (["--dir", "::/in", "status.c"], 125, "expected HOST[::GUEST][:ro]"),
        (["--dir", "missing", "status.c"], 125, "missing: No such file or directory"),
        (["--env", "A", "status.c"], 125, "expected NAME=VALUE"),
        (["--nonsense", "status.c"], 125, "No such option"),
        ([], 125, "Missing argument 'FILE'"),
        (["-O", "4", "status.c"], 125, "4 is not in the range"),
        (["broken.c"], 126, "motte: broken.c does not compile\nbroken.c:1:25: error: use of undeclared identifier"),
        (["assembly.c"], 126, "motte: assembly.c: in @main: assembly is not accepted\nline "),
        (["unlinked.c"], 126, "missing"),
        (["false.motte"], 126, "not a Motte artifact"),
    ],
)
def test_what_cannot_run_says_why(programs: Path, arguments: list[str], status: int, message: str) -> None:
    (programs / "programs.txt").write_text("")
    (programs / "false.motte").write_bytes(b"\x7fELF and so on")
    done = motte("run", *arguments, cwd=programs)
    assert done.returncode == status
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def run_with_meta(programs: Path, tmp_path: Path, *arguments: str) -> dict[str, object]:
    done = motte("run", "--meta", tmp_path / "meta.json", *arguments, cwd=programs)
    record: dict[str, object] = json.loads((tmp_path / "meta.json").read_text())
    assert record["exit_code"] == done.returncode
    return record


def test_meta_tells_the_programs_own_124_from_a_limit(programs: Path, tmp_path: Path) -> None:
    own = run_with_meta(programs, tmp_path, "status.c", "124")
    assert (own["status"], own["exit_code"], own["fault"], own["message"]) == ("exited", 124, None, None)
    limit = run_with_meta(programs, tmp_path, "--time=100ms", "loop.c")
    assert (limit["status"], limit["exit_code"]) == ("cpu-limit", 124)


def test_meta_has_the_fault_and_the_usage(programs: Path, tmp_path: Path) -> None:
    record = run_with_meta(programs, tmp_path, "-g", "null.c")
    fault = record["fault"]
    assert isinstance(fault, dict)
    assert {name: fault[name] for name in ("kind", "address", "access", "function", "file", "line")} == {
        "kind": "null_page",
        "address": 0,
        "access": "read",
        "function": "value_of",
        "file": "null.c",
        "line": 2,
    }
    loop = run_with_meta(programs, tmp_path, "--time=100ms", "loop.c")
    for name, least, most in (("cpu_time", 0.1, 0.2), ("wall_time", 0.1, 60.0), ("peak_memory", 4096, 1 << 25)):
        value = loop[name]
        assert isinstance(value, int | float)
        assert least <= value <= most, name


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["broken.c"], "compile-error"),
        (["false.motte"], "refused"),
        (["missing.c"], "error"),
        (["abort.c"], "signal"),
        (["--output-limit=4K", "flood.c"], "output-limit"),
    ],
)
def test_meta_is_written_however_it_ends(programs: Path, tmp_path: Path, arguments: list[str], status: str) -> None:
    (programs / "false.motte").write_bytes(b"\x7fELF and so on")
    assert run_with_meta(programs, tmp_path, *arguments)["status"] == status


def test_ctrl_c_stops_the_program_at_once_and_leaves_nothing_behind(programs: Path, tmp_path: Path) -> None:
    (programs / "ready.c").write_text(
        '#include <unistd.h>\nint main(void) { write(1, "ready", 5); for (;;) { volatile int turn = 0; turn++; } }\n'
    )
    meta = tmp_path / "meta.json"
    command = [sys.executable, "-m", "motte", "run", "--meta", meta, programs / "ready.c"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, process_group=0) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"ready"
        interrupted = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert time.monotonic() - interrupted < 1.0
        assert process.stderr is not None
        assert process.stderr.read() == b""
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    assert json.loads(meta.read_text())["status"] == "interrupted"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_a_stream_that_the_shell_closed_is_empty_and_takes_everything(programs: Path, closed: str) -> None:
    command = f'exec "$0" -m motte run echo.c {closed}'
    done = subprocess.run(["sh", "-c", command, sys.executable], cwd=programs, capture_output=True, check=False)
    assert done.returncode == 0


def test_several_sources_headers_and_macros_make_one_program(tmp_path: Path) -> None:
    (tmp_path / "include").mkdir()
    (tmp_path / "include" / "answer.h").write_text("int answer(void);\n")
    (tmp_path / "answer.c").write_text('#include "answer.h"\nint answer(void) { return ANSWER; }\n')
    (tmp_path / "main.c").write_text('#include "answer.h"\nint main(void) { return answer(); }\n')
    done = motte("run", "-I", "include", "-DANSWER=42", "-O1", "-s", "answer.c", "main.c", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (42, b"")


def test_ctrl_c_ends_a_compilation_that_hangs_and_its_processes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.h")
    (tmp_path / "hangs.c").write_text('#include "never.h"\nint main(void) { return 0; }\n')
    command = [sys.executable, "-m", "motte", "run", "hangs.c"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as process:
        header = os.open(tmp_path / "never.h", os.O_WRONLY)  # returns when clang has opened it
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        with pytest.raises(BrokenPipeError):
            os.write(header, b"x")
        os.close(header)


@pytest.mark.parametrize("option", ["--checked=use", "--checked=cast", "--checked"])
def test_checked_casts_name_the_line_of_the_cast(programs: Path, option: str) -> None:
    done = motte("run", option, "-g", "cast.c", "more", cwd=programs)
    assert done.returncode == 139
    assert done.stderr.decode().splitlines()[0] == (
        "motte: fault: bad cast: a pointer was made from the integer 0x20000000000, where nothing is mapped, "
        "in main (cast.c:3)"
    )


def test_an_unknown_mode_of_checked_casts_is_answered_with_those_there_are(programs: Path) -> None:
    done = motte("run", "--checked=all", "cast.c", cwd=programs)
    assert done.returncode == 125
    assert "'all' is not one of 'use', 'cast'" in done.stderr.decode()


def test_directories_in_memory_and_quotas_are_granted(programs: Path, tmp_path: Path) -> None:
    source = tmp_path / "grow.c"
    source.write_text(
        "#include <errno.h>\n#include <stdio.h>\n#include <string.h>\n"
        "int main(int count, char **words) {\n"
        '    FILE *file = fopen(words[1], "w");\n'
        "    char block[4096] = {0};\n    long size = 0;\n"
        "    while (file && fwrite(block, 1, 4096, file) == 4096 && fflush(file) == 0) size += 4096;\n"
        '    printf("%ld %s", size, strerror(errno));\n    return 0;\n}\n'
    )
    (tmp_path / "d").mkdir()
    done = motte("run", "--dir", f"{tmp_path}/d::/d:quota=64K", source, "/d/f")
    assert done.stdout == b"65536 Quota exceeded"
    done = motte("run", "--scratch", "/tmp:quota=64K", source, "/tmp/f")
    assert done.stdout == b"61440 No space left on device"
    assert motte("run", "--scratch", "/tmp:quota=nonsense", source).returncode == 125


def test_what_only_confinement_refuses_is_told_how_to_run(tmp_path: Path) -> None:
    source = tmp_path / "assembly.c"
    source.write_text('int main(void) { __asm__ volatile("nop"); return 3; }')
    done = motte("run", source)
    assert (done.returncode, done.stdout) == (126, b"")
    first, *_, last = done.stderr.decode().splitlines()
    assert first == f"motte: {source}: in @main: assembly is not accepted"
    assert last == "motte: it can run in an OS process of its own: motte run --isolation auto"

    done = motte("run", "--isolation", "auto", source)
    assert done.returncode == 3
    assert done.stderr.decode() == (
        "motte: assembly.c: assembly cannot be confined: it runs in an OS process of its own\n"
    )


def test_what_nothing_helps_is_not_told_so(tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int main(void) { return nothing; }")
    done = motte("run", source)
    assert done.returncode == 126
    assert b"--isolation" not in done.stderr
