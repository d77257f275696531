"""What guests and the host's services say to each other: numbers, layouts, rights.

A request is a call of a capability: its tag is a :class:`Request`, its bytes a fixed record that may be followed by
more, and capabilities go along.  The answer's tag is 0, or an error of :class:`motte.abi.capabilities.KernelError`.
All numbers are little-endian; sizes are bytes and times nanoseconds.  ``guest/include/motte_protocol.h`` says the same
in C: whoever serves these requests itself, from an ordinary channel, looks like the host to its clients.
"""

from enum import IntEnum, IntFlag
from struct import Struct
from typing import Final


class Request(IntEnum):
    """What is asked: of a program, a process, a bank …"""

    PROGRAM_SPAWN = 0x101
    PROGRAM_CONSTRUCTOR = 0x102

    PROCESS_GRANT = 0x201
    PROCESS_START = 0x202
    PROCESS_WAIT = 0x203
    PROCESS_KILL = 0x204
    PROCESS_SUSPEND = 0x205
    PROCESS_RESUME = 0x206
    PROCESS_STATISTICS = 0x207
    PROCESS_MONITOR = 0x208
    PROCESS_KEEPER = 0x209
    PROCESS_REGION = 0x20A
    PROCESS_LINK = 0x20B
    PROCESS_UNLINK = 0x20C
    PROCESS_EXIT = 0x20D

    BANK_CREATE = 0x301
    BANK_FIGURES = 0x302
    BANK_LIMIT = 0x303
    BANK_DESTROY = 0x304
    BANK_REMOVE = 0x305
    BANK_VERIFY = 0x306
    BANK_KEEPER = 0x307

    METER_CREATE = 0x401
    METER_FIGURES = 0x402
    METER_BUDGET = 0x403
    METER_REFILL = 0x404
    METER_RATE = 0x405
    METER_WEIGHT = 0x406
    METER_SWITCH = 0x407
    METER_KEEPER = 0x408

    TIMER_SET = 0x501
    TIMER_CANCEL = 0x502

    NAME_REGISTER = 0x601
    NAME_LOOKUP = 0x602
    NAME_UNREGISTER = 0x603

    FAULT_RESUME = 0x701
    FAULT_SUPPLY = 0x702
    FAULT_WITHDRAW = 0x703
    FAULT_PROTECT = 0x704
    FAULT_READ = 0x705
    FAULT_WRITE = 0x706
    FAULT_REGISTERS = 0x707

    LAUNCHER_DRAFT = 0x801
    """``SIZE``; a block may come along, which has the bytes."""
    DRAFT_APPEND = 0x802
    DRAFT_COMPILE = 0x803
    DRAFT_DIAGNOSTICS = 0x804

    CONSTRUCTOR_INSERT = 0x901
    CONSTRUCTOR_KEEPER = 0x902
    CONSTRUCTOR_SEAL = 0x903
    CONSTRUCTOR_HOLES = 0x904
    CONSTRUCTOR_CREATE = 0x905
    CONSTRUCTOR_VERIFY = 0x906

    SHORTAGE_ANSWER = 0xA01

    LINKS_TRAP = 0xB01
    LINKS_SELF = 0xB02


class ProgramRight(IntFlag):
    """Of a program."""

    SPAWN = 1 << 16


class ProcessRight(IntFlag):
    """Of a process."""

    LOOK = 1 << 16
    """How it ended, what it has used; and to be told of its end."""
    RUN = 1 << 17
    """Start, suspend, resume."""
    KILL = 1 << 18
    CHANGE = 1 << 19
    """What it is granted, and who keeps it."""


class BankRight(IntFlag):
    """Of a bank: what is not among the restrictions of a :class:`motte.SpaceBank`, bit by bit."""

    ALLOCATE = 1 << 16
    FREE = 1 << 17
    DESTROY = 1 << 18
    QUERY = 1 << 19
    CHANGE_LIMITS = 1 << 20
    REMOVE = 1 << 21


class MeterRight(IntFlag):
    """Of a meter."""

    DRAW = 1 << 16
    """Use it: for a process, or a meter below it."""
    QUERY = 1 << 17
    CHANGE = 1 << 18
    """Set it, refill it, turn it off and on."""


class TimerRight(IntFlag):
    """Of the timers."""

    SET = 1 << 16


class NamesRight(IntFlag):
    """Of the registered names."""

    LOOKUP = 1 << 16
    REGISTER = 1 << 17


class LinksRight(IntFlag):
    """Of the links."""

    TRAP = 1 << 16
    """To be told of exit signals to oneself instead of ending."""
    SELF = 1 << 17
    """To have a capability to oneself."""


class LauncherRight(IntFlag):
    """Of a launcher, and of a draft."""

    LAUNCH = 1 << 16


class ConstructorRight(IntFlag):
    """Of a constructor."""

    BUILD = 1 << 16
    """Insert, set the keeper, seal."""
    LOOK = 1 << 17
    """What holes there are, and whether a process is a product."""
    CREATE = 1 << 18


class ShortageRight(IntFlag):
    """Of a shortage."""

    ANSWER = 1 << 16


class SpawnFlag(IntFlag):
    """How a process begins.  The first three announce capabilities, in this order, before those that it is granted."""

    BANK = 1
    METER = 2
    KEEPER = 4
    START = 8
    OUTPUT = 16
    """It writes where its maker does."""


SPAWN: Final = Struct("<IIIIQ")
"""Flags, counts of arguments, variables and grants, CPU time (0: what its maker has left); then their strings, each
with a NUL."""

GRANT: Final = Struct("<I")
"""How many; then their names.  The capabilities come along."""

WAIT: Final = Struct("<I")
"""Whether the answer is to come when it has ended, and not at once."""

END: Final = Struct("<iIII")
"""Exit status, ``StopReason``, ``FaultKind`` or 0, reserved."""

STATISTICS: Final = Struct("<8Q")
"""CPU and wall time, memory and its peak, output, calls into the host, page faults, preemptions."""

NO_LIMIT: Final = (1 << 64) - 1

SIZE: Final = Struct("<Q")
FIGURES: Final = Struct("<4Q")
"""Of a bank: limit, used, peak, available; ``NO_LIMIT`` where there is none."""

METER_FIGURES: Final = Struct("<4Q")
"""Of a meter: used, left, weight; 1 if it is on, and 2 if it is dry."""


class Told(IntEnum):
    """Messages that the host sends to a guest's channel."""

    FAULT = 0x1001
    """A process stands still: ``FAULT``, and the capability to answer."""
    DOWN = 0x1002
    """A process has ended, and everything is back: ``DOWN``."""
    DRY = 0x1003
    """A meter is used up: its capability."""
    SHORTAGE = 0x1004
    """A process wants more than its bank has: ``SHORTAGE``, and the capability to answer."""
    EXIT_SIGNAL = 0x1005
    """Somebody has ended who is linked with the receiver, or wants it to end: ``EXIT_SIGNAL``."""


MISSED: Final = 1
"""The bit that is posted where a channel has no room for ``DRY``, or for a signal that nobody has paid for."""

MONITOR: Final = Struct("<QII")
"""A number of the monitor's own, which comes back; whether the message is to have priority; reserved."""

LINK: Final = Struct("<Q")
"""A number of this end's own, which comes back."""

DOWN: Final = Struct("<QiIII")
"""That number; exit status, ``StopReason``, ``FaultKind`` or 0, reserved."""

EXIT_SIGNAL: Final = Struct("<QQIiII")
"""The number that the receiver has given to the link, or 0; identity of the sender, 0 if it is no process; the
``Reason`` and its detail; whether it came through a link; reserved."""

EXIT_REASON: Final = Struct("<Ii")
"""A ``Reason``, and its detail."""

REGION: Final = Struct("<QQ")
"""Address and size."""


class FaultRight(IntFlag):
    """Of a fault."""

    ANSWER = 1 << 16


class FaultAnswer(IntEnum):
    """What becomes of the process."""

    RESUME = 0
    SKIP = 1
    DECLINE = 2
    KILL = 3


FAULT: Final = Struct("<IIQQQQII")
"""``FaultKind``; access (1 read, 2 write, 3 execute); address, or offset in the region; offset in the code; identity of
the process; size of the region, or 0; whether a system call met it; reserved."""

FAULT_ANSWER: Final = Struct("<II")
"""A :class:`FaultAnswer`, and how many ``REGISTER`` follow."""

REGISTER: Final = Struct("<QQ")
"""Its number, as in instructions (16: flags), and what it is set to."""

REGISTERS: Final = Struct("<17Q")
"""Of a stopped process; in the place of the stack pointer is 0."""

FAULT_RANGE: Final = Struct("<QQQ")
"""Address, size, whether writable; bytes may follow."""

TIMER: Final = Struct("<QII")
"""Nanoseconds from now, bits to be posted, reserved."""

IDENTITY: Final = Struct("<Q")

NAME: Final = Struct("<I")
"""Bytes of the name, which follows."""

SHORTAGE: Final = Struct("<4Q")
"""Bytes that are wanted at least; limit of the bank and what is used of it; identity of the process."""
