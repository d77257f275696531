"""What the host remembers for a guest: a page of somebody's bank pays for each thing."""

from contextlib import suppress
from typing import TYPE_CHECKING

from motte.errors import InvalidCap

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.population import Population


class Payment:
    """A page that was drawn, until it is given back."""

    __slots__ = ("_account",)

    def __init__(self, population: "Population", account: "Account") -> None:
        """Raises ``LimitReached`` and ``InvalidCap``.  Keepers of banks may be asked: it may wait."""
        population.banks.draw(1, lambda: account.core.charge(1))
        self._account: Account | None = account

    def give_back(self) -> None:
        """Harmless when repeated."""
        account, self._account = self._account, None
        while account is not None and account.core.state == "removed":
            account = account.parent  # who has inherited it
        if account is not None:
            with suppress(InvalidCap, ValueError):  # the bank has ended, and has got everything back
                account.core.refund(1)
