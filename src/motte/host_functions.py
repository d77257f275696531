"""Functions of Python's that guests may call, typed by their annotations.

    def log(level: motte.i32, text: motte.CString) -> None: ...

    machine.spawn(program, grants={"log": motte.host_function(log)})

A guest declares it ``void log(int level, const char *text) MOTTE_HOST("log")``.
"""

import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any, Final, NamedTuple

from motte.core import HostFunction as CoreHostFunction


class Word(NamedTuple):
    """How a value travels between guest and host: a letter of :mod:`motte.abi.prototypes`, or ``s`` for a text."""

    code: str


i8 = Annotated[int, Word("b")]
i16 = Annotated[int, Word("h")]
i32 = Annotated[int, Word("i")]
i64 = Annotated[int, Word("q")]
u8 = Annotated[int, Word("B")]
u16 = Annotated[int, Word("H")]
u32 = Annotated[int, Word("I")]
u64 = Annotated[int, Word("Q")]
f32 = Annotated[float, Word("f")]
f64 = Annotated[float, Word("d")]
Pointer = Annotated[int, Word("P")]
"""An address in the guest's memory."""

CString = Annotated[str, Word("s")]
"""A text of the guest's, ended by a NUL, copied and decoded as UTF-8 (``surrogateescape``); ``None`` for a null
pointer."""

_PLAIN: Final[dict[object, str]] = {int: "q", float: "d", bool: "?", None: "v", type(None): "v"}
_PARAMETER_KINDS: Final = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class HostFunction:
    """A callable that processes can be granted; made by :func:`host_function`.

    For example:

        @motte.host_function
        def log(level: motte.i32, text: motte.CString) -> None:
            print(level, text)

        plugin = machine.spawn(library, start=False, grants={"log": log})
    """

    __slots__ = ("callback", "core")

    def __init__(self, callback: Callable[..., object], core: CoreHostFunction) -> None:
        """``core`` calls ``callback``."""
        self.callback = callback
        self.core = core

    def __call__(self, *arguments: object) -> object:
        """Call it like any function."""
        return self.callback(*arguments)

    def __repr__(self) -> str:
        """For people."""
        return f"<motte host function {getattr(self.callback, '__name__', self.callback)!s}>"


def host_function(callback: Callable[..., object]) -> HostFunction:
    """Let guests that are granted it call ``callback``; also as a decorator.

    Each parameter and the result are annotated: ``motte.i8`` … ``motte.u64``, ``motte.f32``, ``motte.f64``, ``int`` (64
    bits, signed), ``float``, ``bool``, ``motte.Pointer``, ``motte.CString`` (parameters only), and ``None`` for no
    result.

    It runs on the thread that waits for the guest, or one of the event loop's executor if none does.  If it raises, the
    guest's call ends, and the exception reaches whoever made that call; a process that was started ends, and ``wait()``
    raises it.

    Raises ``TypeError`` for a parameter without a usable annotation.
    """
    if not callable(callback):
        raise TypeError(f"host_function: {callback!r} cannot be called")
    name = getattr(callback, "__name__", type(callback).__name__)
    hints = typing.get_type_hints(_function_of(callback), include_extras=True)
    parameters = list(inspect.signature(callback).parameters.values())
    for parameter in parameters:
        if parameter.kind not in _PARAMETER_KINDS:
            raise TypeError(f"{name}: {parameter.name}: a guest passes a fixed number of arguments, by position")
    codes = "".join(_code(hints.get(each.name, _MISSING), name, each.name) for each in parameters)
    result = _code(hints.get("return", _MISSING), name, "the result")
    if result == "s" or "v" in codes:
        raise TypeError(f"{name}: a text cannot be a result, nor nothing a parameter")
    names = tuple(parameter.name for parameter in parameters)
    return HostFunction(callback, CoreHostFunction(callback, result, codes, names, name))


_MISSING: Final = object()


def _function_of(callback: Callable[..., object]) -> Any:
    """What has the annotations."""
    if inspect.isroutine(callback) or inspect.isclass(callback):
        return callback
    return callback.__call__  # type: ignore[operator]


def _code(hint: object, function: str, what: str) -> str:
    for word in getattr(hint, "__metadata__", ()):
        if isinstance(word, Word):
            return word.code
    try:
        return _PLAIN[hint]
    except (KeyError, TypeError):
        shown = "it has no annotation" if hint is _MISSING else f"{hint!r} says nothing about what a guest passes"
        raise TypeError(f"{function}: {what}: {shown}") from None
