"""Why a process ended, in the words of links and monitors.

The words, and what they do, are Erlang's.  An end is *normal* or it is not; everything else about it is for people and
for supervisors.  How Motte's ends become such words is a table: :func:`reason_of`.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from motte.abi.faults import FaultKind, StopReason
from motte.exit import Exit

_LONGEST_WORD: Final = 64


@dataclass(frozen=True, slots=True)
class ExitReason:
    """A word, and for some words a detail; two reasons are equal if both are.

        process.wait()
        print(process.exit_reason == motte.ExitReason.NORMAL, process.exit_reason.word)

    ================================  =======================  ====================================================
    word                              detail                   the process
    ================================  =======================  ====================================================
    ``normal``                                                 exited with status 0
    ``status``                        the status, 1 to 255     exited with another one
    ``fault``                         a ``FaultKind``          was at fault, and no keeper helped
    ``signal``                        the signal's number      raised a signal (``abort()``)
    ``cpu_limit``                                              used up its time, or a meter that nobody refills
    ``wall_limit``, ``output_limit``                           reached these limits
    ``killed``                                                 was killed: ``kill()``, its keeper, its bank's end
    ``shutdown``                                               was asked to end, by its supervisor
    ``noproc``                                                 was not there any more, for whoever asked
    any other                         anything comparable      was ended by an exit signal with this reason
    ================================  =======================  ====================================================

    ``kill`` is what nobody can trap; whoever it has ended is ``killed``.
    """

    word: str
    detail: object = None

    NORMAL: ClassVar["ExitReason"]
    SHUTDOWN: ClassVar["ExitReason"]
    KILL: ClassVar["ExitReason"]
    KILLED: ClassVar["ExitReason"]
    NOPROC: ClassVar["ExitReason"]

    def __post_init__(self) -> None:
        """Raises ``ValueError`` unless the word is one: letters, digits, ``_``, at most 64 of them."""
        if not self.word.isidentifier() or len(self.word) > _LONGEST_WORD:
            raise ValueError(f"{self.word!r} is not a word for a reason")

    @property
    def is_normal(self) -> bool:
        """Whether those who are linked go on living."""
        return self == ExitReason.NORMAL

    @property
    def is_expected(self) -> bool:
        """Whether a supervisor takes it for an orderly end: ``normal`` or ``shutdown``."""
        return self.is_normal or self.word == "shutdown"

    def __str__(self) -> str:
        """For people: ``status 3``, ``fault UNMAPPED``, ``normal``."""
        if self.detail is None:
            return self.word
        return f"{self.word} {self.detail.name if isinstance(self.detail, FaultKind) else self.detail}"


ExitReason.NORMAL = ExitReason("normal")
ExitReason.SHUTDOWN = ExitReason("shutdown")
ExitReason.KILL = ExitReason("kill")
ExitReason.KILLED = ExitReason("killed")
ExitReason.NOPROC = ExitReason("noproc")


def exit_reason(given: ExitReason | str) -> ExitReason:
    """What users write for a reason: one, or its word.  Raises ``TypeError`` for anything else."""
    if isinstance(given, str):
        return ExitReason(given)
    if not isinstance(given, ExitReason):
        raise TypeError(f"reason: expected an ExitReason or a word; got {type(given).__name__}")
    return given


def reason_of(end: Exit, asked: ExitReason | None) -> ExitReason:
    """Why a process ended; ``asked`` is the reason of the exit signal that it was killed for, if it was."""
    match end.reason:
        case StopReason.EXITED if end.returncode == 0:
            return ExitReason.NORMAL
        case StopReason.EXITED:
            return ExitReason("status", end.returncode)
        case StopReason.FAULTED:
            return ExitReason("fault", end.fault.kind if end.fault else None)
        case StopReason.SIGNALLED:
            return ExitReason("signal", end.returncode - 128)
        case StopReason.KILLED:
            return asked or ExitReason.KILLED
        case _:
            return ExitReason(end.reason.name.lower())
