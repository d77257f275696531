"""That a guest will be told something, once, though its channel may be full when the time comes.

Sending to a channel is refused when that has no room: so the host's word that somebody will hear of an end would depend
on how busy they are.  Instead the message is paid for when the promise is made, by whoever asks for it, and finds a
place in full channels.  It is not the channel's bank that pays: then whoever may send there could use that up.

The promise ends with the bank that has paid for it; a message that waits in a channel already, too.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from motte.abi.capabilities import MessageFlag
from motte.core import PrepaidMessage
from motte.errors import MotteError
from motte.services.payment import Payment

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.population import Population
    from motte.services.protocol import Told


class Promise:
    """One message to come, and a page for what the host remembers of it.  Safe to use from several threads."""

    def __init__(self, population: "Population", account: "Account") -> None:
        """Paid for by ``account``.  Keepers of banks may be asked.  Raises ``LimitReached`` and ``InvalidCap``."""
        self.account = account
        self._banks = population.banks
        self._payment = Payment(population, account)
        self._withdraw: Callable[[], object] | None = None
        self._is_over = False
        try:
            self._message = self._banks.draw(1, lambda: PrepaidMessage(population.scheduler, account.core))
        except BaseException:
            self._payment.give_back()
            raise
        try:
            self._banks.purchased(self)
        except BaseException:
            self.close()
            raise

    def until(self, withdraw: Callable[[], object]) -> None:
        """``withdraw`` is called if the bank ends before it is kept; at once if it has ended."""
        self._withdraw = withdraw
        if self._is_over:
            withdraw()

    def keep(
        self,
        endpoint: "Capability",
        record: bytes,
        told: "Told",
        capabilities: "tuple[Capability, ...]" = (),
        *,
        urgent: bool = False,
    ) -> None:
        """Send it, ``urgent`` or not before all that waits.  Where nobody is any more, nothing happens."""
        flags = MessageFlag.PRIORITY if urgent else 0
        with suppress(MotteError):
            self._message.send(endpoint, record, told, flags, capabilities)
        self.close()

    def close(self) -> None:
        """There is nothing to be told, or it has been; harmless when repeated."""
        self._is_over = True
        self._banks.returned(self)
        self._message.close()
        self._payment.give_back()

    def bank_destroyed(self) -> None:
        """For the bank, which is gone."""
        self.close()
        if self._withdraw is not None:
            self._withdraw()
