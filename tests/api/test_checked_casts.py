"""Checked casts: which pointers made from integers are faults, where, and which are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import motte
from motte.abi.limits import DEFAULT_LIMITS
from motte.build import artifact_of
from motte.build_options import CHECKED_MODES, Checked
from motte.image import Artifact

SOURCE = Path(__file__).parent / "programs" / "casts.c"
NOWHERE = 0x7000_0000

DEREFERENCED = (
    *("arithmetic", "memory", "argument", "helper", "upper_half", "narrow", "stored", "copied", "atomic", "chosen"),
    *("chosen_second", "walked", "biased", "unmapped", "freed_mapping", "shrunk", "past_the_end"),
    *("called_forged", "called_data"),
)
"""Bad pointers that are dereferenced: a fault in both modes, but that data may be cast to any pointer."""
NEVER_DEREFERENCED = ("compared", "returned_trip", "number", "nothing_copied", "not_reached")
GOOD = ("xor_list", "good", "ends", "reserved", "called", "jumped")


def line_of(case: str) -> int:
    """The line of the source that carries a case's mark."""
    return next(number for number, line in enumerate(SOURCE.read_text().split("\n"), 1) if f"/* {case} */" in line)


@pytest.fixture(scope="module", params=[*CHECKED_MODES, None])
def checked(request: pytest.FixtureRequest) -> Checked | None:
    return request.param


@pytest.fixture(scope="module", params=[0, 3], ids=["O0", "O3"])
def program(request: pytest.FixtureRequest, checked: Checked | None) -> Iterator[motte.Program]:
    with motte.Machine() as machine:
        yield machine.load(SOURCE, motte.BuildOptions(debug=True, optimization=request.param), checked=checked)


def end_of(program: motte.Program, case: str) -> motte.Exit:
    with motte.Machine(memory="128MiB") as machine, machine.spawn(program, [case]) as process:
        return process.wait(10)


@pytest.mark.parametrize("case", DEREFERENCED)
def test_a_bad_pointer_that_is_dereferenced_is_a_fault_at_the_line_of_its_cast(
    program: motte.Program, checked: Checked | None, case: str
) -> None:
    end = end_of(program, case)
    bad = end.fault is not None and end.fault.kind is motte.FaultKind.BAD_CAST
    assert bad == (checked is not None and (checked, case) != ("cast", "called_data")), end
    if bad:
        assert end.returncode == 139
        assert (end.fault.file, end.fault.line) == (str(SOURCE), line_of(case)), end


@pytest.mark.parametrize("case", NEVER_DEREFERENCED)
def test_a_bad_pointer_that_is_only_compared_or_converted_back_is_a_fault_in_mode_cast_alone(
    program: motte.Program, checked: Checked | None, case: str
) -> None:
    end = end_of(program, case)
    if checked == "cast":
        assert end.fault is not None, end
        assert (end.fault.kind, end.fault.line) == (motte.FaultKind.BAD_CAST, line_of(case))
    else:
        assert end.returncode == 0, end


@pytest.mark.parametrize("case", GOOD)
def test_honest_programs_run_in_every_mode(program: motte.Program, case: str) -> None:
    assert end_of(program, case).returncode == 0, end_of(program, case)


def test_a_constant_is_a_place_that_the_program_means(program: motte.Program) -> None:
    fault = end_of(program, "constant").fault
    assert fault is not None
    assert (fault.kind, fault.access, fault.address) == (motte.FaultKind.UNMAPPED, "read", NOWHERE + 4)


def test_in_mode_use_a_pointer_that_left_its_function_is_an_ordinary_one(
    program: motte.Program, checked: Checked | None
) -> None:
    fault = end_of(program, "left").fault
    assert fault is not None
    if checked == "cast":
        assert (fault.kind, fault.line) == (motte.FaultKind.BAD_CAST, line_of("left"))
    else:
        assert (fault.kind, fault.function, fault.address) == (motte.FaultKind.UNMAPPED, "read_shared", NOWHERE)


def test_a_pointer_from_a_union_shows_no_conversion(program: motte.Program) -> None:
    fault = end_of(program, "through_union").fault
    assert fault is not None
    assert (fault.kind, fault.address) == (motte.FaultKind.UNMAPPED, NOWHERE)


def test_the_fault_tells_the_integer_and_the_inlined_function(program: motte.Program, checked: Checked | None) -> None:
    fault = end_of(program, "helper").fault
    assert fault is not None
    assert (fault.kind is motte.FaultKind.BAD_CAST) == (checked is not None)
    if checked is not None:
        assert (fault.function, fault.address) == ("untagged", NOWHERE)
        assert "a pointer was made from the integer 0x70000000, where nothing is mapped, in untagged (" in str(fault)
        assert fault.backtrace[-1].function == "__motte_start"


def test_a_call_through_a_bad_pointer_says_that_it_is_no_function(
    program: motte.Program, checked: Checked | None
) -> None:
    fault = end_of(program, "called_data").fault
    assert fault is not None
    if checked == "use":
        assert f"made from the integer {fault.address:#x}, which is no function" in str(fault)
        assert fault.access == "execute"
    else:  # data is a fine place for a pointer
        assert fault.kind is motte.FaultKind.BAD_INDIRECT_CALL


# --- what a program without casts pays --------------------------------------------------------------------------------

WITHOUT_CASTS = """\
#include <stdio.h>
#include <stdint.h>
static int table[100];
int main(int argc, char **argv)
{
    for (int i = 0; i < 100; i++) table[i] = i * argc;
    int *found = argc > 5 ? (int *)0x1000 : &table[argc];
    printf("%d %lu %s\\n", *found, (uintptr_t)found % 16, argv[0]);
    return found == (void *)-1;
}
"""


def artifact(path: Path, text: str, checked: Checked | None) -> Artifact:
    path.write_text(text)
    return Artifact.read(artifact_of([path], motte.BuildOptions(checked=checked)), DEFAULT_LIMITS)


@pytest.mark.parametrize("checked", CHECKED_MODES)
def test_a_program_without_casts_is_compiled_to_the_same_bytes(checked: Checked, tmp_path: Path) -> None:
    plain, tested = (artifact(tmp_path / "program.c", WITHOUT_CASTS, mode) for mode in (None, checked))
    assert plain.blobs == tested.blobs
    assert plain.imports == tested.imports
    assert (plain.metadata.get("checked casts"), tested.metadata.get("checked casts")) == (None, checked)


@pytest.mark.parametrize("checked", CHECKED_MODES)
def test_one_cast_is_not_free(checked: Checked, tmp_path: Path) -> None:
    """The twin of the test above: what that compares does change."""
    text = WITHOUT_CASTS.replace("(int *)0x1000", "*(int **)(uintptr_t)argc")
    plain, tested = (artifact(tmp_path / "program.c", text, mode) for mode in (None, checked))
    assert plain.blobs != tested.blobs
    assert "motte_check_pointer" in tested.imports
    assert "motte_check_pointer" not in plain.imports


# --- options ---------------------------------------------------------------------------------------------------------


def test_load_and_its_options_say_the_same(tmp_path: Path, machine: motte.Machine) -> None:
    source = tmp_path / "program.c"
    source.write_text("#include <stdint.h>\nint main(int n, char **v) { return *(int *)((uintptr_t)n << 30); }\n")
    for arguments in ({"checked": "use"}, {"options": motte.BuildOptions(checked="use")}):
        with machine.load(source, **arguments) as program, machine.spawn(program) as process:  # type: ignore[arg-type]
            fault = process.wait(10).fault
            assert fault is not None
            assert fault.kind is motte.FaultKind.BAD_CAST


@pytest.mark.parametrize("wrong", ["always", "", True, 1])
def test_a_mode_that_does_not_exist_is_an_error_that_names_those_that_do(wrong: object, machine: motte.Machine) -> None:
    with pytest.raises(ValueError, match=r"checked: .* is not 'use', 'cast' or None"):
        motte.BuildOptions(checked=wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"checked: .* is not 'use', 'cast' or None"):
        machine.load(SOURCE, checked=wrong)  # type: ignore[arg-type]


def test_without_debug_information_the_function_is_in_the_backtrace(tmp_path: Path) -> None:
    source = tmp_path / "program.c"
    source.write_text(
        "#include <stdint.h>\n__attribute__((noinline)) int culprit(uintptr_t n) { return *(int *)(n << 30); }\n"
        "int main(int n, char **v) { return culprit(n) + 1; }\n"
    )
    done = motte.run(source, options=motte.BuildOptions(checked="use"))
    assert [frame.function for frame in done.backtrace] == ["culprit", "main", "__motte_start"]
    assert done.fault is not None
    assert (done.fault.function, done.fault.line) == ("culprit", None)
