"""``motte.run``: one program, one run, one result; like ``subprocess.run``.  And the same in event loops."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

from motte.abi.limits import DEFAULT_LIMITS
from motte.build_options import BuildOptions
from motte.completed import Completed, completed
from motte.directories import GrantedDirectory
from motte.initial_strings import Argument
from motte.isolation import Isolation
from motte.machine import Machine
from motte.quantities import Duration, Size
from motte.streams import CAPTURE, Input, Output
from motte.time_and_chance import Clock, Random
from motte.translation import Source

if TYPE_CHECKING:
    from motte.spawn_settings import RunSettings


def run(
    source: Source | Sequence[Source],
    args: Iterable[Argument] = (),
    *,
    options: BuildOptions | None = None,
    env: Mapping[str, str] | None = None,
    stdin: Input = None,
    stdout: Output = CAPTURE,
    stderr: Output = CAPTURE,
    directories: Iterable[GrantedDirectory] = (),
    clock: Clock = "real",
    random: Random = "real",
    memory: Size = DEFAULT_LIMITS.memory,
    time: Duration = DEFAULT_LIMITS.cpu_time,
    extra_time: Duration = None,
    wall_time: Duration = DEFAULT_LIMITS.wall_time,
    stack: Size = DEFAULT_LIMITS.native_stack,
    data_stack: Size = DEFAULT_LIMITS.data_stack,
    output_limit: Size = DEFAULT_LIMITS.output,
    open_files: int = DEFAULT_LIMITS.open_files,
    backtrace: int = DEFAULT_LIMITS.backtrace,
    isolation: Isolation = "fault",
) -> Completed:
    """Compile ``source`` if needed, verify it, run it to its end, and return what came of it.

    What the guest does is a result and never an exception: look at ``returncode`` and
    ``fault``.  ``CompileError`` and ``Refused`` mean that nothing ran.  Ctrl-C kills the guest and
    raises ``KeyboardInterrupt``.  The parameters are those of :meth:`motte.Machine.load`
    and :meth:`motte.Machine.spawn`; an exception in a callback for a stream kills the guest, and is raised here.

    >>> import motte
    >>> motte.run("examples/01_hello/hello.c").stdout  # doctest: +SKIP
    b'Hello from inside the motte.\\n'
    """
    with Machine(memory=memory, isolation=isolation) as machine:
        program = machine.load(source, options)
        program.require_main()
        with machine.spawn(
            program,
            args,
            env=env,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            directories=directories,
            clock=clock,
            random=random,
            time=time,
            extra_time=extra_time,
            wall_time=wall_time,
            stack=stack,
            data_stack=data_stack,
            output_limit=output_limit,
            open_files=open_files,
            backtrace=backtrace,
        ) as process:
            return completed(process, process.wait())


async def run_async(
    source: Source | Sequence[Source],
    args: Iterable[Argument] = (),
    *,
    options: BuildOptions | None = None,
    memory: Size = DEFAULT_LIMITS.memory,
    **settings: "Unpack[RunSettings]",
) -> Completed:
    """The same in an event loop, which goes on meanwhile: ``done = await motte.run_async("filter.c", stdin=…)``.

        done = await motte.run_async("wordcount.c", ["-l"], stdin=b"some text")

    Whoever cancels it has killed the guest, and released all that it held, when the cancellation arrives.  To run many
    guests, make a :class:`motte.Machine` for all of them, and use :meth:`motte.Machine.run_async`.
    """
    import asyncio  # as much as all the rest of a short run

    machine = Machine(memory=memory)
    try:
        program = await asyncio.to_thread(machine.load, source, options)
        program.require_main()
        return await machine.run_async(program, args, **settings)
    finally:
        await asyncio.shield(asyncio.to_thread(machine.close))
