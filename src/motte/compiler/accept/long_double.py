"""Native code may compute with 80-bit numbers, but the guest's C library does not know them.

Its ``long double`` is the 64-bit format, as in all C that is compiled here.  Code of another compiler that
gives such a number to it, or expects one, would silently compute nonsense: the one passes it in memory, the
other looks for it in a register.  So calls by name are refused, also those that the code generator
would make for an intrinsic or a remainder.  What nobody can see is a pointer to one (``scanf``).
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.module import Module
from motte.errors import CompileError

_MATHEMATICS: Final = (
    "acos acosh asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc exp exp10 exp2 expm1 fabs fdim "
    "floor fma fmax fmin fmod frexp hypot ilogb ldexp lgamma llrint llround log log10 log1p log2 logb lrint lround "
    "modf nan nearbyint nextafter nexttoward pow pow10 remainder remquo rint round scalb scalbln scalbn significand "
    "sin sincos sinh sqrt tan tanh tgamma trunc cabs carg cimag creal"
)
_CONVERSIONS: Final = "strtold wcstold strtold_l __strtold_l qecvt qfcvt qgcvt"
_PRINTING: Final = (
    "printf fprintf sprintf snprintf dprintf asprintf wprintf fwprintf swprintf syslog err errx warn warnx"
)
_OF_LIBC: Final = frozenset((*(f"{name}l" for name in _MATHEMATICS.split()), *_CONVERSIONS.split(), *_PRINTING.split()))
_TYPE: Final = "x86_fp80"
_CALLED: Final = re.compile(r"\bcall [^@]*@([\w.$]+)\(")
_INTRINSIC: Final = re.compile(r"llvm\.([a-z0-9.]+?)\.(?:[a-z0-9.]*\.)?f80\b")
_INSTRUCTIONS: Final = frozenset(("fabs", "sqrt", "copysign", "fmuladd", "is.fpclass", "canonicalize"))
"""Intrinsics that are x87 instructions, and no calls."""


def refuse_long_doubles_of_libc(module: Module) -> None:
    """Raise :class:`CompileError` for the first call that would pass or return one."""
    defined = {function.header.name[1:] for function in module.functions()}
    for function in module.functions():
        for line in function.lines:
            callee = _library_function(line) if _TYPE in line else None
            if callee is not None and callee not in defined:
                raise CompileError(
                    f"in {function.header.name}: {callee} is called with an 80-bit long double; that of the guest's "
                    "C library has 64 bits (compile C with -mlong-double-64)"
                )


def _library_function(line: str) -> str | None:
    """What is called with the number, or for it."""
    if " = frem " in line:
        return "fmodl"
    match = _CALLED.search(line)
    if match is None:
        return None
    intrinsic = _INTRINSIC.match(match.group(1))
    if intrinsic is not None:
        return None if intrinsic.group(1) in _INSTRUCTIONS else f"{intrinsic.group(1)}l"
    return match.group(1) if match.group(1) in _OF_LIBC else None
