"""``motte top``: what it shows, in 80 columns, of whom, and for programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cli.command import motte
from motte.cli.top_view import SORTS, rows, shares, view

SERVICE = """
import sys, motte
with motte.Machine(workers=1, memory="64MiB", observable="kill") as machine:
    bank, meter = machine.bank.sub("10MiB", name="tenant"), machine.meter.sub(name="tenant", budget="100s")
    loop = machine.spawn(machine.load("loop.c"), bank=bank, meter=meter, time=None)
    print(loop.identity, flush=True)
    sys.stdin.read()
    loop.close()
"""


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    with tempfile.TemporaryDirectory(prefix="motte-test-") as folder:
        yield {**os.environ, "XDG_RUNTIME_DIR": folder}


@pytest.fixture
def service(programs: Path, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A process with a machine that can be looked at: its number, and that of the process that runs there."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVICE], cwd=programs, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_a_pipe_gets_one_picture(service: tuple[int, int], environment: dict[str, str]) -> None:
    done = motte("top", environment=environment)
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert text.startswith(f"process {service[0]}: ")
    assert re.search(r"^CPU \d+%, [\d.]+ s in all    memory .* of 64 MiB$", text, re.MULTILINE)
    assert re.search(rf"^ *{service[1]}  loop\.c +(running|ready) +\d+% .* tenant$", text, re.MULTILINE)
    assert re.search(r"^  tenant +\S+ KiB +10 MiB ", text, re.MULTILINE)
    assert re.search(r"^  tenant +[\d.]+ +[\d.]+ +100 +on +1$", text, re.MULTILINE)


def test_programs_get_json_and_may_kill_where_that_is_allowed(
    service: tuple[int, int], environment: dict[str, str]
) -> None:
    number, identity = service
    look = json.loads(motte("top", str(number), "--once", "--json", environment=environment).stdout)
    assert (look["host_process"], look["processes"][0]["identity"]) == (number, identity)
    assert look["memory"] == look["banks"][0]["used"]
    assert motte("top", "--kill", "999", environment=environment).returncode == 1
    done = motte("top", "--kill", str(identity), environment=environment)
    assert (done.returncode, done.stdout) == (0, f"process {identity} is killed\n".encode())
    look = json.loads(motte("top", "--once", "--json", environment=environment).stdout)
    assert [process["state"] for process in look["processes"]] == ["exited"]


def test_it_says_what_there_is_to_look_at(service: tuple[int, int], environment: dict[str, str]) -> None:
    done = motte("top", "1", environment=environment)
    assert done.returncode == 125
    assert re.search(rf"not there\? There are:\n +{service[0]}  /", done.stderr.decode())


def test_it_says_how_a_machine_is_looked_at(environment: dict[str, str]) -> None:
    done = motte("top", environment=environment)
    assert done.returncode == 125
    assert b"Machine(observable=True), or MOTTE_OBSERVABLE=1" in done.stderr


def process_of(identity: int, **fields: Any) -> dict[str, Any]:
    ordinary = {"program": f"program{identity}.c", "state": "ready", "cpu_time": 1.0, "memory": 4096}
    more = {"peak_memory": 4096, "page_faults": 0, "mailbox": 0, "bank": 1, "meter": 1}
    return {"identity": identity, **ordinary, **more, **fields}


def look_of(at: float, cpu_time: float, *processes: dict[str, Any], trees: int = 1) -> dict[str, Any]:
    bank = {"depth": 0, "name": "machine", "used": 8192, "peak": 8192, "limit": None, "processes": 1}
    meter = {
        "depth": 0,
        "name": "m",
        "used": 1.0,
        "left": None,
        "weight": 100,
        "on": True,
        "dry": False,
        "processes": 1,
    }
    return {
        "host_process": 7,
        "command": "service \x1b[31m",
        "memory": 8192,
        "cpu_time": cpu_time,
        "monotonic_ns": round(at * 10**9),
        "processes": list(processes),
        "banks": [{"identity": number + 1, **bank} for number in range(trees)],
        "meters": [{"identity": number + 1, **meter} for number in range(trees)],
    }


def test_shares_are_what_was_used_between_two_looks() -> None:
    before = look_of(1.0, 5.0, process_of(1), process_of(2))
    look = look_of(3.0, 8.0, process_of(1, cpu_time=2.0), process_of(3, cpu_time=0.5))
    assert shares(look, before) == (1.5, {1: 0.5, 3: 0.25})
    assert shares(look, None) == shares(look, look) == (0.0, {})


def test_each_order_has_the_most_first() -> None:
    calm = process_of(1)
    others = [process_of(2, cpu_time=9.0), process_of(3, memory=1 << 30), process_of(4, page_faults=7)]
    look = look_of(2.0, 9.0, calm, *others, process_of(5, mailbox=3))
    before = look_of(1.0, 1.0, *(process_of(number) for number in range(1, 6)))
    first = {sort: rows(look, before, sort)[0].process["identity"] for sort in SORTS}
    assert first == {"cpu": 2, "memory": 3, "faults": 4, "mail": 5, "id": 1}


def test_a_picture_fits_into_a_terminal_of_80_by_24() -> None:
    many = [
        process_of(number, program="x" * 50, cpu_time=1234.5, memory=123 << 30) for number in range(10**6, 10**6 + 90)
    ]
    look = look_of(2.0, 9.0, *many, trees=50)
    console = Console(file=StringIO(), width=80, height=24)
    console.print(view(look, look, "cpu", lines=24))
    assert isinstance(console.file, StringIO)
    lines = console.file.getvalue().rstrip("\n").split("\n")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "\x1b[31m" not in console.file.getvalue()
    assert "1234.50" in console.file.getvalue()
