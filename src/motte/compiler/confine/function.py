"""One function of the assembly: its items, and what the passes add to it."""

from dataclasses import dataclass, field

from motte.compiler.confine.errors import ConfineError
from motte.compiler.confine.items import LABEL, FunctionFacts, Item


@dataclass(slots=True)
class Function:
    """Items between a function's label and its ``.size``; ``lines`` are their places in the text.

    ``number`` is unique in the text and names the function's own labels.  ``trap_heights`` are the
    stack heights at which a check of this function can fail: each gets a ``ud2`` of its own,
    because a jump must not change the height.  ``stubs`` is code to
    put behind the function, by its label.
    """

    symbol: str
    number: int
    line: int
    facts: FunctionFacts
    items: list[Item] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    trap_heights: set[int] = field(default_factory=set)
    stubs: dict[str, str] = field(default_factory=dict)

    def append(self, item: Item, line: int) -> None:
        """Add ``item`` at the end."""
        self.items.append(item)
        self.lines.append(line)

    def trap(self, height: int) -> str:
        """Label of the ``ud2`` for checks that fail at ``height``."""
        self.trap_heights.add(height)
        return f".Lmotte_trap{self.number}_{height}"

    def label_positions(self) -> dict[str, int]:
        """Label → index of its item."""
        return {item.target: position for position, item in enumerate(self.items) if item.kind == LABEL}

    def error(self, reason: str, position: int) -> ConfineError:
        """A :class:`ConfineError` at the item with this index."""
        return ConfineError(
            reason, function=self.symbol, line=self.lines[position], instruction=self.items[position].source
        )
