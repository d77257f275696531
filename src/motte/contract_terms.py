"""What is said about contracts: sides, and messages with what they may carry."""

from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from motte.core._core import CONTRACT_BLOCKS_LIMIT, CONTRACT_BYTES_LIMIT, CONTRACT_CAPABILITIES_LIMIT
from motte.quantities import Size, format_size, size_bytes

Side = Literal["client", "server"]
"""One of the two who talk."""

SIDES: Final[tuple[Side, Side]] = ("client", "server")
"""In the order of the core's numbers."""

Direction = Literal["!", "?"]
"""As the client sees it: ``!`` it sends, ``?`` it receives."""

TAG_LIMIT: Final = (1 << 31) - 1
"""The largest tag: what an ``enum`` of C holds for certain."""


class ContractCapacity(NamedTuple):
    """What one side's messages need of a queue at most; the two need not come together.

    For example:

        room = contract.capacity("client")
        print(room.messages, room.size)
    """

    messages: int
    size: int
    """Of all their bytes."""


@dataclass(frozen=True, slots=True)
class ContractMessage:
    """A message of a contract.

    ``direction`` is ``"!"`` if the client sends it, ``"?"`` if the server does.  ``size`` (bytes, or a text such as
    ``"4KiB"``; 0 for none), ``capabilities`` and ``blocks`` are what it may carry; capabilities and blocks only if it
    says so.  ``tag`` is the number that stands for it, 1 to 2³¹−1; without one, it is the number after that of the
    message before it.  Raises ``ValueError`` for anything that no message can carry.
    """

    direction: Direction
    size: Size = None
    capabilities: int = 0
    blocks: int = 0
    tag: int | None = None

    def __post_init__(self) -> None:
        """Checks ranges; what is wrong with its place in a contract, the contract says."""
        if self.direction not in ("!", "?"):
            raise ValueError(f"a message's direction is '!' (the client sends it) or '?'; got {self.direction!r}")
        if self.size_limit > CONTRACT_BYTES_LIMIT:
            raise ValueError(f"size: a message has at most {format_size(CONTRACT_BYTES_LIMIT)}; got {self.size!r}")
        _check_number("capabilities", self.capabilities, 0, CONTRACT_CAPABILITIES_LIMIT)
        _check_number("blocks", self.blocks, 0, CONTRACT_BLOCKS_LIMIT)
        if self.tag is not None:
            _check_number("tag", self.tag, 1, TAG_LIMIT)

    @property
    def sender(self) -> Side:
        """Who sends it."""
        return "client" if self.direction == "!" else "server"

    @property
    def size_limit(self) -> int:
        """How many bytes it has at most."""
        if self.size == 0 and not isinstance(self.size, bool):
            return 0
        limit = size_bytes(self.size)
        return CONTRACT_BYTES_LIMIT if limit is None else limit


def _check_number(what: str, number: int, lowest: int, highest: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int):
        raise TypeError(f"{what}: expected an int; got {number!r}")
    if not lowest <= number <= highest:
        raise ValueError(f"{what}: {number} is not in [{lowest}, {highest}]")
