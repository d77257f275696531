"""How a process's questions reach its keepers, and their answers the core."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from motte.core import Answer as CoreAnswer
from motte.core import Ask
from motte.errors import Closed, InvalidCap
from motte.exit_words import describe_fault
from motte.keeper import ENCODING_ORDER, Answer, Keeper, KeptFault, Kill, Region, Resume, Skip

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

    @property
    def is_wanted(self) -> bool:
        """Whether there is anybody to ask."""
        return self.keeper is not None or bool(self.regions)

    def in_order(self, address: int | None) -> Iterator[tuple[Keeper, Region | None]]:
        """Those who are asked about a fault at this address, the first one first."""
        for region in self.regions:
            if region.contains(address):
                yield region.keeper, region
        if self.keeper is not None:
            yield self.keeper, None


def answer_question(process: "Process", core: "CoreProcess", ask_bank: Callable[[int, int], bool]) -> None:
    """Ask whoever keeps the process what it wants to know, and tell the core.

    ``ask_bank`` asks the keeper of the bank with this identity for so many pages.  A keeper that raises has not
    answered: the exception is reported as a thread's is, by ``threading.excepthook``, and the question declined.
    """
    with suppress(InvalidCap, Closed):  # it has ended meanwhile
        question = core.question()
        if question is None:
            return
        try:
            answer = (
                _bank_answer(question, ask_bank)
                if question.ask == Ask.BANK
                else _asked(process, core, question, ask_bank)
            )
            _tell(core, question, answer)
        except (InvalidCap, Closed):
            raise
        except Exception as error:
            report_exception(error)
            core.answer(question.number, CoreAnswer.DECLINE)


def call_keeper(keeper: Callable[[Subject], object], subject: Subject) -> None:
    """Call a keeper whose answer is what it does; an exception of its is reported."""
    try:
        keeper(subject)
    except Exception as error:
        report_exception(error)


def report_exception(error: Exception) -> None:
    """As Python reports what a thread raises."""
    threading.excepthook(
        threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread()))
    )


def _bank_answer(question: "Question", ask_bank: Callable[[int, int], bool]) -> Answer:
    return Resume() if ask_bank(question.bank_identity, question.pages) else None


def _asked(
    process: "Process", core: "CoreProcess", question: "Question", ask_bank: Callable[[int, int], bool]
) -> Answer:
    record = question.place
    assert record is not None
    place = None if record.code_offset is None else process.program.locations(record.code_offset)[0]
    fault = describe_fault(record, process.limits, place, ())
    for keeper, region in process.keeping.in_order(fault.address):
        answer = keeper(KeptFault(core, question, fault, region, ask_bank))
        if answer is not None:
            return answer
    return None


def _tell(core: "CoreProcess", question: "Question", answer: Answer) -> None:
    if isinstance(answer, Kill):
        core.kill()
        return
    kind = CoreAnswer.DECLINE
    if isinstance(answer, Resume | Skip):
        for name, value in answer.registers.items():
            core.set_register(question.number, _register_number(name), value % (1 << 64))
        kind = CoreAnswer.RETRY if isinstance(answer, Resume) else CoreAnswer.SKIP
    core.answer(question.number, kind)


def _register_number(name: str) -> int:
    if name not in ENCODING_ORDER:
        raise ValueError(f"there is no register {name!r}: {', '.join(ENCODING_ORDER)}")
    return ENCODING_ORDER.index(name)
