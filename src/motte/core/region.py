"""Where bytes become executable: the one place in the whole package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motte.core import _core
from motte.core.verification import CoreVerdict

if TYPE_CHECKING:
    from motte.abi.packed_claims import PackedClaims


class CodeRegion(_core.CodeRegion):
    """Room for one program's code and its tables, at fixed host addresses below 2 GiB.

    A region is filled once, and read-only from then on.  The core verifies its bytes where they are; only a region
    whose bytes it has accepted can be published.  ``close()`` gives it up; processes that run it keep it until
    they are closed.

    Raises :class:`~motte.errors.LimitReached` if there is no room, :class:`~motte.errors.Unsupported`
    where guests cannot run, :class:`~motte.errors.BadState` for a step out of turn,
    :class:`~motte.errors.Closed` after ``close()``.
    """

    def decide(self, claimed: PackedClaims) -> CoreVerdict:
        """Verify the bytes in place, in C and without the interpreter's lock; may be asked again after a refusal.

        Whatever is claimed, nothing but true claims about harmless bytes is accepted.
        """
        return CoreVerdict(*self.verify(*claimed))

    def publish(self) -> None:
        """Make the code executable, which must have been accepted: ``BadState`` if not."""
        self.make_executable()
