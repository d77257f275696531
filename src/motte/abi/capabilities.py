"""Capabilities and messages: what the core, Python and guests call the same."""

from enum import IntEnum, IntFlag
from typing import Final


class KernelError(IntEnum):
    """Why a kernel call failed; a call returns the negated value.  Each is an exception of the same name in Python."""

    INVALID_CAP = 1001
    NO_ACCESS = 1002
    UNKNOWN_REQUEST = 1003
    REQUEST_ERROR = 1004
    LIMIT_REACHED = 1005
    FULL = 1006
    TIMEOUT = 1007
    PEER_CLOSED = 1008
    CONTRACT_VIOLATION = 1009
    NOT_OWNER = 1010
    SEALED = 1011
    BAD_STATE = 1012
    KEEPER_CYCLE = 1013
    TOO_DEEP = 1014
    EXITED = 1015
    COMPILE_ERROR = 1016
    REFUSED = 1017
    BAD_ADDRESS = 14
    """The guest gave an address that it cannot use itself."""


class CapabilityKind(IntEnum):
    """What a capability leads to.  A holder can ask.

    For example:

        assert sender.kind is motte.CapabilityKind.SENDER
    """

    SENDER = 1
    RECEIVER = 2
    REPLY = 3
    BANK = 4
    METER = 5
    PROCESS = 6
    PROGRAM = 7
    LAUNCHER = 8
    CONSTRUCTOR = 9
    BLOCK = 10
    SERVICE = 11
    """Something that the host serves."""
    CONVERSATION = 12
    """One end of it: to send to the other, and to receive from that."""
    CLOCK = 13
    RANDOM = 14
    """Random numbers: the host's, or those that follow from a seed."""


class Right(IntFlag):
    """What may be done with a capability.  Rights only shrink.  The upper half belongs to the kind of the object.

    For example:

        sends_only = sender.restrict(motte.Right.SEND)
    """

    SEND = 1
    RECEIVE = 2
    COPY = 4
    """It may be copied, and sent on."""
    BADGE = 8
    """A copy may be given a badge; a copy that has one cannot be given another."""
    REVOKE = 16
    """All other capabilities to the same object may be made invalid."""


class ClockRight(IntFlag):
    """Of a clock."""

    READ = 1 << 16
    EXACT = 1 << 17
    """Without it, all times are multiples of ``COARSE_CLOCK_NS``."""


class RandomRight(IntFlag):
    """Of random numbers."""

    DRAW = 1 << 16


class MessageFlag(IntFlag):
    """Of a message."""

    PRIORITY = 1
    """It overtakes the others."""
    CALL = 2
    """Received: an answer is awaited."""
    NOTIFICATION = 4
    """Received: no message, but bits that were posted, in ``tag``."""
    WEAK = 8
    """Received: it came through a weak capability."""


COARSE_CLOCK_NS: Final = 1_000_000
"""What a coarse clock is rounded down to."""

MESSAGE_BYTES: Final = 64 * 1024
"""Of one message, at most."""

MESSAGE_CAPABILITIES: Final = 4
MESSAGE_BLOCKS: Final = 4

BLOCK_SIZE: Final = 508 * 1024 * 1024
"""Bytes of one block, at most: it has to fit into the exchange area of a window."""

CAPABILITY_LIMIT: Final = 4096
"""Capabilities in the table of one process, at most."""

CHANNEL_CAPACITY: Final = 65536
"""Messages that wait in one channel, at most."""

SELECTIVE_CAPACITY: Final = 1024
"""A channel with room for more messages than these offers no choice among them: looking would take too long."""

SERVICE_ABANDONED: Final = 1 << 31
"""The bit of a notification to the host's own endpoint: nobody else holds some of its services any more."""

PROCESS_ENDED: Final = 1 << 30
"""The same: processes have ended whose ends are told there."""

SELECT_LIMIT: Final = 64
"""Endpoints that one call waits for, at most."""

GRANT_NAME: Final = 64
"""Bytes of a grant's name, at most, with its NUL."""
