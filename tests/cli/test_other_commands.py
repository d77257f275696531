"""The commands around running: help, doctor, the tour, and how the command line itself fails."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli.command import motte
from motte.abi.faults import FaultKind
from motte.cli.siege import besiege
from motte.cli.tour_programs import HONEST, HOSTILE, NEIGHBOUR
from motte.machine import Machine

COMMANDS = ("run", "compile", "verify", "inspect", "doctor", "demo", "top", "bench")


def test_help_lists_every_command() -> None:
    done = motte("--help")
    assert done.returncode == 0
    for command in COMMANDS:
        assert f"\n  {command} ".encode() in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = motte(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: motte {command}".encode())


def test_help_of_run_teaches_by_examples_and_lists_the_exit_statuses() -> None:
    text = motte("run", "--help").stdout.decode()
    assert "motte run --time 2s --memory 64M" in text
    for status in ("124", "125", "126", "130", "132", "134", "136", "137", "139", "153"):
        assert status in text


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"]])
def test_wrong_usage_is_125(arguments: list[str]) -> None:
    done = motte(*arguments)
    assert done.returncode == 125
    assert b"Usage: motte" in done.stderr


def test_the_version_is_the_packages() -> None:
    import motte as package

    assert package.__version__.encode() in motte("--version").stdout


def test_doctor_says_whether_guests_can_run() -> None:
    done = motte("doctor")
    assert done.returncode == 0
    for subject in ("FSGSBASE", "vm.max_map_count", "compiler's sandbox", "cache"):
        assert subject.encode() in done.stdout


def test_doctor_notices_a_cache_that_cannot_be_written(tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.touch()
    done = motte("doctor", environment={**os.environ, "XDG_CACHE_HOME": str(obstacle / "cache")})
    assert done.returncode == 0
    assert b"cannot be written" in done.stdout


def test_the_tour_ends_as_it_must() -> None:
    done = motte("demo", "--seconds=1")
    text = done.stdout.decode()
    assert done.returncode == 0, text
    assert re.search(r"^14 hostile programs were stopped \d+ times, each by its rule", text, re.MULTILINE)
    assert "not as it must be" not in text
    assert "\x1b" not in text
    for visit in (*HONEST, *HOSTILE):
        assert re.search(rf"^ *{visit.name} .*{re.escape(visit.does)}", text, re.MULTILINE), visit.name


def test_the_tour_fails_if_anything_is_not_as_it_must_be() -> None:
    """Of each kind one, among those that are: a program that is not stopped by its rule, and what is left behind."""
    wrong = replace(HOSTILE[0], faults=(FaultKind.DIVIDE,))
    with Machine(workers=1) as machine:
        programs = [(visit, machine.load(visit.source)) for visit in (wrong, HOSTILE[1])]
        siege = besiege(machine, programs, machine.load(NEIGHBOUR.source), 0.5, lambda _siege: None)
        assert machine.statistics().processes == 0
    (failure,) = siege.failures[:1]
    assert failure.startswith("null_pointer: fault fault: read through a null pointer")
    assert "null_pointer: never came to its end" in siege.failures
    assert not any(found.startswith("wild_pointer") for found in siege.failures)
    siege.share, siege.honest_lives, siege.memory_left = 0.1, False, 4096
    assert siege.failures[-3:] == [
        "honest: it had 10% of the time, and 50% is its due",
        "honest: it has ended",
        "4096 bytes were not given back",
    ]


def test_progress_is_shown_on_a_terminal_and_nowhere_else(tmp_path: Path) -> None:
    def text(number: int) -> str:
        return f"int main(void) {{ return {number}; }}\n"

    (tmp_path / "piped.c").write_text(text(os.getpid()))
    (tmp_path / "shown.c").write_text(text(os.getpid() + 1))
    assert motte("run", "piped.c", cwd=tmp_path).stderr == b""
    master, slave = os.openpty()
    command = [sys.executable, "-m", "motte", "run", "shown.c"]
    subprocess.run(command, cwd=tmp_path, stdin=slave, stdout=slave, stderr=slave, check=False)
    os.close(slave)
    seen = b""
    try:
        while chunk := os.read(master, 65536):
            seen += chunk
    except OSError:  # how a terminal says that it has ended
        pass
    os.close(master)
    assert b"shown.c: " in seen
