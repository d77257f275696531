"""Which of clang's options a user may pass on.

Clang has options that run programs (``-fplugin``, ``-wrapper``), write files (``-o``, ``-MF``,
``-save-temps``, ``-fprofile-generate``), read any file (``@file``, ``-imacros``) or change the target
that everything after clang relies on.  There are too many to list, and new ones come, so the rule is
the other way round: what is not listed here is refused by its name.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from motte.errors import CompileError

_WITH_DIRECTORY: Final = ("-isystem", "-iquote", "-idirafter", "-I")
_WITH_VALUE: Final = ("-D", "-U")

_LEVELS: Final = {"-O": 1, "-O0": 0, "-Og": 1, "-O1": 1, "-O2": 2, "-Os": 2, "-Oz": 2, "-O3": 3}

_IGNORED: Final = re.compile(
    # What every program of Motte is anyway, or is safe from anyway; makefiles often ask for it.
    r"-f(no-)?(pic|PIC|pie|PIE|plt|threadsafe-statics|omit-frame-pointer|asynchronous-unwind-tables|unwind-tables)"
    r"|-f(no-)?stack-(protector(-strong|-all)?|clash-protection)|-fcf-protection(=.*)?"
    r"|-fno-(exceptions|rtti)|-m64|-pipe|-pthread|-no-pie|-pie|-rdynamic"
)

_PASSED: Final = re.compile(
    r"-std=[a-z0-9+:]+|-ansi|-pedantic(-errors)?|-w|-W(?![alp],)[A-Za-z0-9+=-]*|-trigraphs|-undef"
    # Dialect.
    r"|-f(no-)?(signed|unsigned)-char|-f(no-)?(freestanding|hosted|builtin|common|short-enums|short-wchar"
    r"|ms-extensions|gnu89-inline|gnu-keywords|asm|char8_t|access-control|declspec|strict-enums"
    r"|strict-aliasing|strict-overflow|wrapv|wrapv-pointer|strict-flex-arrays|delete-null-pointer-checks"
    r"|sized-deallocation|aligned-allocation|operator-names|elide-constructors)"
    r"|-fno-builtin-[a-z0-9_]+|-fstrict-flex-arrays=[0-3]|-fvisibility(-inlines-hidden)?(=[a-z]+)?"
    # Limits and form of messages.
    r"|-f(template|constexpr|bracket|macro-backtrace|error|constexpr-steps|template-backtrace)-?(depth|limit)?=[0-9]+"
    r"|-f(no-)?(diagnostics-[a-z-]+|color-diagnostics|caret-diagnostics|show-column|message-length=[0-9]+)"
    # Arithmetic.
    r"|-f(no-)?(fast-math|math-errno|associative-math|reciprocal-math|finite-math-only|signed-zeros|trapping-math"
    r"|unsafe-math-optimizations|approx-func|honor-nans|honor-infinities)|-ffp-contract=(on|off|fast)"
    # Hints to the optimiser.
    r"|-f(no-)?(inline|inline-functions|unroll-loops|vectorize|slp-vectorize|tree-vectorize|tree-slp-vectorize"
    r"|jump-tables|function-sections|data-sections|merge-all-constants)"
    # Instruction sets, for the sake of intrinsics and predefined macros.
    r"|-march=[a-z0-9.-]+|-mtune=[a-z0-9.-]+"
    r"|-m(no-)?(sse[a0-9.]*|ssse3|avx[a-z0-9.-]*|bmi2?|lzcnt|popcnt|fma4?|f16c|aes|vaes|pclmul|vpclmulqdq|gfni|sha|movbe|adx|cx16)"
)  # fmt: skip

_EXPLAINED: Final = {
    "-fexceptions": "C++ exceptions are not supported",
    "-fcxx-exceptions": "C++ exceptions are not supported",
    "-frtti": "C++ run-time type information is not supported",
    "-mlong-double-80": "long double is the 64-bit format in a guest",
    "-mlong-double-128": "long double is the 64-bit format in a guest",
    "-Ofast": "use -O3 -ffast-math",
}


@dataclass(frozen=True, slots=True)
class ClangArguments:
    """A user's options, checked and sorted; :func:`check_arguments` makes them."""

    passed: tuple[str, ...] = ()
    """For clang, unchanged and in order."""
    level: int | None = None
    """The level of our own optimiser that the last ``-O`` asked for, 0 to 3."""
    debug: bool = False
    """Whether ``-g`` asks for debug information."""
    include_directories: tuple[Path, ...] = field(default=())
    """What ``-I`` and its like name: the source may read from there."""


def _refuse(argument: str) -> CompileError:
    reason = _EXPLAINED.get(argument)
    return CompileError(f"compiler option {argument} is not accepted" + (f": {reason}" if reason else ""))


def _split_value(option: str, argument: str, rest: Iterator[str]) -> str:
    """The value of an option that is written ``-Ivalue`` or ``-I value``."""
    value = argument.removeprefix(option) or next(rest, "")
    if not value:
        raise CompileError(f"compiler option {option} lacks its value")
    return value


def check_arguments(arguments: Sequence[str]) -> ClangArguments:
    """Accept or refuse a user's compiler options.

    :raises CompileError: the first option that is not accepted, by name.
    """
    passed: list[str] = []
    directories: list[Path] = []
    level: int | None = None
    debug = False
    rest = iter(arguments)
    for argument in rest:
        if option := next((name for name in _WITH_DIRECTORY if argument.startswith(name)), None):
            value = _split_value(option, argument, rest)
            directories.append(Path(value))
            passed += [option, value]
        elif option := next((name for name in _WITH_VALUE if argument.startswith(name)), None):
            passed += [option, _split_value(option, argument, rest)]
        elif argument in _LEVELS:
            level = _LEVELS[argument]
        elif re.fullmatch(r"-g([0-3]|line-tables-only|gdb|dwarf(-[345])?)?", argument):
            debug = argument != "-g0"
        elif _PASSED.fullmatch(argument):
            passed.append(argument)
        elif not _IGNORED.fullmatch(argument):
            raise _refuse(argument)
    return ClangArguments(tuple(passed), level, debug, tuple(directories))
