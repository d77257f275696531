"""Independent pieces of work in forked processes, as many at a time as there are CPUs.

The pieces already share everything in memory, and their results are bytes, so a
fork and a pipe are all it takes.  Where no process can be made, the work is done
one after the other in this one; unless it is work that gives up rights, which only
a process of its own can do.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from motte.abi.native_only import NativeOnly
from motte.errors import CompileError

_FAILED = b"E"
_DONE = b"D"
_MOST_SAID = 1 << 16


class _Forked(NamedTuple):
    """A process that runs a task."""

    process: int
    pipe: int
    """Its result."""
    messages: int
    """A file with what it wrote to its standard error, which is where LLVM complains."""


def run_forked(tasks: Sequence[Callable[[], bytes]], *, always: bool = False) -> list[bytes]:
    """The tasks' results, in order.  :class:`CompileError` of a task is raised here, as is the death of its process.

    A single task needs no process, unless tasks ``always`` have one.
    """
    if len(tasks) == 1 and not always:
        return [tasks[0]()]
    results: list[bytes] = []
    waiting: list[_Forked] = []
    at_once = max(1, len(os.sched_getaffinity(0)))
    try:
        for task in tasks:
            if len(waiting) == at_once:
                results.append(_collect(waiting.pop(0)))
            child = _start(task)
            if child is None and always:
                raise CompileError("the compiler cannot make the process that it needs")
            if child is None:
                results += [_collect(waiting.pop(0)) for _ in range(len(waiting))]
                results.append(task())
            else:
                waiting.append(child)
        while waiting:
            results.append(_collect(waiting.pop(0)))
    finally:
        for child in waiting:
            os.kill(child.process, signal.SIGKILL)
            os.waitpid(child.process, 0)
            os.close(child.pipe)
            os.close(child.messages)
    return results


def _start(task: Callable[[], bytes]) -> _Forked | None:
    """``None`` if there can be no process."""
    read_end, write_end = os.pipe()
    messages = os.memfd_create("messages")
    try:
        process = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        os.close(messages)
        return None
    if process == 0:
        os.close(read_end)
        os.dup2(messages, 2)
        _serve(task, write_end)
    os.close(write_end)
    return _Forked(process, read_end, messages)


def _serve(task: Callable[[], bytes], pipe: int) -> NoReturn:
    """In the new process: run, write, and end without the parent's cleanup."""
    status = 1
    try:
        try:
            answer = _DONE + task()
        except CompileError as error:
            answer = _FAILED + json.dumps([str(error), error.diagnostics, error.native_only]).encode()
        except Exception as error:
            message = f"the compiler made an error of its own, please report it: {error}"
            answer = _FAILED + json.dumps([message, traceback.format_exc(), None]).encode()
        with os.fdopen(pipe, "wb") as stream:
            stream.write(answer)
        status = 0
    finally:
        os._exit(status)


def _collect(child: _Forked) -> bytes:
    with os.fdopen(child.pipe, "rb") as stream, os.fdopen(child.messages, "rb") as messages:
        answer = stream.read()
        _, status = os.waitpid(child.process, 0)
        said = os.pread(messages.fileno(), _MOST_SAID, 0).decode("utf-8", "replace").strip()
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        raise CompileError(f"code generation was ended by {signal.Signals(-code).name}", said)
    if answer[:1] == _FAILED:
        message, diagnostics, reason = json.loads(answer[1:])
        raise CompileError(message, diagnostics, native_only=None if reason is None else NativeOnly(reason))
    if code != 0 or answer[:1] != _DONE:
        complaint = next((line for line in said.splitlines() if "error: " in line), "")
        raise CompileError(f"code generation failed{': ' if complaint else ''}{complaint[:300]}", said)
    return answer[1:]
