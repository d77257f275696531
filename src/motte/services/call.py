"""One request of a guest, and the one answer to it."""

from collections.abc import Sequence
from contextlib import suppress
from struct import Struct
from typing import TYPE_CHECKING, Final, NamedTuple

from motte.abi.capabilities import CapabilityKind, Right
from motte.errors import InvalidCap, RequestError, kernel_error_of
from motte.unpaid_time import unpaid_time

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.process import Process


class Answer(NamedTuple):
    """What a request comes to."""

    result: bytes = b""
    capabilities: "tuple[Capability, ...]" = ()


DONE = Answer()
_SENDS: Final = int(Right.SEND | Right.COPY)


class Call:
    """A request that has arrived.  Whoever sent it waits, or does not wait any more, or wants no answer."""

    __slots__ = ("_reply", "_sender", "capabilities", "request", "rights", "sender_identity", "weak")

    def __init__(  # noqa: PLR0917 (as the core's message has it)
        self,
        request: bytes,
        capabilities: "Sequence[Capability]",
        reply: "Capability | None",
        sender_identity: int,
        sender: "Process | None",
        rights: int,
        *,
        weak: bool,
    ) -> None:
        """As the core tells it; ``sender`` is the process with that identity, if it is here."""
        self.request = request
        self.capabilities = capabilities
        self._reply = reply
        self.sender_identity = sender_identity
        self._sender = sender
        self.rights = rights
        self.weak = weak

    @property
    def sender(self) -> "Process":
        """Who asks, and pays.  Raises ``InvalidCap`` if it has ended, and for the host, which has Python for this."""
        if self._sender is None:
            raise InvalidCap("whoever asked has ended")
        return self._sender

    def fields(self, layout: Struct) -> tuple[int, ...]:
        """The fixed record at the start of the request.  Raises ``RequestError`` if it is shorter."""
        if len(self.request) < layout.size:
            raise RequestError("the request is too short")
        return layout.unpack_from(self.request)

    def given(self, count: int) -> "Sequence[Capability]":
        """The capabilities that come along, exactly so many.  Raises ``RequestError`` for another number."""
        if len(self.capabilities) != count:
            raise RequestError("the capabilities that come along are not as many as they should be")
        return self.capabilities

    def channel(self) -> "Capability":
        """A capability to send to the one channel that comes along, and no more.

        Raises ``RequestError`` for anything but a capability to send, so that no other is kept.
        """
        return sender_of(*self.given(1))

    def strings(self, start: int, count: int) -> list[bytes]:
        """Exactly so many strings from there to the end.  Raises ``RequestError`` for anything else."""
        parts = self.request[start:].split(b"\0")
        if parts.pop() or len(parts) != count:
            raise RequestError("the strings are not as many as announced")
        return parts

    def charge(self) -> None:
        """What this thread has spent up to now is on the account of whoever asked."""
        spent_ns = unpaid_time.take_ns()
        if self._sender is not None:
            self._sender.charge(spent_ns)

    def answer(self, answer: Answer) -> None:
        """Give it, once.  Nobody may be waiting for it any more."""
        self._tell(0, answer)

    def refuse(self, error: BaseException) -> None:
        """Answer with the number of an error."""
        self._tell(kernel_error_of(error), Answer())

    def _tell(self, status: int, answer: Answer) -> None:
        if self._reply is not None:
            with suppress(InvalidCap):  # a capability in the answer, or whoever waited, is gone
                self._reply.reply(answer.result, status, answer.capabilities)


def sender_of(given: "Capability") -> "Capability":
    """A copy that can send, and no more.  Raises ``RequestError`` if it leads to anything but a channel."""
    if given.fields()[0] != CapabilityKind.SENDER:
        raise RequestError("this is no channel to send to")
    return given.restrict(_SENDS, 0, False)
