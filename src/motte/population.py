"""The processes of one machine: which there are, who pays for them, and whom they are told of.

What happens to them from outside arrives here, by their identity: from the listener's thread (an end, a question to
keepers, a meter that is dry), and from banks that are destroyed.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from motte.abi.layout import PAGE_SIZE
from motte.bank import SpaceBank, pages_of_limit
from motte.bank_tree import BankTree
from motte.core import Meter as CoreMeter
from motte.core import Scheduler, source
from motte.errors import BadState, Closed, InvalidCap
from motte.forks import generation
from motte.keeping import call_keeper
from motte.lifetime import Ends
from motte.links import Links
from motte.listener import Listener
from motte.meter import Meter, MeterTree
from motte.quantities import Size
from motte.time_and_chance import ONE_OF_EACH

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.held_process import HeldProcess
    from motte.isolation import Isolation
    from motte.process import Process
    from motte.services.server import Server
    from motte.time_and_chance import TimeAndChance
    from motte.trace import Trace


class Population:
    """All processes of a machine that are not closed, and what they share."""

    def __init__(self, scheduler: Scheduler, memory: int | None, isolation: "Isolation") -> None:
        """``memory`` is the limit of the machine's own bank, in bytes."""
        self.isolation = isolation
        """Of those for whom nothing else is said."""
        self.lock = threading.Lock()
        """Guards who is here, which process draws from which bank, and the end of a bank."""
        self.ends = Ends()
        """Of all of them; its lock guards, too, what several threads want of one at its end."""
        self.links = Links()
        self.listener = Listener(
            scheduler,
            on_exit=self._on_exit,
            on_question=self._on_question,
            on_outside=self._on_outside,
            on_dry=self._on_dry,
        )
        pages = None if memory is None else memory // PAGE_SIZE
        self.banks = BankTree(pages, self.lock, self.listener.start, self._drawing_from, scheduler.rescind)
        self.meters = MeterTree(scheduler.root, self.listener.start)
        self._by_identity: dict[int, Process] = {}
        self._opening: dict[int, threading.Lock] = {}
        self.scheduler = scheduler
        self._services: Server | None = None  # made under the lock of who is here
        self._watching: tuple[Trace, ...] = ()  # changed under the lock
        self._generation = generation()
        self._ran_dry = False  # at least one of the meters, at least once
        self.closed = False

    @property
    def services(self) -> "Server":
        """What guests may ask of the host; there from the first use on.  Raises ``Closed``."""
        with self.lock:
            if self.closed:
                raise Closed("the machine is closed")
            if self._services is None:
                from motte.services.server import Server

                self._services = Server(self, self.scheduler)
            return self._services

    @property
    def is_here(self) -> bool:
        """False in a child of a fork."""
        return self._generation == generation()

    def require_open(self) -> None:
        """Raises ``Closed``, and ``BadState`` in a child of a fork; before any lock."""
        if not self.is_here:
            raise BadState("this machine belongs to the parent of a fork")
        if self.closed:
            raise Closed("the machine is closed")

    def end_services(self) -> None:
        """No request of a guest is answered any more; after the last process was closed.  Harmless when repeated."""
        with self.lock:
            services, self._services = self._services, None
        if services is not None:
            services.close()

    def __len__(self) -> int:
        """How many are here."""
        return len(self._by_identity)

    def enter(self, process: "Process", identity: int, account: "Account") -> None:
        """It is here from now on.

        Raises ``Closed`` if nobody is let in any more, ``InvalidCap`` if its bank is gone.
        """
        with self.lock:
            if self.closed:
                raise Closed("the machine is closed")
            self.banks.require_alive(account)
            self._by_identity[identity] = process
        for trace in self._watching:
            trace.note(identity, process.program.name)

    def watch(self, trace: "Trace") -> None:
        """It is told the programs' names of those who come."""
        with self.lock:
            self._watching += (trace,)

    def unwatch(self, trace: "Trace") -> None:
        """No longer; harmless when repeated."""
        with self.lock:
            self._watching = tuple(each for each in self._watching if each is not trace)

    @contextmanager
    def opening(self, process: "HeldProcess") -> Iterator[None]:
        """Within, nobody else opens the process for calls."""
        with self.lock:
            lock = self._opening.setdefault(process.identity, threading.Lock())
        with lock:
            yield

    def leave(self, process: "HeldProcess") -> None:
        """It was closed; harmless when repeated."""
        identity = process.identity
        with self.lock:
            self._by_identity.pop(identity, None)
            self._opening.pop(identity, None)
            bank = self.banks.leave(process)
        if bank is not None:
            self.later(partial(self._end_bank, bank))

    def _end_bank(self, bank: "Account") -> None:
        with suppress(InvalidCap):  # somebody else was faster
            self.banks.destroy(bank)

    def close(self) -> "list[Process]":
        """Let nobody in any more; those who are here."""
        with self.lock:
            self.closed = True
            return list(self._by_identity.values())

    def is_out_of_time(self, meter: Meter) -> bool:
        """Whether its keeperless end was announced before, so that nobody will tell a process that has just come."""
        return self._ran_dry and meter.is_dry_for_good()

    def account(self, bank: SpaceBank | Size) -> "Account":
        """Who pays for a process: for a size, a bank of that size is made for it alone."""
        self.require_open()
        if bank is None:
            return self.banks.root
        if isinstance(bank, SpaceBank):
            return bank.account_to_draw_from(self.banks)
        return self.banks.sub(self.banks.root, pages_of_limit(bank, "bank"), None, private=True)

    def own_meter(self, meter: Meter | None) -> Meter:
        """Whose time a process of this machine uses.  Raises ``TypeError`` and ``ValueError`` for a wrong one."""
        if meter is None:
            return self.meters.root
        if not isinstance(meter, Meter):
            raise TypeError(f"meter: expected a Meter or None; got {type(meter).__name__}")
        if not meter.belongs_to(self.meters):
            raise ValueError("meter: it is a meter of another machine")
        return meter

    def later(self, action: Callable[[], None]) -> None:
        """Do it on one of the listener's threads."""
        self.listener.later(action)

    def is_of_this_machine(self, capability: "Capability") -> bool:
        """Whether it can be granted here."""
        return capability.belongs_to(self.scheduler)

    def source(self, terms: "TimeAndChance") -> "Capability":
        """A capability to a clock or to random numbers of this machine."""
        return source(self.scheduler, terms)

    def is_source(self, capability: "Capability") -> bool:
        """Whether it is one itself: not a forwarder, which may lead elsewhere later."""
        return any(capability.identity == self.source(each).identity for each in ONE_OF_EACH)

    def find(self, identity: int) -> "Process | None":
        """The process with this identity, if it is here."""
        with self.lock:
            return self._by_identity.get(identity)

    def everybody(self) -> "list[Process]":
        """Those who are here."""
        with self.lock:
            return list(self._by_identity.values())

    def drawing_from(self, account: "Account") -> "list[Process]":
        """Those who draw from a bank, or from one below it."""
        with self.lock:
            return self._drawing_from(account)

    def _drawing_from(self, account: "Account") -> "list[Process]":
        """Those whom a bank's end concerns.  Under the lock."""
        return [
            process
            for process in self._by_identity.values()
            if process.account is not None
            and (process.account.core.draws_from(account.core) or process.program.is_paid_by(account.core))
        ]

    def _on_exit(self, identity: int) -> None:
        if process := self.find(identity):
            process.tell_end()

    def _on_question(self, identity: int, spent_ns: int) -> None:
        process = self.find(identity)
        if process is not None:
            process.ask_keepers(lambda bank, pages: self.banks.ask_keeper(bank, pages, process), spent_ns)

    def _on_outside(self, identity: int) -> None:
        if process := self.find(identity):
            process.serve()

    def _on_dry(self, core: CoreMeter) -> None:
        """The nearest keeper is asked; without one nothing would ever move below this meter again."""
        self._ran_dry = True  # before the look at who is here: whoever comes later looks at this
        dry = self.meters.find(core)
        if dry is None:
            return
        if keeper := dry.nearest_keeper():
            call_keeper(keeper, dry)
        else:
            self.end_below(dry)

    def end_below(self, dry: Meter) -> None:
        """Nobody will refill it: all whose time it is end, for that reason."""
        with self.lock:
            below = [process for process in self._by_identity.values() if process.meter.is_below(dry)]
        for process in below:
            process.end_out_of_time()
