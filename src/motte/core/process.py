"""One run of published code in a window of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from motte.abi.faults import FaultKind, StopReason
from motte.core import _core
from motte.core.image import Image
from motte.core.records import ACCESSES, REGISTERS, Ask, Question, Statistics, StopRecord


class Process(_core.Process):
    """A process in a window of its own; created, then run by its meter's scheduler, then exited.

    ``Process.create(image, terms, arguments, environment, bank, holder_bytes, meter, streams, directories,
    sources)``:
    ``terms`` are what many processes may have in common, ``Terms(*, native_stack, cpu_ns, wall_ns, output_limit,
    open_files, in_cell=False)``, sizes in bytes, ``None`` for no limit; ``in_cell`` has its code run in an OS
    process of its own.  ``arguments`` and ``environment`` are bytes without NUL.
    ``holder_bytes`` is what the caller spends on the process besides, charged with the rest.  ``streams`` are three
    host descriptors (-1 is a closed one, and from ``NOWHERE`` nothing comes) or ``Pipe`` objects, ``directories``
    (guest path, host descriptor or ``Tree``, writable, ``Quota`` or ``None``).  Descriptors are duplicated.
    ``sources`` are rights to a clock, rights to random numbers, and the seed that these follow from, if they do
    (:class:`motte.time_and_chance.TimeAndChance`); ``None`` is neither.  An entry function that returns ends the
    process with its result as the exit status.

    Creating one raises ``ValueError`` for an option that is not acceptable, :class:`~motte.errors.LimitReached` if the
    bank does not cover the image's writable pages and the stacks, ``OSError`` if the host refuses a resource.

    ``start()`` makes it run, once.  ``wait(timeout_ns)`` returns whether it has exited; Ctrl-C (or any Python signal
    handler that raises) ends the wait and leaves the process running.  ``suspend()`` and ``resume()`` let it stand
    still meanwhile; ``kill()`` ends it at whatever instruction it is.  All of this from any thread.  ``close()`` kills
    it and gives everything back; afterwards every method but ``close`` and ``state`` raises
    :class:`~motte.errors.Closed`.
    """

    __slots__ = ()

    def stop(self) -> StopRecord:
        """Why it stopped; raises :class:`~motte.errors.BadState` while it has not."""
        reason, value, place = self.stop_fields()
        return _stop_record(StopReason(reason), value, place)

    def question(self) -> Question | None:
        """What it asks its keeper, while it is ``faulted``; ``None`` if nothing is open."""
        fields = self.question_fields()
        if fields is None:
            return None
        number, ask, place, in_call, bank, pages = fields
        record = None if ask == Ask.BANK else _stop_record(StopReason.FAULTED, 0, place)
        return Question(number, Ask(ask), record, in_call=in_call, bank_identity=bank, pages=pages)

    def frames(self, limit: int) -> tuple[int, list[tuple[int, int]]]:
        """The calls that were under way when it ended: how many, and at most ``limit`` of them.

        Each is (number, code offset behind the call); number 0 is the innermost.  Of more than ``limit``, a quarter
        are the outermost ones.  Raises :class:`~motte.errors.BadState` while it has not exited.
        """
        outer = limit // 4
        total, nearest = self.callers(0, limit - outer)
        numbered = list(enumerate(nearest))
        if total > len(nearest):
            first = max(len(nearest), total - outer)
            numbered += enumerate(self.callers(first, outer)[1], first)
        return total, numbered

    def statistics(self) -> Statistics:
        """Counters so far, or in all once it has exited."""
        return Statistics(*self.statistics_fields())


def _stop_record(reason: StopReason, value: int, place: _core.Place) -> StopRecord:
    fault, access, code_offset, registers = place
    faulted = reason == StopReason.FAULTED
    named = None if registers is None else dict(zip(REGISTERS, registers, strict=True))
    address, kind_of_access = (None, None) if access is None or not faulted else (access[0], ACCESSES[access[1]])
    if faulted and fault == FaultKind.BAD_INDIRECT_CALL and named is not None:
        address = named["r10"]  # every indirect call takes its pointer there
    if fault == FaultKind.BAD_CAST and address is not None:  # an integer of 64 bits; nothing was accessed yet
        address, kind_of_access = address % (1 << 64), "execute" if kind_of_access == "execute" else None
    return StopRecord(
        reason=reason,
        value=value,
        fault=FaultKind(fault) if faulted else None,
        address=address,
        code_offset=None if named is None else code_offset,
        access=kind_of_access,
        registers=named,
    )


def spawn_from(
    image: Image,
    *,
    arguments: Sequence[bytes],
    environment: Sequence[bytes],
    bank: _core.Bank,
    meter: _core.Meter,
    native_stack: int,
    cpu_ns: int | None,
    wall_ns: int | None,
    output_limit: int | None,
    open_files: int,
    streams: tuple[int | _core.Pipe, int | _core.Pipe, int | _core.Pipe],
    directories: Sequence[tuple[bytes, int | _core.Tree, bool, _core.Quota | None]],
    sources: tuple[int, int, int | None] | None = None,
    in_cell: bool = False,
) -> Process:
    """Create a process with terms of its own; the arguments are those of :class:`Process`."""
    terms = _core.Terms(
        native_stack=native_stack,
        cpu_ns=cpu_ns,
        wall_ns=wall_ns,
        output_limit=output_limit,
        open_files=open_files,
        in_cell=in_cell,
    )
    return Process.create(image, terms, arguments, environment, bank, 0, meter, streams, directories, sources)


def spawn(
    region: _core.CodeRegion,
    *,
    entry: int,
    segments: Sequence[tuple[int, bytes, int, bool]],
    data_stack: tuple[int, int],
    data_stack_variables: tuple[int, int],
    **options: Any,
) -> Process:
    """Create a process of published code, with an image of its own; it runs after ``start()``.

    The arguments are those of :class:`Image`, and ``options`` those of :func:`spawn_from`.  Where several processes
    run one program, make its image once instead.
    """
    image = Image(
        region,
        entry=entry,
        segments=segments,
        data_stack=data_stack,
        data_stack_variables=data_stack_variables,
        bank=None,
    )
    try:
        return spawn_from(image, **options)
    finally:
        image.close()
