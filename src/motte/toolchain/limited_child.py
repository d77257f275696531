"""Gives up authority, then becomes another program: ``python limited_child.py POLICY -- ARGUMENTS…``.

Clang and LLVM's readers act with their caller's authority on hostile input: an ``#include`` reads any
file, a reader's bug may do anything.  Limits cannot be put on a child from outside without running
code between ``fork`` and ``exec``, which is unsafe in a threaded parent.  So this small program is
started first; it limits itself and then replaces itself.

It is run by path, isolated from the environment and without site-packages, so it imports only the
standard library.  Where the kernel lacks Landlock or seccomp, it goes on without: the caller reports
that (:func:`motte.toolchain.sandbox.sandbox_features`).
"""

import ctypes
import json
import os
import resource
import signal
import struct
import sys
from typing import Any, Final

_LIBC: Final = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG: Final = 1
PR_SET_SECCOMP: Final = 22
PR_SET_NO_NEW_PRIVS: Final = 38

SYS_LANDLOCK_CREATE_RULESET: Final = 444
SYS_LANDLOCK_ADD_RULE: Final = 445
SYS_LANDLOCK_RESTRICT_SELF: Final = 446
LANDLOCK_CREATE_RULESET_VERSION: Final = 1
LANDLOCK_RULE_PATH_BENEATH: Final = 1

ACCESS_EXECUTE: Final = 1 << 0
ACCESS_WRITE_FILE: Final = 1 << 1
ACCESS_READ_FILE: Final = 1 << 2
ACCESS_READ_DIRECTORY: Final = 1 << 3
ACCESS_REMOVE: Final = (1 << 4) | (1 << 5)
ACCESS_MAKE_DIRECTORY: Final = 1 << 7
ACCESS_MAKE_FILE: Final = 1 << 8
ACCESS_TRUNCATE: Final = 1 << 14
ACCESS_OF_FILES: Final = ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE

ALL_ACCESS_BY_ABI: Final = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
ALL_TCP: Final = 3
"""Binding and connecting; from ABI 4."""
ALL_SCOPES: Final = 3
"""Abstract sockets of others, and signals to others; from ABI 6."""

REFUSED_CALLS: Final = {
    "socket": 41, "socketpair": 53, "ptrace": 101, "setpgid": 109, "setsid": 112, "personality": 135,
    "setpriority": 141, "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166, "swapon": 167,
    "swapoff": 168, "reboot": 169, "sethostname": 170, "init_module": 175, "delete_module": 176, "quotactl": 179,
    "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "ioprio_set": 251, "migrate_pages": 256,
    "unshare": 272, "move_pages": 279, "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303,
    "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
    "finit_module": 313, "kexec_file_load": 320, "bpf": 321, "userfaultfd": 323, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "fsconfig": 431, "fsmount": 432, "fspick": 433, "pidfd_open": 434, "pidfd_getfd": 438, "process_madvise": 440,
    "mount_setattr": 442, "process_mrelease": 448,
}  # fmt: skip
"""System calls that fail with EPERM in the child, by their x86-64 numbers.  A process that could leave
its session would outlive the child."""

CALLS_ON_ITSELF: Final = {
    "sched_setparam": 142, "sched_setscheduler": 144, "sched_setaffinity": 203, "prlimit64": 302, "sched_setattr": 314,
}  # fmt: skip
"""System calls whose first argument names a process: permitted only with 0, the caller itself."""

OPENING_CALLS: Final = {"open": 2, "execve": 59, "creat": 85, "openat": 257, "execveat": 322, "openat2": 437}
"""What an assembler would read files with."""

SYS_CLONE: Final = 56
SYS_CLONE3: Final = 435
CLONE_NEW_NAMESPACES: Final = 0x7E02_0080

AUDIT_ARCH_X86_64: Final = 0xC000_003E
X32_BIT: Final = 0x4000_0000


def set_resource_limits(policy: dict[str, Any]) -> None:
    """Limits that the kernel enforces on each process: CPU seconds, address space, file size, descriptors."""
    cpu_seconds = policy["cpu_seconds"]
    memory, file_bytes = policy["memory_bytes"], policy["file_bytes"]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (policy["open_files"], policy["open_files"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers, 0 for none."""
    version: int = _LIBC.syscall(SYS_LANDLOCK_CREATE_RULESET, None, 0, LANDLOCK_CREATE_RULESET_VERSION)
    return max(0, version)


def _allow_beneath(ruleset: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):  # noqa: PTH112 (pathlib would double this program's start)
            access &= ACCESS_OF_FILES
        rule = struct.pack("=Qi", access, descriptor)
        if _LIBC.syscall(SYS_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0):
            raise OSError(ctypes.get_errno(), f"Landlock refuses a rule for {path}")
    finally:
        os.close(descriptor)


def restrict_files(readable: list[str], writable: list[str], executable: list[str]) -> bool:
    """From now on only these trees can be opened.  False where the kernel has no Landlock."""
    abi = landlock_abi()
    if not abi:
        return False
    all_access = ALL_ACCESS_BY_ABI[min(abi, max(ALL_ACCESS_BY_ABI))]
    size = 24 if abi >= 6 else 16 if abi >= 4 else 8
    attribute = struct.pack("=QQQ", all_access, ALL_TCP, ALL_SCOPES)[:size]
    ruleset = _LIBC.syscall(SYS_LANDLOCK_CREATE_RULESET, attribute, len(attribute), 0)
    if ruleset < 0:
        return False
    read = ACCESS_READ_FILE | ACCESS_READ_DIRECTORY
    write = read | ACCESS_WRITE_FILE | ACCESS_REMOVE | ACCESS_MAKE_DIRECTORY | ACCESS_MAKE_FILE | ACCESS_TRUNCATE
    for paths, access in ((readable, read), (writable, write & all_access), (executable, read | ACCESS_EXECUTE)):
        for path in paths:
            _allow_beneath(ruleset, path, access)
    restricted = _LIBC.syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return bool(restricted)


def _filter_program(refused: dict[str, int]) -> bytes:
    """The seccomp filter as BPF instructions ``{u16 code, u8 if_true, u8 if_false, u32 operand}``."""
    load, equal, at_least, bits, give = 0x20, 0x15, 0x35, 0x45, 0x06
    kill, allow, no_permission, not_implemented = 0x8000_0000, 0x7FFF_0000, 0x0005_0001, 0x0005_0026
    number, architecture, first_argument = 0, 4, 16
    program = [
        (load, 0, 0, architecture),
        (equal, 1, 0, AUDIT_ARCH_X86_64),
        (give, 0, 0, kill),
        (load, 0, 0, number),
        (at_least, 0, 1, X32_BIT),
        (give, 0, 0, no_permission),
        # The flags of clone3 are in memory, where a filter cannot see them: callers fall back to clone.
        (equal, 0, 1, SYS_CLONE3),
        (give, 0, 0, not_implemented),
    ]
    for call in refused.values():
        program += [(equal, 0, 1, call), (give, 0, 0, no_permission)]
    for call in CALLS_ON_ITSELF.values():
        program += [(equal, 0, 4, call), (load, 0, 0, first_argument), (equal, 0, 1, 0), (give, 0, 0, allow)]
        program += [(give, 0, 0, no_permission)]
    program += [(equal, 0, 3, SYS_CLONE), (load, 0, 0, first_argument), (bits, 0, 1, CLONE_NEW_NAMESPACES)]
    program += [(give, 0, 0, no_permission), (give, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def restrict_calls() -> bool:
    """Refuse the system calls that no compiler needs.  False where the kernel has no seccomp filters."""
    return _install(_filter_program(REFUSED_CALLS))


def forbid_opening() -> bool:
    """From now on this process opens no file, whatever the kernel has besides.  False if it cannot be had."""
    return _LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _install(_filter_program(OPENING_CALLS))


def _install(program: bytes) -> bool:
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("@HP", len(program) // 8, ctypes.addressof(buffer))
    return bool(_LIBC.prctl(PR_SET_SECCOMP, 2, header, 0, 0) == 0)


def main() -> None:
    """Apply the policy in ``sys.argv[1]``, then execute the arguments after ``--``."""
    policy = json.loads(sys.argv[1])
    arguments = sys.argv[3:]
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != policy["parent"]:
        sys.exit("the parent is gone")
    _LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    restrict_files(policy["readable"], policy["writable"], policy["executable"])
    set_resource_limits(policy)
    restrict_calls()
    os.execv(arguments[0], arguments)


if __name__ == "__main__":
    main()
