"""``make enumerate``: everybody's opinion about all encodings, or a range or a sample of them, as a report.

A run that was interrupted goes on with ``--start`` at the last number that it printed.  The exit status is 1 if anybody
disagrees about anything, or if an entry of the known differences settles nothing in a whole run.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

from enumeration.capstone_reader import Capstone
from enumeration.comparison import Decoder, Report, Verifier, compare
from enumeration.encodings import FAMILIES, TOTAL, sample
from enumeration.judges import PythonVerifier
from enumeration.known_differences import KNOWN
from enumeration.listing import forms
from enumeration.llvm_reader import Llvm
from enumeration.native_verifier import NativeVerifier, build

CHUNK = 20_000
"""Encodings that are compared at a time."""

_verifiers: list[Verifier] = []
_decoders: list[Decoder] = []


def _prepare(library: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the run
    _verifiers[:] = [PythonVerifier(), NativeVerifier(library)]
    _decoders[:] = [Llvm(), Capstone()]


def _compare(part: tuple[int, int, int]) -> tuple[int, Report]:
    report = Report()
    compare(list(sample(*part)), _verifiers, _decoders, report)
    return part[1], report


def _parts(start: int, end: int, stride: int) -> Iterator[tuple[int, int, int]]:
    step = CHUNK * stride
    return ((first, min(first + step, end), stride) for first in range(start, end, step))


def _run(start: int, end: int, stride: int, processes: int) -> tuple[Report, int]:
    """The report, and the number up to which it goes: Ctrl-C ends a run, and loses nothing."""
    report, reached, began = Report(), start, time.monotonic()
    with TemporaryDirectory() as folder, Pool(processes, _prepare, (build(Path(folder)),)) as pool:
        try:
            for reached, part in pool.imap(_compare, _parts(start, end, stride)):
                report.merge(part)
                speed = report.compared / (time.monotonic() - began)
                left = (end - reached) / stride / speed
                _tell(f"up to {reached:,} of {end:,}: {speed:,.0f} a second, {left:,.0f} s left")
        except KeyboardInterrupt:
            _tell(f"interrupted: --start {reached} goes on")
    return report, reached


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


def _print(report: Report) -> None:
    print("| | |\n|---|---|")
    print(f"| encodings compared | {report.compared:,} |")
    print(f"| of them accepted, by different bytes in each part of the run | {report.accepted:,} |")
    print(f"| forms among these, of {len(forms()):,} listed | {len(report.forms):,} |")
    for kind, count in sorted(report.disagreements.items()):
        print(f"| **disagreement: {kind}** | {count:,} |")
    print(f"| disagreements | {report.disagreements.total():,} |")
    single = {rules: count for rules, count in report.rules.items() if "+" not in rules}
    print("\n| rule that the specification determines | encodings |\n|---|---|")
    for rules, count in sorted(single.items()):
        print(f"| {rules} | {count:,} |")
    print(f"| more than one | {report.rules.total() - sum(single.values()):,} |")
    print("\n| known difference | encodings |\n|---|---|")
    for reason, count in sorted(report.known.items()):
        print(f"| {reason} | {count:,} |")
    for kind, examples in report.examples.items():
        print(f"\n{kind}:", *examples, sep="\n    ")


def main() -> int:
    """Run, print, and judge."""
    parser = argparse.ArgumentParser(prog="enumeration", description="Compare all readings of numbered encodings.")
    parser.add_argument("--start", type=int, default=0, help="first number")
    parser.add_argument("--end", type=int, default=TOTAL, help="number behind the last")
    parser.add_argument("--stride", type=int, default=1, help="take every so many-th (a prime mixes all axes)")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--families", action="store_true", help="print the families and their sizes only")
    chosen = parser.parse_args()
    if chosen.families:
        for family in FAMILIES:
            print(f"| {family.name} | {family.size:,} |")
        print(f"| all | {TOTAL:,} |")
        return 0
    report, reached = _run(chosen.start, chosen.end, chosen.stride, chosen.processes)
    _print(report)
    whole = (chosen.start, chosen.stride, reached) == (0, 1, TOTAL)
    dead = {f"{known.decoder}: {known.reason}" for known in KNOWN} - report.known.keys() if whole else set()
    for reason in sorted(dead):
        print(f"settles nothing: {reason}")
    return 1 if report.disagreements or dead else 0


if __name__ == "__main__":
    sys.exit(main())
