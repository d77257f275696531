"""Independent pieces of work in forked processes, as many at a time as there are CPUs.

The pieces already share everything in memory, and their results are bytes, so a
fork and a pipe are all it takes.  Where no process can be made, the work is done
one after the other in this one.
"""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from motte.errors import CompileError

_FAILED = b"E"
_DONE = b"D"


def run_forked(tasks: Sequence[Callable[[], bytes]]) -> list[bytes]:
    """The tasks' results, in order.  :class:`CompileError` of a task is raised here, as is the death of its process."""
    if len(tasks) == 1:
        return [tasks[0]()]
    results: list[bytes] = []
    waiting: list[tuple[int, int]] = []
    at_once = max(1, len(os.sched_getaffinity(0)))
    try:
        for task in tasks:
            if len(waiting) == at_once:
                results.append(_collect(*waiting.pop(0)))
            child = _start(task)
            if child is None:
                results += [_collect(*waiting.pop(0)) for _ in range(len(waiting))]
                results.append(task())
            else:
                waiting.append(child)
        while waiting:
            results.append(_collect(*waiting.pop(0)))
    finally:
        for process, pipe in waiting:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            os.close(pipe)
    return results


def _start(task: Callable[[], bytes]) -> tuple[int, int] | None:
    """A process that runs the task, and the pipe with its result; ``None`` if there can be no process."""
    read_end, write_end = os.pipe()
    try:
        process = os.fork()
    except OSError:
        os.close(read_end)
        os.close(write_end)
        return None
    if process == 0:
        os.close(read_end)
        _serve(task, write_end)
    os.close(write_end)
    return process, read_end


def _serve(task: Callable[[], bytes], pipe: int) -> NoReturn:
    """In the new process: run, write, and end without the parent's cleanup."""
    status = 1
    try:
        try:
            answer = _DONE + task()
        except CompileError as error:
            answer = _FAILED + json.dumps([str(error), error.diagnostics]).encode()
        except Exception as error:
            message = f"the compiler made an error of its own, please report it: {error}"
            answer = _FAILED + json.dumps([message, traceback.format_exc()]).encode()
        with os.fdopen(pipe, "wb") as stream:
            stream.write(answer)
        status = 0
    finally:
        os._exit(status)


def _collect(process: int, pipe: int) -> bytes:
    with os.fdopen(pipe, "rb") as stream:
        answer = stream.read()
    _, status = os.waitpid(process, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        raise CompileError(f"code generation was ended by {signal.Signals(-code).name}")
    if answer[:1] == _FAILED:
        message, diagnostics = json.loads(answer[1:])
        raise CompileError(message, diagnostics)
    if code != 0 or answer[:1] != _DONE:
        raise CompileError("code generation failed")
    return answer[1:]
