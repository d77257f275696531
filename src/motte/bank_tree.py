"""The official banks of one machine: names, keepers, and who draws from which.

The core keeps the accounts (``core/bank.h``): how much, how deep, alive or not.  This file knows what Python adds to
each of them, and ends the processes of a bank that is destroyed.  It knows no rights: those belong to the handles
(:mod:`motte.bank`).
"""

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol, TypeVar

from motte.abi.layout import PAGE_SIZE
from motte.bank import SpaceBank
from motte.bank_terms import BankKeeper, BankRequest, GuestKeepsBank, WouldWait
from motte.core import Bank
from motte.errors import BadState, InvalidCap, LimitReached
from motte.expected import expect
from motte.forks import generation

if TYPE_CHECKING:
    from motte.held_process import HeldProcess
    from motte.process import Process


Drawn = TypeVar("Drawn")
Known = TypeVar("Known")


class Bought(Protocol):
    """What the host has bought for somebody: it ends with the bank."""

    account: "Account"
    """That has paid."""

    def bank_destroyed(self) -> None:
        """It is gone."""


class Account:
    """One bank; all handles of it share this."""

    def __init__(self, core: Bank, parent: "Account | None", name: str | None, *, private: bool = False) -> None:
        """Without a name it gets one from its identity.  A ``private`` bank ends with the process that it pays for."""
        self.core = core
        self.private = private
        self.parent = parent  # keeps the superiors known for as long as anything draws from them
        self.name = name or f"bank {core.identity}"
        self.keeper: BankKeeper | None = None
        self.asking = threading.RLock()  # held while the keeper is asked
        self.asked = False  # under ``asking``

    @property
    def effective_limit(self) -> int | None:
        """In bytes: the smallest limit of the bank and its superiors; ``None`` if none has one."""
        pages = self.core.effective_limit
        return None if pages is None else pages * PAGE_SIZE


class BankTree:
    """A root and everything below it."""

    def __init__(
        self,
        limit_pages: int | None,
        lock: threading.Lock,
        listen: Callable[[], None],
        drawing_from: "Callable[[Account], list[Process]]",
        rescind: Callable[[Bank], None],
    ) -> None:
        """``lock`` is the machine's: it guards which process draws from which bank, and the end of a bank.

        ``listen`` makes sure that somebody hears of processes that ask for a bank's keeper.  ``drawing_from`` says,
        under the lock, which processes an account pays for, directly or below it.  ``rescind`` ends the channels that
        draw from a bank.
        """
        self.listen = listen
        self.root = Account(Bank(limit_pages), None, "machine")
        self._official = weakref.WeakValueDictionary({self.root.core.identity: self.root})
        self._drawing_from = drawing_from
        self._rescind = rescind
        self._lock = lock
        self._generation = generation()
        _trees[id(self)] = self
        self._purchases: dict[Account, set[Bought]] = {}  # by who has paid; under the lock
        self._asking: list[int] = []  # threads whose draw a keeper is asked for
        self.hurried: int | None = None
        """The thread that waits for no keeper: of a machine, one at most."""

    def sub(self, parent: Account, limit_pages: int | None, name: str | None, *, private: bool = False) -> Account:
        """A new bank; a ``private`` one is a process's own.

        Raises ``InvalidCap``, ``TooDeep``, and ``LimitReached`` if the parent cannot pay for it.
        """
        core = self.draw(1, lambda: parent.core.sub(limit_pages))
        account = Account(core, parent, name, private=private)
        self._official[core.identity] = account
        return account

    @property
    def is_here(self) -> bool:
        """False in a child of a fork."""
        return self._generation == generation()

    def root_handle(self) -> SpaceBank:
        """The root's, with all rights."""
        return SpaceBank(self, self.root)

    def everybody(self) -> list[Account]:
        """All that anybody still holds or draws from, dead ones included."""
        return _living(self._official)

    def payer(self, bank: SpaceBank | None) -> Account:
        """Who pays; the root if nobody is named.  Raises ``TypeError``, ``ValueError`` and ``InvalidCap``."""
        expect("bank", bank, SpaceBank, type(None))
        return self.root if bank is None else bank.account_to_draw_from(self)

    def is_official(self, account: Account) -> bool:
        """Whether it is one of this machine's, and alive."""
        return self._official.get(account.core.identity) is account and account.core.state == "alive"

    def parent_of(self, account: Account) -> Account | None:
        """Who pays for it; ``None`` for the root."""
        identity = account.core.parent_identity
        return None if identity is None else self._official[identity]

    def remove(self, account: Account) -> None:
        """Pass all to the parent.  Raises ``InvalidCap``, and ``BadState`` for the root."""
        parent = self.parent_of(account)
        account.core.remove(parent.core if parent else None)

    # --- processes -------------------------------------------------------------------------------------------------

    def require_alive(self, account: Account) -> None:
        """Raises ``InvalidCap``.  Under the lock, the answer holds until that is released."""
        if account.core.state != "alive":
            raise InvalidCap(f"bank {account.name!r} was {account.core.state}")

    def leave(self, process: "HeldProcess") -> Account | None:
        """It was closed, and a bank that was made for it alone ends.  Under the lock; harmless when repeated.

        Returns that bank if processes which it has made itself draw from it, or the host for it: they are to be ended
        with it.
        """
        account, process.account = process.account, None
        if account is None or not account.private:
            return None
        if self._drawing_from(account) or self._payers_below(account):
            return account
        self.discard_private(account)
        return None

    def discard_private(self, account: Account) -> None:
        """End the bank if it was made for a process that is not there any more; harmless when repeated."""
        if account.private:
            with suppress(InvalidCap):
                self._end(account)

    def destroy(self, account: Account) -> None:
        """End all processes that draw from it, wait until they have given everything back, and end it.

        A process that is created meanwhile is ended, too, or not let in.  Their links and monitors are told when all
        that is done.  Raises ``InvalidCap``.
        """
        if not self.is_here:
            raise BadState("this bank belongs to the parent of a fork")
        ended: list[Process] = []
        while True:
            with self._lock:
                drawing = self._drawing_from(account)
                if not drawing or account.core.state != "alive":
                    self._end(account)
                    break
            for process in drawing:  # all stop at once, not one after the other
                process.condemn()
            for process in drawing:
                process.rescind()
                with self._lock:
                    self.leave(process)
            ended += drawing
        self._end_purchases(account)
        for process in ended:
            process.tell_links()

    def _end(self, account: Account) -> None:
        """The bank, and what the host itself has drawn from it and from those below."""
        account.core.destroy()
        self._rescind(account.core)  # after the end: a channel that is just being made is ended by the core
        for each in _living(self._official):
            if each.core.draws_from(account.core):
                each.core.refund_all()

    # --- purchases ---------------------------------------------------------------------------------------------------

    def purchased(self, purchase: "Bought") -> None:
        """It ends with its bank.  Raises ``InvalidCap`` if that is gone."""
        with self._lock:
            self.require_alive(purchase.account)
            self._purchases.setdefault(purchase.account, set()).add(purchase)

    def returned(self, purchase: "Bought") -> None:
        """It is over; harmless when repeated."""
        with self._lock:
            bought = self._purchases.get(purchase.account, set())
            bought.discard(purchase)
            if not bought:
                self._purchases.pop(purchase.account, None)

    def _end_purchases(self, account: Account) -> None:
        with self._lock:
            ended = [each for payer in self._payers_below(account) for each in self._purchases.pop(payer)]
        for each in ended:
            each.bank_destroyed()

    def _payers_below(self, account: Account) -> "list[Account]":
        """Those who have bought something; a guest can have thousands of things bought, so these are not looked at."""
        return [payer for payer in self._purchases if payer.core.draws_from(account.core)]

    # --- limits ----------------------------------------------------------------------------------------------------

    def is_hurried(self) -> bool:
        """Whether what would ask a keeper raises ``WouldWait`` on this thread."""
        return self.hurried == threading.get_ident()

    def draw(self, pages: int, action: Callable[[], Drawn]) -> Drawn:
        """Do what draws ``pages``, and do it again as long as keepers make room for it.

        Raises ``LimitReached`` with the bank that refused, and what a keeper raises.
        """
        while True:
            try:
                return action()
            except LimitReached as refusal:
                self.make_room(refusal, pages)

    def make_room(self, refusal: LimitReached, pages: int) -> None:
        """Ask the keeper of the bank that refused ``pages``.

        Raises ``LimitReached`` with that bank if nothing came of it, and what the keeper raises.
        """
        self._asking.append(threading.get_ident())
        try:
            if refusal.bank_identity is None or not self.ask_keeper(refusal.bank_identity, pages, None):
                raise self._named(refusal) from None
        finally:
            self._asking.remove(threading.get_ident())

    @property
    def is_asked_here(self) -> bool:
        """Whether the calling thread is a keeper's, in the middle of something that somebody wants to draw."""
        return threading.get_ident() in self._asking

    @contextmanager
    def named_refusals(self) -> Iterator[None]:
        """Within, the core's refusals are raised with their bank."""
        try:
            yield
        except LimitReached as refusal:
            raise self._named(refusal) from None

    def ask_keeper(self, identity: int, pages: int, process: "Process | None") -> bool:
        """Ask the keeper of the bank that refused; whether it has made room, so that the draw is worth another try.

        Room is a raised limit, or more free pages than before.  Once is not enough: another thread may be faster.  But
        a keeper that does nothing ends it, however much seems to be free: who is refused may need more than it says.
        Returns false if the bank has no keeper, is gone, or is drawn from by its own keeper
        while that is asked: a keeper never needs what it keeps.  What the keeper raises comes through.
        """
        account = self._official.get(identity)
        if account is None:
            return False
        if self.is_hurried():
            if account.keeper is None:
                return False
            raise WouldWait
        with account.asking:
            if account.keeper is None or account.asked or account.core.state != "alive":
                return False
            before = account.core.figures()
            account.asked = True
            try:
                account.keeper(BankRequest(SpaceBank(self, account), pages * PAGE_SIZE, process))
            finally:
                account.asked = False
            return account.core.state != "alive" or _made_room(before, account.core.figures())

    def ask_guest(self, identity: int, pages: int, process: "Process", answer: Callable[[bool], None]) -> bool:
        """The same, if the keeper is a guest: whether ``answer`` will be called, once and from any thread."""
        account = self._official.get(identity)
        keeper = None if account is None else account.keeper
        if account is None or not isinstance(keeper, GuestKeepsBank) or account.core.state != "alive":
            return False
        return keeper.ask(SpaceBank(self, account), pages * PAGE_SIZE, process, answer)

    def powerless_handle(self, identity: int) -> SpaceBank | None:
        """Of one of the banks here."""
        account = self._official.get(identity)
        return None if account is None else SpaceBank(self, account).powerless()

    def _named(self, refusal: LimitReached) -> LimitReached | InvalidCap:
        """The core's refusal in words, with a handle of the bank that it was."""
        account = None if refusal.bank_identity is None else self._official.get(refusal.bank_identity)
        if account is None:
            return refusal
        if account.core.state == "destroyed":  # meanwhile
            return InvalidCap(f"bank {account.name!r} was destroyed")
        handle = SpaceBank(self, account).powerless()
        return LimitReached(f"{refusal}: bank {account.name!r} refuses", refusal.bank_identity, handle)


_trees: "weakref.WeakValueDictionary[int, BankTree]" = weakref.WeakValueDictionary()


def _living(known: "weakref.WeakValueDictionary[int, Known]") -> "list[Known]":
    """Those that are there at one moment: ``values()`` fails if another thread adds one meanwhile."""
    return [value for reference in known.valuerefs() if (value := reference()) is not None]


def powerless_handle(identity: int) -> SpaceBank | None:
    """Of whatever machine's bank has this identity: to be compared and asked for its name; ``None`` if it is gone."""
    for tree in _living(_trees):
        if handle := tree.powerless_handle(identity):
            return handle
    return None


Figures = tuple[int | None, int, int, int | None, int]
"""Limit, used, peak, available, banks below."""


def _made_room(before: Figures, after: Figures) -> bool:
    return _is_more(after[0], before[0]) or _is_more(after[3], before[3])


def _is_more(pages: int | None, than: int | None) -> bool:
    """``None`` is without limit."""
    return than is not None and (pages is None or pages > than)
