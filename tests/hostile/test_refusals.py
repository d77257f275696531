"""The core on a host that refuses: every single request once, then many; it is reported, and nothing stays."""

from __future__ import annotations

import subprocess
import sys

import pytest

import core_builds


def survives(campaign: str, mode: str, rounds: int) -> None:
    command = [sys.executable, "-m", f"hostile.{campaign}", mode, str(rounds)]
    environment = core_builds.environment("hostile")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert " refused, " in done.stdout


@pytest.mark.parametrize(
    ("mode", "rounds"),
    [
        ("single", 0),
        ("periodic", 30),
        ("random", 200),
        pytest.param("periodic", 1000, marks=pytest.mark.long),
        pytest.param("random", 20_000, marks=pytest.mark.long),
    ],
)
def test_whatever_the_host_refuses_is_reported_and_leaves_nothing(mode: str, rounds: int) -> None:
    survives("campaign", mode, rounds)


@pytest.mark.parametrize(
    ("mode", "rounds"), [("single", 0), ("random", 100), pytest.param("random", 5000, marks=pytest.mark.long)]
)
def test_whatever_the_host_refuses_costs_no_message_and_leaves_no_page(mode: str, rounds: int) -> None:
    survives("messages_campaign", mode, rounds)


@pytest.mark.parametrize(
    ("mode", "rounds"), [("single", 0), ("random", 60), pytest.param("random", 3000, marks=pytest.mark.long)]
)
def test_whatever_the_host_refuses_costs_no_byte_of_a_block_and_leaves_no_page(mode: str, rounds: int) -> None:
    survives("blocks_campaign", mode, rounds)
