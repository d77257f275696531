"""Random programs that make pointers from integers, some of them bad, and a model that says which one is the fault.

Without a test each program would run to its end: a bad integer differs from a good one in its upper half only, which
the window ignores.  So a test that is missing, too early, too late or at the wrong line is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

import motte
from motte.build_options import CHECKED_MODES, Checked

PROGRAMS = 6
POINTERS = 4
OBJECT_SIZE = 8192

HEAD = f"""\
#include <stdint.h>
static unsigned char object[{OBJECT_SIZE}];
static volatile uint64_t hidden[] = {{0, 1, 2, 3, 4, (uint64_t)1 << 40, (uint64_t)0xffff << 48}};
__attribute__((noinline)) static void keep(const void *pointer) {{ hidden[0] = (uintptr_t)pointer & 0; }}
int main(void)
{{
    unsigned sum = 0;
    for (int i = 0; i < {OBJECT_SIZE}; i++) object[i] = 1;
"""


class Faulted(Exception):  # noqa: N818 (the program's end, as the model sees it)
    """At a line."""


Statement = tuple[str, int, "int | list[Statement]"]
"""What the model has to know of one: its kind, the pointer, and the line, the other pointer or the body."""

SIMPLE = {
    "object": ("p{target} = object + 4096 + hidden[{number}];", "object"),
    "step": ("p{target} = p{source} + hidden[{number}];", "copy"),
    "choose": ("p{target} = hidden[{chosen}] ? p{source} : p{target};", "copy"),
    "read": ("sum += p{target}[{number}];", "read"),
    "write": ("*p{target} = 1;", "write"),
    "keep": ("keep(p{target});", "keep"),
}
"""Statements as text, and what they are to the model."""


@dataclass
class Model:
    """Writes a program, and then runs it in the head."""

    random: Random
    mode: Checked
    lines: list[str] = field(default_factory=HEAD.splitlines)

    def block(self, depth: int, indent: int) -> list[Statement]:
        return [self.statement(depth, indent) for _ in range(self.random.randint(2, 5))]

    def write(self, indent: int, text: str) -> int:
        self.lines.append("    " * indent + text)
        return len(self.lines)

    def statement(self, depth: int, indent: int) -> Statement:
        target, source = self.random.randrange(POINTERS), self.random.randrange(POINTERS)
        kind = self.random.choice((*SIMPLE, "cast", "read", "if", "loop"))
        if depth > 0 and kind == "if":
            return self.branch(depth - 1, indent)
        if depth > 0 and kind == "loop":
            return self.loop(depth - 1, indent)
        if kind == "cast":
            upper = self.random.choice([0, 5, 6])
            line = self.write(indent, f"p{target} = (unsigned char *)((uintptr_t)(object + 4096) | hidden[{upper}]);")
            return kind, target, line if upper else 0
        number = self.random.randrange(5)
        text, model = SIMPLE.get(kind, SIMPLE["read"])
        self.write(indent, text.format(target=target, source=source, number=number, chosen=number % 2))
        return model, target, target if kind == "choose" and number % 2 == 0 else source

    def branch(self, depth: int, indent: int) -> Statement:
        chosen = self.random.randrange(2)
        self.write(indent, f"if (hidden[{chosen}]) {{")
        first = self.block(depth, indent + 1)
        self.write(indent, "} else {")
        second = self.block(depth, indent + 1)
        self.write(indent, "}")
        return "loop", 1, first if chosen else second

    def loop(self, depth: int, indent: int) -> Statement:
        turns = self.random.randrange(4)
        self.write(indent, f"for (unsigned i{depth} = 0; i{depth} < hidden[{turns}]; i{depth}++) {{")
        body = self.block(depth, indent + 1)
        self.write(indent, "}")
        return "loop", turns, body

    def run(self, statements: list[Statement], pointers: list[int]) -> int:
        """What is added to the sum; ``pointers`` are the lines of the casts that made them of bad integers, or 0."""
        total = 0
        for kind, operand, detail in statements:
            if kind == "loop":
                assert isinstance(detail, list)
                total += sum(self.run(detail, pointers) for _ in range(operand))
                continue
            assert isinstance(detail, int)
            if kind == "cast":
                pointers[operand] = detail
            elif kind == "object":
                pointers[operand] = 0
            elif kind == "copy":
                pointers[operand] = pointers[detail]
            if pointers[operand] and (kind in ("read", "write") or (kind, self.mode) == ("cast", "cast")):
                raise Faulted(pointers[operand])
            total += kind == "read"
        return total

    def program(self) -> tuple[str, int | None, int]:
        """The source, the line of its fault, and its exit status without one."""
        self.lines += [f"    unsigned char *p{number} = object + 4096;" for number in range(POINTERS)]
        statements = self.block(3, 1) + self.block(3, 1)
        self.lines += ["    return sum & 63;", "}", ""]
        try:
            return "\n".join(self.lines), None, self.run(statements, [0] * POINTERS) & 63
        except Faulted as end:
            return "\n".join(self.lines), end.args[0], 0


@pytest.mark.parametrize("mode", CHECKED_MODES)
@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_the_fault_is_where_the_model_says(seed: int, mode: Checked, tmp_path: Path) -> None:
    text, line, status = Model(Random(seed), mode).program()
    source = tmp_path / "casts.c"
    source.write_text(text)
    for level in (0, 3):
        options = motte.BuildOptions(checked=mode, debug=True, optimization=level)
        done = motte.run(source, options=options)
        seen = done.fault.line if done.fault is not None and done.fault.kind is motte.FaultKind.BAD_CAST else None
        assert (seen, 0 if done.fault else done.returncode) == (line, status), f"-O{level}: {done.message}\n{text}"


def test_the_programs_are_of_both_kinds() -> None:
    faults = [Model(Random(seed), mode).program()[1] for seed in range(PROGRAMS) for mode in CHECKED_MODES]
    assert 2 <= sum(line is None for line in faults) <= len(faults) - 4
