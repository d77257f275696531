"""How many processes this host lets exist at once, by each of its limits, and what to do for more."""

import resource
from pathlib import Path
from typing import Final, NamedTuple

from motte.core import host_features

_MAPPINGS_OF_HOST: Final = 4096 + 64
"""Left to the host's own libraries, threads and heaps, which guests never get; and one for each of some programs."""

_DESCRIPTORS_OF_HOST: Final = 64
_ADDRESSES: Final = 1 << 47


class ProcessLimit(NamedTuple):
    """One limit of the host's, and what a process takes of it."""

    name: str
    total: int
    kept: int
    """What processes do not get."""

    each: int
    advice: str
    """What to do for more processes; ``{total}`` in it is the number that it takes."""

    @property
    def processes(self) -> int:
        """How many may exist at once."""
        return max(0, self.total - self.kept) // self.each

    def advice_for(self, processes: int) -> str:
        """What to do for so many."""
        return self.advice.format(total=self.kept + self.each * processes)


def process_limits() -> tuple[ProcessLimit, ...]:
    """Those for idle processes whose streams lead nowhere: mappings, addresses, memory."""
    mappings = host_features()["max_map_count"]
    addresses, _ = resource.getrlimit(resource.RLIMIT_AS)
    bounded = addresses != resource.RLIM_INFINITY
    more_addresses = (
        "raise the limit: ulimit -v unlimited" if bounded else "several machines, in processes of their own"
    )
    return (
        ProcessLimit(
            "vm.max_map_count", mappings, _MAPPINGS_OF_HOST, 5, "raise it: sysctl -w vm.max_map_count={total}"
        ),
        ProcessLimit("address space", addresses if bounded else _ADDRESSES, 1 << 36, 4164 << 20, more_addresses),
        ProcessLimit("memory", _available_memory(), 256 << 20, 24 << 10, "{total} bytes have to be available"),
    )


def granting_process_limit() -> ProcessLimit:
    """That of processes with a granted directory, which is open as long as they are.  Streams take no descriptors."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    advice = "grant directories to fewer processes, or raise the limit: ulimit -n {total}"
    return ProcessLimit("open files", descriptors, _DESCRIPTORS_OF_HOST, 2, advice)


def _available_memory() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, value = line.split(":")
        if name == "MemAvailable":
            return 1024 * int(value.split()[0])
    return 0
