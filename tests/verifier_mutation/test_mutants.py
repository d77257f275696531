"""The survivors on the page exist; some mutants are killed here, all with ``make mutate-verifier``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from verifier_mutation.__main__ import justified
from verifier_mutation.killers import attempt_on, collect, killer_of
from verifier_mutation.mutants import all_mutants
from verifier_mutation.native_killers import NativeEvidence
from verifier_mutation.native_killers import attempt_on as attempt_on_native
from verifier_mutation.native_mutants import all_native_mutants

EVERY = 97


def test_every_listed_survivor_is_a_mutant() -> None:
    assert justified("python") <= {mutant.name for mutant in all_mutants()}
    assert justified("c") <= {mutant.name for mutant in all_native_mutants()}


@pytest.mark.long
def test_mutants_of_the_verifier_in_python_are_killed() -> None:
    evidence, listed = collect(), justified("python")
    tried = [mutant for mutant in all_mutants() if mutant.name not in listed][::EVERY]
    assert [mutant.name for mutant in tried if not killer_of(partial(attempt_on, mutant, evidence))] == []


@pytest.mark.long
def test_mutants_of_the_verifier_in_c_are_killed(tmp_path: Path) -> None:
    evidence, listed = NativeEvidence(collect(), tmp_path), justified("c")
    for mutant in [mutant for mutant in all_native_mutants() if mutant.name not in listed][::EVERY]:
        library = evidence.compiled(mutant)
        assert library is None or killer_of(partial(attempt_on_native, library, evidence)), mutant.name
