"""Where bytes become executable: the one place in the whole package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motte.core import _core
from motte.errors import InternalError

if TYPE_CHECKING:
    from motte.verifier import VerifiedCode


class CodeRegion(_core.CodeRegion):
    """Room for one program's code and its tables, at fixed host addresses below 2 GiB.

    A region is filled once, and read-only from then on.  Its bytes are verified where they are (``code_view()``,
    ``tables_view()``), then published.  ``close()`` gives it up; processes that run it keep it until they are
    closed.

    Raises :class:`~motte.errors.LimitReached` if there is no room, :class:`~motte.errors.Unsupported`
    where guests cannot run, :class:`~motte.errors.BadState` for a step out of turn,
    :class:`~motte.errors.Closed` after ``close()``.
    """

    def publish(self, verified: VerifiedCode) -> None:
        """Make the code executable, if it is exactly what was verified.

        The pages have not been writable since ``fill``, so what is compared here is what will run.
        """
        from motte.verifier import VerifiedCode

        if type(verified) is not VerifiedCode:
            raise TypeError(f"only VerifiedCode can be published, not {type(verified).__name__}")
        with self.code_view() as code, self.tables_view() as tables:
            same_place = (verified.base, verified.tables_base) == (self.base, self.tables_base)
            if not same_place or code != verified.code or tables != verified.tables:
                raise InternalError("the bytes of this code region are not the ones that were verified")
        self.make_executable(
            sorted(verified.entry_offsets),
            sorted(verified.trap_offsets),
            sorted(verified.call_sites),
        )
