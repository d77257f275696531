"""Everything about one process at one moment, for people and for programs: ``process.report()``.

What is known depends on how far it is: registers and who called whom once it has stopped, captured output once it has
ended.  What was given back is not known any more, and is ``None``.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from motte.advice import advice_on
from motte.bank_terms import BankStatistics
from motte.card import BAD, GOOD, PLAIN, Card, Shown
from motte.errors import BadState, Closed, InvalidCap
from motte.exit import Exit, Fault, Usage, usage_of
from motte.exit_words import describe_fault
from motte.frame import Frame, frame_lines
from motte.image.names import printable
from motte.meter import MeterStatistics
from motte.quantities import format_size

if TYPE_CHECKING:
    from motte.core import Process as CoreProcess
    from motte.core import StopRecord
    from motte.process import Process

OUTPUT_BYTES: Final = 2048
"""Of each captured stream, so much of its end is in a report."""

_OUTPUT_LINES: Final = 8
_REGISTERS_A_LINE: Final = 3


@dataclass(frozen=True, slots=True)
class Report(Shown):
    """One process; ``str()`` is the text for people, :meth:`as_dict` what ``json.dumps`` takes.

    For example:

        process.wait()
        print(process.report())
        json.dumps(process.report().as_dict())
    """

    identity: int
    program: str
    state: str
    """As :attr:`motte.Process.state`."""

    exit: Exit | None
    """How it ended; ``None`` while it has not."""

    fault: Fault | None
    """That it ended by, or that its keeper is being asked about."""

    backtrace: tuple[Frame, ...]
    registers: Mapping[str, int] | None
    """Where it stood in its own code; they never hold an address of the host's."""

    usage: Usage
    bank: tuple[str, BankStatistics] | None
    """Who pays for its memory, by name."""

    meter: MeterStatistics
    """Whose time it uses."""

    output: Mapping[str, bytes]
    """The end of what it wrote, by stream, where that is captured; once it has ended."""

    advice: tuple[str, ...]
    """What can be done about its end."""

    def as_dict(self) -> dict[str, Any]:
        """Numbers, texts, lists and dictionaries; times in seconds, sizes in bytes, output decoded."""
        end = self.exit
        return {
            "identity": self.identity,
            "program": self.program,
            "state": self.state,
            "cause": None if end is None else end.reason.name.lower(),
            "returncode": None if end is None else end.returncode,
            "message": self._message,
            "fault": None if self.fault is None else fault_record(self.fault),
            "backtrace": backtrace_record(self.backtrace),
            "registers": None if self.registers is None else dict(self.registers),
            "usage": self.usage._asdict(),
            "bank": None if self.bank is None else {"name": self.bank[0], **asdict(self.bank[1])},
            "meter": asdict(self.meter),
            "output": {stream: data.decode("utf-8", "replace") for stream, data in self.output.items()},
            "advice": list(self.advice),
        }

    def card(self) -> Card:
        """All of it."""
        mood = PLAIN if self.exit is None else GOOD if self.exit.message is None and not self.exit.returncode else BAD
        title = f"process {self.identity} of {self.program}: {self._message or self.state}"
        facts = [(label, text) for label, text in self._facts() if text]
        return Card(title, tuple(facts), mood=mood)

    def __str__(self) -> str:
        """The text for people."""
        return str(self.card())

    @property
    def _message(self) -> str | None:
        if self.exit is not None:
            return self.exit.message or f"exited with status {self.exit.returncode}"
        return None if self.fault is None else self.fault.text

    def _facts(self) -> list[tuple[str, str]]:
        status = "" if self.exit is None else f", status {self.exit.returncode}"
        usage = self.usage
        calls = f"{usage.system_calls} to the kernel, {usage.page_faults} page faults, {usage.preemptions} preemptions"
        return [
            ("state", f"{self.state}{status}"),
            ("backtrace", "\n".join(frame_lines(self.backtrace))),
            ("registers", _registers_text(self.registers)),
            ("used", str(usage)),
            ("bank", "" if self.bank is None else _bank_text(*self.bank)),
            ("meter", meter_text(self.meter)),
            ("calls", calls),
            *((stream, last_lines(data)) for stream, data in self.output.items()),
            ("what to do", "\n".join(self.advice)),
        ]


def report_of(process: "Process") -> Report:
    """How things stand with it.  Raises ``Closed``."""
    end = process.exit_if_ended()
    record: StopRecord | None = None
    usage = None if end is None else end.usage
    with suppress(InvalidCap), process.use() as core:
        record = _where_it_stands(core, ended=end is not None)
        usage = usage or usage_of(core.statistics())
    fault = end.fault if end is not None else _fault_asked_about(process, record)
    return Report(
        identity=process.identity,
        program=process.program.name,
        state=process.state,
        exit=end,
        fault=fault,
        backtrace=() if end is None else end.backtrace,
        registers=None if record is None else record.registers,
        usage=usage or process.statistics(),
        bank=_bank_of(process),
        meter=process.meter.statistics(),
        output={} if end is None else _last_output(process),
        advice=() if end is None else advice_on(end),
    )


def fault_record(fault: Fault) -> dict[str, Any]:
    """A fault as JSON, without its backtrace."""
    return {
        "kind": fault.kind.name.lower(),
        "address": fault.address,
        "access": fault.access,
        "function": fault.function,
        "file": fault.file,
        "line": fault.line,
        "code_offset": fault.code_offset,
        "text": fault.text,
    }


def backtrace_record(backtrace: Iterable[Frame]) -> list[dict[str, Any]]:
    """A backtrace as JSON."""
    return [asdict(frame) | {"source": list(frame.source)} for frame in backtrace]


def meter_text(meter: MeterStatistics) -> str:
    """For people: ``1.5 s used, 2 s left, dry``."""
    left = "" if meter.left is None else f", {meter.left:.4g} s left"
    return f"{meter.used:.4g} s used{left}{', dry' if meter.dry else '' if meter.on else ', off'}"


def _where_it_stands(core: "CoreProcess", *, ended: bool) -> "StopRecord | None":
    if ended:
        return core.stop()
    question = core.question()
    return None if question is None else question.place


def _fault_asked_about(process: "Process", record: "StopRecord | None") -> Fault | None:
    if record is None:
        return None
    place = None if record.code_offset is None else process.program.locations(record.code_offset)[0]
    return describe_fault(record, process.limits, place, ())


def _bank_of(process: "Process") -> tuple[str, BankStatistics] | None:
    from motte.bank import statistics_of

    account = process.account
    if account is None or account.core.state != "alive":
        return None
    with suppress(InvalidCap):  # meanwhile
        return account.name, statistics_of(account)
    return None


def _last_output(process: "Process") -> dict[str, bytes]:
    found = {}
    for stream, name in ((1, "stdout"), (2, "stderr")):
        with suppress(BadState, Closed, InvalidCap):
            if data := process.captured_if_any(stream):
                found[name] = data[-OUTPUT_BYTES:]
    return found


def last_lines(data: bytes) -> str:
    """The end of what was written, for people."""
    lines = data[-OUTPUT_BYTES:].decode("utf-8", "replace").removesuffix("\n").split("\n")[-_OUTPUT_LINES:]
    return "\n".join("" if not line else printable(line) for line in lines)


def _registers_text(registers: Mapping[str, int] | None) -> str:
    if registers is None:
        return ""
    shown = [f"{name:<3} {value:016x}" for name, value in registers.items()]
    return "\n".join("  ".join(shown[at : at + _REGISTERS_A_LINE]) for at in range(0, len(shown), _REGISTERS_A_LINE))


def _bank_text(name: str, bank: BankStatistics) -> str:
    limit = "" if bank.limit is None else f" of {format_size(bank.limit)}"
    return f"{printable(name)}: {format_size(bank.used)}{limit} used, {format_size(bank.peak)} at most"
