"""How a process is opened for calls, and its functions are bound: what :meth:`motte.Process.function` does.

The calls themselves are the core's (``core/function_call.h``): nothing of Python runs in one but what converts
arguments.
"""

from typing import TYPE_CHECKING, Never

from motte.abi.faults import StopReason
from motte.core import Function
from motte.errors import Exited, GuestFault, InternalError, LimitReached
from motte.prototype import Prototype, parsed_prototype

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.exit import Exit
    from motte.process import Process

_LIMITS = (StopReason.CPU_LIMIT, StopReason.WALL_LIMIT, StopReason.OUTPUT_LIMIT)


def open_for_calls(process: "Process", core: "CoreProcess") -> tuple[Function, int]:
    """From now on its functions can be called; the first is the one that is returned, with this number and a 1.

    It prepares the process's C library and runs its constructors.
    """
    core.open()
    plan = process.program.plan
    start = Function(
        core,
        plan.entry_offset,
        "v",
        "PK",
        ("block", "is_called"),
        "the start",
        "",
        None,
        process.raise_end,
        call_function,
    )
    return start, plan.data_stack(process.limits.data_stack).low


def bound(process: "Process", core: "CoreProcess", name: str, declaration: str | None) -> Function:
    """The function that the program exports by this name."""
    offset, prototype = _found(process, name, declaration)
    document = f"{prototype.declaration}\n\nA function of {process.program.name}."
    try:
        return Function(
            core,
            offset,
            prototype.result.code,
            prototype.codes,
            prototype.names,
            prototype.name,
            document,
            prototype.signature,
            process.raise_end,
            call_function,
        )
    except ValueError as error:
        raise ValueError(
            f"{prototype.declaration}: the function takes other parameters"
        ) from error  # the artifact lies


async def call_function(function: Function, arguments: tuple[object, ...], named: dict[str, object]) -> object:
    """What :meth:`Function.call_async` awaits."""
    from motte.awaiting import call_function as awaited  # late: it takes asyncio

    return await awaited(function, arguments, named)


def _found(process: "Process", name: str, declaration: str | None) -> tuple[int, Prototype]:
    """Code offset and prototype.  Raises ``LookupError`` and ``TypeError``."""
    program = process.program
    known = program.prototype(name)
    if known is None:
        raise LookupError(f"{program.name} exports no function {name!r}: {program.export_hint(name)}")
    offset, prototype = known
    if isinstance(prototype, str):
        raise TypeError(f"{name}: {prototype}")
    if declaration is None:
        return offset, prototype
    given = parsed_prototype(declaration)
    if not given.is_like(prototype):
        raise ValueError(f"{given.declaration}: the function takes other parameters: {prototype.declaration}")
    return offset, given


def raise_end(name: str, in_call: bool, end: "Exit", program: str) -> Never:
    """What the end of a process means to who calls its function ``name``: in this call, or before."""
    message = end.message or f"the process has exited with status {end.returncode}"
    if not in_call:
        raise Exited(f"{name}: the process of {program} has ended: {message}")
    words = f"{name}: {message}"
    if end.reason in (StopReason.FAULTED, StopReason.SIGNALLED):
        raise GuestFault(words, end)
    if end.reason in _LIMITS:
        raise LimitReached(words)
    if end.reason == StopReason.INTERNAL:
        raise InternalError(words)
    raise Exited(words)
