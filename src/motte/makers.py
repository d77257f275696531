"""What a machine makes for processes to hold: channels, forwarders, blocks, conversations, constructors, launchers.

Each kind has a module of its own, which is imported when the first one is made: most programs need few of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from motte.abi.capabilities import MESSAGE_BYTES
from motte.build_options import BuildOptions
from motte.errors import Closed
from motte.expected import expect

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.capability import Capability
    from motte.channel import Receiver, Sender
    from motte.constructor import Constructor
    from motte.contract import Contract
    from motte.conversation import ConversationEnd
    from motte.core import Scheduler
    from motte.exchange import Exchange
    from motte.forwarder import Forwarder
    from motte.launcher import Launcher
    from motte.population import Population
    from motte.program import Program
    from motte.quantities import Duration, Size


class Makers(ABC):
    """The part of a machine that makes them."""

    _scheduler: "Scheduler"
    _population: "Population"

    @abstractmethod
    def at_close(self, key: object, action: Callable[[], object]) -> None:
        """Call ``action`` when the machine is about to be closed.  Raises ``Closed`` if it is."""

    @abstractmethod
    def not_at_close(self, key: object) -> None:
        """There is no need any more."""

    @abstractmethod
    def _check_open(self) -> None:
        """Raises ``Closed``."""

    @abstractmethod
    def _adopt(self, artifact: bytes, name: str) -> "Program":
        """The artifact as a program of this machine.  Raises ``Refused``, ``LimitReached`` and ``Closed``."""

    def channel(
        self, capacity: int = 16, *, bank: "SpaceBank | None" = None, buffer: "Size" = MESSAGE_BYTES
    ) -> "tuple[Sender, Receiver]":
        """A queue of at most ``capacity`` messages with ``buffer`` bytes in all: its two ends.

        ``bank`` pays for it, at once and for as long as anybody holds one of its ends, and ends it when it is
        destroyed; by default the machine's own.  No message is longer than its buffer, which is 64 KiB unless said
        otherwise: that of the longest message.

        Raises ``ValueError`` unless the capacity is from 1 to 65,536 and the buffer at most 64 KiB for each of them,
        ``LimitReached`` if the bank does not cover it.
        """
        from motte.channel import create_channel

        self._check_open()
        return create_channel(self._scheduler, self._population.banks, bank, capacity, buffer)

    def forwarder(self, target: "Capability", *, bank: "SpaceBank | None" = None) -> "Forwarder":
        """A capability that leads to ``target``, to be given away, and the control to take it back.

        ``bank`` pays; by default the machine's own.  Raises ``NoAccess`` for a target that may not be copied, or
        receives; ``TooDeep`` behind more than eight forwarders; ``LimitReached``.
        """
        from motte.forwarder import create_forwarder

        self._check_open()
        return create_forwarder(self._population.banks, target, bank, membrane=False)

    def membrane(self, target: "Capability", *, bank: "SpaceBank | None" = None) -> "Forwarder":
        """The same, but that it wraps all capabilities that cross it: they are cut with it.

        Capabilities to receive do not cross it: ``NoAccess``.
        """
        from motte.forwarder import create_forwarder

        self._check_open()
        return create_forwarder(self._population.banks, target, bank, membrane=True)

    @property
    def exchange(self) -> "Exchange":
        """Where blocks are made: pages with one owner, which are sent without being copied."""
        from motte.exchange import Exchange

        self._check_open()
        return Exchange(self._scheduler, self._population.banks)

    def conversation(
        self, contract: "Contract", *, bank: "SpaceBank | None" = None
    ) -> "tuple[ConversationEnd, ConversationEnd]":
        """Two opposite queues whose messages follow a contract: the client's end and the server's.

        ``bank`` pays for both queues, which have room for all that the contract lets them hold, as for a channel, and
        for the contract in the core.  Raises ``LimitReached``.
        """
        from motte.contract import Contract
        from motte.conversation import create_conversation

        self._check_open()
        expect("contract", contract, Contract)
        return create_conversation(self._scheduler, self._population.banks, bank, contract)

    def constructor(self, program: "Program") -> "Constructor":
        """A recipe for processes of ``program``: capabilities are put in, it is sealed, and makes products."""
        from motte.constructor import Constructor
        from motte.program import Program

        self._check_open()
        expect("program", program, Program)
        return Constructor(self._population, program)

    def launcher(
        self, *, size: "Size" = "16MiB", time: "Duration" = 60.0, memory: "Size" = "256MiB", at_once: int = 1
    ) -> "Launcher":
        """What a process needs, among its grants, to have bitcode compiled into programs that it can start.

        ``size`` is the most bitcode that one program may have, ``time`` the processor time and ``memory`` the memory
        that compiling it may take: whoever asks pays for both, so its bank has to cover ``memory`` meanwhile.  At most
        ``at_once`` programs are compiled at the same moment; others wait for their turn.

        Raises ``ValueError`` and ``TypeError`` for unusable values.
        """
        from motte.launcher import Launcher
        from motte.toolchain.libc import guest_library

        self._check_open()
        guest_library(BuildOptions().compiler_options(), None)  # built once, and not at some guest's cost
        launcher = Launcher(size, time, memory, at_once, self._adopt, self.not_at_close)
        try:
            self.at_close(launcher, launcher.close)
        except Closed:
            launcher.close()
            raise
        return launcher
