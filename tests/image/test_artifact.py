"""Artifacts from strangers: what is refused and why, and that nothing else can happen."""

from __future__ import annotations

import json
import struct
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from image.confined_objects import function, jump_table, program
from motte.abi.limits import DEFAULT_LIMITS, Limits
from motte.errors import LimitReached, Refused
from motte.image import Artifact, link, load_plan
from motte.image.encoding import BLOBS, MAGIC

SOURCE = program(
    function("f", "call motte_exit\nmovl $g, %eax\nmovl $motte_exit, %eax\nret", stack_arguments=16),
    function("g", "jmpq *.LT(,%rax,8)\n.La: ret\n.Lb: ret", binding="local"),
    jump_table(".LT", "g", [".La", ".Lb"]),
    jump_table(".LU", "f", ["f"]),
    '.section .rodata,"a",@progbits\n.quad 1\n.data\n.quad g\n.bss\n.zero 64\n',
    '.file 1 "sample.c"\n.text\n.loc 1 7\n',
    function("h", ".loc 1 9\nnop\nret"),
)
ARTIFACT = link([("sample.o", SOURCE)], [], limits=DEFAULT_LIMITS, cpu_features=["avx2", "bmi2"], metadata={"k": "v"})

Manifest = dict[str, Any]


def rebuilt(change: Callable[[Manifest, dict[str, bytes]], None]) -> bytes:
    """The sample after ``change`` of its manifest and blobs, with sizes made to agree."""
    manifest, blobs = taken_apart(ARTIFACT)
    change(manifest, blobs)
    manifest["blobs"] = {name: len(blob) for name, blob in blobs.items()}
    return put_together(json.dumps(manifest).encode(), b"".join(blobs.values()))


def taken_apart(artifact: bytes) -> tuple[Manifest, dict[str, bytes]]:
    (length,) = struct.unpack_from("<I", artifact, len(MAGIC))
    start = len(MAGIC) + 4 + length
    manifest = json.loads(artifact[len(MAGIC) + 4 : start])
    blobs = {}
    for name in BLOBS["confined"]:
        blobs[name] = artifact[start : start + manifest["blobs"][name]]
        start += manifest["blobs"][name]
    return manifest, blobs


def put_together(manifest: bytes, blobs: bytes) -> bytes:
    return MAGIC + struct.pack("<I", len(manifest)) + manifest + blobs


def with_manifest(**changes: object) -> bytes:
    return rebuilt(lambda manifest, _: manifest.update(changes))


def with_blob(name: str, change: Callable[[bytes], bytes]) -> bytes:
    return rebuilt(lambda _, blobs: blobs.update({name: change(blobs[name])}))


def with_number(name: str, index: int, value: int) -> bytes:
    """The sample with one 32-bit number of a blob replaced."""
    return with_blob(name, lambda blob: blob[: 4 * index] + struct.pack("<I", value) + blob[4 * index + 4 :])


def reason(data: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(Refused) as caught:
        Artifact.read(data, limits)
    assert caught.value.verdict is None
    return str(caught.value)


def test_reading_gives_back_what_was_linked() -> None:
    artifact = Artifact.read(ARTIFACT)
    assert artifact.function_names == ["__motte_start", "f", "g", "h", "__motte_trap"]
    assert [f.stack_arguments for f in artifact.functions()] == [0, 16, 0, 0, 0]
    assert artifact.imports == ("motte_exit",)
    assert artifact.metadata == {"k": "v"}
    assert [s.name for s in artifact.segments()] == ["read-only", "writable", "zero"]
    assert sum(s.size for s in artifact.segments()) == 8 + 24 + 64


def test_an_artifact_can_be_taken_apart_and_put_together() -> None:
    """The twin of every refusal below."""
    assert Artifact.read(rebuilt(lambda manifest, blobs: None)).code_size == 4096


def test_missing_cpu_features_are_named() -> None:
    artifact = Artifact.read(ARTIFACT)
    assert artifact.missing_features({"avx2", "bmi2", "sse2"}) == ()
    assert artifact.missing_features({"sse2"}) == ("avx2", "bmi2")
    assert Artifact.read(with_manifest(cpu_features=["a\x1bb"])).missing_features(()) == ("a\\x1bb",)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "does not begin with the format's mark"),
        (b"MOTTE\0\0\2" + ARTIFACT[8:], "does not begin with the format's mark"),
        (ARTIFACT[:10], "ends before its manifest"),
        (MAGIC + b"\xff\xff\xff\xff", "a manifest of 4294967295 bytes does not fit"),
        (MAGIC + struct.pack("<I", 9) + b"{}", "a manifest of 9 bytes does not fit"),
        (ARTIFACT[:-1], "blob inlined_texts of 1 bytes does not fit"),
        (ARTIFACT + b"x", "1 bytes follow the last blob"),
        (put_together(b"\xff{}", b""), "the manifest is not plain JSON"),
        (put_together(b"[" * 100_000, b""), "the manifest is not plain JSON"),
        (put_together(b'{"format":' + b"9" * 5000 + b"}", b""), "the manifest is not plain JSON"),
        (put_together(b'{"a":1,"a":1}', b""), "the manifest is not plain JSON"),
        (put_together(b"[]", b""), "does not have exactly the keys of this format"),
        (put_together(b"{}", b""), "does not have exactly the keys of this format"),
        (with_manifest(more=1), "does not have exactly the keys of this format"),
        (with_manifest(format=2), "this Motte reads format 5 only"),
        (with_manifest(format=True), "this Motte reads format 5 only"),
        (with_manifest(entry=-1), "entry is not an unsigned 32-bit number"),
        (with_manifest(entry=1.0), "entry is not an unsigned 32-bit number"),
        (with_manifest(zero_size=1 << 32), "zero_size is not an unsigned 32-bit number"),
        (with_manifest(zero_size=True), "zero_size is not an unsigned 32-bit number"),
        (with_manifest(imports="motte_exit"), "imports is not a list of names"),
        (with_manifest(imports=["motte_exit", "motte_exit"]), "imports repeats a name"),
        (with_manifest(imports=["fo\x1bo"]), "needs kernel call fo\\x1bo, which this Motte does not have"),
        (with_manifest(imports=[]), "import 0 is out of range: it must be below 0"),
        (with_manifest(cpu_features=[1]), "cpu_features is not a list of names"),
        (with_manifest(metadata=[]), "metadata is not a table of texts"),
        (with_manifest(metadata={"a": 1}), "metadata a is not a text"),
        (with_manifest(entry=5), "function 5 is out of range: it must be below 5"),
        (with_manifest(trap=5), "function 5 is out of range: it must be below 5"),
        (with_manifest(data_stack_pointer=0x11000), "data-stack variable at 0x11000 is not in the writable segment"),
        (with_manifest(data_stack_limit=0x12004), "data-stack variable at 0x12004 is not in the writable segment"),
        (with_manifest(data_stack_limit=0x12058), "data-stack variable at 0x12058 is not in the writable segment"),
        (with_blob("code", lambda _: b""), "holds no code"),
        (with_blob("functions", lambda blob: blob[:-4]), "blob functions of 56 bytes does not fit"),
        (with_blob("function_names", lambda blob: blob + b"x\0"), "functions: 6 names where 5 belong"),
        (with_blob("function_names", lambda blob: blob[:-1]), "functions: 4 names where 5 belong"),
        (with_blob("line_files", lambda blob: blob + b"\0\0\0\0"), "the line table's columns differ in length"),
        (with_blob("inlined_offsets", lambda _: bytes(4)), "the columns of inlined calls differ in length"),
        (with_number("functions", 3, 0), "functions overlap or are out of order"),
        (with_number("functions", 1, 0xFFFF_FFFF), "functions overlap or are out of order"),
        (with_number("functions", 13, 3), "functions end at 0x43, past their limit 0x42"),
        (with_number("function_entries", 0, 512), "function-table entry 512 is out of range: it must be below 512"),
        (with_number("function_entries", 1, 5), "function 5 is out of range: it must be below 5"),
        (with_number("gate_entries", 0, 512), "function-table entry 512 is out of range: it must be below 512"),
        (with_number("gate_entries", 1, 1), "import 1 is out of range: it must be below 1"),
        (with_number("table_references", 0, 0x42 - 3), "table reference 63 is out of range: it must be below 63"),
        (with_number("gate_calls", 0, 0xFFFF_FFFF), "gate call 4294967295 is out of range: it must be below 63"),
        (with_number("gate_calls", 1, 1), "import 1 is out of range: it must be below 1"),
        (with_number("jump_tables", 1, 3), "jump tables overlap or are out of order"),
        (with_number("jump_tables", 4, 2), "jump tables end at 0x4, past their limit 0x3"),
        (with_number("jump_tables", 5, 5), "function 5 is out of range: it must be below 5"),
    ],
)
def test_an_inconsistent_artifact_is_refused_with_its_reason(data: bytes, text: str) -> None:
    assert text in reason(data)


def test_what_is_larger_than_the_limits_says_which_limit() -> None:
    for limits, text in (
        (Limits(code_size=65), "the code needs 66 bytes; limit code_size is 65"),
        (Limits(program_image=4183), "the program image needs 4184 bytes; limit program_image is 4183"),
    ):
        with pytest.raises(LimitReached, match=text):
            Artifact.read(ARTIFACT, limits)
    assert Artifact.read(ARTIFACT, Limits(code_size=66, program_image=4184))


def test_a_small_file_cannot_ask_for_much_memory() -> None:
    """The largest sizes that are consistent: what they describe is not allocated here."""
    data = with_manifest(zero_size=DEFAULT_LIMITS.program_image - 4096 - 24)
    tracemalloc.start()
    plan = load_plan(Artifact.read(data), 0x2000_0000, 0x3000_0000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert plan.segments[-1].size > 200 << 20
    assert peak < 1 << 20


def test_names_are_escaped_wherever_they_are_shown() -> None:
    data = with_blob("function_names", lambda blob: blob.replace(b"f\0", b"\x1b[2J\xff\0", 1))
    artifact = Artifact.read(data)
    assert artifact.function_names[1] == "\\x1b[2J\\udcff"
    assert load_plan(artifact, 0x2000_0000, 0x3000_0000).claimed.functions[1].name == "\\x1b[2J\\udcff"
    data = with_blob("file_names", lambda blob: blob.replace(b"sample", b"\x1b]0;x\x07"))
    artifact = Artifact.read(data)
    place = artifact.locate(artifact.function_columns[0][3])
    assert place.file == "\\x1b]0;x\\x07.c"


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Flipped bits, replaced numbers, cut ends; in the raw file, or behind sizes made to agree."""
    if draw(st.booleans()):
        manifest, blobs = taken_apart(ARTIFACT)
        name = draw(st.sampled_from(sorted(BLOBS["confined"])))
        count = len(blobs[name]) // 4
        blob = bytearray(blobs[name])
        for _ in range(draw(st.integers(1, 3)) if count else 0):
            value = draw(st.one_of(st.integers(0, 600), st.integers(0, 0xFFFF_FFFF)))
            struct.pack_into("<I", blob, 4 * draw(st.integers(0, count - 1)), value)
        blobs[name] = bytes(blob[: len(blob) - draw(st.sampled_from([0, 0, 1, 4, 8, 12]))])
        manifest["blobs"][name] = len(blobs[name])
        return put_together(json.dumps(manifest).encode(), b"".join(blobs.values()))
    data = bytearray(ARTIFACT)
    for _ in range(draw(st.integers(1, 3))):
        data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
    return bytes(data[: draw(st.one_of(st.just(len(data)), st.integers(0, len(data))))])


@settings(max_examples=500, deadline=None, derandomize=True)
@given(damaged())
@example(ARTIFACT)
def test_a_damaged_artifact_is_refused_or_becomes_a_whole_plan(data: bytes) -> None:
    try:
        artifact = Artifact.read(data)
    except (Refused, LimitReached):
        return
    plan = load_plan(artifact, 0x2000_0000, 0x3000_0000)
    assert len(plan.claimed.code) == artifact.code_size
    assert len(plan.claimed.tables) == artifact.tables_size
    assert all(artifact.locate(offset) for offset in range(0, artifact.code_size, 7))
    assert len(artifact.functions()) == artifact.function_count
