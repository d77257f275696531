"""A machine: a common store of memory, and the programs and processes that live on it.

The machine holds and delegates: how sources become an artifact is :mod:`motte.build`, how
that becomes executable :mod:`motte.program`, how a process is made :mod:`motte.process_making`,
what one is :mod:`motte.process`.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from motte.abi.limits import DEFAULT_LIMITS
from motte.bank import SpaceBank
from motte.build import Progress, artifact_for, name_of
from motte.build_options import BuildOptions, Checked
from motte.card import Shown
from motte.core import Scheduler
from motte.directories import GrantedDirectory, granted_directories
from motte.errors import Closed
from motte.expected import expect
from motte.initial_strings import Argument, argument_strings, environment_strings
from motte.isolation import Isolation, checked_isolation
from motte.keeper import Keeper, Region
from motte.keeping import keeping_of
from motte.machine_end import MachineEnd
from motte.machine_runs import MachineRuns
from motte.meter import Meter
from motte.observer import Observer
from motte.population import Population
from motte.process import Process
from motte.process_making import make_process, placed, start_process
from motte.program import Program
from motte.quantities import Duration, Size, duration_ns, size_bytes
from motte.resources import Resources
from motte.run_limits import run_limits
from motte.source_lines import SourceLines
from motte.streams import CAPTURE, Input, Output, streams_of
from motte.time_and_chance import Clock, Random, time_and_chance
from motte.translation import Source
from motte.unique import Unique
from motte.watching import Watching

if TYPE_CHECKING:
    from motte.capability import ProcessGrants
    from motte.channel import Sender
    from motte.links import Links
    from motte.observation import Observable
    from motte.pool import Pool


@dataclass(frozen=True, slots=True)
class MachineStatistics:
    """What a machine holds at one moment.

    For example:

        print(machine.statistics().processes)
    """

    programs: int
    processes: int

    deep_sleepers: int
    """How many of these have waited for so long that the host has taken a part of their memory back."""

    memory: int
    """Bytes that all processes together hold."""

    peak_memory: int
    """Most bytes that they held at once."""

    memory_limit: int | None


class Machine(MachineEnd, Watching, MachineRuns, Shown, Unique):
    """Programs and processes that share one limit on memory.

    It is a context manager: leaving it kills its processes and unloads its programs.
    Safe to use from several threads.
    """

    def __init__(
        self,
        *,
        memory: Size = DEFAULT_LIMITS.memory,
        workers: int | None = None,
        deep_sleep: Duration = DEFAULT_LIMITS.deep_sleep,
        isolation: Isolation = "fault",
        observable: "Observable | None" = None,
    ) -> None:
        """``workers`` is how many processes run at the same moment (default: the CPUs that this process may use).

        ``memory`` is the most that all processes together may hold at once (default 1 GiB; ``None``: no limit).

        Beyond it a guest's ``malloc`` returns NULL.  It covers program images, stacks, heaps and page tables.

        ``deep_sleep`` is for how long a process has waited when the host takes the page of its stack back (default 1 s,
        at least 50 µs, ``None``: never); that page stays charged, and comes again when the process wakes.

        ``isolation`` is where the code of processes runs for which nothing else is said: ``"fault"``, in this OS
        process, confined to their windows; or ``"both"``, confined, and in a separate OS process each;
        ``"os"``, native code, in such processes; ``"auto"``, as ``"fault"``, and what cannot be confined as ``"os"``.

        ``observable`` lets this user, and root, look at the machine with ``motte top``; with ``"kill"`` they may kill
        processes there, too.  Without it, the environment's ``MOTTE_OBSERVABLE`` says so (``1``, ``kill``).
        """
        limit = size_bytes(memory, "memory")
        self._scheduler = Scheduler(
            workers or len(os.sched_getaffinity(0)), deep_sleep_ns=duration_ns(deep_sleep, "deep_sleep")
        )
        self._population = Population(self._scheduler, limit, checked_isolation(isolation))
        self._lock = self._population.lock  # guards the next two
        self._at_close: dict[object, Callable[[], object]] = {}
        self._programs: WeakSet[Program] = WeakSet()  # one that nobody refers to has given everything back
        if observable or "MOTTE_OBSERVABLE" in os.environ:
            self._let_observe(observable)

    @property
    def bank(self) -> SpaceBank:
        """The bank that everything of this machine is drawn from, with all rights; its limit is ``memory``."""
        self._check_open()
        return self._population.banks.root_handle()

    @property
    def meter(self) -> Meter:
        """The meter of all processor time of this machine."""
        self._check_open()
        return self._population.meters.root

    @property
    def resources(self) -> Resources:
        """Bank and meter of this machine."""
        return Resources(self.bank, self.meter)

    @property
    def links(self) -> "Links":
        """For the package: all links among its processes."""
        return self._population.links

    def load(
        self,
        source: Source | Sequence[Source],
        options: BuildOptions | None = None,
        *,
        checked: Checked | None = None,
        exports: bool | None = None,
        isolation: Isolation | None = None,
        progress: Progress | None = None,
    ) -> Program:
        """Compile (or take from the cache), link, verify, and make executable.

        ``source`` is a path (``.c .cc .cpp .ll .bc .motte``), bytes (an artifact, bitcode, or LLVM assembly),
        or a list of them that make one program.  ``checked`` says where pointers that are made from integers are
        tested, in the place of :attr:`BuildOptions.checked`, and ``exports`` that functions of a program with a
        ``main`` can be called, too, in the place of :attr:`BuildOptions.exports`; an artifact is as it was compiled.
        ``isolation`` says what it is compiled for, by default as the machine says: ``"os"`` without confinement, for OS
        processes; ``"auto"`` so only what cannot be confined (:attr:`Program.isolation_note` says why); else confined.

        Raises ``CompileError`` for what does not compile or link, ``Refused`` for what does not verify,
        ``LimitReached`` for what is too large, ``OSError`` for an unreadable file.
        """
        self._check_open()
        expect("options", options, BuildOptions, type(None))
        if not isinstance(source, str | bytes | os.PathLike):
            expect("source", source, str, bytes, os.PathLike, list, tuple)
        sources = [source] if isinstance(source, str | bytes | os.PathLike) else list(source)
        options = options or BuildOptions()
        if checked is not None:
            options = replace(options, checked=checked)
        if exports is not None:
            options = replace(options, exports=exports)
        wanted = self._population.isolation if isolation is None else checked_isolation(isolation)
        artifact, options, note = artifact_for(wanted, sources, options, progress=progress)
        program = self._adopt(artifact, name_of(sources), native=options.native)
        program.sources = SourceLines(sources)
        program.isolation_note = note
        if not options.native:
            program.made_natively = partial(self.load, sources, options, isolation="os", progress=progress)
        return program

    def _adopt(self, artifact: bytes, name: str, *, native: bool = False) -> Program:
        with self._population.banks.named_refusals():
            program = Program(artifact, name=name, bank=self._population.banks.root.core, native=native)
        with self._lock:
            if not self._population.closed:
                self._programs.add(program)
                return program
        program.close()
        raise Closed("the machine was closed while it loaded a program")

    def spawn(
        self,
        program: Program,
        args: Iterable[Argument] = (),
        *,
        env: Mapping[str, str] | None = None,
        bank: SpaceBank | Size = None,
        meter: Meter | None = None,
        resources: Resources | None = None,
        keeper: "Keeper | Sender | None" = None,
        regions: Sequence[Region] = (),
        start: bool = True,
        stdin: Input = None,
        stdout: Output = CAPTURE,
        stderr: Output = CAPTURE,
        directories: Iterable[GrantedDirectory] = (),
        grants: Mapping[str, object] | None = None,
        clock: Clock = "real",
        random: Random = "real",
        time: Duration = DEFAULT_LIMITS.cpu_time,
        extra_time: Duration = None,
        wall_time: Duration = DEFAULT_LIMITS.wall_time,
        stack: Size = DEFAULT_LIMITS.native_stack,
        data_stack: Size = DEFAULT_LIMITS.data_stack,
        output_limit: Size = DEFAULT_LIMITS.output,
        open_files: int = DEFAULT_LIMITS.open_files,
        backtrace: int = DEFAULT_LIMITS.backtrace,
        processes: int = DEFAULT_LIMITS.processes,
        isolation: Isolation | None = None,
    ) -> Process:
        """Start a process of ``program``; it runs at once, on the machine's workers.

        ``args`` are the arguments after the program's name.  The environment is ``env`` and nothing else;
        the only files are standard input and output and what lies in ``directories``.  ``time`` limits CPU
        time; with ``extra_time`` the process is stopped that much later, but still counts as stopped.
        ``stack`` is the native stack, ``data_stack`` that of addressable locals.  ``backtrace`` is how many calls
        the backtrace of its end tells of, 0 for none.  ``processes`` is how many there may be at once of it and those
        that it starts itself.  ``isolation`` is where its code runs, and theirs; by default as the machine says.

        ``bank`` pays for the process, and ends it when it is destroyed; by default the machine's own.  A size makes a
        bank of that size for this process alone, below the machine's.  ``meter`` is whose time it uses; by default
        the machine's own; ``resources`` is both in one.  ``keeper`` is asked about its faults
        (:mod:`motte.keeper`), those of ``regions`` about faults in their range of the window; a ``Sender`` is a channel
        at which a process answers.  With ``start=False`` it
        runs from :meth:`Process.start` on.

        ``grants`` is what it may use from the beginning, by names of at most 63 bytes: copies of capabilities, and
        capabilities to banks, meters, programs and processes of this machine.  ``clock`` and ``random`` are grants by
        these names (:mod:`motte.time_and_chance`): the host's clock, the same in whole milliseconds (``"coarse"``) or
        none; the host's random numbers, those that follow from a seed, or none.  What it starts itself has neither,
        unless it grants them on.

        A process that was not started can have its functions called instead: :meth:`Process.function`.

        Raises ``BadState`` if the program has no ``main`` and is to be started,
        ``ValueError`` and ``TypeError`` for unusable values, ``OSError`` for directories that
        are not there, ``LimitReached`` where the bank's memory does not suffice to start.
        """
        expect("program", program, Program)
        program, isolation = placed(program, isolation, self._population.isolation)
        if resources is not None:
            expect("resources", resources, Resources)
            if bank is not None or meter is not None:
                raise TypeError("spawn: either resources, or bank and meter")
            bank, meter = resources.bank, resources.meter
        population = self._population
        if keeper is not None or regions:
            keeper, regions = self._keepers(keeper, regions)
        keeping = keeping_of(keeper, regions)
        meter = population.own_meter(meter)
        arguments = argument_strings(program.argument, args)
        environment = environment_strings(env) if env else ()
        granted = granted_directories(directories)
        capabilities = self._checked_grants(grants) if grants else ()
        ambient = time_and_chance(clock, random, grants or ())
        account = population.account(bank)
        try:
            limits = run_limits(
                memory=account.effective_limit,
                time=time,
                extra_time=extra_time,
                wall_time=wall_time,
                stack=stack,
                data_stack=data_stack,
                output_limit=output_limit,
                open_files=open_files,
                backtrace=backtrace,
                processes=processes,
                isolation=isolation,
            )
            streams = streams_of(self._scheduler, stdin, stdout, stderr)
            process = make_process(
                population,
                account,
                meter,
                program,
                limits,
                keeping,
                arguments,
                environment,
                streams,
                granted,
                capabilities,
                ambient,
            )
        except BaseException:
            population.banks.discard_private(account)
            raise
        if start:
            start_process(process, capabilities)
        if population.is_out_of_time(meter):
            process.end_out_of_time()
        return process

    def pool(
        self,
        program: Program,
        args: Iterable[Argument] = (),
        *,
        warm: int = 8,
        prepare: Callable[[Process], object] | None = None,
        **options: Any,
    ) -> "Pool":
        """Processes of ``program`` that are made before anybody wants them; each is handed out once.

        ``warm`` is how many there are to be ready, from 1 to 1,024.  Each is made as ``spawn`` makes one with these
        arguments and ``options``, and does not run before whoever checks it out has it run.  ``prepare`` is called with
        each when it was made: it may bind functions, and call those that begin what every use needs.

        Raises ``ValueError`` and ``TypeError`` for unusable values; what cannot be made is told at a checkout.
        """
        from motte.pool import create_pool

        self._check_open()
        return create_pool(partial(self.spawn, program, tuple(args), **options, start=False), warm, prepare, self)

    def observer(self, name: str = "observer") -> Observer:
        """A party to links and monitors that stands for Python code; it costs nothing."""
        self._check_open()
        return Observer(self.links, name)

    def statistics(self) -> MachineStatistics:
        """What the machine holds now: a frozen record."""
        memory = self.bank.statistics()
        with self._lock:
            self._check_open()
            return MachineStatistics(
                programs=sum(not program.is_closed for program in self._programs),
                processes=len(self._population),
                deep_sleepers=self._scheduler.deep_sleepers,
                memory=memory.used,
                peak_memory=memory.peak,
                memory_limit=memory.limit,
            )

    def trim(self) -> None:
        """Free what is kept only to start later processes faster: windows of earlier ones, at most 256 in all.

        They take about 17 KiB each, which no bank pays for.
        """
        self._check_open()
        with self._lock:
            programs = list(self._programs)
        for program in programs:
            program.trim()

    def _keepers(
        self, keeper: "Keeper | Sender | None", regions: Sequence[Region]
    ) -> tuple[Keeper | None, Sequence[Region]]:
        """With those for channels: they are asked by messages."""
        from motte.services.keeper import callable_keeper, callable_region

        population = self._population
        return callable_keeper(population, keeper), [callable_region(population, region) for region in regions]

    def _checked_grants(self, grants: Mapping[str, object]) -> "ProcessGrants":
        from motte.capability import checked_process_grants

        return checked_process_grants(grants, self._population)

    def _check_open(self) -> None:
        self._population.require_open()
