"""How a process's questions reach its keepers, and their answers the core."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from motte.abi.faults import FaultKind
from motte.core import Answer as CoreAnswer
from motte.core import Ask
from motte.errors import Closed, InvalidCap, LimitReached, NoAccess
from motte.exit_words import describe_fault
from motte.keeper import ENCODING_ORDER, SETTABLE, Answer, Keeper, KeptFault, Kill, Later, Region, Resume, Skip
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
            if region.contains(address) and callable(region.keeper):  # a channel was made one that asks there
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
        core.charge(spent_ns)
        asking = Asking(process, core, question, ask_bank)
        if question.ask != Ask.BANK:
            asking.go_on()
        else:
            asking.ask_bank()


class Asking:
    """One question, on its way from keeper to keeper."""

    def __init__(self, process: "Process", core: "CoreProcess", question: "Question", ask_bank: AskBank) -> None:
        """The question is open."""
        self._process = process
        self._core = core
        self._question = question
        self._ask_bank = ask_bank
        self._asked = 0

    def ask_bank(self) -> None:
        """It is for the bank's keeper."""
        bank, pages = self._question.bank_identity, self._question.pages
        with self._always_answered():
            if self._process.ask_guest(bank, pages, self._answered_by_guest):
                self._tell(Later())
            else:
                self._tell(Resume() if self._ask_bank(bank, pages) else None)

    def _answered_by_guest(self, has_room: bool) -> None:
        with self._process.use():
            self._tell(Resume() if has_room else None)

    def go_on(self) -> None:
        """Ask those who are next, until one of them answers, or wants to do so later."""
        with self._always_answered():
            self._tell(self._ask_in_turn())

    @contextmanager
    def _always_answered(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            try:
                self._report(error)
            finally:  # a process that is not answered would wait for ever
                self._core.answer(self._question.number, CoreAnswer.DECLINE, unpaid_time.take_ns())

    def _ask_in_turn(self) -> Answer:
        record = self._question.place
        assert record is not None
        process = self._process
        place = None if record.code_offset is None else process.program.locations(record.code_offset)[0]
        fault = describe_fault(record, process.limits, place, ())
        address = None if fault.kind is FaultKind.CHECKED_BLOCK else fault.address  # that is none in the window
        for keeper, region in list(process.keeping.in_order(address))[self._asked :]:
            if process.is_killed:
                return None
            self._asked += 1  # before: it may be answered later, and before this has returned
            kept = KeptFault(self._core, self._question, fault, region, self._ask_bank, partial(self._answered, region))
            try:
                answer = keeper(kept)
                _check(answer, region)
            except BaseException as error:
                self._report(error)
                continue
            if answer is not None:
                return answer
        return None

    def _answered(self, region: Region | None, answer: Answer) -> None:
        """Later, by whoever has promised it, on any thread: what that one has done before is not the process's."""
        unpaid_time.take_ns()
        _check(answer, region)
        with self._process.use():
            if answer is None:
                self._process.later(self._go_on_later)
            else:
                self._tell(answer)

    def _go_on_later(self) -> None:
        with suppress(InvalidCap, Closed), self._process.use():
            self.go_on()

    def _tell(self, answer: Answer) -> None:
        core, number = self._core, self._question.number
        if isinstance(answer, Later):
            core.charge(unpaid_time.take_ns())
            return
        if isinstance(answer, Kill):
            self._process.kill()
            return
        kind = CoreAnswer.DECLINE
        if answer is not None:
            settings = [(_register_number(name), value % (1 << 64)) for name, value in answer.registers.items()]
            for register, value in settings:
                core.set_register(number, register, value)
            kind = CoreAnswer.RETRY if isinstance(answer, Resume) else CoreAnswer.SKIP
        core.answer(number, kind, unpaid_time.take_ns())

    def _report(self, error: BaseException) -> None:
        """Unless it is no wonder: the bank is full, or the process has ended while its keeper was at work."""
        now = self._core.question()
        ended = now is None or now.number != self._question.number
        if not isinstance(error, LimitReached) and not (ended and isinstance(error, InvalidCap | Closed)):
            report_exception(error)


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


def _check(answer: object, region: Region | None) -> None:
    """What a keeper may answer; one of a region only that the cause is gone."""
    if not isinstance(answer, Resume | Skip | Kill | Later | None):
        raise TypeError(f"a keeper answers Resume, Skip, Kill or None; got {type(answer).__name__}")
    if region is None or isinstance(answer, Later | None) or (isinstance(answer, Resume) and not answer.registers):
        return
    raise NoAccess("a region's keeper may restart the process, and nothing else")


def _register_number(name: str) -> int:
    if name not in SETTABLE:
        raise ValueError(f"{name!r} is no register that can be set: {', '.join(SETTABLE)}")
    return ENCODING_ORDER.index(name)
