"""The confiner's view of a function: a flat list of items, one for each line of assembly that counts.

Plain items are shared: every occurrence of a line of text is one object, made once.  So
an item knows nothing of its place; passes keep what they learn in lists parallel to the
function's items, and replace an item by another one instead of changing it.
"""

from dataclasses import dataclass
from typing import Final

WINDOW: Final = "%gs:"
BLOCK: Final = "%fs:"

# What an item does to control flow.  Plain numbers, because the hot loops compare them for every line.
PLAIN: Final = 1
ANNOTATION: Final = 2
"""Emits no bytes (``.loc``); may stand anywhere, even inside a call sequence."""
ALIGN: Final = 3
LABEL: Final = 4
CALL: Final = 5
BRANCH: Final = 6
"""Conditional; falls through."""
JUMP: Final = 7
"""To a label of this function."""
END: Final = 8
"""``ret``, ``ud2`` or a direct tail jump: nothing follows."""
REGISTER_CALL: Final = 9
REGISTER_JUMP: Final = 10
MEMORY_JUMP: Final = 11
CHECKED_CALL: Final = 12
"""A recognised indirect call; falls through."""
CHECKED_JUMP: Final = 13
"""A recognised indirect tail jump."""
TABLE_JUMP: Final = 14
"""A jump through one of the jump tables."""
DROPPED: Final = 15
STACK_COPY: Final = 16
"""The stack pointer is copied to the register ``target``."""


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """What a function takes: A in bytes of incoming stack arguments, and its class for indirect calls."""

    stack_arguments: int
    function_class: int


@dataclass(frozen=True, slots=True)
class Memory:
    """A memory operand as LLVM wrote it; registers with their ``%``, ``None`` where absent.

    ``segment`` is whose base is added in the confined form: the window's, or that of the block that is open.
    """

    displacement: str
    base: str | None
    index: str | None
    scale: str
    segment: str = WINDOW


class Item:
    """One line of a function (or several, once rewritten).

    ``text`` is what to emit; ``source`` the line as it came; ``stack_change`` how many bytes it
    makes the native stack higher; ``target`` a label (defined by LABEL, reached by BRANCH and
    JUMP) or the register of a copy, call or jump, without ``%``; ``memory`` the operand of a memory jump.
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
        """``kind`` is one of the numbers above."""
        self.kind = kind
        self.text = text
        self.source = source
        self.stack_change = stack_change
        self.target = target
        self.memory = memory


NOTHING: Final = Item(DROPPED, "")
