"""The examples in docstrings of public names, run; and that there is one for everything that users hold."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import textwrap
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

import motte
from documentation.pages import ROOT, blocks, pages

WORDCOUNT = """
#include <stdio.h>
#include <stdlib.h>
int main(int count, char **arguments)
{
    for (int lines = count > 1 ? atoi(arguments[1]) : 0; lines > 0; lines--)
        puts("a line");
    while (getchar() != EOF)
        continue;
    return 0;
}
"""
CHECKSUM = "unsigned adler(const unsigned char *data, unsigned long size) { return data[size - 1]; }"


def example_in(name: str) -> str | None:
    """The indented lines of a docstring, with the first of which it begins to be code."""
    parts = re.split(r"\n\n(?=    )", inspect.getdoc(getattr(motte, name)) or "", maxsplit=1)
    if len(parts) == 1:
        return None
    lines = []
    for line in parts[1].split("\n"):
        if line and not line.startswith("    "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip()


HELD = [
    name for name in motte.__all__ if inspect.isclass(getattr(motte, name)) or inspect.isroutine(getattr(motte, name))
]
WITH_EXAMPLE = [name for name in HELD if example_in(name)]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples go on with."""
    folder: Path = tmp_path_factory.mktemp("docstrings")
    for file, source in (("wordcount.c", WORDCOUNT), ("filter.c", WORDCOUNT), ("checksum.c", CHECKSUM)):
        (folder / file).write_text(source)
    with ExitStack() as stack:
        machine = stack.enter_context(motte.Machine(memory="512MiB"))
        contract = motte.Contract(
            name="talk",
            messages={"ask": "!", "answer": "?", "bye": "!"},
            states={"Start": {"ask": "Asked", "bye": "Over"}, "Asked": {"answer": "Start"}},
            initial="Start",
            final=["Over"],
        )
        program, library = machine.load(folder / "wordcount.c"), machine.load(folder / "checksum.c")
        recipe = motte.Child("store", program, restart="temporary")
        yield {
            "json": json,
            "motte": motte,
            "machine": machine,
            "program": program,
            "library": library,
            "contract": contract,
            "supervisor": stack.enter_context(motte.Supervisor(machine, [recipe])),
            "pool": stack.enter_context(machine.pool(program)),
            "folder": folder,
        }


@pytest.mark.parametrize("name", WITH_EXAMPLE)
def test_the_example_of_a_docstring_runs(
    name: str, world: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(world["folder"])
    before = set(threading.enumerate())
    machine = world["machine"]
    sender, receiver = machine.channel()
    questions, calls = machine.channel()
    sender.send(b"something")
    if name == "ReplyCapability":
        threading.Thread(target=questions.call, args=(b"a question",), kwargs={"timeout": 20}, daemon=True).start()
    process, observer = machine.spawn(world["program"]), machine.observer()
    names = {**world, "sender": sender, "receiver": receiver, "calls": calls, "process": process, "observer": observer}
    code = compile(example_in(name) or "", name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if code.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(code, names))
    else:
        exec(code, names)
    for made in names.values():
        if isinstance(made, motte.Process | motte.Library | motte.Sandboxed):
            made.close()
    # One may be in print() still, which would go on with a standard output that is freed when its capture ends.
    for thread in set(threading.enumerate()) - before:
        if thread.name in ("motte-stdin", "motte-stdout", "motte-stderr"):
            thread.join(20)


def test_whatever_users_hold_has_an_example() -> None:
    shown = "\n".join(block.body for page in pages() for block in blocks(page) if block.language == "python")
    shown += "\n".join(file.read_text() for file in (ROOT / "examples").rglob("*.py"))
    errors = (ROOT / "docs" / "errors.md").read_text()
    missing = []
    for name in HELD:
        value = getattr(motte, name)
        if inspect.isclass(value) and issubclass(value, Exception):
            found = re.search(rf"\b{name}\b", errors)  # what each of them means, in a table
        else:
            found = name in WITH_EXAMPLE or re.search(rf"\bmotte\.{name}\b", shown)
        if not found:
            missing.append(name)
    assert missing == []
