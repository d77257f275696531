"""What is linked into a native program, where it lies, and who takes such an artifact."""

from __future__ import annotations

import contextlib
import json
import struct
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motte
from motte.abi.kernel_calls import KERNEL_CALLS
from motte.abi.layout import (
    CODE_REGION_END,
    DATA_STACK_GAP,
    GATE_STRIDE,
    HEAP_END,
    IMAGE_BASE,
    MAP_BASE,
    NATIVE_CODE_BASE,
    NATIVE_GATE_BASE,
    PAGE_SIZE,
)
from motte.abi.limits import DEFAULT_LIMITS
from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.errors import CompileError, LimitReached, Refused
from motte.image import Artifact
from motte.image.encoding import MAGIC
from motte.image.native import NativeArtifact, native_plan
from native.bare_process import built, call

NATIVE = BuildOptions(native=True)

TABLES = """
static int one(int x) { return x + 1; }
static int two(int x) { return x * 2; }
int (*const constant[])(int) = {one, two};
int (*volatile changing)(int) = two;
volatile int zeroes[1000];
int main(int count, char **arguments) { zeroes[count] = changing(count); return constant[count & 1](zeroes[count]); }
"""

LIBRARY = """
#include <stdlib.h>
#include <string.h>
static int made;
__attribute__((constructor)) static void make(void) { made = 7; }
long add(long a, int b, short c, char d, unsigned char e, long f) { return a + b + c + d + e + f; }
int from_constructor(void) { return made++; }
long length(long count)
{
    char *text = malloc(count + 1);
    memset(text, 'x', count);
    text[count] = 0;
    long found = strlen(text);
    free(text);
    return found;
}
"""


def source(folder: Path, text: str, name: str = "program.c") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_native_code_lies_in_the_window_below_2_gib() -> None:
    assert IMAGE_BASE < NATIVE_CODE_BASE < NATIVE_GATE_BASE < HEAP_END <= MAP_BASE
    assert NATIVE_CODE_BASE % PAGE_SIZE == NATIVE_GATE_BASE % PAGE_SIZE == 0
    assert DEFAULT_LIMITS.code_size <= NATIVE_GATE_BASE - NATIVE_CODE_BASE
    assert len(KERNEL_CALLS) * GATE_STRIDE + NATIVE_GATE_BASE < CODE_REGION_END < 1 << 31
    assert len({each.native_gate_address for each in KERNEL_CALLS}) == len(KERNEL_CALLS)


def test_function_pointers_in_data_are_the_addresses_of_functions(tmp_path: Path) -> None:
    plan = built(source(tmp_path, TABLES), options=BuildOptions(native=True, exports=True))
    names = dict(zip(plan.artifact.function_names, plan.artifact.function_columns[0], strict=True))
    read_only, writable = plan.segments
    one, two = (struct.pack("<Q", plan.code_base + names[name]) for name in ("one", "two"))
    assert bytes(read_only.contents).count(one + two) == 1
    assert two in bytes(writable.contents)
    assert plan.code_base == NATIVE_CODE_BASE
    assert plan.entry == NATIVE_CODE_BASE + names["__motte_start"]


def test_segments_lie_in_order_and_the_stack_between_gaps(tmp_path: Path) -> None:
    plan = built(source(tmp_path, TABLES))
    read_only, writable = plan.segments
    assert (read_only.address, read_only.writable, writable.writable) == (IMAGE_BASE, False, True)
    assert writable.address % PAGE_SIZE == 0
    assert writable.address >= read_only.address + read_only.size
    assert writable.size - len(writable.contents) >= 4000
    assert plan.image_end == writable.address + writable.size
    stack = plan.data_stack(100_000)
    assert stack.low % PAGE_SIZE == stack.high % PAGE_SIZE == 0
    assert stack.low - plan.image_end >= DATA_STACK_GAP
    assert stack.high - stack.low >= 100_000
    with pytest.raises(LimitReached, match=f"past the code at {NATIVE_CODE_BASE:#x}"):
        plan.data_stack(NATIVE_CODE_BASE - DATA_STACK_GAP)


def test_equal_sources_give_equal_native_artifacts(tmp_path: Path) -> None:
    path, other = source(tmp_path, TABLES), source(tmp_path, f"{TABLES}\n", "other.c")
    first = NativeArtifact.read(artifact_of([path], NATIVE))
    second = NativeArtifact.read(artifact_of([other], NATIVE))
    assert {name: bytes(blob) for name, blob in first.blobs.items()} == {
        name: bytes(blob) for name, blob in second.blobs.items()
    }


def test_functions_are_called_by_their_addresses(tmp_path: Path) -> None:
    plan = built(source(tmp_path, LIBRARY))
    done = call(
        plan,
        ("add", (1 << 40, -2, 3, -4, 250, 6)),
        ("from_constructor", ()),
        ("from_constructor", ()),
        ("length", (100_000,)),
    )
    assert (done.status, done.results) == (0, ((1 << 40) - 2 + 3 - 4 + 250 + 6, 7, 8, 100_000))


def test_an_address_of_the_code_is_told_with_its_line_and_what_was_inlined(tmp_path: Path) -> None:
    text = (
        "static inline void inner(int *p)\n{\n    *p = 1;\n}\n"
        "__attribute__((cold, noinline)) static void outer(int *p)\n{\n    inner(p);\n}\n"
        "int main(int count, char **arguments)\n{\n    outer(count > 1 ? &count : (int *)0);\n    return count;\n}\n"
    )
    path = source(tmp_path, text)
    artifact = built(path, options=BuildOptions(native=True, debug=True)).artifact
    index = artifact.function_names.index("outer")
    offset, size = (column[index] for column in artifact.function_columns)
    places = [artifact.locations(offset + step) for step in range(size)]
    assert any([(place.function, place.line) for place in found] == [("inner", 3), ("outer", 7)] for found in places), (
        places
    )
    assert places[0][-1].file == str(path)
    assert artifact.function_at(offset + size - 1) == index


def test_a_native_artifact_is_refused_wherever_code_is_verified(tmp_path: Path) -> None:
    path = source(tmp_path, TABLES)
    native = artifact_of([path], NATIVE)
    with pytest.raises(Refused, match="its code is native: no verifier can accept it"):
        Artifact.read(native)
    with motte.Machine() as machine, pytest.raises(Refused, match="its code is native: no verifier can accept it"):
        machine.load(native)
    with motte.Machine() as machine:  # who asks for native code has it, and where it runs is not in question
        program = machine.load(path, NATIVE)
        with pytest.raises(ValueError, match="is native"):
            machine.spawn(program, isolation="fault")


def test_a_confined_artifact_is_not_taken_for_a_native_one(tmp_path: Path) -> None:
    confined = artifact_of([source(tmp_path, TABLES)], BuildOptions())
    with pytest.raises(Refused, match="its code is confined"):
        NativeArtifact.read(confined)


def changed(artifact: bytes, **changes: object) -> bytes:
    """The artifact with other values in its manifest."""
    (length,) = struct.unpack_from("<I", artifact, len(MAGIC))
    start = len(MAGIC) + 4
    manifest = json.loads(artifact[start : start + length]) | changes
    text = json.dumps(manifest).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + artifact[start + length :]


@pytest.fixture(scope="module")
def debuggable(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = source(tmp_path_factory.mktemp("damaged"), TABLES)
    return artifact_of([path], BuildOptions(native=True, debug=True, exports=True))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(random=st.randoms(use_true_random=False), in_the_manifest=st.booleans())
def test_a_damaged_native_artifact_is_refused_or_becomes_a_whole_plan(
    debuggable: bytes, random: Random, in_the_manifest: bool
) -> None:
    data = bytearray(debuggable)
    (length,) = struct.unpack_from("<I", data, len(MAGIC))
    start = 0 if in_the_manifest else len(MAGIC) + 4 + length
    for _ in range(random.randint(1, 4)):
        place = random.randrange(start, len(MAGIC) + 4 + length if in_the_manifest else len(data))
        data[place] = random.choice((0, 1, 0x7F, 0xFF, data[place] ^ 1 << random.randrange(8)))
    try:
        artifact = NativeArtifact.read(bytes(data))
    except (Refused, LimitReached):
        return
    plan = native_plan(artifact)
    assert len(plan.code) == artifact.code_size
    assert NATIVE_CODE_BASE <= plan.entry < NATIVE_CODE_BASE + len(plan.code) <= NATIVE_GATE_BASE
    assert all(artifact.locations(offset) for offset in range(0, artifact.code_size, 97))
    with contextlib.suppress(Refused):
        for function, _ in artifact.claimed_prototypes.values():
            assert plan.code_base <= plan.function_address(function) < plan.code_base + len(plan.code)


def test_inconsistent_native_artifacts_are_refused_with_their_reason(tmp_path: Path) -> None:
    artifact = artifact_of([source(tmp_path, TABLES)], NATIVE)
    manifest = json.loads(artifact[len(MAGIC) + 4 :][: struct.unpack_from("<I", artifact, len(MAGIC))[0]])
    assert NativeArtifact.read(changed(artifact)).imports == tuple(manifest["imports"])
    for changes, reason in (
        ({"kind": "confined"}, "does not have exactly the keys of this format"),
        ({"kind": ["native"]}, "does not have exactly the keys of this format"),
        ({"trap": 0}, "does not have exactly the keys of this format"),
        ({"entry": 1 << 20}, "function 1048576 is out of range"),
        ({"imports": ["motte_reply", *manifest["imports"][1:]]}, "where this Motte has another gate: link it again"),
        ({"imports": [*manifest["imports"], "motte_reply"]}, "gates where"),
        ({"imports": ["motte_fly"]}, "needs kernel call motte_fly, which this Motte does not have"),
    ):
        with pytest.raises(Refused, match=reason):
            NativeArtifact.read(changed(artifact, **changes))
    with pytest.raises(LimitReached, match="limit program_image"):
        NativeArtifact.read(changed(artifact, zero_size=0xFFFF_0000))


@pytest.mark.parametrize(
    ("assembly", "problem"),
    [
        ("movq printf@GOTPCREL(%rip), %rax", "GOTPCREL[A-Z_]* is not supported in a program .* statically: printf"),
        (r"movl %fs:own@TPOFF, %eax\0A.section .tdata,\22awT\22\0Aown: .long 1", "section .tdata is thread-local"),
        (".byte printf", "value 0x[0-9a-f]+ does not fit R_X86_64_8: printf"),
        (r".type f, @gnu_indirect_function\0Af: ret", "symbol f is an ifunc"),
        (r".section .both,\22awx\22\0Aret", "section .both has code that can be written to"),
        (r".section .notes,\22\22\0A.set n, .\0A.byte 0\0A.text\0A.quad n", "refers to what is no part of the program"),
    ],
)
def test_what_assembly_asks_of_the_linker_in_vain_is_named(tmp_path: Path, assembly: str, problem: str) -> None:
    text = f'module asm "{assembly}"\ndefine i32 @main() {{\n  ret i32 0\n}}\n'
    with pytest.raises(CompileError, match=problem):
        artifact_of([source(tmp_path, text, "program.ll")], NATIVE)


def test_native_programs_are_plans_that_nothing_has_to_be_added_to(tmp_path: Path) -> None:
    artifact = NativeArtifact.read(artifact_of([source(tmp_path, TABLES)], NATIVE))
    plan = native_plan(artifact)
    assert plan.code.startswith(bytes(artifact.blobs["code"]))
    assert len(plan.code) == artifact.code_size
    assert not plan.code[len(artifact.blobs["code"]) :].strip(b"\xcc")
