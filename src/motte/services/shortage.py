"""Banks that are kept by guests: who launches a process supplies its memory, and decides how much.

A process that wants more than its bank allows stands still, and whoever keeps the bank gets a message with a
capability to answer.  No thread waits for that.  What the host itself draws from such a bank, to make a process for
instance, is refused at once: whoever asked for it may be the very one who would have to answer.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from motte.abi.capabilities import CapabilityKind
from motte.abi.layout import PAGE_SIZE
from motte.errors import Closed, InvalidCap, MotteError
from motte.services.call import DONE, Answer, Call
from motte.services.keeper import receivers_of
from motte.services.protocol import NO_LIMIT, SHORTAGE, SIZE, Request, ShortageRight, Told
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.bank_terms import BankRequest
    from motte.core import Capability
    from motte.process import Process
    from motte.services.server import Server

AnswerLater = Callable[[bool], None]
"""Told whether there is room now."""


class GuestBankKeeper:
    """Asks whoever receives at a channel."""

    def __init__(self, server: "Server", endpoint: "Capability") -> None:
        """``endpoint`` is a capability to send there."""
        self._server = server
        self.endpoint = endpoint

    def __call__(self, wanted: "BankRequest") -> None:
        """What the host draws: no room is made."""

    def ask(self, bank: "SpaceBank", size: int, process: "Process", answer: AnswerLater) -> bool:
        """What a process draws: whether there will be an answer, once."""
        served = ShortageService(self._server, self, bank, process, answer)
        handle = self._server.capability(served, lambda _server: served)
        try:
            if not self._can_be_answered():
                raise InvalidCap("nobody will answer")
            now = bank.statistics()
            limit = NO_LIMIT if now.limit is None else now.limit
            self.endpoint.send(SHORTAGE.pack(size, limit, now.used, process.identity), Told.SHORTAGE, 0, (handle,), 0)
        except MotteError:
            served.withdraw()
            return False
        return True

    def _can_be_answered(self) -> bool:
        """Whether somebody receives there who does not stand still for the same reason."""
        standing = [each for each in self._server.services_of(ShortageService) if each.keeper.is_same(self)]
        return self.endpoint.receivers() > sum(receivers_of(each.process, self.endpoint) for each in standing)

    def is_same(self, other: "GuestBankKeeper") -> bool:
        """Whether the same channel is asked."""
        return self.endpoint.identity == other.endpoint.identity


class ShortageService(Service):
    """A process that stands still until there is more in its bank, or is told that there is not."""

    kind = CapabilityKind.SERVICE
    all_rights = int(ShortageRight.ANSWER)

    def __init__(
        self, server: "Server", keeper: GuestBankKeeper, bank: "SpaceBank", process: "Process", answer: AnswerLater
    ) -> None:
        """``process`` wants more of ``bank``; ``answer`` lets it go on."""
        super().__init__(server)
        self.keeper = keeper
        self.process = process
        self._bank = bank
        self._answer: AnswerLater | None = answer

    @property
    def is_gone(self) -> bool:
        """It was answered."""
        return self._answer is None

    def abandoned(self) -> None:
        """Nobody can answer any more: there is no room."""
        self._conclude(has_room=False)

    def withdraw(self) -> None:
        """It never came to be asked."""
        self._answer = None
        self.server.end(self)

    def _conclude(self, *, has_room: bool) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            with suppress(InvalidCap, Closed):  # it has ended meanwhile
                answer(has_room)

    @request(Request.SHORTAGE_ANSWER, ShortageRight.ANSWER)
    def answer(self, call: Call) -> Answer:
        """The bank's limit from now on; if it does not grow by a page at least, the answer is no."""
        (limit,) = call.fields(SIZE)
        if self.is_gone:
            raise InvalidCap("it was answered")
        before = self._bank.limit
        grows = before is not None and (limit == NO_LIMIT or limit // PAGE_SIZE > before // PAGE_SIZE)
        if grows:
            self._bank.limit = None if limit == NO_LIMIT else limit
        self.server.end(self)
        self._conclude(has_room=grows)
        return DONE
