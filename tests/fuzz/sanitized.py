"""Fuzzing with the sanitized core: a run that needs it starts its interpreter again."""

from __future__ import annotations

import os
import sys

import core_builds

COMPILED = {"core", "verifier"}
"""Targets in C."""


def in_use() -> bool:
    """Whether this process runs with the sanitizers."""
    return os.environ.get(core_builds.IN_USE) == "sanitized"


def start_again() -> None:
    """Replace this process by one with the sanitized core, that does the same."""
    os.execve(sys.executable, sys.orig_argv, core_builds.environment("sanitized"))
