"""An artifact that lies about its functions: refused where it cannot be read, otherwise harmless to everybody else."""

import json
import re
from pathlib import Path

import pytest

import motte
from calls.conftest import GUESTS
from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.image.encoding import MAGIC


@pytest.fixture(scope="module")
def artifact() -> bytes:
    return artifact_of([GUESTS / "library.c"], BuildOptions())


def with_prototype(artifact: bytes, old: str, new: str) -> bytes:
    """The artifact with a line of its prototypes replaced by one of the same length."""
    before, after = old.encode(), new.encode().ljust(len(old))
    assert artifact.startswith(MAGIC)
    assert artifact.count(before) == 1
    return artifact.replace(before, after)


def line_of(artifact: bytes, name: str) -> str:
    match = re.search(rb'\{"name":"%s",[^\0]*\}' % name.encode(), artifact)
    assert match is not None
    return match.group().decode()


def bind(machine: motte.Machine, artifact: bytes, name: str) -> object:
    with machine.load(artifact) as program, machine.spawn(program, start=False) as process:
        return process.function(name)(1, 2)


@pytest.mark.parametrize(
    "new",
    [
        '{"name":"add"}',
        '{"name":"add","result":"i","parameters":[]}',
        '{"name":"add","result":["i","int"],"parameters":[[1,2,3]]}',
        '{"name":"add","result":["x","int"],"parameters":[]}',
        '{"name":"add","result":["i","int"],"parameters":[["v","",""]]}',
    ],
)
def test_a_prototype_that_cannot_be_is_refused(machine: motte.Machine, artifact: bytes, new: str) -> None:
    with pytest.raises(motte.Refused, match="add: its prototype"):
        bind(machine, with_prototype(artifact, line_of(artifact, "add"), new), "add")


@pytest.mark.parametrize("new", ["[]", "{}", "nonsense", '{"name":7}', '{"name":"weigh"}', "[" * 60])
def test_lines_without_a_name_of_their_own_are_refused(machine: motte.Machine, artifact: bytes, new: str) -> None:
    with pytest.raises(motte.Refused, match="artifact: a prototype is malformed, or there twice"):
        bind(machine, with_prototype(artifact, line_of(artifact, "add"), new), "add")


def test_a_wrong_number_of_stack_arguments_cannot_be_bound(machine: motte.Machine, artifact: bytes) -> None:
    """What lies above the return address is the verifier's knowledge, and not the artifact's."""
    few = json.dumps({"name": "weigh", "result": ["d", ""], "parameters": [["i", "", ""]] * 2}, separators=(",", ":"))
    lying = with_prototype(artifact, line_of(artifact, "weigh"), few)
    with pytest.raises(ValueError, match="the function takes other parameters"):
        bind(machine, lying, "weigh")


def test_a_lie_about_registers_hurts_the_guest_alone(machine: motte.Machine, artifact: bytes) -> None:
    """Integers for numbers, and addresses for integers: it computes nonsense, or faults."""
    old = line_of(artifact, "read_at")
    new = json.dumps({"name": "read_at", "result": ["P", ""], "parameters": [["q", "", ""]]}, separators=(",", ":"))
    lying = with_prototype(artifact, old, new[: len(old)])
    with machine.load(lying) as program, machine.spawn(program, start=False) as process:
        read_at = process.function("read_at")
        with pytest.raises(motte.GuestFault):
            read_at(-1)


STACK_LIAR = b"""
extern unsigned long __motte_data_stack_pointer;
unsigned long pointer(void) { return __motte_data_stack_pointer; }
void lie(unsigned long value) { __motte_data_stack_pointer = value; }
int sum(const unsigned char *bytes, int count) { int sum = 0; while (count--) sum += *bytes++; return sum; }
"""


@pytest.mark.parametrize("claimed", [0, 1, 0x10000, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1])
def test_a_lie_about_the_stack_is_not_believed_where_arguments_are_copied(
    tmp_path: Path, machine: motte.Machine, claimed: int
) -> None:
    """They go to a mapping of their own, and the guest finds its pointer as it left it."""
    source = tmp_path / "liar.c"
    source.write_bytes(STACK_LIAR)
    with (
        machine.load(source, BuildOptions(debug=True)) as program,
        machine.spawn(program, start=False, bank="16MiB") as process,
    ):
        honest = process.function("pointer")()
        process.function("lie")(claimed)
        memory = process.statistics().memory
        for size in (1, 5000, 100_000):
            assert process.function("sum")(b"\1" * size, size) == size
        assert process.function("pointer")() == claimed != honest
        assert process.statistics().memory - memory <= 16384  # page tables stay


def test_the_path_is_not_needed(tmp_path: Path, machine: motte.Machine, artifact: bytes) -> None:
    stored = tmp_path / "library.motte"
    stored.write_bytes(artifact)
    with machine.load(stored) as program, machine.spawn(program, start=False) as process:
        assert process.function("add")(2, 3) == 5
