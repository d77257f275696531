"""Constructors, as guests know them: what their makers and what their clients may ask."""

from typing import TYPE_CHECKING

from motte.abi.capabilities import CapabilityKind
from motte.constructor import Constructor
from motte.errors import InvalidCap, RequestError
from motte.purchase import Purchase
from motte.services.call import DONE, Answer, Call
from motte.services.keeper import GuestKeeper
from motte.services.process import ProcessService
from motte.services.program import SpawnOrder, spawn_child
from motte.services.protocol import GRANT, ConstructorRight, Request
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.process import Process
    from motte.program import Program
    from motte.services.server import Server

_ALL = ConstructorRight.BUILD | ConstructorRight.LOOK | ConstructorRight.CREATE


class ConstructorService(Service):
    """A constructor.  Its maker gives away copies without the right to build, if it is to be sealed later."""

    kind = CapabilityKind.CONSTRUCTOR
    all_rights = int(_ALL)

    def __init__(self, server: "Server", constructor: Constructor) -> None:
        """Of ``constructor``."""
        super().__init__(server)
        self.constructor = constructor

    @request(Request.CONSTRUCTOR_INSERT, ConstructorRight.BUILD)
    def insert(self, call: Call) -> Answer:
        """Products will find a copy of the capability that comes along by this name."""
        (count,) = call.fields(GRANT)
        names = call.strings(GRANT.size, count)
        for name, capability in zip(names, call.given(count), strict=True):
            self.constructor.insert_core(name.decode(), capability)
        return DONE

    @request(Request.CONSTRUCTOR_KEEPER, ConstructorRight.BUILD)
    def keep(self, call: Call) -> Answer:
        """Faults of products are sent to the channel that comes along."""
        endpoint = call.channel()
        self.constructor.keep(GuestKeeper(self.server, endpoint))
        return DONE

    @request(Request.CONSTRUCTOR_SEAL, ConstructorRight.BUILD)
    def seal(self, _call: Call) -> Answer:
        """It stays as it is."""
        self.constructor.seal()
        return DONE

    @request(Request.CONSTRUCTOR_HOLES, ConstructorRight.LOOK, changes=False, may_wait=True)
    def holes(self, _call: Call) -> Answer:
        """Whether it is sealed; and the names, each with its NUL."""
        names = "".join(f"{name}\0" for name in self.constructor.holes())
        return Answer(GRANT.pack(self.constructor.sealed) + names.encode())

    @request(Request.CONSTRUCTOR_CREATE, ConstructorRight.CREATE, may_wait=True)
    def create(self, call: Call) -> Answer:
        """A product: its capability."""
        client, order = call.sender, SpawnOrder(self.server, call)
        if order.account is None or order.meter is None:
            raise RequestError("a product runs on a bank and a meter of its client")
        recipe = self.constructor
        order.grants = recipe.with_recipe(order.grants)
        if isinstance(recipe.keeper, GuestKeeper):
            order.keeper = recipe.keeper.endpoint
        answers: list[Answer] = []

        def make(account: "Account") -> "Process":
            order.account = account
            child, handle = spawn_child(self.server, recipe.program, client, order)
            answers.append(Answer(b"", (handle,)))
            return child

        recipe.made(order.account, make)
        return answers[0]

    @request(Request.CONSTRUCTOR_VERIFY, ConstructorRight.LOOK, changes=False)
    def verify(self, call: Call) -> Answer:
        """Whether the process that comes along is a product: no error."""
        served = self.server.served_by(call.given(1)[0])
        if not isinstance(served, ProcessService) or not self.constructor.verify(served.process):
            raise InvalidCap("it is no product of this constructor")
        return DONE


class BoughtConstructorService(ConstructorService):
    """A constructor that a guest made.  It ends with the bank that pays for it."""

    def __init__(self, server: "Server", program: "Program", account: "Account") -> None:
        """Raises ``LimitReached`` and ``InvalidCap``."""
        super().__init__(server, Constructor(server.population, program))
        self.key = self.constructor
        self._is_gone = False
        self._purchase = Purchase(server.population.banks, account, 1, self._bank_destroyed)

    @property
    def is_gone(self) -> bool:
        """Its bank was destroyed."""
        return self._is_gone

    def abandoned(self) -> None:
        """Nobody can ask for anything any more."""
        self._purchase.close()

    def _bank_destroyed(self) -> None:
        self._is_gone = True
        self.server.end(self)
