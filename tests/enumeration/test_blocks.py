"""In programs that reach checked blocks 64 is as good as 65, and nothing else is different."""

from __future__ import annotations

import pytest

from enumeration.encodings import FAMILIES, TOTAL, sample
from enumeration.judges import PythonVerifier
from enumeration.native_verifier import NativeVerifier, build
from enumeration.specification import judge

SAMPLED = 60_000
BLOCK, WINDOW = 0x64, 0x65

Verifiers = list[tuple[PythonVerifier | NativeVerifier, PythonVerifier | NativeVerifier]]


@pytest.fixture(scope="module")
def codes() -> list[bytes]:
    listed = sum(family.size for family in FAMILIES if family.name.startswith("listed"))
    return [*sample(0, listed, listed // SAMPLED | 1), *sample(listed, TOTAL, (TOTAL - listed) // SAMPLED | 1)]


@pytest.fixture(scope="module")
def verifiers(tmp_path_factory: pytest.TempPathFactory) -> Verifiers:
    """Each for programs that reach no blocks, and for those that do."""
    library = build(tmp_path_factory.mktemp("native"))
    return [
        (PythonVerifier(), PythonVerifier(reaches_blocks=True)),
        (NativeVerifier(library), NativeVerifier(library, reaches_blocks=True)),
    ]


def test_what_begins_with_64_is_judged_as_what_begins_with_65(codes: list[bytes], verifiers: Verifiers) -> None:
    in_window = [code for code in codes if code[0] == WINDOW]
    in_block = [bytes([BLOCK]) + code[1:] for code in in_window]
    for plain, reaching in verifiers:
        found = list(reaching.opinions(in_block))
        assert found == list(plain.opinions(in_window))
        accepted = sum(not opinion.rule for opinion in found)
        assert accepted > SAMPLED // 20
    assert all(
        (opinion.rule in judge(code).broken) if opinion.rule else not judge(code).broken
        for opinion, code in zip(found, in_window, strict=True)
    )


def test_everything_else_is_judged_as_before(codes: list[bytes], verifiers: Verifiers) -> None:
    others = [code for code in codes if code[0] != BLOCK]
    for plain, reaching in verifiers:
        assert list(reaching.opinions(others)) == list(plain.opinions(others))


def test_64_is_no_prefix_in_programs_that_reach_no_blocks(codes: list[bytes], verifiers: Verifiers) -> None:
    in_block = [bytes([BLOCK]) + code[1:] for code in codes if code[0] == WINDOW]
    for plain, _ in verifiers:
        assert {opinion.rule for opinion in plain.opinions(in_block)} == {"D3"}


@pytest.mark.parametrize("place", [1, 2, 3])
def test_64_stands_first_and_once(codes: list[bytes], verifiers: Verifiers, place: int) -> None:
    """Behind any other prefix it is one too many, or in the wrong order."""
    prefixes = {0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3}
    candidates = [code for code in codes if code[0] == WINDOW and set(code[:place]) <= prefixes]
    wrong = [code[:place] + bytes([BLOCK]) + code[place:] for code in candidates]
    for _, reaching in verifiers:
        assert all(opinion.rule for opinion in reaching.opinions([code[:15] for code in wrong]))
