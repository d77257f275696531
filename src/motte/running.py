"""``motte.run``: one program, one run, one result; like ``subprocess.run``."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from motte.abi.faults import StopReason
from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import BuildOptions
from motte.card import Card, Shown
from motte.directories import GrantedDirectory
from motte.exit import Exit, Fault, Usage
from motte.frame import Frame
from motte.initial_strings import Argument
from motte.machine import Machine
from motte.quantities import Duration, Size
from motte.streams import CAPTURE, Input
from motte.translation import Source


@dataclass(frozen=True, slots=True)
class Completed(Shown):
    """A finished run."""

    reason: StopReason
    returncode: int
    """The guest's own exit status, or that of what stopped it: 124 a time limit, 139 a memory fault …"""

    stdout: bytes
    stderr: bytes
    fault: Fault | None
    usage: Usage
    message: str | None
    """One line about what stopped it; ``None`` after an ordinary exit."""

    backtrace: tuple[Frame, ...]
    """As in :class:`motte.Exit`."""

    def card(self) -> Card:
        """What rich consoles and notebooks show: how it ended."""
        return Exit(self.reason, self.returncode, self.fault, self.usage, self.message, self.backtrace).card()


def run(
    source: Source | Sequence[Source],
    args: Iterable[Argument] = (),
    *,
    options: BuildOptions | None = None,
    env: Mapping[str, str] | None = None,
    stdin: Input = None,
    directories: Iterable[GrantedDirectory] = (),
    memory: Size = DEFAULT_LIMITS.memory,
    time: Duration = DEFAULT_LIMITS.cpu_time,
    extra_time: Duration = None,
    wall_time: Duration = DEFAULT_LIMITS.wall_time,
    stack: Size = DEFAULT_LIMITS.native_stack,
    data_stack: Size = DEFAULT_LIMITS.data_stack,
    output_limit: Size = DEFAULT_LIMITS.output,
    open_files: int = DEFAULT_LIMITS.open_files,
    backtrace: int = DEFAULT_LIMITS.backtrace,
) -> Completed:
    """Compile ``source`` if needed, verify it, run it to its end, and return what came of it.

    What the guest does is a result and never an exception: look at ``returncode`` and
    ``fault``.  ``CompileError`` and ``Refused`` mean that nothing ran.  Ctrl-C kills the guest and
    raises ``KeyboardInterrupt``.  The parameters are those of :meth:`motte.Machine.load`
    and :meth:`motte.Machine.spawn`.

    >>> import motte
    >>> motte.run("examples/01_hello/hello.c").stdout  # doctest: +SKIP
    b'Hello from inside the motte.\\n'
    """
    with Machine(memory=memory) as machine:
        program = machine.load(source, options)
        with machine.spawn(
            program,
            args,
            env=env,
            stdin=stdin,
            stdout=CAPTURE,
            stderr=CAPTURE,
            directories=directories,
            time=time,
            extra_time=extra_time,
            wall_time=wall_time,
            stack=stack,
            data_stack=data_stack,
            output_limit=output_limit,
            open_files=open_files,
            backtrace=backtrace,
        ) as process:
            end: Exit = process.wait()
            return Completed(
                reason=end.reason,
                returncode=end.returncode,
                stdout=process.stdout,
                stderr=process.stderr,
                fault=end.fault,
                usage=end.usage,
                message=end.message,
                backtrace=end.backtrace,
            )
