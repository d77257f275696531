"""``make mutate-verifier``: every mutant of the two verifiers, and which of them nothing kills.

docs/spec/mutants.md lists the survivors that may survive, each with its reason.  The exit status is 1 if another one
survives, or if a listed one is killed or does not exist.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from verifier_mutation.killers import Evidence, attempt_on, collect, killer_of
from verifier_mutation.mutants import all_mutants
from verifier_mutation.native_killers import NativeEvidence
from verifier_mutation.native_killers import attempt_on as attempt_on_native
from verifier_mutation.native_mutants import NativeMutant, all_native_mutants

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "mutants.md"


def justified(language: str) -> set[str]:
    """The names of the mutants that the page lists for the verifier in a language."""
    section = PAGE.read_text().partition(f"## The verifier in {language.capitalize()}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^- `(.*)`$", section, re.MULTILINE))


Trial = tuple[str, Callable[[], str]]
"""The name of a mutant, and what kills it, or nothing."""


def _python_trials(evidence: Evidence) -> list[Trial]:
    return [(mutant.name, partial(killer_of, partial(attempt_on, mutant, evidence))) for mutant in all_mutants()]


def _native_trials(evidence: Evidence, folder: Path) -> list[Trial]:
    native = NativeEvidence(evidence, folder)

    def killer(mutant: NativeMutant) -> str:
        library = native.compiled(mutant)
        if library is None:
            return "does not compile"
        try:
            return killer_of(partial(attempt_on_native, library, native))
        finally:
            library.unlink()

    return [(mutant.name, partial(killer, mutant)) for mutant in all_native_mutants()]


def _survivors(trials: list[Trial]) -> set[str]:
    began, survivors, killers = time.monotonic(), set(), Counter[str]()
    for number, (name, killer_of_it) in enumerate(trials, 1):
        killer = killer_of_it()
        killers[killer.split()[0] if killer else "nothing"] += 1
        survivors |= set() if killer else {name}
        print(f"{number} of {len(trials)}, {name}: {killer or 'SURVIVES'}", file=sys.stderr, flush=True)
    print(f"{len(trials)} mutants in {time.monotonic() - began:.0f} s, killed by", dict(killers))
    return survivors


def main() -> int:
    """Run all mutants, or every so many-th."""
    parser = argparse.ArgumentParser(
        prog="verifier_mutation", description="Find mutants of the verifiers that survive."
    )
    parser.add_argument("language", choices=("python", "c"))
    parser.add_argument("--stride", type=int, default=1, help="try every so many-th mutant")
    parser.add_argument("--first", type=int, default=0, help="the first one to try")
    chosen = parser.parse_args()
    evidence = collect()
    with TemporaryDirectory() as folder:
        trials = _python_trials(evidence) if chosen.language == "python" else _native_trials(evidence, Path(folder))
        tried = trials[chosen.first :: chosen.stride]
        survivors = _survivors(tried)
    listed = justified(chosen.language)
    unlisted = sorted(survivors - listed)
    dead = sorted(listed & {name for name, _ in tried} - survivors) + sorted(listed - {name for name, _ in trials})
    print(
        *(f"not listed: {name}" for name in unlisted), *(f"listed, but no survivor: {name}" for name in dead), sep="\n"
    )
    return 1 if unlisted or dead else 0


if __name__ == "__main__":
    sys.exit(main())
