"""Reasons of ends as numbers: what guests send and get with exit signals."""

from enum import IntEnum

from motte.abi.faults import FaultKind
from motte.errors import RequestError
from motte.exit_reason import ExitReason


class Reason(IntEnum):
    """The words of :class:`motte.ExitReason`."""

    OTHER = 0
    """Any other word; as guests send it, with a number of their own."""
    NORMAL = 1
    STATUS = 2
    FAULT = 3
    SIGNAL = 4
    CPU_LIMIT = 5
    WALL_LIMIT = 6
    OUTPUT_LIMIT = 7
    KILLED = 8
    KILL = 9
    SHUTDOWN = 10
    NOPROC = 11


_BY_WORD = {reason.name.lower(): reason for reason in Reason}
_WITH_DETAIL = (Reason.OTHER, Reason.STATUS, Reason.FAULT, Reason.SIGNAL)


def fields_of_reason(reason: ExitReason) -> tuple[int, int]:
    """Its number, and its detail if that is one; else 0."""
    detail = reason.detail if isinstance(reason.detail, int) and -(2**31) <= reason.detail < 2**31 else 0
    return _BY_WORD.get(reason.word, Reason.OTHER), int(detail)


def reason_of_fields(claimed_number: int, claimed_detail: int) -> ExitReason:
    """What a guest means.  Raises ``RequestError`` for what is no reason."""
    try:
        number = Reason(claimed_number)
        kind = FaultKind(claimed_detail) if number is Reason.FAULT else None
    except ValueError:
        raise RequestError("this is no reason for an end") from None
    return ExitReason(number.name.lower(), kind or (claimed_detail if number in _WITH_DETAIL else None))
