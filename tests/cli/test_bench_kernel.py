"""``motte bench kernel``: that everything is measured and told; how long things take is not asked here."""

import json
from pathlib import Path

import pytest

from cli.command import motte
from motte.benchmark.kernel_figures import Figure, median, median_interval, percentile

EXPECTED = (
    "guest → kernel call",
    "switch, 2 processes",
    "switch, 10 processes",
    "spawn + exit, core",
    "spawn + exit, Machine.spawn, 20 at once",
    "50 idle processes, one takes",
    "50 idle processes, mappings of one",
    "50 idle processes, error of the bank's charge",
    "50 processes in deep sleep, one takes",
    "call of a deep sleeper, median",
    "50 processes, all started and asleep",
    "50 processes, all woken in one moment and ended",
    "one preemption, slices of 50us",
    "preempted / alone, geometric mean",
    "two workers / one, accounted",
    "share error, weights 1:2:3",
    "wake-up beside 20 loops, slices of 50 µs, p99",
    "beyond a meter's budget of 5 ms, p99",
    "time limit met until wait() returns, p99",
)


def test_every_figure_is_measured_and_written(tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    done = motte("bench", "kernel", "--quick", "--json", output)
    assert done.returncode == 0, done.stderr.decode()
    content = json.loads(output.read_text())
    figures = {figure["name"]: figure for figure in content["figures"]}
    assert set(EXPECTED) <= set(figures)
    assert "load average" in content["circumstances"]
    text = done.stdout.decode()
    for name, figure in figures.items():
        assert name in text
        assert isinstance(figure["value"], float)
        assert (figure["met"] is None) == (figure["goal"] is None)
    assert figures["guest → kernel call"]["value"] > 0
    assert set(figures["spawn + exit, core"]["peers"]) == {"fork", "posix_spawn", "subprocess", "wasmtime", "BEAM"}


def test_more_processes_than_the_host_allows_are_refused_with_the_limit_and_what_to_do() -> None:
    done = motte("bench", "kernel", "many", "--processes", "1000000000")
    assert done.returncode == 125
    text = done.stderr.decode()
    assert "vm.max_map_count allows" in text
    assert "sysctl -w vm.max_map_count=5000004160" in text


def test_an_unknown_group_is_wrong_usage() -> None:
    done = motte("bench", "kernel", "nonsense")
    assert done.returncode == 125
    assert b"'nonsense' is not one of" in done.stderr


@pytest.mark.parametrize(
    ("figure", "met"),
    [
        (Figure("", 3.0, ""), None),
        (Figure("", 3.0, "", 3.0), True),
        (Figure("", 3.1, "", 3.0), False),
        (Figure("", 1.9, "", 1.9, at_least=True), True),
        (Figure("", 1.8, "", 1.9, at_least=True), False),
        (Figure("", 1.02, "", 1.01, interval=(1.009, 1.03)), True),
        (Figure("", 1.02, "", 1.01, interval=(1.011, 1.03)), False),
        (Figure("", 1.8, "", 1.9, at_least=True, interval=(1.7, 1.91)), True),
    ],
)
def test_a_goal_is_met_when_the_value_or_its_interval_reaches_it(figure: Figure, met: bool | None) -> None:
    assert figure.met is met


def test_the_intervals_of_medians_are_those_of_the_binomial_distribution() -> None:
    # As tables of the sign test have them: 15 values, ranks 4 and 12; 25 values, 8 and 18; 6 values, all of them.
    for count, low in ((15, 4), (25, 8), (6, 1), (3, 1)):
        values = [float(n) for n in range(1, count + 1)]
        assert median_interval(values[::-1]) == (low, count + 1 - low)


def test_medians_and_percentiles_are_of_the_values_in_order() -> None:
    assert median([4.0, 1.0, 3.0, 2.0]) == 2.5
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], 99) == 5.0
    assert percentile([5.0, 1.0, 4.0, 2.0, 3.0], 40) == 2.0
