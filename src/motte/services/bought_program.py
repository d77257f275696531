"""Programs that guests had made: known to nobody but guests, and paid for by a bank."""

from typing import TYPE_CHECKING

from motte.errors import CompileError
from motte.program import Program
from motte.purchase import Purchase
from motte.services.program import ProgramService
from motte.translation import BYTES_NAME

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.services.server import Server


class BoughtProgramService(ProgramService):
    """Such a program.  It ends with its bank, and its processes with it; or when nobody can start it any more."""

    def __init__(self, server: "Server", claimed_artifact: bytes, account: "Account") -> None:
        """``account`` pays for it.  Raises ``Refused``, ``LimitReached`` and ``InvalidCap``."""
        self._is_gone = False
        banks = server.population.banks
        purchase = Purchase(banks, account, 0, self._bank_destroyed)
        try:
            self.program = banks.draw(0, lambda: _program(claimed_artifact, purchase))
        except BaseException:
            purchase.close()
            raise
        super().__init__(server, self.program)
        self.key = self.program
        if self._is_gone:  # meanwhile
            self.program.retire()

    @property
    def is_gone(self) -> bool:
        """Its bank was destroyed."""
        return self._is_gone

    def abandoned(self) -> None:
        """Nobody can start it any more."""
        self.program.retire()

    def _bank_destroyed(self) -> None:
        self._is_gone = True
        if hasattr(self, "program"):
            self.program.retire()
            self.server.end(self)


def _program(claimed_artifact: bytes, purchase: Purchase) -> Program:
    program = Program(claimed_artifact, name=BYTES_NAME, bank=purchase.core, at_close=purchase.close)
    try:
        program.require_main()
    except CompileError:
        program.close()
        raise
    return program
