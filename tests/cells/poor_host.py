"""A host that gives cells less than it could, in an operating system that is made poorer for it: ``poor_host.py HOW``.

Prints what it is short of ("nothing" where that could not be done), why there are no cells or "", and the features;
after that, where there are cells, how one ended that asked for a file.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

NEW_USERS, NEW_PROCESSES = 0x1000_0000, 0x2000_0000
SET_CAPABILITIES = 126
NEWEST_CAPABILITIES = 0x2008_0522
SET_SECURE_BITS, ROOT_IS_NOBODY = 28, 3

_library = ctypes.CDLL(None, use_errno=True)


def _leave_users(flags: int = 0) -> bool:
    user, group = os.getuid(), os.getgid()
    if _library.unshare(NEW_USERS | flags) != 0:
        return False
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    return True


def _forbid_user_namespaces() -> bool:
    left = _leave_users()
    if left:
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
    return left


def _drop_capabilities() -> None:
    """For ever: a program that is started by root has them again, but for that bit."""
    assert _library.prctl(SET_SECURE_BITS, ROOT_IS_NOBODY) == 0
    header = (ctypes.c_uint32 * 2)(NEWEST_CAPABILITIES, 0)
    none = (ctypes.c_uint32 * 6)()
    assert _library.syscall(SET_CAPABILITIES, header, none) == 0


def _forbid_programs_in_memory() -> bool:
    if not _leave_users(NEW_PROCESSES):
        return False
    if os.fork():
        os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
    try:
        Path("/proc/sys/vm/memfd_noexec").write_text("2")
    except OSError:
        return False
    return True


def _make_poor(how: str) -> bool:
    if how == "no programs in memory":
        return _forbid_programs_in_memory()
    poor = _forbid_user_namespaces()
    if poor and how == "no privileges":
        _drop_capabilities()
    return poor


if __name__ == "__main__":
    poor = _make_poor(sys.argv[1])
    from cells.probes import probe, system_call
    from motte.core import _core

    problem, features = _core.cell_features()
    print(sys.argv[1] if poor else "nothing", problem or "", features, sep="\n")
    if problem is None:
        print(probe(system_call(257, 0, 0, 0, 0)).refused(257))
