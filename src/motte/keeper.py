"""Keepers: stateful handlers of a process's faults.

A process that faults stands still, and its keeper is called: any callable that takes a :class:`KeptFault` and
says what becomes of the process.

    def keeper(fault):
        if fault.address is not None and 0x9000_0000 <= fault.address < 0x9100_0000:
            return fault.supply(b"")            # zeros, and the instruction runs again
        return None                             # somebody else's business

The order: the keeper of the region where the address lies (:class:`Region`), then the process's, then nobody:
the process ends and its fault is reported.  ``None`` passes the fault on, and so does an exception, which is
reported as a thread's is.  What a keeper remembers, from one fault to the next, is its own affair: it may be a
function, or an object with state.  Ready ones are in :mod:`motte.keepers`.

KeyKOS, EROS and Coyotos have such keepers.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from motte.abi.layout import MAP_BASE, MAP_END, PAGE_SIZE
from motte.errors import Closed, InvalidCap, LimitReached, NoAccess
from motte.quantities import Size, size_bytes

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from motte.channel import Sender
    from motte.core import Process as CoreProcess
    from motte.core import Question
    from motte.exit import Fault

ENCODING_ORDER: Final = (
    *("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"),
    *("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "flags"),
)

SETTABLE: Final = tuple(name for name in ENCODING_ORDER if name != "rsp")


@dataclass(frozen=True, slots=True)
class Resume:
    """The cause is gone: the instruction, or the system call, is done again."""

    registers: Mapping[str, int] = field(default_factory=dict)
    """Registers to be set before; all but ``rsp``.  Of ``flags``, the arithmetic ones."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The process goes on behind the instruction; or a system call fails as it did.

    Only where the stack pointer is the same before and behind the instruction: not at calls, pushes, traps.
    """

    registers: Mapping[str, int] = field(default_factory=dict)
    """As in :class:`Resume`."""


@dataclass(frozen=True, slots=True)
class Kill:
    """The process ends at once, whoever else might be asked; its end is that of a process that was killed."""


@dataclass(frozen=True, slots=True)
class Later:
    """The keeper calls :meth:`KeptFault.answer` itself, once, from any thread; until then the process stands still."""


Answer = Resume | Skip | Kill | Later | None
Keeper = Callable[["KeptFault"], Answer]


@dataclass(frozen=True, slots=True)
class Region:
    """A range of a process's window that belongs to a keeper: nothing is there until the keeper supplies it."""

    address: int
    """Window address; whole pages of 4 KiB, in the area of ``mmap``: [0x80000000, 0xe0000000)."""

    size: Size
    """Whole pages."""

    keeper: "Keeper | Sender"
    """Or a channel, where a process answers."""

    @property
    def length(self) -> int:
        """The size in bytes.  Raises ``ValueError`` unless it is whole pages of the area of ``mmap``."""
        length = size_bytes(self.size, "size")
        if not length or length % PAGE_SIZE or self.address % PAGE_SIZE:
            raise ValueError(f"a region is whole pages of {PAGE_SIZE} bytes: {self.address:#x}, {self.size!r}")
        if not MAP_BASE <= self.address <= MAP_END - length:
            raise ValueError(f"a region lies in [{MAP_BASE:#x}, {MAP_END:#x}): {self.address:#x}, {self.size!r}")
        return length

    def contains(self, address: int | None) -> bool:
        """Whether a window address lies in it."""
        return address is not None and self.address <= address < self.address + self.length


class KeptFault:
    """A fault that waits for its keeper's answer; operations on the process raise ``InvalidCap`` once it was answered.

    For a region's keeper, ``offset`` and all addresses are counted from the region's start, and the process can be
    supplied and resumed, and nothing else: its registers and the rest of its memory raise ``NoAccess``, and ``Skip``,
    ``Kill`` and registers are no answers.
    """

    def __init__(  # noqa: PLR0917 (all that is known of it)
        self,
        core: "CoreProcess",
        question: "Question",
        fault: "Fault",
        region: Region | None,
        ask_bank: Callable[[int, int], bool],
        answer: "Callable[[Answer], None]",
    ) -> None:
        """For the package.  ``ask_bank`` asks the keeper of the bank with this identity for so many pages."""
        self._ask_bank = ask_bank
        self._answer = answer
        self._core = core
        self._question = question
        self._region = region
        self.fault = fault
        """What happened, in values and words."""

    @property
    def kind(self) -> object:
        """A :class:`motte.FaultKind`."""
        return self.fault.kind

    @property
    def access(self) -> str | None:
        """``"read"``, ``"write"`` or ``None``."""
        return self.fault.access

    @property
    def address(self) -> int | None:
        """The window address, or in a region the offset from its start."""
        address = self.fault.address
        return address if address is None or self._region is None else address - self._region.address

    @property
    def process_identity(self) -> int:
        """A number that tells this process from all others, for keepers that remember something of each."""
        return self._core.identity

    @property
    def region_size(self) -> int | None:
        """Bytes of the region; ``None`` for a process's keeper."""
        return None if self._region is None else self._region.length

    @property
    def in_call(self) -> bool:
        """Whether a system call met it, and not an instruction of the process."""
        return self._question.in_call

    @property
    def page(self) -> int:
        """The address, rounded down to a page.  Raises ``ValueError`` if the fault has none."""
        if self.address is None:
            raise ValueError("this fault has no address")
        return self.address // PAGE_SIZE * PAGE_SIZE

    @property
    def registers(self) -> Mapping[str, int]:
        """At the instruction; empty in a system call."""
        self._require_process("its registers")
        place = self._question.place
        return {} if place is None or place.registers is None else place.registers

    def supply(
        self, data: "ReadableBuffer" = b"", *, at: int | None = None, size: int | None = None, writable: bool = True
    ) -> Resume:
        """Map pages, filled with ``data`` and then zeros, and return the answer ``Resume()``.

        ``at`` is where (default: the page of the fault), ``size`` how much (default: what ``data`` needs, at least a
        page).  What these pages held before is gone.  They are charged to the process's bank, whose keeper may make
        room.  Raises ``LimitReached`` if there is none, and ``ValueError`` for a range that is not the region's, or for
        a process's keeper not mapped or reserved.
        """
        length = memoryview(data).nbytes
        start, extent = self._range(self.page if at is None else at, size or max(length, 1))
        while True:
            try:
                self._core.supply(self._question.number, start, extent, data, writable)
                return Resume()
            except LimitReached as refusal:
                bank = refusal.bank_identity
                if bank is None or not self._ask_bank(bank, extent // PAGE_SIZE):
                    raise

    def protect(self, at: int, size: int = PAGE_SIZE, *, writable: bool) -> Resume:
        """Make pages that are there writable, or read-only, with their bytes; return the answer ``Resume()``.

        Raises ``ValueError`` for a range that is not the region's, or not all there.
        """
        start, extent = self._range(at, size)
        self._core.protect(self._question.number, start, extent, writable)
        return Resume()

    def withdraw(self, at: int, size: int = PAGE_SIZE) -> bytes:
        """Take pages away, with their bytes; they fault again.  They are charged no more."""
        start, extent = self._range(at, size)
        return self._core.withdraw(self._question.number, start, extent)

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the process's memory."""
        self._require_process("its memory")
        question = self._core.question()
        if question is None or question.number != self._question.number:
            raise InvalidCap("this fault was answered before, or its process has ended")
        return self._core.read_memory(address, size)

    def write(self, address: int, data: "ReadableBuffer") -> None:
        """Change the process's memory, where it is writable."""
        self._require_process("its memory")
        self._core.write_memory(self._question.number, address, data)

    def answer(self, answer: Answer) -> None:
        """What a keeper that has returned :class:`Later` says in the end.

        Raises ``ValueError`` and ``NoAccess`` for an answer that cannot be, and the question is open still;
        ``InvalidCap`` if it is not.
        """
        self._answer(answer)

    @property
    def is_open(self) -> bool:
        """Whether the process still waits for an answer."""
        try:
            question = self._core.question()
        except Closed:
            return False
        return question is not None and question.number == self._question.number

    def __str__(self) -> str:
        """The one line for people."""
        return str(self.fault)

    def _range(self, at: int, size: int) -> tuple[int, int]:
        extent = -(-size // PAGE_SIZE) * PAGE_SIZE
        if self._region is None:
            return at, extent
        if at < 0 or at + extent > self._region.length:
            raise ValueError(f"[{at:#x}, {at + extent:#x}) is not inside the region of {self._region.length:#x} bytes")
        return self._region.address + at, extent

    def _require_process(self, what: str) -> None:
        if self._region is not None:
            raise NoAccess(f"a region's keeper may restart the process, and not look at {what}")
