"""Forwarders and membranes: to give something away, and to be able to take it back.

A forwarder leads to another capability.  It is given away in that one's place; whoever gave it keeps the control, and
cuts it when it is enough, or has it lead elsewhere.

A membrane is a forwarder that wraps whatever crosses it: capabilities in messages that are sent through it, and in the
answers, reach the other side as forwarders of the same membrane.  Cutting it cuts everything that either side got from
the other through it, however long the way.

    with machine.membrane(service) as membrane:
        plugin = machine.spawn(program, grants={"service": membrane.given})
        ...
    # whatever the plugin still holds leads nowhere

KeyKOS and EROS have forwarders; membranes are Mark Miller's (*Robust Composition*, 2006).
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Self

from motte.capability import Capability, capability_of
from motte.errors import Closed

if TYPE_CHECKING:
    from types import TracebackType

    from motte.bank import SpaceBank
    from motte.bank_tree import BankTree
    from motte.core import Capability as CoreCapability


class Forwarder:
    """The control of a forwarder or membrane; made by ``Machine.forwarder`` and ``Machine.membrane``.

        forwarder = machine.forwarder(sender)
        process = machine.spawn(program, grants={"log": forwarder.given})
        forwarder.cut()                              # and nobody comes through it any more

    It is a context manager: leaving it cuts.  Safe to use from several threads.
    """

    def __init__(self, given: "CoreCapability", control: "CoreCapability") -> None:
        """For the package."""
        self._control = control
        self.given: Capability = capability_of(given)
        """To be given away."""

    def cut(self) -> None:
        """What was given away leads nowhere any more; harmless when repeated.

        What was sent through it before arrives, and answers to calls that are under way, without their capabilities.
        """
        self._control.revoke(0)

    def retarget(self, target: Capability) -> None:
        """From now on it leads to what ``target`` leads to.

        Raises ``RequestError`` for a membrane, and where it would lead to itself; ``NoAccess`` for what may not be
        copied, or receives; ``TooDeep`` behind more than eight forwarders.
        """
        if not isinstance(target, Capability):
            raise TypeError(f"target: expected an object of motte.Capability; got {type(target).__name__}")
        self._control.retarget(target.core)

    def close(self) -> None:
        """Cut, and give the control up; harmless when repeated."""
        with suppress(Closed):
            self.cut()
        self.given.close()
        self._control.close()

    def __enter__(self) -> Self:
        """The control itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Cut and close."""
        self.close()


def create_forwarder(banks: "BankTree", target: Capability, bank: "SpaceBank | None", *, membrane: bool) -> Forwarder:
    """For the package: of the machine with these banks."""
    if not isinstance(target, Capability):
        raise TypeError(f"target: expected an object of motte.Capability; got {type(target).__name__}")
    account = banks.payer(bank)
    given, control = target.core.forward(account.core, membrane)
    return Forwarder(given, control)
