"""Changes of bytes and of text, drawn from a seed: the same seed gives the same inputs, on every machine."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

EDGES = sorted(
    {
        edge + step
        for edge in (0, 16, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x1000, 0x1_0000, 0x20_0000, 0x7FFF_FFFF, 0xFFFF_FFFF)
        for step in (-8, -1, 0, 1, 8)
        if edge + step >= 0
    }
    | {1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1}
)
"""Numbers beside which programs err."""

MOST_CHANGES = 4
IN_PLACE = 7  # of the changes of bytes, which come first in their list
LONGEST_COPY = 64
_TOKEN = re.compile(r"[A-Za-z_.$%@][\w.$@]*|-?\d\w*|\s|.", re.DOTALL)


class Mutator:
    """Draws changed inputs from a growing list of known ones."""

    def __init__(self, random: Random, known: Sequence[bytes]) -> None:
        self.random = random
        self.known = list(known)
        self._valid = len(known)

    def pick(self) -> bytes:
        """A known input; mostly one of the valid ones that it all began with."""
        return self.random.choice(self.known[: self._valid] if self.random.random() < 0.6 else self.known)

    def changed_bytes(self) -> bytes:
        """A known input after a few changes of its bytes and numbers."""
        data = bytearray(self.pick())
        for _ in range(self.random.randint(1, MOST_CHANGES)):
            self.random.choice(self._byte_changes)(self, data)
        return bytes(data)

    def changed_in_place(self, known: bytes) -> bytes:
        """``known`` after one or two changes that move nothing."""
        data = bytearray(known)
        self._flip(data)
        if self.random.random() < 0.5:
            self.random.choice(self._byte_changes[:IN_PLACE])(self, data)
        return bytes(data)

    def changed_text(self) -> bytes:
        """A known input after a few changes of its lines and words."""
        lines = self.pick().decode("latin-1").split("\n")
        for _ in range(self.random.randint(1, MOST_CHANGES)):
            self.random.choice(self._line_changes)(self, lines)
        return "\n".join(lines).encode("latin-1")

    def edge(self, size: int) -> bytes:
        """A number of ``size`` bytes that is worth trying."""
        number = self.random.choice(EDGES) if self.random.random() < 0.75 else self.random.getrandbits(64)
        return (number % (1 << 8 * size)).to_bytes(size, "little")

    # --- bytes --------------------------------------------------------------------------------

    def _place(self, data: bytearray) -> int:
        return self.random.randrange(len(data) + 1)

    def _flip(self, data: bytearray) -> None:
        if data:
            data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)

    def _number(self, data: bytearray) -> None:
        size, at = self.random.choice((1, 2, 4, 4, 8)), self._place(data)
        at -= at % size if self.random.random() < 0.5 else 0
        data[at : at + size] = self.edge(size)[: len(data) - at]

    def _nudge(self, data: bytearray) -> None:
        size, at = self.random.choice((1, 4, 8)), self._place(data)
        number = int.from_bytes(data[at : at + size], "little") + self.random.choice((-8, -4, -1, 1, 4, 8))
        data[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, "little")[: len(data) - at]

    def _cut(self, data: bytearray) -> None:
        at = self._place(data)
        del data[at : at + self.random.randint(1, LONGEST_COPY)]

    def _end(self, data: bytearray) -> None:
        del data[self._place(data) :]

    def _repeat(self, data: bytearray) -> None:
        at, size = self._place(data), self.random.randint(1, LONGEST_COPY)
        data[at:at] = data[at : at + size]

    def _splice(self, data: bytearray) -> None:
        other = self.random.choice(self.known)
        start, size = self.random.randrange(len(other) + 1), self.random.randint(1, LONGEST_COPY)
        at = self._place(data)
        data[at : at + (size if self.random.random() < 0.5 else 0)] = other[start : start + size]

    _byte_changes: Sequence[Callable[[Mutator, bytearray], None]] = (
        *(_flip, _flip, _number, _number, _number, _nudge, _nudge),
        *(_cut, _end, _repeat, _splice, _splice),
    )

    # --- lines --------------------------------------------------------------------------------

    def _line(self, lines: list[str]) -> int:
        return self.random.randrange(len(lines))

    def _delete_line(self, lines: list[str]) -> None:
        if len(lines) > 1:
            del lines[self._line(lines)]

    def _move_line(self, lines: list[str]) -> None:
        line = lines.pop(self._line(lines))
        lines.insert(self.random.randrange(len(lines) + 1), line)

    def _repeat_line(self, lines: list[str]) -> None:
        lines.insert(self._line(lines), lines[self._line(lines)])

    def _foreign_line(self, lines: list[str]) -> None:
        other = self.random.choice(self.known).decode("latin-1").split("\n")
        at, count = self._line(other), self.random.choice((1, 1, 2, 5))
        lines[self._line(lines) : self._line(lines)] = other[at : at + count]

    def _change_word(self, lines: list[str]) -> None:
        at = self._line(lines)
        words = _TOKEN.findall(lines[at])
        if words:
            others = _TOKEN.findall(lines[self._line(lines)]) or [""]
            words[self.random.randrange(len(words))] = self.random.choice((*others, self._text_edge()))
            lines[at] = "".join(words)

    def _insert_character(self, lines: list[str]) -> None:
        at = self._line(lines)
        place = self.random.randrange(len(lines[at]) + 1)
        character = (
            chr(self.random.randrange(256)) if self.random.random() < 0.2 else self.random.choice('"\\#;:,()$%*@ \t')
        )
        lines[at] = lines[at][:place] + character + lines[at][place:]

    def _text_edge(self) -> str:
        if self.random.random() < 0.02:
            return "9" * 5000  # more digits than Python converts
        return str(self.random.choice(EDGES) * self.random.choice((1, -1)))

    _line_changes: Sequence[Callable[[Mutator, list[str]], None]] = (
        *(_delete_line, _move_line, _repeat_line, _foreign_line, _foreign_line),
        *(_change_word, _change_word, _change_word, _insert_character),
    )
