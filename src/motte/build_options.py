"""What a caller may choose about compiling."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from motte.abi.limits import DEFAULT_LIMITS
from motte.quantities import Duration, Size, duration_ns, size_bytes

if TYPE_CHECKING:
    from motte.compiler.options import CompileOptions

Checked = Literal["use", "cast"]
CHECKED_MODES: Final[tuple[Checked, ...]] = get_args(Checked)
"""Where integers that become pointers can be tested: see :attr:`BuildOptions.checked`."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How to compile.  Equal options, equal sources and an equal compiler give equal artifacts."""

    optimization: int = 3
    """0 … 3, as in ``-O``."""

    include: Sequence[str | os.PathLike[str]] = ()
    """Directories to search for headers, as in ``-I``."""

    define: Sequence[str] = ()
    """Macros, ``NAME`` or ``NAME=VALUE``, as in ``-D``."""

    flags: Sequence[str] = ()
    """Further options for clang, of those that are accepted (``-std=c11``, ``-Wall``, ``-ffast-math`` …)."""

    debug: bool = False
    """Debug information, so that faults name file and line, as in ``-g``."""

    cpu: str = "native"
    """The CPU to compile for: this one, or one such as ``x86-64-v3`` for artifacts that travel."""

    checked: Checked | None = None
    """Test pointers that are made from integers: ``"use"`` where they are first dereferenced, ``"cast"`` where they are
    made; ``None`` not at all.  A bad one is a fault ``BAD_CAST``, which names the line of the cast (with ``debug``)."""

    exports: bool = False
    """Let the host call every external function of a program that has a ``main``, too; otherwise those that are marked
    ``MOTTE_EXPORT``.  A program without ``main`` is a library, and exports them all."""

    native: bool = False
    """For an OS process of its own, and for nothing else: the code is what LLVM makes of it, assembly included, and is
    not confined.  The artifact is of kind native, and refused where code is verified."""

    compile_time: Duration = DEFAULT_LIMITS.compile_time
    """CPU time that each compiler process may use."""

    compile_memory: Size = DEFAULT_LIMITS.compile_memory
    """Memory that each compiler process may use."""

    def __post_init__(self) -> None:
        """Raises ``ValueError`` and ``TypeError`` for what no compiler could honour."""
        if self.optimization not in range(4):
            raise ValueError(f"optimization: {self.optimization!r} is not 0, 1, 2 or 3")
        for name in ("include", "define", "flags"):
            if isinstance(getattr(self, name), str):
                raise TypeError(f"{name}: expected a list, got the single {getattr(self, name)!r}")
        if self.checked not in (None, *CHECKED_MODES):
            raise ValueError(f"checked: {self.checked!r} is not 'use', 'cast' or None")
        if self.compile_seconds <= 0 or self.compile_bytes <= 0:
            raise ValueError("compile_time and compile_memory cannot be lifted")

    @property
    def compile_seconds(self) -> float:
        """``compile_time`` in seconds."""
        return (duration_ns(self.compile_time, "compile_time") or 0) / 10**9

    @property
    def compile_bytes(self) -> int:
        """``compile_memory`` in bytes."""
        return size_bytes(self.compile_memory, "compile_memory") or 0

    def clang_arguments(self) -> list[str]:
        """The options of clang that these choices mean."""
        includes = [f"-I{os.fspath(directory)}" for directory in self.include]
        macros = [f"-D{macro}" for macro in self.define]
        return [*includes, *macros, *(["-g"] if self.debug else []), *self.flags]

    def compiler_options(self) -> "CompileOptions":
        """The choices that concern the compiler proper."""
        from motte.compiler.options import CompileOptions

        return CompileOptions(
            optimization=self.optimization,
            cpu=self.cpu,
            debug=self.debug,
            checked=self.checked,
            exports=self.exports,
            native=self.native,
        )
