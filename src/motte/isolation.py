"""Where a process's code runs: beside the host's own, kept in by what was verified, or in an OS process of its own.

The kernel of the machine is the same for both, and so are limits, messages, capabilities and faults: docs/isolation.md.
"""

from enum import IntFlag
from typing import Final, Literal, get_args

Isolation = Literal["fault", "os", "both", "auto"]
"""``"fault"``: verified code in the host's own process (software fault isolation), the default.  ``"both"``: verified
code in a separate OS process, which has nothing but the guest's memory and may ask the operating system for nothing.
``"os"``: code that was compiled without confinement, in such a process.  ``"auto"``: as ``"fault"``, and what cannot be
confined as ``"os"``."""

ISOLATIONS: Final[tuple[Isolation, ...]] = get_args(Isolation)


class CellFeature(IntFlag):
    """What the host gave to the OS processes in which guests run, by the core's numbers."""

    USER_NAMESPACE = 1 << 0
    MOUNT_NAMESPACE = 1 << 1
    PID_NAMESPACE = 1 << 2
    NETWORK_NAMESPACE = 1 << 3
    IPC_NAMESPACE = 1 << 4
    UTS_NAMESPACE = 1 << 5
    CGROUP_NAMESPACE = 1 << 6
    EMPTY_ROOT = 1 << 7
    LANDLOCK = 1 << 8
    SECCOMP = 1 << 9


def cell_features() -> tuple[str | None, CellFeature]:
    """Why there are no such OS processes, or ``None``; and what each of them is shut in by."""
    from motte.core import _core

    problem, features = _core.cell_features()
    return problem, CellFeature(features)


def checked_isolation(value: object) -> Isolation:
    """The same value.  Raises ``ValueError`` for any other."""
    for known in ISOLATIONS:
        if value == known:
            return known
    raise ValueError(f"isolation: {value!r} is none of {', '.join(map(repr, ISOLATIONS))}")


def runs_in_cell(isolation: Isolation) -> bool:
    """Whether verified code, too, runs in an OS process of its own."""
    return isolation in ("os", "both")
