"""Notebooks, run by a real kernel: what is shown of objects, to whom it may concern and by whomever it was written.

Guests choose names, arguments and output; in a notebook, markup in these would be a script in the reader's browser.
"""

from __future__ import annotations

from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

import motte
from motte.card import ROWS_SHOWN, Card, Columns, html_of

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>'\"&amp;</pre></td>"
TURNED = "\u202egnp.exe\x1b[2J\x07"

TAGS = {"div", "b", "table", "thead", "tbody", "tr", "th", "td", "pre"}
ATTRIBUTES = {("class", "motte")} | {("style", f"color:{mood}") for mood in ("red", "green")}
ATTRIBUTES |= {("style", f"text-align:{side}{more}") for side in ("left", "right") for more in ("", ";white-space:pre")}

PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
int crash(const char *text) __asm__("crash<b>");
__attribute__((noinline)) int crash(const char *text) { return printf("%s", text) + *(volatile int *)8; }
int main(int count, char **arguments)
{
    setlinebuf(stdout);
    if (count == 1)
        for (;;)
            puts("on");
    printf("%s says <i>hello</i>\n", arguments[1]);
    fprintf(stderr, "<u>%s</u>\n", arguments[1]);
    return count > 2 ? crash("<s>") : 7;
}
"""

BEGINNING = f"""
import asyncio, os, signal
import motte
MARKUP, TURNED = {MARKUP!r}, {TURNED!r}
machine = motte.Machine(memory="64MiB")
program = machine.load("guest <b>.c", motte.BuildOptions(debug=True))
bank = machine.bank.sub("8MiB", name=MARKUP)
below = bank.sub("1MiB", name=TURNED)
meter = machine.meter.sub(name=MARKUP)
"""

END = "machine.close()"


class Checked(HTMLParser):
    """Reads what was written by ``html_of``: every tag and attribute is one of its own, and all are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        assert set(attrs) <= ATTRIBUTES, attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        assert all(character.isprintable() or character == "\n" for character in data), ascii(data)
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def executed(folder: Path, cells: Iterable[str]) -> list[Any]:
    """The outputs of each of these cells, in a notebook that begins with ``BEGINNING``."""
    (folder / "guest <b>.c").write_text(PROGRAM)
    made = [nbformat.v4.new_code_cell(cell) for cell in (BEGINNING, *cells, END)]
    notebook = nbformat.v4.new_notebook(cells=made)
    NotebookClient(
        notebook, timeout=180, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    ).execute()
    assert notebook.cells[0].outputs == notebook.cells[-1].outputs == []
    return [cell.outputs for cell in notebook.cells[1:-1]]


def test_objects_show_themselves_and_nothing_of_strangers_is_markup(tmp_path: Path) -> None:
    shown = {
        "process = machine.spawn(program, [MARKUP + TURNED, ''], bank=bank); await process\nprocess": "says",
        "process.report()": "crash",
        "process.wait()": "crash",
        "process.wait().fault": "read through a null pointer, at 0x8",
        "machine": "guest <b>.c",
        "machine.overview()": "guest <b>.c",
        "bank": MARKUP.replace("&amp;", "&"),
        "machine.bank": r"\u202egnp.exe\x1b[2J\x07",
        "meter": "dry",
        "machine.run(program, [MARKUP])": "says <i>hello</i>",
        "await machine.run_async(program, [TURNED])": r"\u202egnp.exe\x1b[2J\x07 says",
        "below.destroy(); below": "was destroyed",
        "process.close(); process": "closed",
    }
    for cell, outputs in zip(shown, executed(tmp_path, shown), strict=True):
        (output,) = outputs
        assert output.output_type == "execute_result", cell
        assert set(output.data) == {"text/plain", "text/html"}, cell
        page = Checked(output.data["text/html"])
        if cell not in ("bank", "meter"):
            assert shown[cell] in page.text, cell
        assert output.data["text/plain"].replace("\n", "").isprintable(), cell
    assert "<script>" in MARKUP  # or nothing was asked


def test_processes_are_awaited_at_the_top_level_of_a_cell(tmp_path: Path) -> None:
    cells = (
        "process = machine.spawn(program, ['x']); (await process).returncode",
        "[end.returncode for end in await asyncio.gather(*(machine.spawn(program, ['x']) for _ in range(20)))]",
        "async with machine.spawn(program, ['x'], stdout=motte.PIPE) as process:\n"
        "    lines = [line async for line in process.stdout]\n"
        "lines",
        "motte.run(['guest <b>.c'], ['x']).returncode",
        "task = asyncio.create_task(machine.run_async(program, stdout=motte.DISCARD, time=None))\n"
        "await asyncio.sleep(0)\n"
        "task.cancel()\n"
        "[type(end).__name__ for end in await asyncio.gather(task, return_exceptions=True)]",
        "signals = [signal.SIGINT]\n"
        "def interrupt(data):\n"
        "    while signals:\n"
        "        os.kill(os.getpid(), signals.pop())\n"
        "try:\n"
        "    machine.spawn(program, stdout=interrupt).wait()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')",
    )
    results = [output.get("text") or output.data["text/plain"] for (output, *_) in executed(tmp_path, cells)]
    assert results == ["7", str([7] * 20), "[b'x says <i>hello</i>\\n']", "7", "['CancelledError']", "interrupted\n"]


def test_a_crowd_is_shown_by_its_first_rows() -> None:
    with motte.Machine() as machine:
        banks = [machine.bank.sub("4KiB", name=f"tenant {number}") for number in range(ROWS_SHOWN + 1234)]
        page = Checked(machine._repr_html_())
        assert "tenant 198" in page.text
        assert "tenant 199" not in page.text
        assert "… and 1,235 more" in page.text
        assert "… and 1,235 more" in str(machine.card())
        assert len(machine._repr_html_()) < 200_000
        assert all(bank.used == 0 for bank in banks)


@pytest.mark.parametrize("part", ["title", "label", "value", "line", "column", "cell", "below"])
def test_every_part_of_a_card_is_escaped(part: str) -> None:
    texts = dict.fromkeys(("title", "label", "value", "line", "column", "cell", "below"), "plain") | {
        part: MARKUP + TURNED
    }
    card = Card(
        texts["title"],
        ((texts["label"], texts["value"]),),
        (texts["line"],),
        Columns((texts["column"],), ((texts["cell"],),)),
        below=(Card(texts["below"]),),
    )
    assert MARKUP + r"\u202egnp.exe\x1b[2J\x07" in Checked(html_of(card)).text
    assert str(card).replace("\n", "").isprintable()
