"""Lines of a program's source, for people who look at where it went wrong.

The problem: which file a place belongs to is what the program's debug information says, and that is a stranger's claim.
``#line 1 "/home/you/.ssh/id_ed25519"`` in a submitted program would have the report about its fault show that file.

What fails: to refuse absolute names, or names outside a directory; what lies beside a submission may be the solution.

The answer: lines are shown of the files that the *caller* has named as the program's sources, and of no other.  A
program without any (an artifact, bytes) has none, unless whoever asks for the report names them.
"""

from collections.abc import Iterable
from os import PathLike, fsdecode
from pathlib import Path
from typing import Final

from motte.image.names import printable

_LARGEST: Final = 16 << 20
_WIDEST: Final = 100
"""Characters of a line that are shown."""

_TAB: Final = 4

State = tuple[int, int]
"""Size and time of change: a file that was edited since would show lines that the program was not made of."""


class SourceLines:
    """The files that lines may be shown of, as they were when the program was loaded."""

    def __init__(self, sources: Iterable[object] = ()) -> None:
        """Of ``sources``, those that are paths of files; what else a program may be made of has no lines."""
        self._states: dict[Path, State | None] = {}
        for source in sources:
            if isinstance(source, str | PathLike):
                path = Path(fsdecode(source)).absolute()
                self._states[path] = _state(path)
        self._read: dict[Path, list[str] | None] = {}

    def shown(self, claimed_file: str | None, line: int | None, column: int | None) -> tuple[str, ...]:
        """The line, and below it a caret where the column is known; nothing if it cannot be shown.

        Both are without indentation, cut, and escaped where they are not plainly visible.
        """
        lines = None if claimed_file is None else self._lines(claimed_file)
        if lines is None or line is None or not 1 <= line <= len(lines):
            return ()
        text = lines[line - 1]
        caret = None if column is None or column > len(text.encode()) + 1 else _character(text, column)
        shown, caret = _cut(text, caret)
        return (shown,) if caret is None else (shown, " " * caret + "^")

    def _lines(self, claimed_file: str) -> list[str] | None:
        path = Path(claimed_file).absolute()
        if path not in self._states:
            return None
        if path not in self._read:
            self._read[path] = _read(path, self._states[path])
        return self._read[path]


def _state(path: Path) -> State | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


def _read(path: Path, state: State | None) -> list[str] | None:
    if state is None or state[0] > _LARGEST or _state(path) != state or not path.is_file():
        return None
    try:
        return path.read_bytes().decode("utf-8", "replace").split("\n")
    except OSError:
        return None


def _character(text: str, column: int) -> int:
    """The index of the character at a column, which compilers count in bytes."""
    return len(text.encode()[: column - 1].decode("utf-8", "ignore"))


def _cut(text: str, caret: int | None) -> tuple[str, int | None]:
    """Without indentation, and a part around the caret if it is long; escapes move the caret along."""
    indentation = len(text) - len(text.lstrip())
    first, last = indentation, len(text.rstrip())
    if last - first > _WIDEST:
        first = max(first, min((caret or first) - _WIDEST // 2, last - _WIDEST))
        last = first + _WIDEST
    shown = [_visible(character) for character in text[first:last]]
    if caret is None or not first <= caret < last:
        return "".join(shown), None
    return "".join(shown), sum(map(len, shown[: caret - first]))


def _visible(character: str) -> str:
    if character == "\t":
        return " " * _TAB
    return character if character == "\\" else printable(character)
