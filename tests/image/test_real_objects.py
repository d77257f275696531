"""From C through the real compiler: what is linked here passes the verifier, and faults find their line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from motte.abi.limits import DEFAULT_LIMITS
from motte.compiler.options import CompileOptions
from motte.compiler.parent import run_child
from motte.compiler.unit import CompileRequest
from motte.image import Artifact, link, load_plan
from motte.toolchain.arguments import ClangArguments
from motte.toolchain.clang import SourceText, compile_source
from motte.verifier import verify

START = """
long __motte_data_stack_pointer, __motte_data_stack_limit;
void motte_exit(int);
long choose(long, long (*)(long));
extern long (*table[])(long);
double weights[16] = {1, 2, 3};
__attribute__((weak)) long optional(long);
static volatile long runs;
__attribute__((constructor)) static void count(void) { runs++; }
void __motte_start(long *block) {
    long chosen = choose(block[1], table[block[2] & 1]);
    if (optional) chosen += optional(chosen);
    motte_exit(chosen + (int)weights[block[3] & 15]);
}
"""
CHOICES = """
void motte_exit(int);
long choose(long x, long (*f)(long)) {
    switch (x) {
    case 0: return f(5);
    case 1: return f(x) + f(3);
    case 2: motte_exit(17);
    case 3: return f(-4) * 3;
    case 4: return 8888;
    case 5: return f(3) ^ 7;
    case 6: return f(9) / x;
    }
    return f(0);
}
static long increment(long x) { return x + 1; }
static long decrement(long x) { return x - 1; }
long (*table[])(long) = {increment, decrement};
"""


class OneMember:
    """A library of a single object."""

    def __init__(self, defines: Sequence[str], content: bytes) -> None:
        self.defines = defines
        self.content = content

    def members_defining(self, symbol: str) -> Sequence[str]:
        return ["member.o"] if symbol in self.defines else []

    def object(self, member: str) -> bytes:
        return self.content


@pytest.fixture(scope="module")
def objects() -> list[bytes]:
    arguments = ClangArguments(passed=("-g",), debug=True)
    sources = {"start.c": START, "choices.c": CHOICES}
    modules = {name: compile_source(SourceText(name, text), arguments).bitcode for name, text in sources.items()}
    options = CompileOptions(internalize=None, debug=True)
    units = run_child([CompileRequest(name, (module,), options) for name, module in modules.items()])
    return [unit.objects[0] for unit in units]


@pytest.fixture(scope="module")
def artifact(objects: list[bytes]) -> Artifact:
    library = OneMember(["choose", "table"], objects[1])
    return Artifact.read(link([("start.o", objects[0])], [library], limits=DEFAULT_LIMITS, cpu_features=()))


@pytest.mark.parametrize("base", [0x1001_0000, 0x2000_0000, 0x7000_0000])
def test_a_linked_program_passes_the_verifier_wherever_it_is_placed(artifact: Artifact, base: int) -> None:
    plan = load_plan(artifact, base, base + artifact.code_size)
    verdict = verify(plan.claimed)
    assert verdict.ok, verdict.violations


def test_a_program_placed_for_one_address_does_not_pass_at_another(artifact: Artifact) -> None:
    """The twin: the verdict depends on what placing fills in."""
    claimed = load_plan(artifact, 0x2000_0000, 0x3000_0000).claimed
    assert not verify(replace(claimed, base=0x2000_1000)).ok
    assert not verify(replace(claimed, tables_base=0x3000_1000, function_table=0x3000_1000)).ok


def test_address_taken_functions_of_other_objects_are_in_the_table(artifact: Artifact) -> None:
    names = {artifact.function_names[function] for function in artifact.function_entries[1]}
    assert names == {"increment", "decrement", "count"}


def test_an_instruction_is_found_with_its_source_line(artifact: Artifact) -> None:
    index = artifact.function_names.index("decrement")
    place = artifact.locate(artifact.function_columns[0][index])
    expected = CHOICES.splitlines().index("static long decrement(long x) { return x - 1; }") + 1
    assert (place.function, place.line) == ("decrement", expected)
    assert artifact.imports == ("motte_exit",)
