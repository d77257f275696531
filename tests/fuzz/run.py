"""Runs one fuzz target: ``python -m fuzz.run TARGET [--seconds N | --cases N] [--seed N]``, or with files to run again.

Inputs are drawn from the seed, so a run can be repeated.  An exception that the target does not expect, a case
that takes too long, or one that wants too much memory ends the run; the input is kept in a file.
"""

from __future__ import annotations

import argparse
import importlib
import re
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random
from types import FrameType
from typing import cast

from fuzz import sanitized
from fuzz.mutations import Mutator
from fuzz.seeds import found_before
from fuzz.target import Target

LONGEST_CASE_S = 5.0
"""CPU time; the slowest honest case takes a hundredth of it."""
MEMORY = 2 << 30
"""Address space of the process; targets that need more say so with ``MEMORY = None``."""
MOST_KNOWN = 4000


class TookTooLong(Exception):  # noqa: N818 - a report, as a test framework's failures are
    """One case exceeded its time."""


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise TookTooLong(f"more than {LONGEST_CASE_S} seconds of CPU time")


def watch_time() -> signal._HANDLER:
    """From now on, cases that take too long are interrupted; the handler before."""
    return signal.signal(signal.SIGVTALRM, _too_long)


def _run_case(target: Target, data: bytes) -> tuple[bool, str]:
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST_CASE_S)
    try:
        outcome = target.run(data)
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return outcome.accepted, re.sub(r"(0x)?[0-9a-f]*\d[0-9a-f]*|'.*'|\".*\"", "N", outcome.kind)


def fuzz(target: Target, name: str, *, seed: int, cases: int | None, seconds: float) -> int:
    """Cases run; exits with a report if one fails."""
    random = Random(f"{name} {seed}")
    mutator = Mutator(random, target.seeds())
    kinds: Counter[str] = Counter()
    accepted = done = 0
    end = time.monotonic() + seconds
    inputs = [*mutator.known, *found_before(name)]
    current = Path(f"fuzz-{name}-seed{seed}-current")
    while done != cases and (cases is not None or time.monotonic() < end):
        data = inputs[done] if done < len(inputs) else target.mutate(mutator)
        if sanitized.in_use():
            current.write_bytes(data)  # a sanitizer ends the whole process
        try:
            ok, kind = _run_case(target, data)
        except Exception:
            failed = Path(f"fuzz-{name}-seed{seed}-case{done}")
            failed.write_bytes(data)
            traceback.print_exc()
            print(f"{name}: case {done} of seed {seed} failed; its input is in {failed}")
            sys.exit(1)
        accepted += ok
        kinds[kind] += 1
        if kinds[kind] == 1 and done >= len(inputs) and len(mutator.known) < MOST_KNOWN:
            mutator.known.append(data)
        done += 1
    current.unlink(missing_ok=True)
    print(f"{name}: seed {seed}, {done} cases, {accepted} accepted, {len(kinds)} kinds of outcome")
    return done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "target", choices=sorted(path.stem for path in (Path(__file__).parent / "targets").glob("*.py"))
    )
    parser.add_argument("files", nargs="*", type=Path, help="inputs to run again, instead of drawing any")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cases", type=int, help="stop after so many, whatever time it takes")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    chosen = parser.parse_args()
    if chosen.target in sanitized.COMPILED and not sanitized.in_use():
        if "--seed" not in sys.orig_argv:
            sys.orig_argv += ["--seed", str(chosen.seed)]
        sanitized.start_again()
    module = importlib.import_module(f"fuzz.targets.{chosen.target}")
    target = cast("Target", module)
    limit = getattr(module, "MEMORY", MEMORY)
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    watch_time()
    for path in chosen.files:
        print(f"{path}: {_run_case(target, path.read_bytes())}")
    if not chosen.files:
        print(f"{chosen.target}: seed {chosen.seed}", flush=True)
        fuzz(target, chosen.target, seed=chosen.seed, cases=chosen.cases, seconds=chosen.seconds)
    getattr(module, "finish", lambda: None)()


if __name__ == "__main__":
    main()
