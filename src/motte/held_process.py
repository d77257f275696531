"""What the package does with a process: it is told of its end and its questions, and gives back what it holds.

What users do with one is :class:`motte.Process`, which inherits from this.  What the core knows of a process that
has ended stays readable until it is given back: by ``close()``; by the end of its bank; or because somebody is linked
with it or monitors it, and is told of an end when everything is back.  How it ended and what it wrote outlive all but
``close()``.

Most processes are started, waited for and closed, and that is all: what else can be done with one costs nothing until
it is done.  Fields with an ordinary value are the class's until they have another one.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from motte.abi.faults import StopReason
from motte.core import Capability as CoreCapability
from motte.core import Event
from motte.errors import BadState, Closed, InternalError, InvalidCap
from motte.exit_reason import ExitReason, reason_of
from motte.keeping import NOBODY, answer_question, call_keeper, report_exception
from motte.lifetime import Lifetime, Refusal
from motte.linked import Linked
from motte.process_end import end_of

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.capability import ProcessGrants
    from motte.core import Capability
    from motte.core import Process as CoreProcess
    from motte.exit import Exit
    from motte.keeping import Keeping
    from motte.meter import Meter
    from motte.no_streams import NoStreams
    from motte.population import Population
    from motte.process import Process
    from motte.program import Program
    from motte.run_limits import RunLimits

Callback = Callable[["Process", "Exit"], None]


class HeldProcess(Linked):
    """A process, as the package has it."""

    _exit: "Exit | None" = None
    _closed = False
    _released = False  # what it held was given back, or is being, and how it ended is kept
    _rescinded = False  # it ended with its bank
    _raised: BaseException | None = None  # by a function of the host, which has ended it
    _opened = False  # for calls of its functions
    _waits_for_bank = False  # links are told when that is gone
    _asked: ExitReason | None = None  # for the first of those who killed it; under the lock of all ends
    _callbacks: tuple[Callback, ...] = ()  # likewise
    _maker: "Callable[[Exit | None], None] | None" = None  # whoever made it is told first that everything is back
    _wanted = Event.BANK  # likewise

    def __init__(  # noqa: PLR0917 (all that it consists of)
        self,
        core: "CoreProcess",
        program: "Program",
        streams: "NoStreams",
        limits: "RunLimits",
        keeping: "Keeping",
        meter: "Meter",
        account: "Account",
        population: "Population",
    ) -> None:
        """Takes over ``core`` (created, with ``streams`` attached) and one use of ``program``."""
        self._links = population.links
        self._core = core
        self._streams = streams
        self._population = population
        self.program = program
        self.limits = limits
        self.keeping = keeping
        self.meter = meter
        self.account: Account | None = account
        if keeping.is_wanted:
            for region in keeping.regions:
                core.reserve(region.address, region.length)
            population.listener.start()
            self._wanted |= Event.FAULT
        core.want_events(self._wanted)
        self._lifetime: Lifetime[CoreProcess] = Lifetime(core, self, population.ends)

    @property
    def identity(self) -> int:
        """A number that no other process ever has."""
        return self._core.identity

    def grant(self, name: str, capability: "Capability") -> None:
        """It finds a copy of the capability by this name.  Raises ``BadState`` once it was started."""
        with self._lifetime as core:
            core.grant(name, capability)

    def take_back(self, grants: "ProcessGrants") -> None:
        """It will not start: what has moved into it with its grants is its granter's again."""
        with suppress(BadState, Closed, InvalidCap), self._lifetime as core:
            for name, granted in grants:
                if isinstance(granted, CoreCapability):
                    core.take_back(name, granted)

    # --- what it is told ---------------------------------------------------------------------------------------------

    def tell_end(self) -> None:
        """It has ended; call whom that concerns, once."""
        try:
            with suppress(Closed, InvalidCap), self._lifetime as core:
                self._tell_callbacks(self._end(core))
            self._settle()
        except InternalError as error:
            report_exception(error)
            self._asked = ExitReason("internal")
            self._release(wait=False)

    def expect_calls(self) -> None:
        """It was granted functions of the host, and may be started."""
        self._population.listener.start()
        with self._population.ends.lock:
            self._wanted |= Event.OUTSIDE
            self._core.want_events(self._wanted)

    def serve(self) -> None:
        """It calls a function of the host, and was started.  What that raises ends it, and is for who waits for it."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            try:
                core.serve()
            except BaseException as error:
                self._raised = error

    def ask_keepers(self, ask_bank: Callable[[int, int], bool], spent_ns: int) -> None:
        """It stands still and asks; that somebody heard of it has cost so much already."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            answer_question(cast("Process", self), core, ask_bank, spent_ns)

    def end_out_of_time(self) -> None:
        """Its meter is dry, and nobody will refill it."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            core.kill(StopReason.CPU_LIMIT)

    def condemn(self) -> None:
        """Its bank is being destroyed: kill it.  ``rescind`` follows, and when the bank is gone ``tell_links``."""
        self._rescinded = self._waits_for_bank = True
        self._die(ExitReason.KILLED)

    def rescind(self) -> None:
        """Its bank is being destroyed: kill it and release all that it holds.

        How it ended, its statistics and its captured output stay readable until ``close()``; everything else raises
        ``InvalidCap``.  Harmless when it is closed.
        """
        self._die(ExitReason.KILLED)
        with suppress(Closed, InvalidCap), self._lifetime as core:
            core.wait(None)
            self._end(core)
        self._rescinded = True
        self._release(wait=True)

    def tell_links(self) -> None:
        """The bank is gone: those who are linked may know."""
        self._waits_for_bank = False
        if self._lifetime.has_ended:
            self.tell_given_back()

    @property
    def is_killed(self) -> bool:
        """Whether it was killed, so that nobody need be asked about it."""
        return self._asked is not None

    @property
    def living_account(self) -> "Account":
        """Who pays for it.  Raises ``InvalidCap`` if it has given everything back."""
        account = self.account
        if account is None:
            raise InvalidCap(f"the process of {self.program.name} has ended")
        return account

    @property
    def is_at_work_here(self) -> bool:
        """Whether the calling thread does something for it: it cannot give everything back before that is over."""
        return self._lifetime.is_used_here() or self._core.serves_here()

    def use(self) -> "Lifetime[CoreProcess]":
        """Within, what the core knows of it is not given back.  Raises ``InvalidCap`` and ``Closed`` if it was."""
        return self._lifetime

    def keep(self, keeping: "Keeping") -> None:
        """From now on it is kept so.  Raises ``BadState`` for more regions than before once it was started."""
        with self._lifetime as core:
            for region in keeping.regions[len(self.keeping.regions) :]:
                core.reserve(region.address, region.length)
            self.keeping = keeping
            if keeping.is_wanted:
                self._population.listener.start()
                with self._population.ends.lock:
                    self._wanted |= Event.FAULT
                    core.want_events(self._wanted)

    def ask_guest(self, bank_identity: int, pages: int, answer: Callable[[bool], None]) -> bool:
        """Whether a guest keeps the bank that refused so much, and calls ``answer`` later."""
        return self._population.banks.ask_guest(bank_identity, pages, cast("Process", self), answer)

    def charge(self, spent_ns: int) -> None:
        """So much processor time was spent for it by others."""
        try:
            with self._lifetime as core:
                core.charge(spent_ns)
        except (Closed, InvalidCap):
            pass

    def expect_end(self, hear: "Callable[[CoreProcess], object]", told: "Callable[[Exit | None], None]") -> None:
        """Before its start: it gives everything back as soon as it has ended, and ``told`` is the first to know.

        ``hear`` sees to it that ``tell_end`` is called; that is not the listener's business then.
        """
        with self._lifetime as core:
            hear(core)
            self._maker = told

    # --- its end -----------------------------------------------------------------------------------------------------

    def _die(self, reason: ExitReason) -> bool:
        with self._population.ends.lock:
            self._asked = self._asked or reason
        with suppress(Closed):
            self._core.kill()
        return False

    def _expect_end(self) -> bool:
        try:
            with self._lifetime as core:
                with self._population.ends.lock:
                    if self._maker is None and not self._wanted & Event.EXIT:
                        self._population.listener.start()
                        self._wanted |= Event.EXIT
                        core.want_events(self._wanted)
                return core.wait(0)
        except (Closed, InvalidCap):
            return True

    def _settle(self) -> None:
        """If it has ended, and links are to be told of that, it gives everything back."""
        with suppress(Closed, InvalidCap), self._lifetime as core:
            if not core.wait(0) or not (self._maker or self._links.concerns(self)):
                return
            self._end(core)
        self._release(wait=False)

    def _reason(self) -> ExitReason:
        end = self._exit
        return self._asked or ExitReason.KILLED if end is None else reason_of(end, self._asked)

    def _tell_callbacks(self, end: "Exit") -> None:
        if not self._callbacks:
            return
        with self._population.ends.lock:
            callbacks, self._callbacks = self._callbacks, ()
        for callback in callbacks:
            call_keeper(partial(callback, cast("Process", self)), end)

    def _end(self, core: "CoreProcess") -> "Exit":
        """How it ended; only once it has."""
        end = self._exit
        if end is None:  # two threads may find out at once, and find the same
            end = self._exit = end_of(core, self.program, self.limits, self._asked)
        return end

    # --- giving back -------------------------------------------------------------------------------------------------

    def _refusal(self) -> Refusal:
        """What whoever wants to use it from now on is told."""
        if self._closed:
            return Closed, f"the process of {self.program.name} is closed"
        if self._rescinded:
            return InvalidCap, f"the process of {self.program.name} ended with its bank"
        return InvalidCap, f"the process of {self.program.name} has ended, and given everything back"

    def _kept_end(self) -> "Exit | None":
        """How it ended, if it has nothing else any more."""
        return self._exit if self._released and not self._closed else None

    def _release(self, *, wait: bool) -> None:
        self._released = True
        self._lifetime.end(self._refusal(), wait=wait)

    def give_back(self) -> None:
        """For its lifetime: nobody uses it any more."""
        try:
            if self._callbacks or self._maker or (self.party and self._links.concerns(self)):
                self._core.wait(None)
                self._end(self._core)
        except InternalError as error:
            report_exception(error)
        finally:
            self._streams.ended()
            self._core.close()
            self.program.release()
            self._population.leave(self)
            self.keeping = NOBODY  # channels that were asked have one sender less

    def tell_given_back(self) -> None:
        """For its lifetime, afterwards."""
        if self._callbacks and self._exit:
            self._tell_callbacks(self._exit)
        if self._waits_for_bank:
            return
        maker, self._maker = self._maker, None
        if maker:
            maker(self._exit)
        self._links.ended(self, self._reason(), self._exit)

    def later(self, action: Callable[[], None]) -> None:
        """For its lifetime: on a thread that holds no lock."""
        self._population.later(action)
