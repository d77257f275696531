"""The programs of the tour, and what must become of each: facts, and the comparison with what happened."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from motte.abi.faults import FaultKind, StopReason
from motte.completed import Completed

DIRECTORY: Final = Path(__file__).parent / "tour"


@dataclass(frozen=True, slots=True)
class Visit:
    """One program of the tour: what it does, how it is run, and how it must end."""

    name: str
    does: str
    reason: StopReason = StopReason.EXITED
    faults: tuple[FaultKind, ...] = ()
    """The faults of which one must stop it, if its reason is FAULTED."""

    stdout: str | None = ""
    """What it must have said; ``None`` where that is without end."""

    options: dict[str, Any] = field(default_factory=dict)
    """Keywords of :func:`motte.run`."""

    @property
    def source(self) -> Path:
        """Its source."""
        return DIRECTORY / f"{self.name}.c"

    def differences(self, done: Completed) -> list[str]:
        """Everything in which ``done`` is not what it must be; empty if all is well."""
        found = []
        if done.reason is not self.reason:
            found.append(f"ended by {done.reason.name}, not by {self.reason.name}")
        if (done.fault.kind if done.fault else None) not in (self.faults or (None,)):
            found.append(f"fault {done.fault}, not {' or '.join(kind.name for kind in self.faults) or 'none'}")
        if self.reason is StopReason.EXITED and done.returncode != 0:
            found.append(f"exit status {done.returncode}, not 0")
        if self.stdout is not None and done.stdout.decode("utf-8", "replace") != self.stdout:
            found.append(f"said {done.stdout[:80]!r}")
        return found


_FAULTED: Final = StopReason.FAULTED

HOSTILE: Final = (
    Visit("null_pointer", "follows a null pointer", _FAULTED, (FaultKind.NULL_PAGE,)),
    Visit("wild_pointer", "writes to a forged address", _FAULTED, (FaultKind.UNMAPPED,)),
    Visit("kernel_pointer", "reads the kernel's memory", _FAULTED, (FaultKind.UNMAPPED,)),
    Visit("forged_function", "jumps into its own data", _FAULTED, (FaultKind.BAD_INDIRECT_CALL,)),
    Visit(
        "endless_recursion",
        "recurses without end",
        _FAULTED,
        (FaultKind.NATIVE_STACK_OVERFLOW, FaultKind.DATA_STACK_OVERFLOW),
    ),
    Visit("endless_loop", "loops without end", StopReason.CPU_LIMIT, options={"time": "200ms"}),
    Visit(
        "memory_bomb",
        "allocates without end",
        stdout="malloc says no; between 8 and 16 MiB before that: yes\n",
        options={"memory": "16MiB", "data_stack": "64KiB"},
    ),
    Visit("output_bomb", "writes without end", StopReason.OUTPUT_LIMIT, stdout=None, options={"output_limit": "1MiB"}),
    Visit(
        "password_file",
        "opens the host's files",
        stdout="/etc/passwd: No such file or directory\n"
        "../../../../../../etc/passwd: No such file or directory\n"
        "/proc/self/mem: No such file or directory\n",
    ),
    Visit(
        "fork_bomb",
        "forks, then becomes a shell",
        stdout="fork: Operation not permitted\nexec: Operation not permitted\n",
    ),
)

HONEST: Final = (
    Visit("hello", "says hello", stdout="Hello from inside the motte.\n"),
    Visit("primes", "sieves primes", stdout="664579 primes below 10000000\n"),
    Visit("sorting", "sorts a million numbers", stdout="1000000 numbers sorted\n"),
    Visit("json", "reads a JSON document", stdout="20000 records, sum 399990000.0\n"),
)
