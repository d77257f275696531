"""What the host's objects that guests can call have in common."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeVar

from motte.abi.capabilities import CapabilityKind
from motte.services.call import Answer, Call
from motte.services.payment import Payment
from motte.services.protocol import Request

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.services.server import Server

Handler = Callable[[Any, Call], Answer | None]
HandlerType = TypeVar("HandlerType", bound=Handler)


class Offer(NamedTuple):
    """One request that a kind of objects answers."""

    handler: Handler
    """It returns the answer, or ``None`` if it has seen to it that the call is answered later."""

    right: int
    changes: bool
    may_wait: bool


def request(
    number: Request, right: int, *, changes: bool = True, may_wait: bool = False
) -> Callable[[HandlerType], HandlerType]:
    """Says that a method answers a request, made with a capability that has this right.

    One that ``changes`` nothing can be made through a weak capability, too.  One that ``may_wait``, for somebody's
    end perhaps, does not run on the thread that receives all requests.  The others do, and are begun again elsewhere if
    a bank's keeper has to be asked: they draw before they do anything else.
    """

    def mark(handler: HandlerType) -> HandlerType:
        handler.__dict__["offer"] = number, Offer(handler, int(right), changes, may_wait)
        return handler

    return mark


class Service:
    """An object of the host, as guests know it."""

    kind: ClassVar[CapabilityKind]
    all_rights: ClassVar[int]
    offers: ClassVar[dict[int, Offer]] = {}
    key: Hashable = None
    """What the object is known by, as long as anybody holds a capability to it."""

    home: "Capability"
    """The host's own capability, of which all others are copies."""

    def __init_subclass__(cls) -> None:
        """Collects what its methods offer."""
        marked = (vars(each).get("offer") for each in vars(cls).values() if callable(each))
        cls.offers = {**cls.offers, **dict(filter(None, marked))}

    def __init__(self, server: "Server") -> None:
        """Made by :meth:`Server.service_of`."""
        self.server = server
        self._payment: Payment | None = None

    def charge(self, account: "Account") -> None:
        """A page of this bank pays for what the host remembers of it.  Raises ``LimitReached`` and ``InvalidCap``."""
        self._payment = Payment(self.server.population, account)

    def give_back(self) -> None:
        """The host remembers nothing of it any more."""
        if self._payment is not None:
            self._payment.give_back()

    @property
    def is_gone(self) -> bool:
        """Whether the object has ended, so that capabilities to it are invalid."""
        return False

    def later(self, action: Callable[[], None]) -> None:
        """Do what may wait, on a thread that may wait."""
        self.server.population.later(action)

    def abandoned(self) -> None:
        """Nobody can ask for anything any more.  On a thread that may wait."""
