"""Every limit by name, with its default.  ``None`` means no limit."""

from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on one run; sizes in bytes, times in seconds."""

    memory: int | None = GIB
    cpu_time: float | None = 60.0
    wall_time: float | None = None
    native_stack: int = MIB
    data_stack: int = 8 * MIB
    processes: int = 64
    open_files: int = 64
    output: int | None = 64 * MIB
    program_image: int = 256 * MIB
    code_size: int = 64 * MIB
    compile_time: float = 120.0
    compile_memory: int = 2 * GIB
    deep_sleep: float | None = 1.0
    backtrace: int = 64
    """Calls that the backtrace of a stopped process tells of."""


DEFAULT_LIMITS: Final = Limits()
