"""Space banks: what pays for memory.

What is drawn from a bank is drawn from every bank above it.  The bank with the least room decides, and
``LimitReached.bank`` is that one.  Destroying a bank ends everything that was bought from it.

A :class:`SpaceBank` is a handle: a bank, and what may be done with it.  Rights only shrink: ``reduce()`` makes a handle
that can do less, to be given to code that is trusted less.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.abi.layout import PAGE_SIZE
from motte.bank_terms import BankKeeper, BankRestriction, BankStatistics
from motte.card import Card, Shown
from motte.errors import Closed, InvalidCap, NoAccess
from motte.quantities import Size, size_bytes
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType

    from motte.bank_tree import Account, BankTree
    from motte.core import Bank as CoreBank


_NONE: Final = BankRestriction(0)
_ALL: Final = ~_NONE


class SpaceBank(Shown, Unique):
    """A handle of a bank; made by ``Machine.bank``, :meth:`sub` and :meth:`reduce`.

        tenant = machine.bank.sub("64MiB", name="tenant")
        process = machine.spawn(program, bank=tenant)
        tenant.destroy()                             # kills what draws from it

    Sizes are in bytes and count whole pages of 4 KiB.  A bank costs its parent one page.  Two handles are equal if they
    are of the same bank.  Safe to use from several threads.

    Operations raise ``InvalidCap`` once the bank is destroyed or removed, ``NoAccess`` for what the handle must not do,
    ``Closed`` after ``close()``.
    """

    __slots__ = ("__weakref__", "_account", "_closed", "_owned", "_restrictions", "_tree")

    def __init__(
        self, tree: "BankTree", account: "Account", restrictions: BankRestriction = _NONE, *, owned: bool = False
    ) -> None:
        """Closing an ``owned`` handle destroys its bank."""
        self._tree = tree
        self._account = account
        self._owned = owned
        self._closed = False
        self._restrictions = restrictions

    # --- making and giving handles -----------------------------------------------------------------------------------

    def sub(
        self, limit: Size = None, *, restrictions: BankRestriction | int = _NONE, name: str | None = None
    ) -> "SpaceBank":
        """A bank below this one; closing its handle destroys it.

        ``limit`` may be more than this bank has: the bank with the least room decides.  ``name`` is for messages.
        Raises ``TooDeep`` at more than 20 levels, ``LimitReached`` if this bank has no page for it.
        """
        account = self._allowed(BankRestriction.NO_ALLOC)
        pages = pages_of_limit(limit)
        below = self._tree.sub(account, pages, name)
        return SpaceBank(self._tree, below, BankRestriction(restrictions), owned=True)

    def reduce(self, restrictions: BankRestriction | int) -> "SpaceBank":
        """A handle of the same bank that has these restrictions, too.

        Closing it only closes the handle.  Raises ``ValueError`` for unknown restrictions.
        """
        more = BankRestriction(restrictions)
        return SpaceBank(self._tree, self._allowed(_NONE), self._restrictions | more)

    def verify(self, other: object) -> bool:
        """Whether ``other`` is the handle of a bank of this machine that can be drawn from: of nothing else is it true.

        Code that is handed a bank asks this, with a handle that it trusts, before it relies on the other one's limits.
        """
        self._allowed(_NONE)
        return type(other) is SpaceBank and not other._closed and self._tree.is_official(other._account)

    # --- drawing -----------------------------------------------------------------------------------------------------

    def allocate(self, size: Size) -> None:
        """Draw ``size`` bytes, all or none, for something that the host itself keeps on behalf of guests.

        They come back by ``free``, or when the bank is destroyed.
        Raises ``LimitReached``.
        """
        account = self._allowed(BankRestriction.NO_ALLOC)
        pages = _whole_pages(size)
        self._tree.draw(pages, lambda: account.core.charge(pages))

    def free(self, size: Size) -> None:
        """Give back what was drawn with ``allocate``.  Raises ``ValueError`` if that was less."""
        self._allowed(BankRestriction.NO_FREE).core.refund(_whole_pages(size))

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def restrictions(self) -> BankRestriction:
        """What this handle cannot do."""
        return self._restrictions

    @property
    def name(self) -> str:
        """What messages call it."""
        return self._account.name

    @property
    def destroyed(self) -> bool:
        """Whether the bank, or one above it, was destroyed."""
        return self._account.core.state == "destroyed"

    @property
    def limit(self) -> int | None:
        """Most bytes that may be drawn from it; ``None``: no limit of its own.

        It can be set, with sizes such as ``"64MiB"``, and counts for later draws: a limit below what is used takes
        nothing away.
        """
        return _bytes_or_none(self._queried().core.limit)

    @limit.setter
    def limit(self, limit: Size) -> None:
        self._allowed(BankRestriction.NO_CHANGE_LIMITS).core.set_limit(pages_of_limit(limit))

    @property
    def effective_limit(self) -> int | None:
        """The smallest limit of it and all banks above it, in bytes; ``None`` if none of them has one."""
        return self._queried().effective_limit

    @property
    def used(self) -> int:
        """Bytes that are drawn from it, and from the banks below it."""
        return self._queried().core.used * PAGE_SIZE

    @property
    def peak(self) -> int:
        """Most bytes that were drawn at once."""
        return self._queried().core.peak * PAGE_SIZE

    @property
    def available(self) -> int | None:
        """Bytes that it and all banks above it still allow; ``None`` if none of them has a limit."""
        return _bytes_or_none(self._queried().core.available)

    def statistics(self) -> BankStatistics:
        """All of it: a frozen record."""
        return statistics_of(self._queried())

    @property
    def keeper(self) -> BankKeeper | None:
        """Who is asked when this bank refuses: any callable that takes a ``BankRequest``, or ``None``.

        If it raises the limit, or has memory freed, the draw is tried again, and whoever wanted the memory notices
        nothing.  It is asked by one thread at a time, and is not asked about what it draws itself.
        """
        return self._allowed(BankRestriction.NO_CHANGE_LIMITS).keeper

    @keeper.setter
    def keeper(self, keeper: BankKeeper | None) -> None:
        account = self._allowed(BankRestriction.NO_CHANGE_LIMITS)
        if keeper is not None and not callable(keeper):
            raise TypeError(f"keeper: expected a callable or None; got {type(keeper).__name__}")
        self._tree.listen()
        account.keeper = keeper
        account.core.set_has_keeper(keeper is not None)

    # --- ends --------------------------------------------------------------------------------------------------------

    def destroy(self) -> None:
        """Kill every process that draws from it or from a bank below, take all memory back, and end these banks."""
        self._tree.destroy(self._allowed(BankRestriction.NO_DESTROY))

    def remove(self) -> None:
        """Give all that was drawn from it, and the banks and processes below it, to the parent.

        Its processes live on and draw from the parent.  Raises ``BadState`` for a machine's own bank.
        """
        self._tree.remove(self._allowed(BankRestriction.NO_REMOVE))

    def close(self) -> None:
        """Give the handle up, and destroy the bank if this is the handle that ``sub`` made; harmless when repeated.

        In a child of a fork nothing is destroyed.
        """
        if (
            self._tree.is_here
            and self._owned
            and not self._closed
            and not self._restrictions & BankRestriction.NO_DESTROY
        ):
            with suppress(InvalidCap):
                self._tree.destroy(self._account)
        self._closed = True

    def __enter__(self) -> "SpaceBank":
        """The handle itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __eq__(self, other: object) -> bool:
        """Whether it is a handle of the same bank, whatever its rights."""
        return isinstance(other, SpaceBank) and self._account is other._account

    def __hash__(self) -> int:
        """Of the bank."""
        return hash(self._account.core.identity)

    def card(self) -> Card:
        """It, and the banks below it; only its name if it is gone, or this handle must not ask."""
        from motte.overview import bank_columns, bank_looks

        title = f"bank {self.name}"
        try:
            looks = list(bank_looks(self._queried(), self._tree.everybody()))
        except (Closed, InvalidCap, NoAccess) as refusal:
            return Card(f"{title}: {refusal}")
        return Card(title, columns=bank_columns(looks))

    def __repr__(self) -> str:
        """For people; never raises."""
        state = "closed" if self._closed else self._account.core.state
        limits = f", {self._restrictions!r}" if self._restrictions else ""
        return f"<SpaceBank {self.name!r}, {state}{limits}>"

    # --- for the package ---------------------------------------------------------------------------------------------

    def powerless(self) -> "SpaceBank":
        """A handle that can be compared and asked for its name, and nothing else; of a dead bank, too."""
        return SpaceBank(self._tree, self._account, _ALL)

    def account_to_draw_from(self, tree: "BankTree") -> "Account":
        """For the package, and a machine with these banks.  Raises ``ValueError`` for another machine's."""
        if self._tree is not tree:
            raise ValueError(f"bank: {self.name!r} is a bank of another machine")
        return self._allowed(BankRestriction.NO_ALLOC)

    def core_to_draw_from(self) -> "CoreBank":
        """For the package: what pays for something that no machine owns."""
        return self._allowed(BankRestriction.NO_ALLOC).core

    def account_for_anything(self) -> "Account":
        """For the package: of a living bank, whatever the handle's rights.  Raises ``InvalidCap`` and ``Closed``."""
        return self._allowed(_NONE)

    def _queried(self) -> "Account":
        return self._allowed(BankRestriction.NO_QUERY)

    def _allowed(self, right: BankRestriction) -> "Account":
        """The account, for an operation that ``right`` would forbid."""
        if self._closed:
            raise Closed(f"the handle of bank {self.name!r} is closed")
        state = self._account.core.state
        if state != "alive":
            raise InvalidCap(f"bank {self.name!r} was {state}")
        if self._restrictions & right:
            raise NoAccess(f"this handle of bank {self.name!r} is restricted by {right.name}")
        return self._account


def statistics_of(account: "Account") -> BankStatistics:
    """For the package: whatever the rights of a handle.  Raises ``InvalidCap`` if the bank is gone."""
    limit, used, peak, available, banks = account.core.figures()
    return BankStatistics(
        limit=_bytes_or_none(limit),
        used=used * PAGE_SIZE,
        peak=peak * PAGE_SIZE,
        available=_bytes_or_none(available),
        banks=banks,
    )


def pages_of_limit(limit: Size, what: str = "limit") -> int | None:
    """Whole pages below a limit as users write it; ``None`` for none."""
    size = size_bytes(limit, what)
    return None if size is None else size // PAGE_SIZE


def _whole_pages(size: Size) -> int:
    wanted = size_bytes(size, "size")
    if wanted is None:
        raise ValueError("size: expected a size, not none")
    return -(-wanted // PAGE_SIZE)


def _bytes_or_none(pages: int | None) -> int | None:
    return None if pages is None else pages * PAGE_SIZE
