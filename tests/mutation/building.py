"""Compiles the harness with the verifier in C: as it is, or with one of its checks left out."""

from __future__ import annotations

import subprocess
import sys
from os import environ
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
HARNESS = Path(__file__).parent / "harness"
VERIFIER = ROOT / "core" / "verifier"
COMPILER = environ.get("CC", "cc")
FLAGS = [
    *("-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-mfsgsbase"),
    "-fno-stack-protector",  # handlers run while the FS base may be anything
]
GENERATED = {ROOT / "core" / "generate_header.py": "motte_abi.h", VERIFIER / "generate_forms.py": "forms_table.h"}


class Sabotage(NamedTuple):
    """A change of one of the verifier's files: ``text``, which occurs once, becomes ``instead``."""

    file: str
    text: str
    instead: str


class Build:
    """Object files in a directory of their own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for script, output in GENERATED.items():
            subprocess.run([sys.executable, script, ROOT, directory / output], check=True)
        self.objects = {}
        for source in (*sorted(HARNESS.glob("*.[cS]")), *sorted(VERIFIER.glob("*.c"))):
            self.objects[source.name] = self._compiled(source, directory / f"{source.name}.o")

    def program(self) -> Path:
        """The harness with the verifier as it is."""
        return self._linked("mutate", self.objects)

    def sabotaged(self, sabotage: Sabotage) -> Path:
        """The harness with a verifier that makes a mistake."""
        text = (VERIFIER / sabotage.file).read_text()
        assert text.count(sabotage.text) == 1, f"{sabotage.file} has changed: {sabotage.text}"
        source = self.directory / sabotage.file
        source.write_text(text.replace(sabotage.text, sabotage.instead))
        changed = self._compiled(source, self.directory / "sabotaged.o")
        return self._linked("sabotaged", self.objects | {sabotage.file: changed})

    def _compiled(self, source: Path, output: Path) -> Path:
        include = [f"-I{folder}" for folder in (self.directory, VERIFIER.parent, VERIFIER, HARNESS)]
        subprocess.run([COMPILER, *FLAGS, *include, "-c", str(source), "-o", str(output)], check=True)
        return output

    def _linked(self, name: str, objects: dict[str, Path]) -> Path:
        program = self.directory / name
        subprocess.run([COMPILER, *map(str, objects.values()), "-o", str(program)], check=True)
        return program
