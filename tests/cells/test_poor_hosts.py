"""What the host does not give is reported; the filter is there in any case, or no cells are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from motte.core import _core

USERS, SECCOMP, EMPTY_ROOT = 1 << 0, 1 << 9, 1 << 7
NAMESPACES = 0x7F


def poor(how: str) -> tuple[bool, str, int, str]:
    """Whether the host could be made so poor, its problem, its features, and whether a cell's call was refused."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    program = [sys.executable, str(Path(__file__).with_name("poor_host.py")), how]
    told = subprocess.run(program, env=environment, check=True, capture_output=True, text=True).stdout.split("\n")
    return told[0] == how, told[1], int(told[2]), told[3]


def test_without_namespaces_of_users_the_others_need_privileges() -> None:
    made_poor, problem, features, refused = poor("no namespaces of users")
    assert (problem, refused) == ("", "True")
    assert features & SECCOMP
    assert bool(features & USERS) == (not made_poor and bool(_core.cell_features()[1] & USERS))


def test_without_privileges_there_are_no_namespaces_and_the_filter_holds() -> None:
    made_poor, problem, features, refused = poor("no privileges")
    assert (problem, refused) == ("", "True")
    assert features & SECCOMP
    assert not made_poor or not features & (NAMESPACES | EMPTY_ROOT)


def test_where_programs_in_memory_are_forbidden_the_setting_is_named() -> None:
    made_poor, problem, features, _ = poor("no programs in memory")
    assert ("vm.memfd_noexec" in problem) == made_poor
    assert bool(features) != made_poor
