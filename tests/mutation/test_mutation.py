"""Accepted functions with changed bytes, executed natively under a monitor.  ``make mutate`` runs a million of them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mutation.building import Sabotage
from mutation.conftest import MUTANTS, SEED, Harness
from mutation.corpus import BRANCH, CONSTANT, FIRST, MODRM, OPCODE, PREFIX
from mutation.running import KINDS, OPERANDS_PREFIXES_BRANCHES, disassembly, run, totals


def test_accepted_mutants_change_nothing_outside_window_and_frame(harness: Harness) -> None:
    output = harness.output
    assert harness.status == 0, output + (disassembly(output) if "\nmutant " in output else "")
    counted = totals(output)
    assert counted["past"] >= MUTANTS
    assert counted["past"] > 0.9 * counted["accepted"]
    elsewhere = sum(counted[f"past-{kind}"] for kind in OPERANDS_PREFIXES_BRANCHES)
    assert elsewhere > 0.3 * counted["past"]
    assert all(counted[f"past-{kind}"] > 100 for kind in KINDS)
    assert all(counted[f"past-by-{change}"] > 100 for change in ("bit", "byte", "two-bits", "splice"))
    assert counted["outcome-escaped"] == 0
    for outcome in ("returned", "trapped", "past-window", "misaligned", "divided", "endless"):
        assert counted[f"outcome-{outcome}"] > 0, outcome
    assert counted["steps"] > 1000


def test_a_run_can_be_repeated(harness: Harness) -> None:
    """Its mutants and their registers, that is; when endless loops end is the timer's affair."""
    program = harness.program
    first, second = (totals(run(program, harness.corpus, seed=3, mutants=2000)[1]) for _ in range(2))
    for name in ("tried", "accepted", "blocks"):
        assert first[name] == second[name], name
    assert first["past"] == pytest.approx(second["past"], rel=0.01)


SABOTAGE = {
    # By rule: the check of the verifier that is left out.
    "M1": Sabotage(
        "operands.c", "if (!instruction->segment || !instruction->address_size)", "if (!instruction->segment)"
    ),
    "M2": Sabotage("heights.c", "start >= 0 && end <= height;", "start >= 0 && end <= height + 64;"),
    "S1": Sabotage("heights.c", "if (height != 0)\n", "if (height < 0)\n"),
    "S2": Sabotage("operands.c", "effect);\n    return MOTTE_RULE_S2;", "effect);\n    return MOTTE_RULE_NONE;"),
    "C1": Sabotage("heights.c", "if (is_unit(run, target)) {", "if (target >= run->start && target < run->end) {"),
    "C2": Sabotage("shapes.c", " && memcmp(bytes + 3, &mask, sizeof mask) == 0", " && mask != 0"),
    "D5": Sabotage("examine.c", "form->refusal != MOTTE_RULE_NONE", "form->refusal > MOTTE_RULE_D5"),
}


@pytest.mark.parametrize("rule", SABOTAGE)
def test_the_monitor_catches_what_a_verifier_without_a_rule_accepts(harness: Harness, rule: str) -> None:
    program = harness.build.sabotaged(SABOTAGE[rule])
    status, output = run(program, harness.corpus, seed=SEED, mutants=MUTANTS)
    assert status == 1, output
    assert output.startswith(f"ESCAPE seed {SEED}: ")
    assert "0x" in disassembly(output)


def test_kinds_of_bytes(harness: Harness) -> None:
    known = {
        "65678b4c8810": [PREFIX | FIRST, PREFIX, OPCODE, MODRM, MODRM, CONSTANT],
        "4883ec20": [PREFIX | FIRST, OPCODE, MODRM, CONSTANT],
        "c5fc104c2420": [PREFIX | FIRST, PREFIX, OPCODE, MODRM, MODRM, CONSTANT],
        "c3": [OPCODE | FIRST],
        "0fb6c0": [OPCODE | FIRST, OPCODE, MODRM],
    }
    seen = {}
    for function in harness.functions:
        starts = [at for at, kind in enumerate(function.kinds) if kind & FIRST] + [len(function.code)]
        for start, end in pairwise(starts):
            seen[function.code[start:end].hex()] = list(function.kinds[start:end])
            if function.code[start] in (0xE8, 0xE9, 0xEB, 0x74, 0x75):
                assert set(function.kinds[start + 1 : end]) <= {BRANCH}
    compared = [code for code in known if code in seen]
    assert len(compared) >= 2
    for code in compared:
        assert seen[code] == known[code]
