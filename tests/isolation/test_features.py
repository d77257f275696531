"""What the host gives to cells is told by its names."""

import re
import subprocess
import sys
from pathlib import Path

from motte.isolation import CellFeature, cell_features

PROTOCOL = Path(__file__).parents[2] / "core" / "cell" / "warden_protocol.h"


def test_the_features_are_those_of_the_core() -> None:
    found = re.findall(r"CELL_FEATURE_(\w+) = 1 << (\d+)", PROTOCOL.read_text())
    assert {name: 1 << int(bit) for name, bit in found} == {feature.name: feature.value for feature in CellFeature}


def test_no_cell_is_without_its_filter_and_the_doctor_says_so() -> None:
    problem, had = cell_features()
    assert problem is not None or CellFeature.SECCOMP in had
    said = subprocess.run([sys.executable, "-m", "motte", "doctor"], capture_output=True, check=True, text=True).stdout
    assert "guests in OS processes of their own" in said
    assert problem is not None or "seccomp" in said
