"""A finished function as text: its items, its traps, its own padding, its exact size.

The verifier reads a function from its first to its last byte, so nothing may follow a call or
fall through the end, and padding must be one of a few NOPs.  The assembler pads with forms of its own, so the
places of padding are noted here, and the NOPs are written when the object exists.
"""

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import (
    ALIGN,
    ANNOTATION,
    CHECKED_JUMP,
    DROPPED,
    END,
    JUMP,
    LABEL,
    TABLE_JUMP,
    Item,
)

_NOTHING_FOLLOWS = (END, JUMP, CHECKED_JUMP, TABLE_JUMP)


class FunctionLayout:
    """Writes functions; ``paddings`` counts the places of padding inside all of them."""

    def __init__(self) -> None:
        """No padding yet."""
        self.paddings = 0

    def text(self, function: Function, heights: list[int | None]) -> str:
        """The lines of ``function`` from its label to its size; unreachable code is left out."""
        items = function.items
        end = len(items)
        while end and _is_end_label(items[end - 1]):
            end -= 1
        lines = [f"{function.symbol}:"]
        falls_through = True
        for item, height in zip(items[:end], heights, strict=False):
            kind = item.kind
            if kind == DROPPED or (height is None and kind not in (LABEL, ANNOTATION, ALIGN)):
                continue
            lines.append(self._padding(item) if kind == ALIGN else item.text)
            if kind != ANNOTATION:
                falls_through = kind not in _NOTHING_FOLLOWS
        if falls_through:
            lines.append("\tud2")
        lines.extend(function.stubs.values())
        lines.extend(f"{function.trap(height)}:\n\tud2" for height in sorted(function.trap_heights))
        lines.extend(item.text for item in items[end:])
        lines.append(f"\t.size\t{function.symbol}, .-{function.symbol}")
        return "\n".join(lines)

    def _padding(self, item: Item) -> str:
        number = self.paddings
        self.paddings += 1
        return f"{padding_start(number)}:\n{item.text}\n{padding_end(number)}:"


def padding_start(number: int) -> str:
    """Label of the first byte of a padding."""
    return f".Lmotte_padding{number}"


def padding_end(number: int) -> str:
    """Label of the byte behind a padding."""
    return f".Lmotte_padded{number}"


def _is_end_label(item: Item) -> bool:
    return item.kind == DROPPED or (item.kind == LABEL and item.target.startswith(".Lfunc_end"))
