"""The confiner's view of a function: a flat list of items, one for each line of assembly that counts.

Plain items are shared: every occurrence of a line of text is one object, made once.  So
an item knows nothing of its place; passes keep what they learn in lists parallel to the
function's items, and replace an item by another one instead of changing it.
"""

from dataclasses import dataclass
from enum import IntEnum, auto
from typing import Final


class Kind(IntEnum):
    """What an item does to control flow; the numbers mean nothing."""

    PLAIN = auto()
    ANNOTATION = auto()
    """Emits no bytes (``.loc``); may stand anywhere, even inside a call sequence."""
    ALIGN = auto()
    LABEL = auto()
    CALL = auto()
    BRANCH = auto()
    """Conditional; falls through."""
    JUMP = auto()
    """To a label of this function."""
    END = auto()
    """``ret``, ``ud2`` or a tail jump: nothing follows."""
    REGISTER_CALL = auto()
    REGISTER_JUMP = auto()
    MEMORY_JUMP = auto()
    CHECKED_CALL = auto()
    """A recognised indirect call; falls through."""
    CHECKED_JUMP = auto()
    """A recognised indirect tail jump."""
    TABLE_JUMP = auto()
    DROPPED = auto()


# IntEnum members compare slowly; the hot loops use these plain numbers.
PLAIN: Final = int(Kind.PLAIN)
ANNOTATION: Final = int(Kind.ANNOTATION)
ALIGN: Final = int(Kind.ALIGN)
LABEL: Final = int(Kind.LABEL)
CALL: Final = int(Kind.CALL)
BRANCH: Final = int(Kind.BRANCH)
JUMP: Final = int(Kind.JUMP)
END: Final = int(Kind.END)
REGISTER_CALL: Final = int(Kind.REGISTER_CALL)
REGISTER_JUMP: Final = int(Kind.REGISTER_JUMP)
MEMORY_JUMP: Final = int(Kind.MEMORY_JUMP)
CHECKED_CALL: Final = int(Kind.CHECKED_CALL)
CHECKED_JUMP: Final = int(Kind.CHECKED_JUMP)
TABLE_JUMP: Final = int(Kind.TABLE_JUMP)
DROPPED: Final = int(Kind.DROPPED)


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """What a function takes: A in bytes of incoming stack arguments, and its class for indirect calls."""

    stack_arguments: int
    function_class: int


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory operand as LLVM wrote it; registers with their ``%``, ``None`` where absent."""

    displacement: str
    base: str | None
    index: str | None
    scale: str


class Item:
    """One line of a function (or several, once rewritten).

    ``text`` is what to emit; ``source`` the line as it came; ``stack_change`` how many bytes it
    makes the native stack higher; ``target`` a label (defined by LABEL, reached by BRANCH and
    JUMP) or the register of a register call or jump, without ``%``; ``memory`` the operand of a memory jump.
    """

    __slots__ = ("kind", "memory", "source", "stack_change", "target", "text")

    def __init__(
        self,
        kind: int,
        text: str,
        source: str = "",
        *,
        stack_change: int = 0,
        target: str = "",
        memory: Memory | None = None,
    ) -> None:
        self.kind = kind
        self.text = text
        self.source = source
        self.stack_change = stack_change
        self.target = target
        self.memory = memory


NOTHING: Final = Item(DROPPED, "")
