"""A program that was verified and is executable: what processes are spawned from.

This is the one path from an artifact's bytes to executable pages:

    read (refuse what is malformed) -> plan (pure data) -> copy into the code region, read-only from then on
    -> the core verifies those very bytes in place -> publish

Nothing is remembered between two loads: the verifier reads every program each time.
"""

import difflib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from motte.abi.limits import DEFAULT_LIMITS
from motte.compiler_identity import cpu_flags
from motte.core import Bank, CodeRegion, Image
from motte.errors import BadState, Closed, CompileError, Refused
from motte.image import Artifact, LoadPlan, load_plan
from motte.image.cpu_features import features_of_flags
from motte.image.exports import ALLOCATOR
from motte.image.names import printable
from motte.initial_strings import program_string
from motte.source_lines import SourceLines
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType

    from motte.core import CoreVerdict
    from motte.image import Location
    from motte.image.native import NativeArtifact, NativePlan
    from motte.prototype import Prototype
    from motte.verifier import Verdict

MAKING_SECONDS: Final = 10
"""How long the end of a machine waits for a process that is just being made."""


class Program(Unique):
    """Code that any number of processes may run, each in its own window.

    Made by :meth:`motte.Machine.load`.  It is a context manager; close it after its
    processes.  One that nobody refers to any more, no process either, has given everything back as well.
    """

    def __init__(
        self,
        claimed_artifact: bytes,
        *,
        name: str,
        bank: Bank,
        native: bool = False,
        at_close: Callable[[], object] | None = None,
    ) -> None:
        """``bank`` pays for the code and for what all processes share of the image.  A ``native`` program is verified
        by nobody, and its processes run in OS processes of their own.

        Raises ``Refused`` for anything but a whole, verified program, ``LimitReached`` for one too large.
        """
        self.name = name
        self.argument = program_string(name)
        """The name as the program sees it."""
        self.sources = SourceLines()
        """The files that backtraces show lines of; of a program that was loaded from files, these."""
        self._bank = bank
        self._at_close = at_close
        self.native = native
        """Whether it was compiled without confinement."""
        self.isolation_note: str | None = None
        """Of a program that was compiled natively because it cannot be confined: why, in one line."""
        self.made_natively: Callable[[], Program] | None = None
        """Compiles the same sources without confinement; ``None`` where they are not known."""
        self._twin: Program | None = None
        self._making_twin = threading.Lock()
        artifact = _read(claimed_artifact, name, native)
        if missing := artifact.missing_features(features_of_flags(cpu_flags())):
            raise Refused(f"{name}: refused: it is compiled for a CPU with {', '.join(missing)}, which this one lacks")
        self._artifact = artifact
        self._has_main = "main" in artifact.function_names
        self._prototypes: dict[str, tuple[int, Prototype | str]] = {}
        self.plan, self.region, self._decision = _placed(artifact, name)
        try:
            self._image_stack = DEFAULT_LIMITS.data_stack
            self._image = self._make_image(self._image_stack)
        except BaseException:
            self.region.close()
            raise
        self._lock = threading.Lock()  # guards the fields of the image, too
        self._released = threading.Condition(self._lock)
        self._processes = 0
        self._closed = False
        self._retired = False

    @property
    def verdict(self) -> "Verdict":
        """That the verifier has accepted the program, and what it counted.  Raises ``BadState`` for a native one."""
        from motte.verifier import Verdict

        if self._decision is None:
            raise BadState(f"program {self.name!r} is native code, which nobody verifies")
        return Verdict((), self._artifact.function_count, self._decision.instructions)

    def locations(self, code_offset: int) -> "list[Location]":
        """The function that contains a place in the code, last; before it those that were inlined, the innermost first.

        Source lines and inlined functions are known where the program has debug information.
        """
        return self._artifact.locations(code_offset)

    @property
    def has_main(self) -> bool:
        """Whether it can be started; a library's functions can be called only."""
        return self._has_main

    def as_native(self) -> "Program":
        """The same sources, compiled without confinement, once: for OS processes.

        Raises ``BadState`` where only the artifact is known, or only it was verified; ``CompileError``.
        """
        if self.native:
            return self
        with self._making_twin:
            if self._twin is None:
                if self.made_natively is None:
                    raise BadState(
                        f"program {self.name!r} is an artifact of confined code: it runs as 'fault' or 'both'"
                    )
                self._twin = self.made_natively()
            return self._twin

    def require_main(self) -> None:
        """For what is to be run and nothing else.  Raises ``CompileError`` for a library."""
        if not self._has_main:
            raise CompileError(f"{self.name}: the program has no main function: it can be called, but not run")

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be spawned from it any more, and its memory was given back."""
        return self._closed

    @property
    def exports(self) -> tuple[str, ...]:
        """Names of the functions that the host may call: see :meth:`motte.Process.function`.

        The allocator that comes with them (``malloc``, ``calloc``, ``realloc``, ``free``) is not listed.
        """
        claimed = self._artifact.claimed_prototypes.items()
        return tuple(printable(name) for name, (_, line) in claimed if line != ALLOCATOR.get(name))

    def prototype(self, name: str) -> "tuple[int, Prototype | str] | None":
        """For the package: code offset of an exported function, and its prototype, or why it cannot be called.

        Each is read once: a function may be bound in thousands of processes.  Raises ``Refused`` for a malformed one.
        """
        known = self._prototypes.get(name)
        if known is None and (claimed := self._artifact.claimed_prototypes.get(name)) is not None:
            from motte.prototype import claimed_prototype

            function, line = claimed
            offset = self._artifact.function_columns[0][function]
            known = self._prototypes[name] = (offset, claimed_prototype(line, name))
        return known

    def export_hint(self, name: str) -> str:
        """Why there is no such function, for people."""
        if self.has_main and not self.exports:
            return "of a program with main, those marked MOTTE_EXPORT are exported, or all with load(…, exports=True)"
        near = difflib.get_close_matches(name, self.exports, 1)
        return f"did you mean {near[0]!r}?" if near else "it must be external, and defined in one of the sources"

    def trim(self) -> None:
        """Free the windows of earlier processes that are kept for later ones; the next start takes a little longer."""
        with self._lock:
            self._image.trim()

    def has_image(self, data_stack: int) -> bool:
        """Whether ``acquire`` has nothing to make."""
        return data_stack == self._image_stack

    def acquire(self, data_stack: int) -> Image:
        """The window that a process with a data stack of so many bytes begins with; the process uses the program now.

        Of several sizes, the one asked for last is kept.  Raises ``Closed``, and ``LimitReached`` for a data stack that
        leaves no room, or where the bank does not cover another image.
        """
        with self._lock:
            if self._closed or self._retired:
                raise Closed(f"program {self.name!r} is closed")
            if data_stack != self._image_stack:
                # The earlier image is not closed: somebody may be about to spawn from it.
                self._image, self._image_stack = self._make_image(data_stack), data_stack
            self._processes += 1
            return self._image

    def release(self) -> None:
        """A process has closed."""
        with self._lock:
            self._processes -= 1
            self._close_if_over()
            if self._retired:
                self._released.notify_all()

    def is_paid_by(self, bank: Bank) -> bool:
        """Whether its code is drawn from this bank, so that it ends with it."""
        return self._bank.draws_from(bank)

    def retire(self) -> None:
        """No other process of it is started, and it is closed when the last one is; harmless when repeated."""
        with self._lock:
            self._retired = True
            self._close_if_over()

    def end(self) -> None:
        """Retire it, and wait until those that are just being made have been given up.

        Not for ever: one whose making a second Ctrl-C has torn apart, while the first was being answered, never is.
        """
        self.retire()
        with self._lock:
            self._released.wait_for(lambda: not self._processes, MAKING_SECONDS)

    def __repr__(self) -> str:
        """For people; never raises."""
        kind = "closed" if self._closed else "a program" if self.has_main else "a library"
        return f"<Program {printable(self.name)}: {kind}, {self._artifact.function_count} functions>"

    def close(self) -> None:
        """Give the code's memory back; harmless when repeated.  Raises ``BadState`` while processes use it."""
        with self._lock:
            if self._processes:
                raise BadState(f"program {self.name!r} still has {self._processes} process(es): close them first")
            self._close_once()

    def _close_if_over(self) -> None:
        if self._retired and not self._processes:
            self._close_once()

    def _close_once(self) -> None:
        if not self._closed:
            self._closed = True
            self._image.close()
            self.region.close()
            if self._at_close is not None:
                self._at_close()

    def _make_image(self, data_stack: int) -> Image:
        stack = self.plan.data_stack(data_stack)
        return Image(
            self.region,
            entry=self.plan.entry_offset,
            segments=[
                (segment.address, bytes(segment.contents), segment.size, segment.writable)
                for segment in self.plan.segments
            ],
            data_stack=(stack.low, stack.high - stack.low),
            data_stack_variables=self.plan.data_stack_variables,
            bank=self._bank,
        )

    def __enter__(self) -> "Program":
        """The program itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()


def _read(claimed_artifact: bytes, name: str, native: bool) -> "Artifact | NativeArtifact":
    try:
        if not native:
            return Artifact.read(claimed_artifact, DEFAULT_LIMITS)
        from motte.image.native import NativeArtifact

        return NativeArtifact.read(claimed_artifact, DEFAULT_LIMITS)
    except Refused as refusal:
        raise Refused(f"{name}: refused: {refusal}") from refusal


def _placed(
    artifact: "Artifact | NativeArtifact", name: str
) -> "tuple[LoadPlan | NativePlan, CodeRegion, CoreVerdict | None]":
    """Verified and executable; or, of a native one, ready for other address spaces."""
    if not isinstance(artifact, Artifact):
        from motte.image.native import native_plan

        native = native_plan(artifact)
        return native, CodeRegion.foreign(native.code), None
    region = CodeRegion(artifact.code_size, artifact.tables_size)
    try:
        plan, decision = _publish(artifact, region, name)
    except BaseException:
        region.close()
        raise
    return plan, region, decision


def _publish(artifact: Artifact, region: CodeRegion, name: str) -> "tuple[LoadPlan, CoreVerdict]":
    """Copy, verify the copy, make exactly that copy executable."""
    plan = load_plan(artifact, region.base, region.tables_base)
    region.fill(plan.code, plan.tables)
    decision = region.decide(plan.packed_claims)
    if not decision.ok:
        from motte.verdicts import explained_refusal

        verdict = explained_refusal(plan.claimed, decision)
        raise Refused(f"{name}: {verdict.summary}", verdict)
    region.publish()
    return plan, decision
