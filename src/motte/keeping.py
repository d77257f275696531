"""How a process's questions reach its keepers, and their answers the core."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final, TypeVar

from motte.core import Answer as CoreAnswer
from motte.core import Ask
from motte.errors import Closed, InvalidCap, LimitReached, NoAccess
from motte.exit_words import describe_fault
from motte.keeper import ENCODING_ORDER, SETTABLE, Answer, Keeper, KeptFault, Kill, Region, Resume, Skip
from motte.unpaid_time import unpaid_time

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.core import Question
    from motte.process import Process


Subject = TypeVar("Subject")


class Keeping:
    """Who is asked about the faults of one process."""

    def __init__(self, keeper: Keeper | None, regions: Sequence[Region]) -> None:
        """Raises ``TypeError`` for a keeper that cannot be called."""
        for region in regions:
            if not isinstance(region, Region):
                raise TypeError(f"regions: expected a Region; got {type(region).__name__}")
            _ = region.length  # it is checked
        for one in (keeper, *(region.keeper for region in regions)):
            if one is not None and not callable(one):
                raise TypeError(f"keeper: expected a callable or None; got {type(one).__name__}")
        self.keeper = keeper
        self.regions = tuple(regions)
        self.is_wanted = keeper is not None or bool(self.regions)
        """Whether there is anybody to ask."""

    def in_order(self, address: int | None) -> Iterator[tuple[Keeper, Region | None]]:
        """Those who are asked about a fault at this address, the first one first."""
        for region in self.regions:
            if region.contains(address):
                yield region.keeper, region
        if self.keeper is not None:
            yield self.keeper, None


NOBODY: Final = Keeping(None, ())


def keeping_of(keeper: Keeper | None, regions: Sequence[Region]) -> Keeping:
    """Who is to be asked.  Raises as :class:`Keeping`."""
    return Keeping(keeper, regions) if keeper is not None or regions else NOBODY


AskBank = Callable[[int, int], bool]
"""Asks the keeper of the bank with this identity for so many pages; whether it has made room."""


def answer_question(process: "Process", core: "CoreProcess", ask_bank: AskBank, spent_ns: int) -> None:
    """Ask whoever keeps the process what it wants to know, and tell the core.

    Whatever a keeper does, there is an answer: one that raises has declined, and the exception is reported as a
    thread's is, by ``threading.excepthook``.  Only ``LimitReached`` is no news: there was no room.

    The processor time that this takes is charged to the process, with what was spent already.
    """
    with suppress(InvalidCap, Closed):  # it has ended meanwhile
        question = core.question()
        if question is None or process.is_killed:
            return
        answer: Answer = None
        try:
            if question.ask != Ask.BANK:
                answer = _ask_in_turn(process, core, question, ask_bank)
            elif ask_bank(question.bank_identity, question.pages):
                answer = Resume()
            _tell(process, core, question, answer, spent_ns)
        except BaseException as error:
            try:
                _report(core, question, error)
            finally:  # a process that is not answered would wait for ever
                core.answer(question.number, CoreAnswer.DECLINE, spent_ns + unpaid_time.take_ns())


def call_keeper(keeper: Callable[[Subject], object], subject: Subject) -> None:
    """Call a keeper whose answer is what it does; an exception of its is reported."""
    try:
        keeper(subject)
    except BaseException as error:
        report_exception(error)


def report_exception(error: BaseException) -> None:
    """As Python reports what a thread raises."""
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
    )


def _ask_in_turn(process: "Process", core: "CoreProcess", question: "Question", ask_bank: AskBank) -> Answer:
    record = question.place
    assert record is not None
    place = None if record.code_offset is None else process.program.locations(record.code_offset)[0]
    fault = describe_fault(record, process.limits, place, ())
    for keeper, region in process.keeping.in_order(fault.address):
        if process.is_killed:
            return None
        try:
            answer = keeper(KeptFault(core, question, fault, region, ask_bank))
            _check(answer, region)
        except BaseException as error:
            _report(core, question, error)
            continue
        if answer is not None:
            return answer
    return None


def _check(answer: object, region: Region | None) -> None:
    """What a keeper may answer; one of a region only that the cause is gone."""
    if not isinstance(answer, Resume | Skip | Kill | None):
        raise TypeError(f"a keeper answers Resume, Skip, Kill or None; got {type(answer).__name__}")
    if region is None or answer is None or (isinstance(answer, Resume) and not answer.registers):
        return
    raise NoAccess("a region's keeper may restart the process, and nothing else")


def _report(core: "CoreProcess", question: "Question", error: BaseException) -> None:
    """Unless it is no wonder: the bank is full, or the process has ended while its keeper was at work."""
    now = core.question()
    ended = now is None or now.number != question.number
    if not isinstance(error, LimitReached) and not (ended and isinstance(error, InvalidCap | Closed)):
        report_exception(error)


def _tell(process: "Process", core: "CoreProcess", question: "Question", answer: Answer, spent_ns: int) -> None:
    if isinstance(answer, Kill):
        process.kill()
        return
    kind = CoreAnswer.DECLINE
    if answer is not None:
        settings = [(_register_number(name), value % (1 << 64)) for name, value in answer.registers.items()]
        for number, value in settings:
            core.set_register(question.number, number, value)
        kind = CoreAnswer.RETRY if isinstance(answer, Resume) else CoreAnswer.SKIP
    core.answer(question.number, kind, spent_ns + unpaid_time.take_ns())


def _register_number(name: str) -> int:
    if name not in SETTABLE:
        raise ValueError(f"{name!r} is no register that can be set: {', '.join(SETTABLE)}")
    return ENCODING_ORDER.index(name)
