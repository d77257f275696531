"""The exchange heap: blocks of pages with exactly one owner, which change hands without being copied.

A block belongs to whoever holds it: Python, a process, or a message on its way.  Sent, it is gone for who sent it, and
its pages are the receiver's.  Python sees the bytes of its blocks through memoryviews; while somebody looks, a block
cannot be given away.
"""

import weakref
from typing import TYPE_CHECKING

from motte.abi.capabilities import BLOCK_SIZE, CapabilityKind
from motte.abi.layout import CHECKED_CELL, PAGE_SIZE
from motte.capability import Capability, represents
from motte.core import block as core_block
from motte.errors import Closed, NotOwner
from motte.quantities import Size, size_bytes

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.bank_tree import BankTree
    from motte.core import Capability as CoreCapability
    from motte.core import Scheduler


@represents(CapabilityKind.BLOCK)
class Block(Capability):
    """A block that Python owns, or a frozen one that it holds; made by ``machine.exchange``, or received in a message.

        block = machine.exchange.allocate("1MiB")
        block.view()[:5] = b"pages"
        sender.send(b"here", blocks=[block])         # it is the receiver's now

    Operations raise ``NotOwner`` once it was sent, ``Closed`` after ``close()``, ``InvalidCap`` once the bank that pays
    for it was destroyed, and ``BufferError`` where views are in the way.
    """

    __slots__ = ("_closed", "_views")

    def __init__(self, core: "CoreCapability") -> None:
        """For the package: takes over what the core holds."""
        super().__init__(core)
        self._views: list[weakref.ref[memoryview]] = []
        self._closed = False

    @property
    def size(self) -> int:
        """In bytes: whole pages."""
        return self._fields()[0]

    @property
    def frozen(self) -> bool:
        """Whether nobody can write to it any more."""
        return self._fields()[1]

    @property
    def checked(self) -> bool:
        """Whether it is a checked one, which guests open instead of mapping it."""
        return self._fields()[2]

    def view(self) -> memoryview:
        """Its bytes, not copied; to be read only if it is frozen or weak.

        Sending the block releases the view, which then raises ``ValueError``.  That is refused with ``BufferError`` as
        long as anything was made of the view and is still there: slices, casts, NumPy arrays.  A view that is there
        when the block is closed, or when its bank is destroyed, keeps the bytes until it is released.
        """
        try:
            made = self.core.block_view()
        except Closed:
            raise self._gone() from None
        self._views = [view for view in self._views if view() is not None]
        self._views.append(weakref.ref(made))
        return made

    def split(self, offset: int) -> "Block":
        """End it at ``offset``, a multiple of the page size; the rest, a block of its own that the same bank pays for.

        Releases views as sending does.  Raises ``RequestError`` for an offset that is not inside, ``Sealed`` if the
        block is frozen, ``LimitReached``.
        """
        self._release_views()
        try:
            return Block(self.core.block_split(offset))
        except Closed:
            raise self._gone() from None

    def freeze(self) -> None:
        """Make it readable for ever: from now on copies are sent, and all who have one see the same pages.

        Copies its bytes, once.  Releases views as sending does.  Raises ``Sealed`` if it is frozen, ``LimitReached``.
        """
        self._release_views()
        try:
            self.core.block_freeze()
        except Closed:
            raise self._gone() from None

    def close(self) -> None:
        """Give it up; harmless when repeated.  Its pages go back when the last view is gone."""
        self._closed = True
        super().close()

    def to_be_sent(self) -> "CoreCapability":
        """For the package: what the core gets.  What is to move has no views any more."""
        if not self._fields()[1]:
            self._release_views()
        return self.core

    def _fields(self) -> tuple[int, bool, bool]:
        try:
            return self.core.block_fields()
        except Closed:
            raise self._gone() from None

    def _gone(self) -> Exception:
        return (
            Closed("this block was closed") if self._closed else NotOwner("this block was sent: it belongs to others")
        )

    def _release_views(self) -> None:
        """Raises ``BufferError`` if something was made of them."""
        for reference in self._views:
            view = reference()
            if view is not None:
                view.release()
        self._views.clear()


class Exchange:
    """Where a machine's blocks are made: ``machine.exchange``.

    For example:

        block = machine.exchange.allocate("1MiB", checked=True)
    """

    def __init__(self, scheduler: "Scheduler", banks: "BankTree") -> None:
        """For the package."""
        self._scheduler = scheduler
        self._banks = banks

    def allocate(self, size: Size, bank: "SpaceBank | None" = None, *, checked: bool = False) -> Block:
        """A block of zeros with so many bytes, rounded up to whole pages; a checked one or one whose pages move.

        ``bank`` pays for it (default: the machine's own): for the pages, their page tables, and one page more.

        Raises ``LimitReached`` if the bank does not cover it, or there are ``CHECKED_BLOCKS`` checked ones already;
        ``ValueError`` unless the size is from 1 byte to ``BLOCK_SIZE``, almost 510 MiB, or for a checked one to
        ``CHECKED_CELL``, 4 MiB.
        """
        account = self._banks.payer(bank)
        wanted = size_bytes(size, "size")
        largest = CHECKED_CELL if checked else BLOCK_SIZE
        if wanted is None or not 0 < wanted <= largest:
            raise ValueError(f"size: expected 1 to {largest} bytes; got {size!r}")
        pages = -(-wanted // PAGE_SIZE)
        return Block(self._banks.draw(pages, lambda: core_block(self._scheduler, account.core, wanted, checked)))
