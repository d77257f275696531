"""What the host buys for somebody from a bank: memory of its own that it spends on a guest's behalf, and programs.

A process draws from its bank itself.  Everything else that is there for a guest is a :class:`Purchase`: it has a bank
of its own below the one that pays, so that what was drawn for it is known, and comes back when it is over.  Destroying
a bank destroys all that was bought from it, and this is where what is no process hears of it.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from motte.errors import InvalidCap

if TYPE_CHECKING:
    from motte.bank_tree import Account, BankTree
    from motte.core import Bank


class Purchase:
    """Pages that were drawn from a bank.  Safe to use from several threads."""

    def __init__(self, banks: "BankTree", account: "Account", pages: int, end: Callable[[], object]) -> None:
        """``end`` is called once if the bank is destroyed: afterwards nothing of the purchase may be in use.

        Keepers of banks may make room for it.  Raises ``LimitReached``, ``TooDeep`` and ``InvalidCap``.
        """
        self.account = account
        self._banks = banks
        self._end = end
        self._lock = threading.Lock()
        self.core: Bank = banks.draw(1, lambda: account.core.sub(None))
        """To draw more from."""
        try:
            banks.purchased(self)  # before anything is drawn: a bank that is destroyed has everything back at once
            banks.draw(pages, lambda: self.core.charge(pages))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Everything comes back; harmless when repeated."""
        self._banks.returned(self)
        self._give_back()

    def bank_destroyed(self) -> None:
        """For the bank, which is gone."""
        self._end()
        self._give_back()

    def _give_back(self) -> None:
        with self._lock:
            self.core.refund_all()
            with suppress(InvalidCap):  # with the bank that paid
                self.core.destroy()
