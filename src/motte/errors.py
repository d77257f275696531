"""Every exception that Motte raises; one base, one place.

Four failures are never mixed.  A *refusal* (input not acceptable) is
:class:`CompileError` or :class:`Refused`.  *Misuse* (our caller erred) is
:class:`Closed`, :class:`BadState` or a builtin ``TypeError``/``ValueError``.
A guest's *fault* is a value (``Exit.fault``), never an exception.  An
:class:`InternalError` is a bug in Motte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# ruff: noqa: N818 (the names are the public contract, and most say more than "error")

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.verifier.verdict import Verdict


class MotteError(Exception):
    """Base of every exception that this package defines."""


class CompileError(MotteError):
    """The input cannot become a program: it does not compile, link, or fit a compile limit.

    ``diagnostics`` is the full text for people (compiler output, file:line), never empty.
    """

    def __init__(self, message: str, diagnostics: str = "") -> None:
        """``diagnostics`` defaults to the message."""
        super().__init__(message)
        self.diagnostics = diagnostics or message


class Refused(MotteError):
    """The verifier, or the artifact reader, did not accept the program.

    ``verdict`` lists each violation with its rule and place; ``None`` if the artifact
    could not be read far enough to verify any code.
    """

    def __init__(self, message: str, verdict: Verdict | None = None) -> None:
        """``verdict`` is there when code was verified."""
        super().__init__(message)
        self.verdict = verdict


class LimitReached(MotteError):
    """A limit stands in the way; the message names it.

    ``bank`` is the bank that refused, if one did: a handle that can be compared and asked for its name, and nothing
    else.
    """

    def __init__(self, message: str, bank_identity: int | None = None, bank: SpaceBank | None = None) -> None:
        """The core knows of banks by their identity only."""
        super().__init__(message)
        self.bank_identity = bank_identity
        self.bank = bank


class BadContract(MotteError, ValueError):
    """A contract that cannot be: it breaks ``rule``, and the message names the state and the message where it does.

    ``state`` and ``sent`` (a message's name) are there where the rule is about one.  For the rule ``endless``,
    ``cycle`` is the witness: states, each with the message that leads to the next one, the last one's to the first;
    one side sends all of them.
    """

    def __init__(
        self,
        text: str,
        rule: str,
        *,
        state: str | None = None,
        sent: str | None = None,
        cycle: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """Rules are named in docs/contracts.md."""
        super().__init__(text)
        self.rule = rule
        self.state = state
        self.sent = sent
        self.cycle = cycle


class InvalidCap(MotteError):
    """What the handle stood for is gone: its bank was destroyed or removed."""


class NoAccess(MotteError):
    """The handle does not have the right to this operation."""


class TooDeep(MotteError):
    """A tree would have more levels than it may have."""


class Timeout(MotteError, TimeoutError):
    """A wait ended before what it waited for."""


class Closed(MotteError):
    """An object was used after its ``close()``."""


class BadState(MotteError):
    """The operation does not fit the object's present state."""


class Unsupported(MotteError):
    """This host lacks something that Motte needs; the message says what, and what to do."""


class InternalError(MotteError):
    """A bug in Motte itself; nothing the guest did can be blamed."""
