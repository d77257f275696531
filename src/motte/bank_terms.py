"""What is said about space banks: restrictions of handles, figures, and questions to keepers."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import STRICT, IntFlag
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.process import Process


class WouldWait(Exception):  # noqa: N818 (no error: it is never seen outside)
    """Somebody's keeper would have to be asked, on a thread that waits for nobody.  What has begun is begun again."""


class BankRestriction(IntFlag, boundary=STRICT):
    """What a handle cannot do; they add up by ``|``."""

    NO_ALLOC = 1
    """``allocate``, ``sub``, ``spawn(bank=…)``."""

    NO_FREE = 2
    """``free``."""

    NO_DESTROY = 4
    """``destroy``."""

    NO_QUERY = 8
    """``limit``, ``effective_limit``, ``used``, ``peak``, ``available``, ``statistics``."""

    NO_CHANGE_LIMITS = 16
    """Setting ``limit``; ``keeper``."""

    NO_REMOVE = 32
    """``remove``: without it one can leave what one has drawn on the parent's account."""


@dataclass(frozen=True, slots=True)
class BankStatistics:
    """A bank at one moment; sizes in bytes.

    For example:

        found = machine.bank.statistics()
        print(found.used, found.limit)
    """

    limit: int | None
    used: int
    peak: int
    available: int | None
    banks: int
    """Banks below it, at any depth."""


@dataclass(frozen=True, slots=True)
class BankRequest:
    """What a bank's keeper is asked: may the bank grow?"""

    bank: "SpaceBank"
    """The bank that has met its limit, with all rights."""

    size: int
    """Bytes that are wanted at least: whole pages."""

    process: "Process | None"
    """Who wants them; ``None`` if it is the host."""


BankKeeper = Callable[[BankRequest], object]
"""May raise the bank's limit, or have memory freed; what it returns does not matter."""


@runtime_checkable
class GuestKeepsBank(Protocol):
    """For the package: a keeper that answers later, when a guest has."""

    def ask(self, bank: "SpaceBank", size: int, process: "Process", answer: Callable[[bool], None]) -> bool:
        """Whether ``answer`` will be called, once, with whether there is room now."""
