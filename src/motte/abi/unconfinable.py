"""Why a program cannot be confined that could run in an OS process of its own."""

from enum import StrEnum


class Unconfinable(StrEnum):
    """What a refusal is about, if only confinement is the reason: compiled for a process of its own, it is accepted.

    A :class:`~motte.errors.CompileError` has one as ``unconfinable``, or ``None`` where that would not help.
    """

    ASSEMBLY = "assembly"
    """Inline assembly that is not empty, assembly that jumps, module assembly, naked functions."""
    LONG_DOUBLE = "long double"
    """The x87's 80-bit numbers."""
    INTRINSIC = "intrinsic"
    """An intrinsic that reads or changes the CPU's state, or takes a vector of addresses."""
    REGISTERS = "registers"
    """A calling convention, or parameters in registers, that the two stacks do not have."""
    GENERATED = "generated"
    """What LLVM made of it: an instruction, a frame or an argument that the confining stages do not know."""
