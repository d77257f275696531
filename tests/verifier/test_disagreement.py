"""Where the two verifiers differ, the answer is no, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte
from motte import verdicts
from motte.build import artifact_of
from motte.build_options import BuildOptions
from motte.core import CodeRegion, CoreVerdict
from motte.verifier import Verdict, Violation
from verifier.assembling import assemble

GOOD = assemble("function f\nnop\nret\nend f\nfunction g\nnop\nret\nend g\n").claimed
BAD = assemble("function f\nnop\nhlt\nret\nend f\n").claimed
MAIN = b"define i32 @main() { ret i32 42 }"


def refusal(rule: str, offset: int) -> CoreVerdict:
    return CoreVerdict(rule, offset, 0, b"", b"")


def test_what_both_accept_is_accepted() -> None:
    assert verdicts.verify_twice(GOOD).summary == "ok: 3 functions, 5 instructions"


def test_what_both_refuse_is_explained_by_the_one_in_python() -> None:
    (violation,) = verdicts.verify_twice(BAD).violations
    assert str(violation) == "D5 at 0x1 in f: hlt [f4]: not on the allow-list"


@pytest.mark.parametrize(
    ("rule", "offset", "place"), [("M1", 2, "M1 at 0x2 in g"), ("T2", 16, "T2 at 0x10"), ("D2", 77, "D2 at 0x4d")]
)
def test_what_the_core_alone_refuses_is_refused(
    monkeypatch: pytest.MonkeyPatch, rule: str, offset: int, place: str
) -> None:
    monkeypatch.setattr(verdicts, "verify_claims", lambda _: refusal(rule, offset))
    verdict = verdicts.verify_twice(GOOD)
    assert not verdict.ok
    assert str(verdict.violations[0]) == f"{place}: refused by the core's verifier only: the two verifiers disagree"


def test_what_python_alone_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "verify", lambda _: Verdict((Violation("S1", 3, "g", "why"),), 3, 5))
    verdict = verdicts.verify_twice(GOOD)
    assert not verdict.ok
    assert (
        str(verdict.violations[0])
        == "S1 at 0x3 in g: why; accepted by the core's verifier only: the two verifiers disagree"
    )


def test_a_program_that_the_core_refuses_does_not_load_whatever_python_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CodeRegion, "decide", lambda *_: refusal("M1", 0))
    with motte.Machine() as machine, pytest.raises(motte.Refused, match=r"M1 at 0x0 .*the two verifiers disagree"):
        machine.load(MAIN)


def test_loading_does_not_wait_for_the_verifier_in_python(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(_: object) -> Verdict:
        raise AssertionError("the verifier in Python explains refusals, and nothing else")

    monkeypatch.setattr("motte.verifier.verify", refuse)
    path = tmp_path / "program.motte"
    path.write_bytes(artifact_of([MAIN], BuildOptions()))
    with motte.Machine() as machine:
        verdict = machine.load(str(path)).verdict
    assert verdict.ok
    assert verdict.instructions > 0


def test_a_loaded_program_counts_what_both_count(tmp_path: Path) -> None:
    from motte.image import Artifact, load_plan

    content = artifact_of([MAIN], BuildOptions())
    artifact = Artifact.read(content)
    said = verdicts.verify_twice(load_plan(artifact, 0x2000_0000, 0x3000_0000).claimed)
    path = tmp_path / "program.motte"
    path.write_bytes(content)
    with motte.Machine() as machine:
        verdict = machine.load(str(path)).verdict
    assert (verdict.functions, verdict.instructions) == (said.functions, said.instructions)
