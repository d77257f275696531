"""A machine: a common store of memory, and the programs and processes that live on it.

The machine holds and delegates: how sources become an artifact is :mod:`motte.build`, how
that becomes executable :mod:`motte.program`, what one run is :mod:`motte.process`.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from motte.abi.layout import PAGE_SIZE
from motte.abi.limits import DEFAULT_LIMITS
from motte.bank import SpaceBank, pages_of_limit
from motte.bank_tree import Account, BankTree
from motte.build import Progress, artifact_of, name_of
from motte.build_options import BuildOptions, Checked
from motte.core import Image, Scheduler
from motte.core import Meter as CoreMeter
from motte.core import Process as CoreProcess
from motte.directories import Directory, GrantedDirectory, granted_directories, open_directories
from motte.errors import Closed, InvalidCap
from motte.initial_strings import Argument, argument_strings, environment_strings
from motte.keeper import Keeper, Region
from motte.keeping import Keeping, call_keeper
from motte.links import Links
from motte.listener import Listener
from motte.meter import Meter, MeterTree
from motte.observer import Observer
from motte.process import HOLDER_BYTES, Process
from motte.program import Program
from motte.quantities import Duration, Size, size_bytes
from motte.resources import Resources
from motte.run_limits import RunLimits, run_limits
from motte.streams import CAPTURE, Input, Output, Streams
from motte.translation import Source

if TYPE_CHECKING:
    from types import TracebackType


@dataclass(frozen=True, slots=True)
class MachineStatistics:
    """What a machine holds at one moment."""

    programs: int
    processes: int

    memory: int
    """Bytes that all processes together hold."""

    peak_memory: int
    """Most bytes that they held at once."""

    memory_limit: int | None


class Machine:
    """Programs and processes that share one limit on memory.

    It is a context manager: leaving it kills its processes and unloads its programs.
    Safe to use from several threads.
    """

    def __init__(self, *, memory: Size = DEFAULT_LIMITS.memory, workers: int | None = None) -> None:
        """``workers`` is how many processes run at the same moment (default: the CPUs that this process may use).

        ``memory`` is the most that all processes together may hold at once (default 1 GiB; ``None``: no limit).

        Beyond it a guest's ``malloc`` returns NULL.  It covers program images, stacks, heaps and page tables.
        """
        limit = size_bytes(memory, "memory")
        self._lock = threading.Lock()  # guards the last five fields, and the banks' lists of processes
        self._scheduler = Scheduler(workers or len(os.sched_getaffinity(0)))
        self._listener = Listener(
            self._scheduler, on_exit=self._on_exit, on_question=self._on_question, on_dry=self._on_dry
        )
        self._banks = BankTree(None if limit is None else limit // PAGE_SIZE, self._lock, self._listener.start)
        self._meters = MeterTree(self._scheduler.root, self._listener.start)
        self.links = Links()
        self._at_close: dict[object, Callable[[], object]] = {}
        self._by_identity: dict[int, Process] = {}
        self._programs: set[Program] = set()
        self._processes: set[Process] = set()
        self._closed = False

    @property
    def bank(self) -> SpaceBank:
        """The bank that everything of this machine is drawn from, with all rights; its limit is ``memory``."""
        self._check_open()
        return SpaceBank(self._banks, self._banks.root)

    @property
    def meter(self) -> Meter:
        """The meter of all processor time of this machine."""
        self._check_open()
        return self._meters.root

    @property
    def resources(self) -> Resources:
        """Bank and meter of this machine."""
        return Resources(self.bank, self.meter)

    def load(
        self,
        source: Source | Sequence[Source],
        options: BuildOptions | None = None,
        *,
        checked: Checked | None = None,
        progress: Progress | None = None,
    ) -> Program:
        """Compile (or take from the cache), link, verify, and make executable.

        ``source`` is a path (``.c .cc .cpp .ll .bc .motte``), bytes (an artifact, bitcode, or LLVM assembly),
        or a list of them that make one program.  ``checked`` says where pointers that are made from integers are
        tested, in the place of :attr:`BuildOptions.checked`; an artifact is as it was compiled.

        Raises ``CompileError`` for what does not compile or link, ``Refused`` for what does not verify,
        ``LimitReached`` for what is too large, ``OSError`` for an unreadable file.
        """
        self._check_open()
        sources = [source] if isinstance(source, str | bytes | os.PathLike) else list(source)
        options = options or BuildOptions()
        if checked is not None:
            options = replace(options, checked=checked)
        artifact = artifact_of(sources, options, progress=progress)
        with self._banks.named_refusals():
            program = Program(artifact, name=name_of(sources), bank=self._banks.root.core)
        with self._lock:
            if not self._closed:
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
        keeper: Keeper | None = None,
        regions: Sequence[Region] = (),
        start: bool = True,
        stdin: Input = None,
        stdout: Output = CAPTURE,
        stderr: Output = CAPTURE,
        directories: Iterable[GrantedDirectory] = (),
        time: Duration = DEFAULT_LIMITS.cpu_time,
        extra_time: Duration = None,
        wall_time: Duration = DEFAULT_LIMITS.wall_time,
        stack: Size = DEFAULT_LIMITS.native_stack,
        data_stack: Size = DEFAULT_LIMITS.data_stack,
        output_limit: Size = DEFAULT_LIMITS.output,
        open_files: int = DEFAULT_LIMITS.open_files,
        backtrace: int = DEFAULT_LIMITS.backtrace,
    ) -> Process:
        """Start a process of ``program``; it runs at once, on the machine's workers.

        ``args`` are the arguments after the program's name.  The environment is ``env`` and nothing else;
        the only files are standard input and output and what lies in ``directories``.  ``time`` limits CPU
        time; with ``extra_time`` the process is stopped that much later, but still counts as stopped.
        ``stack`` is the native stack, ``data_stack`` that of addressable locals.  ``backtrace`` is how many calls
        the backtrace of its end tells of, 0 for none.

        ``bank`` pays for the process, and ends it when it is destroyed; by default the machine's own.  A size makes a
        bank of that size for this process alone, below the machine's.  ``meter`` is whose time it uses; by default
        the machine's own; ``resources`` is both in one.  ``keeper`` is asked about its faults
        (:mod:`motte.keeper`), those of ``regions`` about faults in their range of the window.  With ``start=False`` it
        runs from :meth:`Process.start` on.

        Raises ``ValueError`` and ``TypeError`` for unusable values, ``OSError`` for directories that
        are not there, ``LimitReached`` where the bank's memory does not suffice to start.
        """
        if resources is not None:
            if bank is not None or meter is not None:
                raise TypeError("spawn: either resources, or bank and meter")
            bank, meter = resources.bank, resources.meter
        keeping = Keeping(keeper, regions)
        meter = self._own_meter(meter)
        arguments = argument_strings(program.name, args)
        environment = environment_strings(env or {})
        granted = granted_directories(directories)
        account, private = self._account(bank)
        undo: list[Callable[[], None]] = []  # not an ExitStack: that alone would be a fifth of the time of a start
        try:
            if private:
                undo.append(partial(self._banks.discard, account))
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
            )
            image = self._banks.draw(0, partial(program.acquire, limits.data_stack))
            undo.append(program.release)
            streams = Streams(stdin, stdout, stderr)
            undo.append(streams.close)
            core = self._create(account, meter, image, limits, arguments, environment, streams, granted)
            undo.append(core.close)
            streams.attached()
            with self._lock:
                self._check_open()
                self._banks.require_alive(account)
                process = Process(
                    core,
                    program,
                    streams,
                    limits,
                    self._forget,
                    keeping=keeping,
                    meter=meter,
                    listener=self._listener,
                    links=self.links,
                )
                self._processes.add(process)
                self._by_identity[core.identity] = process
                self._banks.enter(process, account, private=private)
            undo = [process.close]
            if start:
                process.start()
        except BaseException:
            for step in reversed(undo):
                step()
            raise
        if meter.is_dry_for_good():  # its keeperless end was announced before this process was there
            process.end_out_of_time()
        return process

    def observer(self, name: str = "observer") -> Observer:
        """A party to links and monitors that stands for Python code; it costs nothing."""
        self._check_open()
        return Observer(self.links, name)

    def statistics(self) -> MachineStatistics:
        """What the machine holds now: a frozen record."""
        with self._lock:
            self._check_open()
            memory = SpaceBank(self._banks, self._banks.root).statistics()
            return MachineStatistics(
                programs=len(self._programs),
                processes=len(self._processes),
                memory=memory.used,
                peak_memory=memory.peak,
                memory_limit=memory.limit,
            )

    def trim(self) -> None:
        """Free what is kept only to start later processes faster: windows of earlier ones, at most 256 in all.

        They take about 30 KiB each, which no bank pays for.
        """
        with self._lock:
            self._check_open()
            programs = list(self._programs)
        for program in programs:
            program.trim()

    def close(self) -> None:
        """Kill all processes, unload all programs, destroy all banks; harmless when repeated."""
        with self._lock:
            self._closed = True
            processes, programs = list(self._processes), list(self._programs)
            actions = list(self._at_close.values())
        for action in actions:
            action()
        for process in processes:
            process.close()
        for program in programs:
            program.close()
        with suppress(InvalidCap):  # it was destroyed before
            self._banks.destroy(self._banks.root)
        self._scheduler.close()
        self._listener.join()
        with self._lock:
            self._programs.clear()

    def at_close(self, key: object, action: Callable[[], object]) -> None:
        """For the package: call ``action`` when the machine is about to be closed.  Raises ``Closed`` if it is."""
        with self._lock:
            self._check_open()
            self._at_close[key] = action

    def not_at_close(self, key: object) -> None:
        """For the package: there is no need any more."""
        with self._lock:
            self._at_close.pop(key, None)

    def __enter__(self) -> "Machine":
        """The machine itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def _account(self, bank: SpaceBank | Size) -> tuple[Account, bool]:
        """Who pays, and whether that bank was made for this process alone."""
        self._check_open()
        if bank is None:
            return self._banks.root, False
        if isinstance(bank, SpaceBank):
            return bank.account_to_draw_from(self._banks), False
        return self._banks.sub(self._banks.root, pages_of_limit(bank, "bank"), None), True

    def _create(  # noqa: PLR0917 (all that a process is made of, in the order of the core's own list)
        self,
        account: Account,
        meter: Meter,
        image: Image,
        limits: RunLimits,
        arguments: list[bytes],
        environment: list[bytes],
        streams: Streams,
        directories: tuple[Directory, ...],
    ) -> CoreProcess:
        create = partial(
            CoreProcess,
            image,
            arguments=arguments,
            environment=environment,
            bank=account.core,
            holder_bytes=HOLDER_BYTES,
            meter=meter.core,
            native_stack=limits.native_stack,
            cpu_ns=limits.cpu_time_until_stop_ns,
            wall_ns=limits.wall_time_ns,
            output_limit=limits.output,
            open_files=limits.open_files,
            streams=streams.descriptors,
        )
        if not directories:
            return self._banks.draw(1, partial(create, directories=()))
        with open_directories(directories) as opened:
            return self._banks.draw(1, partial(create, directories=opened))

    def _own_meter(self, meter: Meter | None) -> Meter:
        if meter is None:
            return self._meters.root
        if not isinstance(meter, Meter):
            raise TypeError(f"meter: expected a Meter or None; got {type(meter).__name__}")
        if not meter.belongs_to(self._meters):
            raise ValueError("meter: it is a meter of another machine")
        return meter

    def _found(self, identity: int) -> Process | None:
        with self._lock:
            return self._by_identity.get(identity)

    def _on_exit(self, identity: int) -> None:
        if process := self._found(identity):
            process.tell_end()

    def _on_question(self, identity: int, spent_ns: int) -> None:
        process = self._found(identity)
        if process is not None:
            process.ask_keepers(lambda bank, pages: self._banks.ask_keeper(bank, pages, process), spent_ns)

    def _on_dry(self, core: CoreMeter) -> None:
        """The nearest keeper is asked; without one nothing would ever move below this meter again."""
        dry = self._meters.find(core)
        if dry is None:
            return
        if keeper := dry.nearest_keeper():
            call_keeper(keeper, dry)
            return
        with self._lock:
            below = [process for process in self._processes if process.meter.is_below(dry)]
        for process in below:
            process.end_out_of_time()

    def _forget(self, process: Process) -> None:
        with self._lock:
            self._processes.discard(process)
            self._by_identity.pop(process.identity, None)
            self._banks.leave(process)

    def _check_open(self) -> None:
        if self._closed:
            raise Closed("the machine is closed")
