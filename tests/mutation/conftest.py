"""One corpus, one build and one long run of the harness, for all tests of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from mutation.building import Build
from mutation.corpus import Subject
from mutation.running import QUICK, run, write_corpus

MUTANTS = 40_000
SEED = 7


class Harness(NamedTuple):
    """``status``, ``output``, ``samples`` and ``answers`` are those of a run of ``MUTANTS`` with ``SEED``."""

    build: Build
    program: Path
    corpus: Path
    functions: list[Subject]
    status: int
    output: str
    samples: Path
    answers: Path


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Harness:
    folder = tmp_path_factory.mktemp("mutation")
    corpus, samples, answers = folder / "corpus", folder / "samples", folder / "answers"
    functions = write_corpus(QUICK, corpus)
    build = Build(folder)
    program = build.program()
    status, output = run(program, corpus, seed=SEED, mutants=MUTANTS, files=[samples, answers])
    return Harness(build, program, corpus, functions, status, output, samples, answers)
