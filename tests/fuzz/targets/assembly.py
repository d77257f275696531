"""Assembly that an attacker wrote: confined, or an error at its line; nothing else, and soon."""

from __future__ import annotations

import re

from fuzz.mutations import Mutator
from fuzz.seeds import llvm_assembly as seeds
from fuzz.target import Outcome
from motte.abi.layout import compatible_class
from motte.compiler.confine import ConfineError, FunctionFacts, confine

__all__ = ["mutate", "run", "seeds"]

FUNCTION = re.compile(r"^\t\.type\t([^,\n]*),@function$", re.MULTILINE)


def mutate(mutator: Mutator) -> bytes:
    return mutator.changed_text() if mutator.random.random() < 0.9 else mutator.changed_bytes()


def run(data: bytes) -> Outcome:
    text = data.decode("latin-1")
    facts = {}
    for number, symbol in enumerate(FUNCTION.findall(text)):
        size = (0, 0, 16)[number % 3]
        facts[symbol.strip('"')] = FunctionFacts(size, compatible_class(size))
    try:
        confined = confine(text, facts)
    except ConfineError as error:
        assert error.reason
        assert 0 <= error.line <= text.count("\n") + 1
        return Outcome(False, error.reason)
    assert confined.isascii()
    return Outcome(True, "confined")
