"""What only native code may contain: why a program cannot be confined that could run in an OS process of its own."""

from enum import StrEnum


class NativeOnly(StrEnum):
    """What a refusal is about, if only confinement is the reason: compiled as native code, the input is accepted.

    A :class:`~motte.errors.CompileError` has one as ``native_only``, or ``None`` where that would not help.
    """

    ASSEMBLY = "assembly"
    """Inline assembly that is not empty, assembly that jumps, module assembly, naked functions."""
    LONG_DOUBLE = "long double"
    """The x87's 80-bit numbers."""
    INTRINSIC = "intrinsic"
    """An intrinsic that reads or changes the CPU's state, or takes a vector of addresses."""
    REGISTERS = "registers"
    """A calling convention, or parameters in registers, that confined code does not have."""
    GENERATED = "generated"
    """What became of it on the way: an instruction, a frame or an argument for which there is no confined form."""
