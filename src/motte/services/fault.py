"""Faults, as guests that keep processes know them: each is a capability that answers it once."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from motte.abi.capabilities import MESSAGE_BYTES, CapabilityKind
from motte.errors import InvalidCap, RequestError
from motte.keeper import ENCODING_ORDER, KeptFault, Kill, Resume, Skip
from motte.keeper import Answer as KeeperAnswer
from motte.services.call import DONE, Answer, Call
from motte.services.protocol import (
    FAULT,
    FAULT_ANSWER,
    FAULT_RANGE,
    REGISTER,
    REGISTERS,
    FaultAnswer,
    FaultRight,
    Request,
)
from motte.services.service import Service, request

if TYPE_CHECKING:
    from motte.core import Capability
    from motte.services.keeper import GuestKeeper
    from motte.services.server import Server

_ACCESSES: Final = (None, "read", "write", "execute")
_UNKNOWN: Final = (1 << 64) - 1


class FaultService(Service):
    """A process that stands still, and waits for an answer; without one, somebody else is asked."""

    kind = CapabilityKind.SERVICE
    all_rights = int(FaultRight.ANSWER)

    def __init__(self, server: "Server", fault: KeptFault, keeper: "GuestKeeper") -> None:
        """Whoever receives from the channel of ``keeper`` is asked."""
        super().__init__(server)
        self.fault = fault
        self._keeper = keeper

    @property
    def endpoint(self) -> "Capability":
        """A capability to send there."""
        return self._keeper.endpoint

    @property
    def is_gone(self) -> bool:
        """It was answered, or the process has ended."""
        return not self.fault.is_open

    @property
    def record(self) -> bytes:
        """What the keeper is told."""
        what, fault = self.fault, self.fault.fault
        return FAULT.pack(
            fault.kind,
            _ACCESSES.index(fault.access),
            _UNKNOWN if what.address is None else what.address,
            _UNKNOWN if fault.code_offset is None else fault.code_offset,
            what.process_identity,
            what.region_size or 0,
            what.in_call,
            0,
        )

    def abandoned(self) -> None:
        """Nobody can answer it any more: it was declined."""
        with suppress(InvalidCap):  # the process has ended meanwhile
            self.fault.answer(None)

    @request(Request.FAULT_RESUME, FaultRight.ANSWER, may_wait=True)
    def resume(self, call: Call) -> Answer:
        """The answer.  Only one that is acceptable uses the capability up."""
        action, count = call.fields(FAULT_ANSWER)
        rest = call.request[FAULT_ANSWER.size :]
        if len(rest) != count * REGISTER.size or count > len(ENCODING_ORDER):
            raise RequestError("the registers are not as many as announced")
        registers = {_name_of(number): value for number, value in REGISTER.iter_unpack(rest)}
        self._keeper.answered_by = call.sender_identity
        self.fault.answer(_keeper_answer(action, registers))
        self.server.end(self)
        return DONE

    @request(Request.FAULT_SUPPLY, FaultRight.ANSWER, may_wait=True)
    def supply(self, call: Call) -> Answer:
        """Pages with the bytes that come along, and then zeros."""
        at, size, writable = call.fields(FAULT_RANGE)
        data = call.request[FAULT_RANGE.size :]
        if not size or len(data) > size:
            raise RequestError("there are more bytes than pages")
        self.fault.supply(data, at=at, size=size, writable=bool(writable))
        return DONE

    @request(Request.FAULT_PROTECT, FaultRight.ANSWER)
    def protect(self, call: Call) -> Answer:
        """Pages become writable, or read-only."""
        at, size, writable = call.fields(FAULT_RANGE)
        self.fault.protect(at, size, writable=bool(writable))
        return DONE

    @request(Request.FAULT_WITHDRAW, FaultRight.ANSWER)
    def withdraw(self, call: Call) -> Answer:
        """Pages are taken away; their bytes."""
        at, size, _writable = call.fields(FAULT_RANGE)
        if size > MESSAGE_BYTES:
            raise RequestError("so many bytes do not fit into a message")
        return Answer(self.fault.withdraw(at, size))

    @request(Request.FAULT_READ, FaultRight.ANSWER)
    def read(self, call: Call) -> Answer:
        """Bytes of the process."""
        at, size, _writable = call.fields(FAULT_RANGE)
        if size > MESSAGE_BYTES:
            raise RequestError("so many bytes do not fit into a message")
        return Answer(self.fault.read(at, size))

    @request(Request.FAULT_WRITE, FaultRight.ANSWER)
    def write(self, call: Call) -> Answer:
        """Changes bytes of the process."""
        at, _size, _writable = call.fields(FAULT_RANGE)
        self.fault.write(at, call.request[FAULT_RANGE.size :])
        return DONE

    @request(Request.FAULT_REGISTERS, FaultRight.ANSWER)
    def registers(self, _call: Call) -> Answer:
        """Those at the instruction; not the stack pointer."""
        registers = self.fault.registers
        if not registers:
            raise RequestError("a system call has no registers")
        return Answer(REGISTERS.pack(*(registers.get(name, 0) for name in ENCODING_ORDER)))


def _name_of(number: int) -> str:
    if number >= len(ENCODING_ORDER):
        raise RequestError("there is no such register")
    return ENCODING_ORDER[number]


def _keeper_answer(action: int, registers: dict[str, int]) -> KeeperAnswer:
    match action:
        case FaultAnswer.RESUME:
            return Resume(registers)
        case FaultAnswer.SKIP:
            return Skip(registers)
        case FaultAnswer.KILL if not registers:
            return Kill()
        case FaultAnswer.DECLINE if not registers:
            return None
        case _:
            raise RequestError("there is no such answer")
