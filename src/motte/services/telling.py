"""Messages from the host to a guest's channel, which may have no room."""

from contextlib import suppress
from typing import TYPE_CHECKING

from motte.errors import Full, MotteError
from motte.services.protocol import MISSED, Told

if TYPE_CHECKING:
    from motte.core import Capability


def tell(endpoint: "Capability", record: bytes, told: Told, capabilities: "tuple[Capability, ...]" = ()) -> None:
    """Send it.  Where there is no room the bit ``MISSED`` is posted instead; where there is nobody, nothing happens."""
    with suppress(MotteError):
        try:
            endpoint.send(record, told, 0, capabilities, 0)
        except Full:
            endpoint.notify(MISSED)
