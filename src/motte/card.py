"""Cards: what an object shows of itself, as text, on a terminal, and in a notebook.

The problem: a process, a bank tree and a fault are looked at in all three, and each would have to be laid out three
times; what strangers wrote (names, output, lines of source) would have to be escaped in each.

The answer: an object says *what* it shows, a :class:`Card`; this file knows how that looks, and escapes everything.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from rich.console import RenderableType

GOOD: Final = "green"
BAD: Final = "red"
PLAIN: Final = ""

_LABEL_WIDTH: Final = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: ``numbers`` are the columns that are aligned to the right."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Card:
    """A title, facts with labels, a table, and lines that keep their spaces; each of them may be missing."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    lines: tuple[str, ...] = ()
    columns: Columns | None = None
    mood: str = PLAIN
    below: tuple["Card", ...] = field(default=())

    def __str__(self) -> str:
        """As plain text."""
        return "\n".join(self._text())

    def _text(self) -> Iterator[str]:
        yield self.title
        for label, value in self.facts:
            first, *rest = value.split("\n")
            yield f"  {label:<{_LABEL_WIDTH}} {first}"
            for line in rest:
                yield " " * (_LABEL_WIDTH + 3) + line
        for line in self.lines:
            yield f"  {line}".rstrip()
        if self.columns is not None:
            yield from _aligned(self.columns)
        for card in self.below:
            yield from card._text()


class Shown(ABC):
    """Objects with a card are shown by it on rich consoles and in notebooks."""

    __slots__ = ()

    @abstractmethod
    def card(self) -> Card:
        """What is shown of it now."""

    def __rich__(self) -> "RenderableType":
        """For rich: ``rich.print(object)``."""
        return rich_of(self.card())

    def _repr_html_(self) -> str:
        return html_of(self.card())


def _aligned(columns: Columns) -> Iterator[str]:
    table = [columns.names, *columns.rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns.names))]
    for row in table:
        cells = [
            cell.rjust(width) if index in columns.numbers else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()


def rich_of(card: Card) -> "RenderableType":
    """For a terminal; nothing in it is taken for markup."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(card.title, style=f"bold {card.mood}".strip())]
    if card.facts:
        grid = Table.grid(padding=(0, 2))
        for label, value in card.facts:
            grid.add_row(Text(f"  {label}", style="dim"), Text(value))
        parts.append(grid)
    parts += [Text(f"  {line}") for line in card.lines]
    if card.columns is not None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for index, name in enumerate(card.columns.names):
            table.add_column(Text(name), justify=_side(card.columns, index), no_wrap=True)
        for row in card.columns.rows:
            table.add_row(*(Text(cell) for cell in row))
        parts.append(table)
    parts += [rich_of(below) for below in card.below]
    return Group(*parts)


def html_of(card: Card) -> str:
    """For a notebook; everything is escaped."""
    from html import escape  # late: its table of entities takes long to import

    color = f" style='color:{card.mood}'" if card.mood else ""
    parts = [f"<div class='motte'><b{color}>{escape(card.title)}</b>"]
    if card.facts:
        rows = "".join(
            f"<tr><td>{escape(label)}</td><td style='text-align:left'><pre>{escape(value)}</pre></td></tr>"
            for label, value in card.facts
        )
        parts.append(f"<table>{rows}</table>")
    if card.lines:
        parts.append(f"<pre>{escape(chr(10).join(card.lines))}</pre>")
    if card.columns is not None:
        parts.append(_html_table(card.columns))
    parts += [html_of(below) for below in card.below]
    return "".join(parts) + "</div>"


def _side(columns: Columns, index: int) -> Literal["left", "right"]:
    return "right" if index in columns.numbers else "left"


def _html_table(columns: Columns) -> str:
    from html import escape

    head = "".join(f"<th>{escape(name)}</th>" for name in columns.names)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:{_side(columns, index)};white-space:pre'>{escape(cell)}</td>"
            for index, cell in enumerate(row)
        )
        + "</tr>"
        for row in columns.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
