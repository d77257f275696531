"""Space banks, as guests know them."""

from functools import lru_cache
from typing import TYPE_CHECKING

from motte.abi.capabilities import CapabilityKind
from motte.bank import SpaceBank
from motte.bank_terms import BankRestriction
from motte.errors import KeeperCycle
from motte.services.call import DONE, Answer, Call
from motte.services.keeper import receivers_of
from motte.services.protocol import FIGURES, NO_LIMIT, SIZE, BankRight, Request
from motte.services.service import Service, request
from motte.services.shortage import GuestBankKeeper

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.services.server import Server

_SHIFT = 16


@lru_cache(maxsize=64)
def bank_rights(restrictions: BankRestriction) -> int:
    """What a handle with these restrictions may do."""
    return sum(right for right in BankRight if not restrictions & (right >> _SHIFT))


@lru_cache(maxsize=64)
def bank_restrictions(rights: int) -> BankRestriction:
    """What a capability with these rights may not do."""
    return BankRestriction(sum(right >> _SHIFT for right in BankRight if not rights & right))


class BankService(Service):
    """A bank of the machine."""

    kind = CapabilityKind.BANK
    all_rights = sum(BankRight)

    def __init__(self, server: "Server", account: "Account") -> None:
        """Of ``account``."""
        super().__init__(server)
        self.account = account

    @property
    def is_gone(self) -> bool:
        """It was destroyed, or removed."""
        return self.account.core.state != "alive"

    def _handle(self, call: Call) -> SpaceBank:
        return SpaceBank(self.server.population.banks, self.account, bank_restrictions(call.rights))

    @request(Request.BANK_CREATE, BankRight.ALLOCATE)
    def create(self, call: Call) -> Answer:
        """A bank below this one, with a limit."""
        (limit,) = call.fields(SIZE)
        below = self._handle(call).sub(None if limit == NO_LIMIT else limit)
        return Answer(b"", (bank_capability(self.server, below),))

    @request(Request.BANK_FIGURES, BankRight.QUERY, changes=False)
    def figures(self, call: Call) -> Answer:
        """Limit, used, peak, available."""
        now = self._handle(call).statistics()
        limit = NO_LIMIT if now.limit is None else now.limit
        available = NO_LIMIT if now.available is None else now.available
        return Answer(FIGURES.pack(limit, now.used, now.peak, available))

    @request(Request.BANK_LIMIT, BankRight.CHANGE_LIMITS)
    def limit(self, call: Call) -> Answer:
        """Another limit."""
        (limit,) = call.fields(SIZE)
        self._handle(call).limit = None if limit == NO_LIMIT else limit
        return DONE

    @request(Request.BANK_KEEPER, BankRight.CHANGE_LIMITS)
    def keep(self, call: Call) -> Answer:
        """Processes that want more than it has stand still until the channel that comes along has answered."""
        keeper = None
        if call.capabilities:
            keeper = GuestBankKeeper(self.server, call.channel())
            if any(receivers_of(each, keeper.endpoint) for each in self.server.population.drawing_from(self.account)):
                raise KeeperCycle("whoever receives there draws from this bank")
        self._handle(call).keeper = keeper
        return DONE

    @request(Request.BANK_DESTROY, BankRight.DESTROY, may_wait=True)
    def destroy(self, call: Call) -> Answer:
        """It ends, with all that was bought from it: perhaps whoever asks, too."""
        self._handle(call).destroy()
        self.server.end(self)
        return DONE

    @request(Request.BANK_REMOVE, BankRight.REMOVE, may_wait=True)
    def remove(self, call: Call) -> Answer:
        """It ends, and its parent inherits."""
        self._handle(call).remove()
        self.server.end(self)
        return DONE

    @request(Request.BANK_VERIFY, 0, changes=False)
    def verify(self, call: Call) -> Answer:
        """Whether the capability that comes along is one of this machine's banks, and alive: no error."""
        self.server.resolve(call.given(1)[0], BankService, 0)
        return DONE


def bank_capability(server: "Server", bank: SpaceBank) -> "Capability":
    """A capability that can do what the handle can.  Raises ``InvalidCap`` for a dead one."""
    account = bank.account_for_anything()
    return server.capability(account, lambda serving: BankService(serving, account), bank_rights(bank.restrictions))
