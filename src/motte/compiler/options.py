"""What the caller may choose about a compilation, and the CPU it is resolved to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Final, Literal, get_args

from motte.errors import CompileError

GENERIC_CPUS: Final = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
CPUS: Final = ("native", *GENERIC_CPUS)

Checked = Literal["use", "cast"]
CHECKED_MODES: Final[tuple[Checked, ...]] = get_args(Checked)

# What code generation may use.  Everything else that LLVM knows is switched off, whatever the CPU: string
# instructions (they write through ES), x87 and MMX, transactions, AMX, APX, shadow stacks, XOP and SSE4a.
_USABLE_FEATURES: Final = frozenset((
    "64bit", "adx", "aes", "avx", "avx2", "avx512bf16", "avx512bitalg", "avx512bw", "avx512cd", "avx512dq",
    "avx512f", "avx512ifma", "avx512vbmi", "avx512vbmi2", "avx512vl", "avx512vnni", "avx512vpopcntdq", "bmi",
    "bmi2", "cmov", "crc32", "cx16", "cx8", "f16c", "fma", "gfni", "lzcnt", "movbe", "pclmul", "popcnt",
    "prfchw", "sha", "sse", "sse2", "sse3", "sse4.1", "sse4.2", "ssse3", "vaes", "vpclmulqdq",
))  # fmt: skip
# These are tuning switches, which the list of CPU features does not name.  Gather and scatter take 64-bit
# indices, which cannot be confined.
_TUNING: Final = ("-ermsb", "-fsrm", "+prefer-no-gather", "+prefer-no-scatter")


# Not in that list, but of every x86-64 CPU that runs Linux: what is not confined may use them.
_NATIVE_BASE: Final = frozenset(("fxsr", "mmx", "sahf", "x87"))


@dataclass(frozen=True, slots=True)
class Target:
    """A CPU as LLVM's code generator is told of it."""

    cpu: str
    features: str
    """Comma-separated switches for LLVM."""
    required: tuple[str, ...]
    """CPU features that the code may use, for the artifact's manifest; the generic level's name for a generic CPU."""


@dataclass(frozen=True, slots=True)
class CompileOptions:
    """Choices of one compilation; two equal ones give the same bytes for the same input and compiler."""

    optimization: int = 3
    """0 … 3, as in ``-O``."""
    cpu: str = "native"
    """One of :data:`CPUS`."""
    debug: bool = False
    """Keep line numbers and types."""
    function_classes: Literal["compatible", "prototype"] = "compatible"
    """What an indirect call checks: that the stack arguments fit, or the whole prototype."""
    checked: Checked | None = None
    """Where integers that become pointers are tested, if they are: at the first dereference, or at the cast."""
    internalize: tuple[str, ...] | None = ("main",)
    """The symbols that stay visible to other objects, beside those that are exported; ``None`` keeps them all, as a
    member of a library wants."""
    exports: bool = False
    """The host may call every external function, though there is a ``main``."""
    is_of_a_program: bool = True
    """Not a member of the guest library: what it defines may be called by the host."""
    native: bool = False
    """For an OS process of its own, which isolates it: the code is what LLVM makes, and nothing is confined."""

    def __post_init__(self) -> None:
        """Refuse what no stage could honour."""
        if self.optimization not in range(4):
            raise CompileError(f"optimization level must be 0, 1, 2 or 3, not {self.optimization}")
        if self.cpu not in CPUS:
            raise CompileError(f"unknown CPU {self.cpu!r}; known: {', '.join(CPUS)}")
        if self.function_classes not in ("compatible", "prototype"):
            raise CompileError(f"function classes must be 'compatible' or 'prototype', not {self.function_classes!r}")

        if self.checked not in (None, *CHECKED_MODES):
            raise CompileError(f"checked casts must be 'use' or 'cast', not {self.checked!r}")

    def target(self) -> Target:
        """The CPU, resolved; needs LLVM, so it is called in the child only."""
        return _resolve(self.cpu, self.native)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the child's request, and for cache keys."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> CompileOptions:
        """The inverse of :meth:`to_json`."""
        public = data["internalize"]
        return cls(**{**data, "internalize": None if public is None else tuple(public)})


@cache
def _resolve(cpu: str, native: bool) -> Target:
    import llvmlite.binding as llvm

    host = llvm.get_host_cpu_features()
    usable = _USABLE_FEATURES | _NATIVE_BASE if native else _USABLE_FEATURES
    tuning = () if native else _TUNING
    if cpu != "native":
        unusable = [f"-{name}" for name in sorted(host) if name not in usable]
        return Target(cpu, ",".join([*unusable, *tuning]), (cpu,))
    present = frozenset(name for name, has in host.items() if has and name in usable)
    switches = [f"{'+' if name in present else '-'}{name}" for name in sorted(host)]
    required = tuple(sorted(present & _USABLE_FEATURES))
    return Target(llvm.get_host_cpu_name(), ",".join([*switches, *tuning]), required)
