"""Cards: what an object shows of itself, as text, on a terminal, and in a notebook.

The problem: a process, a bank tree and a fault are looked at in all three, and each would have to be laid out three
times; what strangers wrote (names, output, lines of source) would have to be escaped in each.

The answer: an object says *what* it shows, a :class:`Card`; this file knows how that looks, and escapes everything:
markup in notebooks, and everywhere the characters that move a cursor, or turn text round.  And a crowd is shown by its
first rows: an overview of ten thousand processes is nothing to look at.
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

ROWS_SHOWN: Final = 200
"""Of a table; how many more there are is said below it."""

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
        return visible("\n".join(self._text()))

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


def visible(text: str) -> str:
    """The text with everything escaped that is not plainly visible; lines stay lines.

    >>> visible("red \\x1b[31m, \\u202e turned\\nnext line, back\\\\slash")
    'red \\\\x1b[31m, \\\\u202e turned\\nnext line, back\\\\slash'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode("ascii") for c in text)


def _rest(columns: Columns) -> str:
    """What is said of the rows that are not shown."""
    hidden = len(columns.rows) - ROWS_SHOWN
    return f"… and {hidden:,} more" if hidden > 0 else ""


def _aligned(columns: Columns) -> Iterator[str]:
    table = [columns.names, *columns.rows[:ROWS_SHOWN]]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns.names))]
    for row in table:
        cells = [
            cell.rjust(width) if index in columns.numbers else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  " + "  ".join(cells).rstrip()
    if rest := _rest(columns):
        yield f"  {rest}"


def rich_of(card: Card) -> "RenderableType":
    """For a terminal; nothing in it is taken for markup, or for a control sequence."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = [Text(visible(card.title), style=f"bold {card.mood}".strip())]
    if card.facts:
        grid = Table.grid(padding=(0, 2))
        for label, value in card.facts:
            grid.add_row(Text(f"  {visible(label)}", style="dim"), Text(visible(value)))
        parts.append(grid)
    parts += [Text(f"  {visible(line)}") for line in card.lines]
    if card.columns is not None:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for index, name in enumerate(card.columns.names):
            table.add_column(Text(visible(name)), justify=_side(card.columns, index), no_wrap=True)
        for row in card.columns.rows[:ROWS_SHOWN]:
            table.add_row(*(Text(visible(cell)) for cell in row))
        parts.append(table)
        if rest := _rest(card.columns):
            parts.append(Text(rest))
    parts += [rich_of(below) for below in card.below]
    return Group(*parts)


def html_of(card: Card) -> str:
    """For a notebook; everything is escaped."""
    color = f" style='color:{card.mood}'" if card.mood else ""
    parts = [f"<div class='motte'><b{color}>{_escaped(card.title)}</b>"]
    if card.facts:
        rows = "".join(
            f"<tr><td>{_escaped(label)}</td><td style='text-align:left'><pre>{_escaped(value)}</pre></td></tr>"
            for label, value in card.facts
        )
        parts.append(f"<table>{rows}</table>")
    if card.lines:
        lines = "\n".join(card.lines)
        parts.append(f"<pre>{_escaped(lines)}</pre>")
    if card.columns is not None:
        parts.append(_html_table(card.columns))
    parts += [html_of(below) for below in card.below]
    return "".join(parts) + "</div>"


def _escaped(text: str) -> str:
    from html import escape  # late: its table of entities takes long to import

    return escape(visible(text))


def _side(columns: Columns, index: int) -> Literal["left", "right"]:
    return "right" if index in columns.numbers else "left"


def _html_table(columns: Columns) -> str:
    head = "".join(f"<th>{_escaped(name)}</th>" for name in columns.names)
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td style='text-align:{_side(columns, index)};white-space:pre'>{_escaped(cell)}</td>"
            for index, cell in enumerate(row)
        )
        + "</tr>"
        for row in columns.rows[:ROWS_SHOWN]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{_rest(columns)}"
