"""What a mutant must survive: everything that the tests ask, one of each form, and what else they say.

All is prepared once, with the verifier as it is; then each mutant runs in a forked child, in which its module
replaces the original before the package is imported again.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, fields
from importlib.machinery import ModuleSpec
from io import StringIO
from types import ModuleType

import pytest

from enumeration.judges import Opinion, PythonVerifier
from motte.verifier import Verdict
from verifier_mutation.evidence import TESTS, Question, encodings, questions
from verifier_mutation.mutants import PACKAGE, Mutant

OWN_TESTS = [str(TESTS / f"test_{name}.py") for name in ("allowlist", "verdict", "trust", "claims")]
TIME_LIMIT_S = 15


@dataclass
class Evidence:
    """Questions with their verdicts, and encodings with the opinions about them."""

    questions: list[Question]
    opinions: dict[bytes, Opinion]


def collect() -> Evidence:
    """Ask the verifier as it is."""
    codes = encodings()
    return Evidence(questions(), dict(zip(codes, PythonVerifier().opinions(codes), strict=True)))


class _Overlay(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module of the verifier another text."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = "motte.verifier" if mutant.module == "__init__" else f"motte.verifier.{mutant.module}"
        self._path = PACKAGE / f"{mutant.module}.py"
        self._source = mutant.source()

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(name, self, origin=str(self._path)) if name == self._name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._source, str(self._path), "exec"), vars(module))


def killer_of(attempt: Callable[[], str]) -> str:
    """What ``attempt`` says, made in a child that a mutant may crash or stall; nothing if the mutant survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(TIME_LIMIT_S)
        try:
            killer = attempt()
        except BaseException as error:  # whatever a mutant does instead of an answer is its death
            killer = f"raises {type(error).__name__}"
        with os.fdopen(writing, "w") as answer:
            answer.write(killer)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        killer = answer.read()
    _, status = os.waitpid(child, 0)
    return killer if status == 0 else f"does not end well: status {status}"


def attempt_on(mutant: Mutant, evidence: Evidence) -> str:
    """What kills a mutant, or nothing; spoils the modules of this process."""
    for name in [name for name in sys.modules if name.startswith(("motte.verifier", "enumeration.judges"))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Overlay(mutant))
    twins = [question for question in evidence.questions if question.source.startswith("twin")]
    others = [question for question in evidence.questions if not question.source.startswith("twin")]
    return _by_questions(twins) or _by_encodings(evidence.opinions) or _by_questions(others) or _by_tests()


def _by_questions(questions: list[Question]) -> str:
    from motte import verifier

    def again(claimed: object) -> object:
        """The same claims, made of the mutant's classes."""
        if isinstance(claimed, list | tuple):
            return [again(item) for item in claimed]
        made = getattr(verifier, type(claimed).__name__, None)
        if made is None:
            return claimed
        return made(**{field.name: again(getattr(claimed, field.name)) for field in fields(claimed)})  # type: ignore[arg-type]

    for question in questions:
        claims = again(question.claimed)
        assert isinstance(claims, verifier.ClaimedCode)
        if _summary(verifier.verify(claims)) != _summary(question.verdict):
            return question.source
    return ""


def _summary(verdict: Verdict) -> tuple[object, ...]:
    """All that a verdict decides; the texts are free."""
    verified = verdict.verified
    learned = (
        (verified.trap_offsets, verified.entry_offsets, list(verified.call_sites)) if verified is not None else None
    )
    return [(found.rule, found.offset) for found in verdict.violations], verdict.ok, verdict.instructions, learned


def _by_encodings(opinions: dict[bytes, Opinion]) -> str:
    judges = importlib.import_module("enumeration.judges")
    for (code, expected), opinion in zip(
        opinions.items(), judges.PythonVerifier().opinions(list(opinions)), strict=True
    ):
        if tuple(opinion) != tuple(expected):
            return f"encoding {code.hex(' ')}"
    return ""


def _by_tests() -> str:
    stale = ("verifier.", "test_", "motte.verdicts", "motte.core.verification")
    for name in [name for name in sys.modules if name.startswith(stale)]:
        del sys.modules[name]
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *OWN_TESTS])
    return "" if status == pytest.ExitCode.OK else f"tests: {_first_failure(said.getvalue())}"


def _first_failure(output: str) -> str:
    failures = [line.split()[1].partition("::")[2] for line in output.splitlines() if line.startswith("FAILED")]
    return failures[0] if failures else "error"
