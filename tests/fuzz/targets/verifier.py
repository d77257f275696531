"""Bytes and claims from strangers, before both verifiers; the one in C under the sanitizers.  They must agree.

An input is JSON: the claims, with bytes in hexadecimal.
"""

from __future__ import annotations

import json
from typing import Any

from fuzz.mutations import EDGES, Mutator
from fuzz.seeds import CORPUS, artifacts
from fuzz.target import Outcome
from motte.abi.layout import PAGE_SIZE
from motte.core import verify_claims
from motte.image import Artifact, load_plan
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable, verify
from verifier.agreement import NONSENSE, said_by_core, said_in_python
from verifier.assembling import assemble

MEMORY = None
CODE, TABLES = 0x2000_0000, 0x4000_0000
NUMBERS = ("base", "tables_base", "function_table", "function_table_log2")
LISTS = ("functions", "jump_tables", "classes", "entries")
MOST_PAGES = 4
LETTERS = str.maketrans("123456789", "abcdefghi")
"""Kinds of outcome that differ in numbers only count as one."""


def seeds() -> list[bytes]:
    source = (CORPUS / "verifier" / "control.s").read_text()
    plans = [load_plan(Artifact.read(artifact), CODE, TABLES).claimed for artifact in artifacts()]
    return [_encoded(claimed) for claimed in (assemble(source).claimed, *plans)]


def _encoded(claimed: ClaimedCode) -> bytes:
    case: dict[str, Any] = {name: getattr(claimed, name) for name in NUMBERS}
    case["code"] = bytes(claimed.code).hex()
    case["tables"] = bytes(claimed.tables).hex()
    case["functions"] = [[each.offset, each.size, each.stack_arguments] for each in claimed.functions]
    case["jump_tables"] = [[each.address, each.entries, each.owner] for each in claimed.jump_tables]
    case["classes"] = [list(item) for item in claimed.classes.items()]
    case["gates"] = [list(item) for item in claimed.gates.items()]
    case["entries"] = [[entry] for entry in claimed.entries]
    return json.dumps(case).encode()


def mutate(mutator: Mutator) -> bytes:
    random = mutator.random
    case = json.loads(mutator.pick())
    for _ in range(random.randint(1, 3)):
        part = random.choice(["code"] * 60 + ["tables", "tables", *NUMBERS, *LISTS])
        if part in NUMBERS:
            case[part] = _changed(case[part], mutator)
        elif part in LISTS:
            _change_list(case[part], mutator)
        elif part == "code":
            case[part] = _change_code(bytes.fromhex(case[part]), case, mutator).hex()
        else:
            case[part] = Mutator(random, [bytes.fromhex(case[part])]).changed_bytes().hex()
    return json.dumps(case).encode()


def _changed(number: int, mutator: Mutator) -> int:
    near = number + mutator.random.choice((-PAGE_SIZE, -16, -8, -1, 1, 8, 16, PAGE_SIZE))
    return mutator.random.choice((near, near, mutator.random.choice(EDGES))) % (1 << 32)


def _change_list(records: list[list[int]], mutator: Mutator) -> None:
    random = mutator.random
    if not records or random.random() < 0.1:
        records.append([random.choice(EDGES) % (1 << 32) for _ in range(len(records[0]) if records else 0)])
    record = random.choice(records)
    action = random.random()
    if action < 0.1:
        records.remove(record)
    elif action < 0.2:
        records.append(list(record))
    elif record:
        at = random.randrange(len(record))
        record[at] = _changed(record[at], mutator)


def _change_code(code: bytes, case: dict[str, Any], mutator: Mutator) -> bytes:
    """Inside functions mostly; the rest is padding, which must stay whole pages."""
    random = mutator.random
    ends = [offset + size for offset, size, *_ in case["functions"] if offset + size <= len(code)]
    body = code[: max(ends, default=0)] or code
    body = mutator.changed_in_place(body) if random.random() < 0.8 else Mutator(random, [body]).changed_bytes()
    if random.random() < 0.9:
        body = body[: MOST_PAGES * PAGE_SIZE]
        return body.ljust(len(body) + -len(body) % PAGE_SIZE, b"\xcc")
    return body


def run(data: bytes) -> Outcome:
    case = json.loads(data)
    numbers = {name: case[name] for name in NUMBERS}
    claimed = ClaimedCode(
        code=bytes.fromhex(case["code"]),
        tables=bytes.fromhex(case["tables"]),
        functions=[ClaimedFunction(*each) for each in case["functions"] if len(each) == 3],
        jump_tables=[ClaimedJumpTable(*each) for each in case["jump_tables"] if len(each) == 3],
        classes=dict(each for each in case["classes"] if len(each) == 2),
        gates=dict(case["gates"]),
        entries=[each[0] for each in case["entries"] if each],
        **numbers,
    )
    verdict, decision = verify(claimed), verify_claims(claimed)
    if verdict.ok or decision.ok:
        assert said_in_python(verdict) == said_by_core(decision)
        return Outcome(True, "accepted")
    # Of several violations at one place, either may be called the first.
    found = {(_group(violation.rule), violation.offset) for violation in verdict.violations}
    assert (_group(decision.rule), decision.offset) in found, f"{decision} in C, but {verdict}"
    return Outcome(False, decision.rule.translate(LETTERS))


def _group(rule: str) -> str:
    return "nonsense" if rule in NONSENSE else rule
