"""Hostile programs, one idea a file, each with its exact outcome.

Each file in ``programs`` opens with what it tries, what must stop it, and what must
then be seen: the exit status, and the fault with its access and address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import motte

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.c"))
RUN_OPTIONS = ("time", "wall_time", "memory", "output_limit")


@dataclass
class Attack:
    path: Path
    status: int
    outcome: list[str]
    stdout: str | None = None
    options: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Attack:
        header = path.read_text().split("*/", 1)[0]
        facts = dict(re.findall(r"^(?:/\*|\s*)\s*([\w ]+): (.*?)\s*$", header, re.MULTILINE))
        assert "idea" in facts and "stopped by" in facts, f"{path.name} does not say what it tries and what stops it"
        status, *outcome = facts["expect"].split()
        options = {name: facts[name] for name in RUN_OPTIONS if name in facts}
        return cls(path, int(status), outcome, facts.get("stdout"), options)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_the_attack_ends_exactly_as_it_must(path: Path) -> None:
    attack = Attack.read(path)
    done = motte.run(path, **attack.options)  # type: ignore[arg-type]
    assert done.returncode == attack.status, done
    if attack.outcome:
        kind, *rest = attack.outcome
        seen = done.fault.kind.name if done.fault else done.reason.name
        assert seen == kind, done
        if rest:
            assert done.fault is not None
            assert done.fault.access == rest[0], done.fault
        if len(rest) > 1:
            assert done.fault is not None
            assert done.fault.address == int(rest[1], 0), done.fault
    if attack.stdout is not None:
        assert done.stdout.decode().rstrip("\n") == attack.stdout


def test_every_fault_names_its_function(tmp_path: Path) -> None:
    source = tmp_path / "named.c"
    source.write_text(
        "__attribute__((noinline)) int culprit(volatile int *p) { return *p; }\n"
        "int main(void) { int *volatile p = 0; return culprit(p); }\n"
    )
    done = motte.run(source)
    assert done.fault is not None
    assert done.fault.function == "culprit"


def test_the_host_is_unharmed_afterwards() -> None:
    canary = bytearray(b"canary" * 1000)
    for name in ("wild_write", "kernel_half_write", "wrap_negative"):
        motte.run(Path(__file__).parent / "programs" / f"{name}.c")
    assert canary == b"canary" * 1000
