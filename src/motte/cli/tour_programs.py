"""The programs of the tour, what stops each, and what must become of it; and the comparison with what happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from motte.abi.faults import FaultKind, StopReason
from motte.exit import Exit
from motte.keeper import KeptFault, Skip
from motte.machine import Machine
from motte.program import Program

DIRECTORY: Final = Path(__file__).parent / "tour"

MEMORY: Final = "16MiB"
"""Each of them has a bank of this size."""

Grants = Callable[[Machine, Program], Mapping[str, Any]]
"""What a program is granted, made anew for each process of it."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One program of the tour: what it does, how it is run, and how it must end."""

    name: str
    does: str
    rule: str = ""
    """What stops it, in a few words."""

    reason: StopReason = StopReason.EXITED
    faults: tuple[FaultKind, ...] = ()
    """The faults of which one must stop it, if its reason is FAULTED."""

    stdout: str | None = ""
    """What it must have said; ``None`` where that is without end."""

    options: dict[str, Any] = field(default_factory=dict)
    """Keywords of :meth:`motte.Machine.spawn`."""

    grants: Grants | None = None

    @property
    def source(self) -> Path:
        """Its source."""
        return DIRECTORY / f"{self.name}.c"

    def differences(self, end: Exit, stdout: bytes) -> list[str]:
        """Everything in which an end is not what it must be; empty if all is well."""
        found = []
        if end.reason is not self.reason:
            found.append(f"ended by {end.reason.name}, not by {self.reason.name}")
        if (end.fault.kind if end.fault else None) not in (self.faults or (None,)):
            found.append(f"fault {end.fault}, not {' or '.join(kind.name for kind in self.faults) or 'none'}")
        if self.reason is StopReason.EXITED and end.returncode != 0:
            found.append(f"exit status {end.returncode}, not 0")
        if self.stdout is not None and stdout.decode("utf-8", "replace") != self.stdout:
            found.append(f"said {stdout[:80]!r}")
        return found


def _own_program(_machine: Machine, program: Program) -> Mapping[str, Any]:
    return {"program": program}


def _mailbox(machine: Machine, _program: Program) -> Mapping[str, Any]:
    """Of somebody who does not look into it."""
    sender, receiver = machine.channel(capacity=16)
    return {"mailbox": sender, "own": receiver}


def _forgive(_fault: KeptFault) -> Skip:
    return Skip()


_FAULTED: Final = StopReason.FAULTED
_STACKS: Final = (FaultKind.NATIVE_STACK_OVERFLOW, FaultKind.DATA_STACK_OVERFLOW)

HOSTILE: Final = (
    Visit("null_pointer", "follows a null pointer", "memory fault", _FAULTED, (FaultKind.NULL_PAGE,)),
    Visit("wild_pointer", "writes to a forged place", "memory fault", _FAULTED, (FaultKind.UNMAPPED,)),
    Visit("kernel_pointer", "reads kernel memory", "memory fault", _FAULTED, (FaultKind.UNMAPPED,)),
    Visit("forged_function", "jumps into its own data", "no function there", _FAULTED, (FaultKind.BAD_INDIRECT_CALL,)),
    Visit("endless_recursion", "recurses without end", "stack: 1 MiB", _FAULTED, _STACKS),
    Visit("endless_loop", "loops without end", "CPU time: 50 ms", StopReason.CPU_LIMIT, options={"time": "50ms"}),
    Visit(
        "fault_storm",
        "faults without end",
        "pays its keeper: 20 ms",
        StopReason.CPU_LIMIT,
        options={"time": "20ms", "keeper": _forgive},
    ),
    Visit(
        "memory_bomb",
        "allocates without end",
        "bank: 16 MiB",
        stdout="malloc says no; between 8 and 16 MiB before that: yes\n",
        options={"data_stack": "64KiB"},
    ),
    Visit(
        "output_bomb",
        "writes without end",
        "output: 1 MiB",
        StopReason.OUTPUT_LIMIT,
        stdout=None,
        options={"output_limit": "1MiB", "stdout": None},
    ),
    Visit(
        "spawn_bomb",
        "spawns itself",
        "processes: 8",
        stdout="spawn: limit reached\n",
        options={"processes": 8},
        grants=_own_program,
    ),
    Visit(
        "mail_bomb",
        "fills a mailbox",
        "queue: 16, prepaid",
        stdout="16 letters in the mailbox, 99984 refused\n",
        grants=_mailbox,
    ),
    Visit(
        "forged_handles",
        "guesses capabilities",
        "none is valid",
        stdout="101000 handles tried, 0 of them valid\n",
    ),
    Visit(
        "password_file",
        "opens the host's files",
        "no directory granted",
        stdout="/etc/passwd: No such file or directory\n"
        "../../../../../../etc/passwd: No such file or directory\n"
        "/proc/self/mem: No such file or directory\n",
    ),
    Visit(
        "fork_bomb",
        "forks, becomes a shell",
        "no such system call",
        stdout="fork: Operation not permitted\nexec: Operation not permitted\n",
    ),
)

HONEST: Final = (
    Visit("hello", "says hello", stdout="Hello from inside the motte.\n"),
    Visit("primes", "sieves primes", stdout="664579 primes below 10000000\n"),
    Visit("sorting", "sorts a million numbers", stdout="1000000 numbers sorted\n"),
    Visit("json", "reads a JSON document", stdout="20000 records, sum 399990000.0\n"),
)

NEIGHBOUR: Final = Visit("honest", "sorts and checks, round after round")
"""It runs beside the hostile ones, all the time; a byte of its output is a round."""
