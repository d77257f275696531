"""Registered names: channels that processes find by a word."""

import threading
from typing import TYPE_CHECKING, Final, NamedTuple

from motte.abi.capabilities import CapabilityKind
from motte.errors import BadState, InvalidCap, RequestError
from motte.services.call import DONE, Answer, Call
from motte.services.owners import Owners
from motte.services.payment import Payment
from motte.services.protocol import NAME, NamesRight, Request
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.services.server import Server

_LONGEST: Final = 64


class _Named(NamedTuple):
    owner: int
    channel: "Capability"
    payment: Payment


class NamesService(Service):
    """The names of one machine.  One ends with the process that registered it, before anybody is told of that end."""

    kind = CapabilityKind.SERVICE
    all_rights = sum(NamesRight)

    def __init__(self, server: "Server") -> None:
        """There are none."""
        super().__init__(server)
        self._lock = threading.Lock()  # guards the next
        self._named: dict[bytes, _Named] = {}
        self._owners = Owners(self._forget)

    @request(Request.NAME_REGISTER, NamesRight.REGISTER)
    def register(self, call: Call) -> Answer:
        """The channel that comes along is found by this name.  Raises ``BadState`` if another one is."""
        name = _name_of(call)
        channel = call.channel()
        owner = call.sender
        payment = Payment(self.server.population, owner.living_account)
        with self._lock:
            taken = name in self._named
            if not taken:
                self._named[name] = _Named(owner.identity, channel, payment)
        if taken:
            payment.give_back()
            raise BadState("this name is taken")
        self._owners.watch(owner)  # afterwards: if it has ended, the name is free at once
        return DONE

    @request(Request.NAME_LOOKUP, NamesRight.LOOKUP, changes=False)
    def lookup(self, call: Call) -> Answer:
        """A capability to send there, and nothing more.  Raises ``InvalidCap`` if there is none by this name."""
        with self._lock:
            found = self._named.get(_name_of(call))
        if found is None:
            raise InvalidCap("there is no such name")
        return Answer(b"", (found.channel,))

    @request(Request.NAME_UNREGISTER, NamesRight.REGISTER)
    def unregister(self, call: Call) -> Answer:
        """The name is free again.  Raises ``InvalidCap`` unless this process registered it."""
        name = _name_of(call)
        with self._lock:
            found = self._named.get(name)
            if found is None or found.owner != call.sender_identity:
                raise InvalidCap("it has no such name")
            del self._named[name]
        found.payment.give_back()
        return DONE

    def _forget(self, owner: int) -> None:
        with self._lock:
            ended = {name: named for name, named in self._named.items() if named.owner == owner}
            for name in ended:
                del self._named[name]
        for named in ended.values():
            named.payment.give_back()


def _name_of(call: Call) -> bytes:
    (size,) = call.fields(NAME)
    name = call.request[NAME.size :]
    if len(name) != size or not 0 < size <= _LONGEST:
        raise RequestError("this is no name")
    return name
