"""Launchers, as guests know them: bitcode arrives in a draft, which is compiled into a program.

Bitcode does not fit into a message, and a launcher that read its caller's memory could not be served by anybody but the
host.  So there are drafts: each holds the bitcode of one program.  It comes piece by piece, and a bank has paid for all
of it before the first; or it lies in a block, which moves here with all its pages, and which its owner's bank goes on
paying for.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import CapabilityKind
from motte.abi.layout import PAGE_SIZE
from motte.errors import BadState, Closed, CompileError, InvalidCap, LimitReached, Refused, RequestError
from motte.purchase import Purchase
from motte.services.bank import BankService
from motte.services.bought_program import BoughtProgramService
from motte.services.call import DONE, Answer, Call
from motte.services.protocol import SIZE, BankRight, LauncherRight, Request
from motte.services.service import Service, request
from motte.services.time_left import time_left_ns
from motte.toolchain.oversight import Oversight

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.core import Capability
    from motte.launcher import Launcher
    from motte.process import Process
    from motte.services.server import Server

DIAGNOSTICS_BYTES: Final = 16 << 10
"""What a draft keeps of the compiler's messages, at most."""


class LauncherService(Service):
    """A launcher."""

    kind = CapabilityKind.LAUNCHER
    all_rights = int(LauncherRight.LAUNCH)

    def __init__(self, server: "Server", launcher: "Launcher") -> None:
        """Of ``launcher``."""
        super().__init__(server)
        self._launcher = launcher

    @property
    def is_gone(self) -> bool:
        """It was closed."""
        return self._launcher.closed

    @request(Request.LAUNCHER_DRAFT, LauncherRight.LAUNCH, may_wait=True)
    def draft(self, call: Call) -> Answer:
        """A place for so many bytes of bitcode, which the bank of whoever asks pays for; or a block that has them."""
        (size,) = call.fields(SIZE)
        if not 0 < size <= self._launcher.size:
            raise LimitReached(f"this launcher takes {self._launcher.size} bytes of bitcode at most")
        draft = DraftService(self.server, self._launcher, call.sender.living_account, size, _block_of(call, size))
        return Answer(b"", (self.server.capability(draft, lambda _server: draft),))


def _block_of(call: Call, size: int) -> "Capability | None":
    """The block that came along, if any.  Raises ``RequestError`` for anything else, and for one that is smaller."""
    if not call.capabilities:
        return None
    (block,) = call.given(1)
    if block.fields()[0] != CapabilityKind.BLOCK or block.block_fields()[0] < size:
        raise RequestError("this is no block with so many bytes")
    return block


class DraftService(Service):
    """The bitcode of one program, and what was said about it."""

    kind = CapabilityKind.SERVICE
    all_rights = int(LauncherRight.LAUNCH)

    def __init__(
        self, server: "Server", launcher: "Launcher", account: "Account", size: int, block: "Capability | None"
    ) -> None:
        """Of so many bytes: those of ``block``, or some that are still to come, which ``account`` pays for."""
        super().__init__(server)
        self.key = self
        self._launcher = launcher
        self._account = account
        self._size = size
        self._lock = threading.Lock()  # guards the next three
        self._bitcode = bytearray()
        self._block = block
        self._is_compiling = False
        self._diagnostics = ""
        self._oversight = Oversight()
        paid = DIAGNOSTICS_BYTES + (size if block is None else 0)
        self._purchase = Purchase(server.population.banks, account, _pages(paid), self._end)

    @property
    def is_gone(self) -> bool:
        """Its bank was destroyed."""
        return self._oversight.cancelled

    def abandoned(self) -> None:
        """Nobody wants the program."""
        self._end()
        self._purchase.close()

    def _end(self) -> None:
        self._oversight.cancel()
        self.server.end(self)
        with self._lock:
            self._bitcode.clear()
            if self._block is not None:
                self._block.close()

    def later(self, action: Callable[[], None]) -> None:
        """Compiling takes long: each launcher has threads of its own for it."""
        self._launcher.later(action)

    @request(Request.DRAFT_APPEND, LauncherRight.LAUNCH)
    def append(self, call: Call) -> Answer:
        """More of it."""
        with self._lock:
            self._require_idle()
            if self._block is not None or len(self._bitcode) + len(call.request) > self._size:
                raise RequestError("the bitcode is larger than was announced")
            self._bitcode += call.request
        return DONE

    @request(Request.DRAFT_COMPILE, LauncherRight.LAUNCH, may_wait=True)
    def compile(self, call: Call) -> Answer:
        """The program, which the bank that comes along pays for, or that of whoever asks."""
        maker = call.sender
        with self._lock:
            self._require_idle()
            self._is_compiling = True
        try:
            return self._compiled(maker, self._payer(call))
        except CompileError as error:
            self._diagnostics = "the compiler failed" if error.crashed else f"{error}\n{error.diagnostics}"
            raise
        except Refused as error:
            self._diagnostics = str(error)
            raise
        finally:
            with self._lock:
                self._is_compiling = False

    def _require_idle(self) -> None:
        if self.is_gone:
            raise InvalidCap("its bank was destroyed")
        if self._is_compiling:
            raise BadState("it is being compiled")

    def _payer(self, call: Call) -> "Account":
        if not call.capabilities:
            return call.sender.living_account
        return self.server.resolve(call.given(1)[0], BankService, BankRight.ALLOCATE)[0].account

    def _content(self) -> bytes:
        """A copy, for the compiler.  Raises ``InvalidCap`` if the block's bank was destroyed."""
        with self._lock:
            if self._block is None:
                return bytes(self._bitcode)
            with self._block.block_view() as view:
                return bytes(view[: self._size])

    def _compiled(self, maker: "Process", payer: "Account") -> Answer:
        before_ns = self._oversight.used_ns
        banks = self.server.population.banks
        room = Purchase(banks, self._account, _pages(self._launcher.memory + self._size), self._end)
        try:
            artifact = self._launcher.artifact_of(self._content(), self._oversight, time_left_ns(maker))
            program = BoughtProgramService(self.server, artifact, payer)
        finally:
            room.close()
            maker.charge(self._oversight.used_ns - before_ns)
        return Answer(b"", (self.server.capability(program.program, lambda _server: program),))

    @request(Request.DRAFT_DIAGNOSTICS, LauncherRight.LAUNCH, changes=False)
    def diagnostics(self, call: Call) -> Answer:
        """What the compiler has said, as much as there is room for."""
        (room,) = call.fields(SIZE)
        return Answer(self._diagnostics.encode("utf-8", "replace")[: min(room, DIAGNOSTICS_BYTES)])


def _pages(size: int) -> int:
    return -(-size // PAGE_SIZE)


def launcher_capability(server: "Server", launcher: "Launcher") -> "Capability":
    """A capability to it.  Raises ``Closed``."""
    if launcher.closed:
        raise Closed("the launcher is closed")
    return server.capability(launcher, lambda serving: LauncherService(serving, launcher))
