"""Channels: bounded queues of messages between processes, and between them and Python.

A channel has two ends, each a capability: what one :class:`Sender` sends, one :class:`Receiver` receives, in that
order. Both may be copied, granted to processes and sent in messages.  Whoever makes the channel pays for its queue at
once; so sending costs nobody any memory, and is refused when the queue is full.

That a peer is gone is seen where one receives: ``PeerClosed``, after everything that was sent before.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import CHANNEL_CAPACITY, MESSAGE_BYTES, CapabilityKind, MessageFlag
from motte.abi.layout import PAGE_SIZE
from motte.capability import Capability, cores_of, represents
from motte.core import begin_select
from motte.core import channel as core_channel
from motte.core import select as core_select
from motte.errors import PeerClosed
from motte.exchange import Block
from motte.expected import expect
from motte.message import Message
from motte.quantities import Duration, Size, duration_ns, size_bytes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from motte.bank import SpaceBank
    from motte.bank_tree import BankTree
    from motte.core import Scheduler

_PRIORITY: Final = int(MessageFlag.PRIORITY)


@represents(CapabilityKind.SENDER, CapabilityKind.SERVICE)
class Sender(Capability):
    """The end of a channel into which one sends.

    ``timeout`` is in seconds, or a text such as ``"5ms"``; 0 does not wait, ``None`` waits for ever.  Waiting threads
    do not hold the interpreter's lock, and Ctrl-C interrupts them.
    """

    __slots__ = ()

    def send(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
        priority: bool = False,
        timeout: Duration = None,
    ) -> None:
        """Send, waiting for room if need be.

        ``data`` are at most 64 KiB.  Copies of at most four ``capabilities`` go along; one to answer a call moves.
        At most four ``blocks`` move, too, and are the receiver's then; of frozen ones copies go.
        With ``priority`` it overtakes all messages without.

        Raises ``Full`` if there is no room and the timeout is 0, ``Timeout`` after a longer one, ``RequestError`` for
        what no message can carry or the queue could never hold; then nothing was sent.  To a channel that nobody can
        receive from everything can be sent, and is gone.
        """
        self.core.send(data, tag, _PRIORITY if priority else 0, cores_of(capabilities, blocks), timeout_ns(timeout))

    def call(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
        priority: bool = False,
        timeout: Duration = None,
    ) -> Message:
        """Send, and wait for the answer.

        Raises what ``send`` does, and ``PeerClosed`` if there will be no answer: nobody can receive, or whoever had to
        answer has given that up or ended.  After ``Timeout`` an answer goes nowhere.
        """
        flags = _PRIORITY if priority else 0
        return Message(self.core.call(data, tag, flags, cores_of(capabilities, blocks), timeout_ns(timeout)))

    async def send_async(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
        priority: bool = False,
        timeout: Duration = None,
    ) -> None:
        """Like ``send``, for event loops.  Cancelled while it waits for room, nothing was sent."""
        if timeout == 0:
            self.send(data, tag=tag, capabilities=capabilities, blocks=blocks, priority=priority, timeout=0)
            return
        from motte.awaiting import wait_for

        flags, attached = _PRIORITY if priority else 0, cores_of(capabilities, blocks)
        await wait_for(lambda told: self.core.begin_send(told, data, tag, flags, attached), timeout)

    async def call_async(
        self,
        data: "ReadableBuffer" = b"",
        *,
        tag: int = 0,
        capabilities: Iterable[Capability] = (),
        blocks: Iterable[Block] = (),
        priority: bool = False,
        timeout: Duration = None,
    ) -> Message:
        """Like ``call``, for event loops.  Cancelled, the answer goes nowhere."""
        if timeout == 0:
            return self.call(data, tag=tag, capabilities=capabilities, blocks=blocks, priority=priority, timeout=0)
        from motte.awaiting import wait_for

        flags, attached = _PRIORITY if priority else 0, cores_of(capabilities, blocks)
        return Message(await wait_for(lambda told: self.core.begin_call(told, data, tag, flags, attached), timeout))

    def notify(self, bits: int) -> None:
        """Post bits (at least one of 32), which collect until they are received; never waits, and needs no room."""
        self.core.notify(bits)


@represents(CapabilityKind.RECEIVER)
class Receiver(Capability):
    """The end of a channel from which one receives; iterating over it ends when nobody can send any more.

    Timeouts are those of :class:`Sender`.
    """

    __slots__ = ()

    def receive(self, timeout: Duration = None, *, tag: int | None = None, badge: int | None = None) -> Message:
        """The first message, or notification; or the first message with this ``tag`` or ``badge``.

        The others keep their places; such a choice is possible in channels with a capacity of at most 1,024.

        Raises ``Timeout``; ``PeerClosed`` after the last message, once nobody can send any more.
        """
        return Message(self.core.receive(timeout_ns(timeout), tag, badge))

    async def receive_async(
        self, timeout: Duration = None, *, tag: int | None = None, badge: int | None = None
    ) -> Message:
        """Like ``receive``, for event loops.  Cancelled, it has taken nothing out of the channel."""
        if timeout == 0:
            return self.receive(0, tag=tag, badge=badge)
        from motte.awaiting import wait_for

        return Message(await wait_for(lambda told: self.core.begin_receive(told, tag, badge), timeout))

    def __iter__(self) -> Iterator[Message]:
        """All messages until nobody can send any more."""
        try:
            while True:
                yield self.receive()
        except PeerClosed:
            return

    async def __aiter__(self) -> AsyncIterator[Message]:
        """All messages until nobody can send any more."""
        try:
            while True:
                yield await self.receive_async()
        except PeerClosed:
            return


def select(receivers: Sequence[Receiver], timeout: Duration = None) -> Receiver:
    """The first of at most 64 receivers that has something, or that nobody can send to any more.

        ready = motte.select([receiver, calls], timeout=5)
        print(ready.receive().data)

    Nothing is received yet: another thread or process may be faster.  Raises ``Timeout``.
    """
    expect("receivers", receivers, list, tuple)
    return receivers[core_select(cores_of(receivers), timeout_ns(timeout))]


async def select_async(receivers: Sequence[Receiver], timeout: Duration = None) -> Receiver:
    """Like ``select``, for event loops.

    For example:

        ready = await motte.select_async([receiver, calls], timeout=5)
        print(ready.receive().data)
    """
    if timeout == 0:
        return select(receivers, 0)
    from motte.awaiting import wait_for

    expect("receivers", receivers, list, tuple)
    cores = cores_of(receivers)
    return receivers[await wait_for(lambda told: begin_select(told, cores), timeout)]


def create_channel(
    scheduler: "Scheduler", banks: "BankTree", bank: "SpaceBank | None", capacity: int, buffer: Size
) -> tuple[Sender, Receiver]:
    """For :meth:`motte.Machine.channel`."""
    account = banks.payer(bank)
    expect("capacity", capacity, int)
    size = size_bytes(buffer, "buffer")
    if not 1 <= capacity <= CHANNEL_CAPACITY:
        raise ValueError(f"capacity: expected 1 to {CHANNEL_CAPACITY} messages; got {capacity}")
    if size is None or size > capacity * MESSAGE_BYTES:
        raise ValueError(f"buffer: expected at most {MESSAGE_BYTES} bytes for each of {capacity} messages; got {size}")
    pages = -(-size // PAGE_SIZE)
    ends = banks.draw(pages, lambda: core_channel(scheduler, account.core, capacity, size))
    return Sender(ends[0]), Receiver(ends[1])


def timeout_ns(timeout: Duration) -> int | None:
    """As the core counts it."""
    return 0 if timeout == 0 else duration_ns(timeout, "timeout")
