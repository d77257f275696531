"""Claims in any order say the same: loaders need not sort, and verifiers must not get lost if they do not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from motte.verifier import ClaimedCode
from verifier.agreement import verify
from verifier.assembling import assemble

COUNT = 37


def program() -> ClaimedCode:
    """Functions that call each other, each with a jump table of its own."""
    text = "".join(
        f"function f{number} {number % 3 * 8}\n"
        f"pushq %rax\npushq %rax\ncall f{(number * 7 + 3) % COUNT}\nandl $1, %eax\njmpq *cases{number}(,%rax,8)\n"
        f"a{number}: nop\nb{number}: popq %rax\npopq %rax\nret\nend f{number}\n"
        for number in range(COUNT)
    )
    tables = "".join(
        f"jump_table cases{number} f{number}\n.quad a{number}\n.quad b{number}\nend cases{number}\n"
        for number in range(COUNT)
    )
    return assemble(text + '.section .tables,"a"\n' + tables).claimed


def shuffled(claimed: ClaimedCode, seed: int) -> ClaimedCode:
    choose = random.Random(seed)
    order = list(range(len(claimed.functions)))
    choose.shuffle(order)
    tables = [replace(table, owner=order.index(table.owner)) for table in claimed.jump_tables]
    choose.shuffle(tables)
    classes, gates = list(claimed.classes.items()), list(claimed.gates.items())
    choose.shuffle(classes)
    choose.shuffle(gates)
    functions = [claimed.functions[index] for index in order]
    return replace(claimed, functions=functions, jump_tables=tables, classes=dict(classes), gates=dict(gates))


@pytest.mark.parametrize("seed", range(12))
def test_shuffled_claims_are_accepted_like_sorted_ones(seed: int) -> None:
    verdict = verify(shuffled(program(), seed))
    assert verdict.ok, verdict.summary
    assert verdict.functions == COUNT + 1


@pytest.mark.parametrize("seed", range(12))
def test_what_is_wrong_is_found_in_any_order(seed: int) -> None:
    claimed = shuffled(program(), seed)
    index = random.Random(seed).randrange(COUNT)
    table = claimed.jump_tables[index]
    other = replace(table, owner=(table.owner + 1) % COUNT)
    wrong = replace(claimed, jump_tables=[other if one is table else one for one in claimed.jump_tables])
    assert {found.rule for found in verify(wrong).violations} == {"C3", "T3"}
    grown = [
        replace(one, size=one.size + 1) if number == index else one for number, one in enumerate(claimed.functions)
    ]
    assert verify(replace(claimed, functions=grown)).violations[0].rule == "D1"
