"""Every exception that Motte raises; one base, one place.

Four failures are never mixed.  A *refusal* (input not acceptable) is
:class:`CompileError` or :class:`Refused`.  *Misuse* (our caller erred) is
:class:`Closed`, :class:`BadState` or a builtin ``TypeError``/``ValueError``.
A guest's *fault* is a value (``Exit.fault``); to who calls its
function, :class:`GuestFault`.  An
:class:`InternalError` is a bug in Motte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import KernelError
from motte.abi.native_only import NativeOnly

# ruff: noqa: N818 (the names are the public contract, and most say more than "error")

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.exit import Exit
    from motte.verifier.verdict import Verdict


_SHOWN_LINES: Final = 40
"""Of the compiler's messages, in a traceback."""


class MotteError(Exception):
    """Base of every exception that this package defines."""


class CompileError(MotteError):
    """The input cannot become a program: it does not compile, link, or fit a compile limit.

    ``diagnostics`` is the full text for people (compiler output, file:line), never empty.  With ``crashed`` it is what
    a compiler said that did not come to an orderly end: it may tell of the host, and is not for guests.
    ``native_only`` is what stands in the way, if the same input would be accepted for an OS process of its own.

    A traceback shows the beginning of it below the message (as a note of the exception).
    """

    def __init__(
        self, message: str, diagnostics: str = "", *, crashed: bool = False, native_only: NativeOnly | None = None
    ) -> None:
        """``diagnostics`` defaults to the message."""
        super().__init__(message)
        self.diagnostics = diagnostics or message
        self.crashed = crashed
        self.native_only = native_only
        if diagnostics not in message:
            self.add_note(_beginning(diagnostics))


def _beginning(text: str) -> str:
    lines = text.rstrip().split("\n")
    more = [f"… {len(lines) - _SHOWN_LINES} more lines: .diagnostics"] if len(lines) > _SHOWN_LINES else []
    return "\n".join([*lines[:_SHOWN_LINES], *more])


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
        self._bank = bank

    @property
    def bank(self) -> SpaceBank | None:
        """Which bank has refused."""
        if self._bank is None and self.bank_identity is not None:
            from motte.bank_tree import powerless_handle

            self._bank = powerless_handle(self.bank_identity)
        return self._bank


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
    """What it stood for is gone: its bank was destroyed or removed, or the capability was revoked or used up."""


class NoAccess(MotteError):
    """The handle does not have the right to this operation."""


class UnknownRequest(MotteError):
    """Whoever was called does not know this request."""


class RequestError(MotteError):
    """The request is malformed, or too large."""


class Full(MotteError):
    """The queue has no room for this message now."""


class PeerClosed(MotteError):
    """Nobody is left who could send, or answer."""


class ContractViolation(MotteError):
    """The contract of this channel does not allow this message now."""


class NotOwner(MotteError):
    """The block belongs to somebody else."""


class Sealed(MotteError):
    """It was sealed, and cannot be changed."""


class KeeperCycle(MotteError):
    """Nobody keeps what it is kept by."""


class GuestFault(MotteError):
    """A guest's function faulted, and no keeper repaired it: its process has ended.

    ``end`` says how, with the fault and the backtrace.  A Python traceback shows the guest's below the message (as a
    note of the exception).
    """

    def __init__(self, message: str, end: Exit) -> None:
        """``end`` is what ``wait()`` gives."""
        from motte.frame import frame_lines

        super().__init__(message)
        self.end = end
        if end.backtrace:
            self.add_note("\n".join(f"  {line}" for line in frame_lines(end.backtrace)))


class Exited(MotteError):
    """The process has ended."""


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


_OF_KERNEL: Final[dict[KernelError, tuple[type[MotteError], str]]] = {
    KernelError.INVALID_CAP: (InvalidCap, "the capability was revoked or used up, or what it led to is gone"),
    KernelError.NO_ACCESS: (NoAccess, "the capability does not have the right to this operation"),
    KernelError.UNKNOWN_REQUEST: (UnknownRequest, "whoever was called does not know this request"),
    KernelError.REQUEST_ERROR: (RequestError, "the request is malformed, or too large"),
    KernelError.LIMIT_REACHED: (LimitReached, "a limit stands in the way: memory, or the size of a table"),
    KernelError.FULL: (Full, "the queue has no room for this message now"),
    KernelError.TIMEOUT: (Timeout, "the wait ended before what it waited for"),
    KernelError.PEER_CLOSED: (PeerClosed, "nobody is left who could send, or answer"),
    KernelError.CONTRACT_VIOLATION: (ContractViolation, "the contract of this channel does not allow this now"),
    KernelError.NOT_OWNER: (NotOwner, "the block belongs to somebody else"),
    KernelError.SEALED: (Sealed, "it was sealed, and cannot be changed"),
    KernelError.BAD_STATE: (BadState, "the operation does not fit the object's present state"),
    KernelError.KEEPER_CYCLE: (KeeperCycle, "nobody keeps what it is kept by"),
    KernelError.TOO_DEEP: (TooDeep, "a tree would have more levels than it may have"),
    KernelError.EXITED: (Exited, "the process has ended"),
    KernelError.COMPILE_ERROR: (CompileError, "it does not compile, or does not link"),
    KernelError.REFUSED: (Refused, "the verifier does not accept it"),
    KernelError.BAD_ADDRESS: (RequestError, "an address was not usable"),
}


def error_of_kernel(number: int, message: str | None = None) -> MotteError:
    """The exception for a number of :class:`motte.abi.capabilities.KernelError`."""
    if number not in _OF_KERNEL:
        return InternalError(f"error {number} of the core")
    kind, words = _OF_KERNEL[KernelError(number)]
    return kind(message or words)


def kernel_error_of(error: BaseException) -> KernelError:
    """The number for guests: the other way round.  What is no error of a guest's is ``BAD_STATE``."""
    for ancestor in type(error).__mro__:  # the nearest that guests know
        for number, (kind, _words) in _OF_KERNEL.items():
            if ancestor is kind:
                return number
    if isinstance(error, Closed):
        return KernelError.INVALID_CAP
    if isinstance(error, ValueError | TypeError | OverflowError):
        return KernelError.REQUEST_ERROR
    return KernelError.LIMIT_REACHED if isinstance(error, MemoryError | OSError) else KernelError.BAD_STATE
