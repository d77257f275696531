"""``motte bench calls``: everything is measured beside the others, and told; how long it takes is not asked here."""

import json
from pathlib import Path

from cli.command import motte

CALLS = ("add(2, 3)", "multiply(2.0, 3.0)", "sum(4096 bytes)", "call of a Python function")
INSTANCES = (
    "checkout of a ready process",
    "checkout, one call, close",
    "without a pool: spawn, one call, close",
)


def test_every_figure_is_measured_beside_the_others_and_written(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    done = motte("bench", "calls", "--rounds", "1", "--json", output)
    assert done.returncode == 0, done.stderr.decode()
    figures = {figure["name"]: figure for figure in json.loads(output.read_text())["figures"]}
    assert tuple(figures) == (*CALLS, *INSTANCES)
    for name, figure in figures.items():
        assert name in done.stdout.decode()
        assert figure["value"] > 0
        assert (figure["met"] is None) == (figure["goal"] is None)
    for name in CALLS:
        assert set(figures[name]["peers"]) == {"ctypes", "cffi", "wasmtime"}
    for name in INSTANCES[1:]:
        assert set(figures[name]["peers"]) == {"wasmtime"}
    assert all(each > 0 for figure in figures.values() for each in figure["peers"].values())
    assert {name for name, figure in figures.items() if figure["goal"]} == {*CALLS[:2], CALLS[3], INSTANCES[0]}


def test_the_interpreters_lock_is_kept_and_given_up_for_functions_of_every_length() -> None:
    done = motte("bench", "lock", "--rounds", "1", "--seconds", "0.002")
    assert done.returncode == 0, done.stderr.decode()
    rows = [line.split("│")[1:3] for line in done.stdout.decode().splitlines() if line.startswith("│")]
    lengths = {length.strip() for length, _ in rows}
    assert {"0.1", "100", "1000"} <= lengths
    assert [policy.strip() for _, policy in rows] == ["given up", "kept", "as it is"] * len(lengths)
