"""``motte run --trace``: a file for a trace viewer, however the run ends."""

import json
from pathlib import Path

from cli.command import motte


def test_a_run_leaves_a_trace_file(programs: Path, tmp_path: Path) -> None:
    done = motte("run", "--trace", tmp_path / "trace.json", "--time=50ms", "loop.c", cwd=programs)
    assert done.returncode == 124
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event["name"] for event in events if event["ph"] == "i"][-2:] == ["limit cpu_time", "exited cpu_limit"]
    assert any(event["name"].startswith("loop.c") for event in events if event["ph"] == "X")


def test_a_trace_file_that_cannot_be_written_is_wrong_usage(programs: Path, tmp_path: Path) -> None:
    done = motte("run", "--trace", tmp_path / "nowhere" / "trace.json", "status.c", cwd=programs)
    assert done.returncode == 125
    assert b"nowhere/trace.json: No such file or directory" in done.stderr
