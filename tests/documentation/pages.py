"""What the pages show, taken out of them so that it can be run.

A page is a folder, a Python session and a shell.  In the order of the page:

- a block whose first line is a comment with nothing but a file's name is that file (``// filter.c``, ``# judge.py``);
- a ``python`` block is run in the page's session, and a ``text`` block right after it is what it prints;
- a ``console`` block is run line by line (``$ …``), and the lines below a command are what it prints.

A block in an HTML comment is run and not shown.  A block after ``<!-- not run: why -->`` is shown and not run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUNNABLE = ("python", "console")

_FENCE = re.compile(
    r"^(?P<excuse><!-- not run: [^\n]+ -->\n+)?```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_NAME = re.compile(r"(?://|#|;|/\*) (?P<name>[\w./-]+\.\w+)(?: \*/)?\n")


@dataclass(frozen=True)
class Block:
    """Part of a page; ``expected`` is what a ``python`` block prints, if the page says so."""

    line: int
    language: str
    body: str
    file: str | None = None
    expected: str | None = None


def pages() -> list[Path]:
    """Those that people read in order to do something."""
    return sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "how-to").glob("*.md")])


def blocks(page: Path) -> list[Block]:
    """What there is to write and to run, in order."""
    text = page.read_text()
    fences = list(_FENCE.finditer(text))
    found = []
    for fence, following in zip_longest(fences, fences[1:]):
        language, body = fence["language"], fence["body"]
        line = text.count("\n", 0, fence.start("language")) + 1
        if name := _NAME.match(body):
            found.append(Block(line, language, body, file=name["name"]))
        elif language in RUNNABLE and not fence["excuse"]:
            adjacent = following is not None and not text[fence.end() : following.start()].strip()
            printed = following["body"] if adjacent and following and following["language"] == "text" else None
            found.append(Block(line, language, body, expected=printed))
    return found
