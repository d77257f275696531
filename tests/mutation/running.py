"""Runs the harness: ``python -m mutation.running [--mutants N] [--seed N]``, and what its output means.

The harness changes functions that the verifier accepts, and runs what is still accepted under a monitor.  Its first
escape ends the run with a report that has the bytes.  Samples then go to the other verifier and to an emulator.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from iced_x86 import Decoder, Formatter, FormatterSyntax

from motte.build import BuildOptions
from mutation.answers import compare
from mutation.building import Build
from mutation.corpus import Subject, encode, programs, subjects
from mutation.emulator import emulate

QUICK = [BuildOptions()]
THOROUGH = [
    BuildOptions(),
    BuildOptions(cpu="x86-64-v2", optimization=2),
    BuildOptions(cpu="x86-64-v3", optimization=3),
    BuildOptions(cpu="x86-64", optimization=1),
    BuildOptions(cpu="x86-64", optimization=0),
]
KINDS = ("prefix", "opcode", "modrm", "constant", "branch")
OPERANDS_PREFIXES_BRANCHES = ("prefix", "modrm", "constant", "branch")


def write_corpus(options: list[BuildOptions], path: Path) -> list[Subject]:
    """The functions to be mutated, also as the file that the harness reads."""
    classes, functions = subjects(programs(options))
    path.write_bytes(encode(classes, functions))
    return functions


def totals(output: str) -> dict[str, int]:
    """What the harness counted."""
    return {name: int(value) for name, value in (line.split() for line in output.splitlines())}


def disassembly(report: str) -> str:
    """The mutant of an escape report, for people."""
    fields = dict(line.split(" ", 1) for line in report.splitlines() if " " in line)
    address = int(fields["subject"].split("address ")[1].split()[0], 16)
    formatter = Formatter(FormatterSyntax.GAS)
    decoder = Decoder(64, bytes.fromhex(fields["mutant"]), ip=address)
    return "\n".join(f"{instruction.ip:#x}  {formatter.format(instruction)}" for instruction in decoder)


def run(program: Path, corpus: Path, *, seed: int, mutants: int, files: Sequence[Path] = ()) -> tuple[int, str]:
    """Status and output of the harness; ``files`` get samples of accepted mutants, and of answers about all."""
    command = [program, corpus, str(seed), str(mutants), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=1_000_000, help="distinct ones, executed past the changed byte")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        functions = write_corpus(THOROUGH, corpus)
        print(f"{len(functions)} functions, {sum(len(each.code) for each in functions)} bytes; seed {chosen.seed}")
        build = Path(folder, "build")
        build.mkdir()
        files = [Path(folder, "samples"), Path(folder, "answers")]
        status, output = run(Build(build).program(), corpus, seed=chosen.seed, mutants=chosen.mutants, files=files)
        print(output, end="", flush=True)
        if "\nmutant " in output:
            print(disassembly(output))
        if status:
            sys.exit(status)
        print(f"both verifiers agree on {compare(files[1]).total()} changes of all")
        print("on the emulator: {} mutants, {} instructions".format(*emulate(files[0])))


if __name__ == "__main__":
    main()
