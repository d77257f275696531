"""Every page does what it says: its files, its Python, its commands, and what they print."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import motte
from documentation.pages import ROOT, Block, blocks, pages

COMMAND_SECONDS = 300


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_the_page_shows_runs_and_prints_what_the_page_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, commands = tmp_path / "folder", tmp_path / "commands"
    folder.mkdir()
    commands.mkdir()
    for name, arguments in (("motte", "-m motte"), ("python", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        (commands / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{commands}:{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    known = set(sys.modules)
    session: dict[str, object] = {"__name__": "__main__"}
    for block in blocks(page):
        if block.file:
            path = folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.body)
        elif block.language == "python":
            _run_python(page, block, session)
        else:
            _run_console(page, block)
    for value in session.values():
        if isinstance(value, motte.Machine):
            value.close()
    for name in set(sys.modules) - known:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]  # another page may have a file of this name


def _run_python(page: Path, block: Block, session: dict[str, object]) -> None:
    padding = "\n" * block.line  # so that a traceback has the page's own line
    output = io.StringIO()
    with redirect_stdout(output):
        exec(compile(padding + block.body, str(page), "exec"), session)
    if block.expected is not None:
        assert output.getvalue() == block.expected, f"{page.name}:{block.line}"


def _run_console(page: Path, block: Block) -> None:
    command, expected = "", ""
    for line in [*block.body.splitlines(keepends=True), "$ "]:
        if not line.startswith("$ "):
            expected += line
            continue
        if command:
            done = subprocess.run(
                ["sh", "-c", command],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=COMMAND_SECONDS,
                check=False,
            )
            assert done.stdout == expected, f"{page.name}:{block.line}: {command}"
        command, expected = line[2:].rstrip("\n"), ""
