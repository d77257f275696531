"""Messages, as Python receives them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Self

from motte.abi.capabilities import CapabilityKind, MessageFlag
from motte.capability import Capability, capability_of, cores_of, represents
from motte.errors import InvalidCap
from motte.exchange import Block

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed import ReadableBuffer

    from motte.core._core import CoreMessage


_PRIORITY: Final = int(MessageFlag.PRIORITY)  # arithmetic with enumerations is slow
_NOTIFICATION: Final = int(MessageFlag.NOTIFICATION)
_WEAK: Final = int(MessageFlag.WEAK)


@represents(CapabilityKind.REPLY)
class ReplyCapability(Capability):
    """Who waits for an answer to a call; it can be used once, and sent on until then.

    For example:

        message = calls.receive(timeout=5)           # of somebody who waits in call()
        later = message.take_reply()
        later.reply(b"done")
    """

    __slots__ = ()

    def reply(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
    ) -> None:
        """Answer; never waits.  An answer to one who waits no longer is gone.

        Raises ``RequestError`` and ``NoAccess`` for what cannot be sent, and it can still be used then.
        """
        self.core.reply(data, tag, cores_of(capabilities, blocks))


class Message:
    """Bytes, a tag, and capabilities; or a notification, which is bits and nothing else.

        sender.send(b"hello", tag=3)
        message = receiver.receive(timeout=5)
        print(message.data, message.tag)

    ``bytes(message)`` is ``message.data``.  Whoever awaits an answer to it gets that by :meth:`reply`, once; and
    ``PeerClosed`` if the message is closed, or nobody refers to it any more, before that.  It is a context manager:
    leaving it closes it.
    """

    __slots__ = ("_flags", "_reply", "badge", "blocks", "capabilities", "data", "identity", "rights", "sender", "tag")

    def __init__(self, fields: "CoreMessage") -> None:
        """For the package: as the core shows it."""
        data, tag, badge, flags, capabilities, reply, identity, sender, rights = fields
        self.data = data
        """The bytes."""
        self.tag = tag
        """A number that sender and receiver agree on."""
        self.badge = badge
        """Of the capability that it was sent with; 0: none."""
        carried = tuple(map(capability_of, capabilities)) if capabilities else ()
        self.capabilities = tuple(each for each in carried if not isinstance(each, Block)) if carried else ()
        """Those that came with it; they are the receiver's now."""
        self.blocks = tuple(each for each in carried if isinstance(each, Block)) if carried else ()
        """Those that came with it, likewise."""
        self.sender = sender
        """The identity of the process that sent it; 0: Python did."""
        self.identity = identity
        """For services: which one was called."""
        self.rights = rights
        """For services: those of the capability that it was sent with."""
        self._flags = flags
        self._reply = reply

    # --- flags -------------------------------------------------------------------------------------------------------

    @property
    def priority(self) -> bool:
        """Whether it has overtaken the others."""
        return bool(self._flags & _PRIORITY)

    @property
    def weak(self) -> bool:
        """Whether it came through a weak capability: who sent it may look, and not change anything."""
        return bool(self._flags & _WEAK)

    @property
    def bits(self) -> int:
        """Of a notification; 0: it is none."""
        return self.tag if self._flags & _NOTIFICATION else 0

    @property
    def wants_reply(self) -> bool:
        """Whether it is a call that was not answered here yet."""
        return self._reply is not None

    # --- answering ---------------------------------------------------------------------------------------------------

    def reply(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
    ) -> None:
        """Answer; never waits.  An answer to one who waits no longer is gone.

        Raises ``InvalidCap`` if it was answered before, or never wanted to be; ``RequestError`` and ``NoAccess`` for
        what cannot be sent, and it can still be answered then.
        """
        if self._reply is None:
            raise InvalidCap("nobody waits for an answer to this message, or it was answered before")
        self._reply.reply(data, tag, cores_of(capabilities, blocks))
        self._reply = None

    def take_reply(self) -> ReplyCapability:
        """The capability to answer it, which can be sent on.  Raises ``InvalidCap`` as ``reply``."""
        if self._reply is None:
            raise InvalidCap("nobody waits for an answer to this message, or it was answered before")
        taken, self._reply = ReplyCapability(self._reply), None
        return taken

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the capabilities and blocks that came with it; who awaits an answer gets none."""
        for each in self.capabilities + self.blocks:
            each.close()
        if self._reply is not None:
            self._reply.close()
            self._reply = None

    def __enter__(self) -> Self:
        """The message itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __bytes__(self) -> bytes:
        """The bytes."""
        return self.data

    def __repr__(self) -> str:
        """For people."""
        if self.bits:
            return f"<Message: notification {self.bits:#x}>"
        carried = f", {len(self.capabilities)} capabilities" if self.capabilities else ""
        carried += f", {len(self.blocks)} blocks" if self.blocks else ""
        wanted = ", wants a reply" if self.wants_reply else ""
        return f"<Message: tag {self.tag}, badge {self.badge}, {len(self.data)} bytes{carried}{wanted}>"
