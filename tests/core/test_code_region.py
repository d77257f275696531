"""Code becomes executable once, after verification, and is never writable again."""

from __future__ import annotations

import ctypes
import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest

from core.snippets import EXIT_SNIPPET, Workshop, claims_of, filled, function
from motte import core
from motte.abi.layout import CODE_REGION_BASE, CODE_REGION_END, GATE_REGION_SIZE, PAGE_SIZE
from motte.errors import BadState, Closed, InternalError, LimitReached
from motte.verifier import VerifiedCode, verify


def verified(workshop: Workshop, source: str = EXIT_SNIPPET) -> tuple[core.CodeRegion, VerifiedCode]:
    region, assembled = filled(workshop, source)
    proof = verify(claims_of(region, assembled)).verified
    assert proof is not None
    return region, proof


def access(address: int) -> str:
    """The access rights of the host's mapping at this address, as in /proc/self/maps."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        span, rights, *_ = line.split()
        low, high = (int(end, 16) for end in span.split("-"))
        if low <= address < high:
            return rights
    return ""


def test_pages_go_from_writable_to_read_only_to_executable(workshop: Workshop) -> None:
    region = core.CodeRegion(PAGE_SIZE, PAGE_SIZE)
    workshop.closers.append(region.close)
    assert access(region.base) == access(region.tables_base) == "rw-p"
    region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))
    assert access(region.base) == access(region.tables_base) == "r--p"

    region, proof = verified(workshop)
    region.publish(proof)
    assert (access(region.base), access(region.tables_base)) == ("r-xp", "r--p")
    base = region.base
    region.close()
    assert access(base) == "---p"


def test_the_whole_code_region_is_ours_and_nothing_in_it_is_writable_and_executable() -> None:
    assert access(CODE_REGION_BASE) == "r-xp"  # the gates
    assert access(CODE_REGION_END - 1) == "---p"
    address = CODE_REGION_BASE
    while address < CODE_REGION_END:
        rights = access(address)
        assert rights in {"---p", "r--p", "rw-p", "r-xp"}
        address += GATE_REGION_SIZE * 64


def test_only_a_proof_is_published(workshop: Workshop) -> None:
    region, proof = verified(workshop)
    imitation = dataclasses.make_dataclass("Imitation", VerifiedCode.__slots__)(
        *(getattr(proof, name) for name in VerifiedCode.__slots__)
    )
    for wrong in (imitation, None, proof.code):
        with pytest.raises(TypeError, match="only VerifiedCode can be published"):
            region.publish(wrong)  # type: ignore[arg-type]
    assert access(region.base) == "r--p"


def test_a_proof_for_other_bytes_or_another_place_is_refused(workshop: Workshop) -> None:
    first, first_proof = verified(workshop)
    second, second_proof = verified(workshop)
    for region, proof in ((first, second_proof), (second, first_proof)):
        with pytest.raises(InternalError, match="not the ones that were verified"):
            region.publish(proof)
        assert access(region.base) == "r--p"

    base = first.base
    first.close()
    third, _ = filled(workshop, function("main", "movl $1, %eax\nretq"))
    assert third.base == base
    with pytest.raises(InternalError, match="not the ones that were verified"):
        third.publish(first_proof)


@pytest.mark.parametrize("name", ["base", "tables_base", "code", "tables"])
def test_everything_that_was_verified_is_compared(workshop: Workshop, name: str) -> None:
    region, proof = verified(workshop)
    value = getattr(proof, name)
    object.__setattr__(proof, name, value + PAGE_SIZE if isinstance(value, int) else b"\x90" + value[1:])
    with pytest.raises(InternalError, match="not the ones that were verified"):
        region.publish(proof)
    object.__setattr__(proof, name, value)
    region.publish(proof)


def test_the_last_page_of_code_is_filled_up_with_traps(workshop: Workshop) -> None:
    region = core.CodeRegion(PAGE_SIZE + 5, 0)
    workshop.closers.append(region.close)
    region.fill(b"\x90" * (PAGE_SIZE + 5), b"")
    assert ctypes.string_at(region.base + PAGE_SIZE, PAGE_SIZE) == b"\x90" * 5 + b"\xcc" * (PAGE_SIZE - 5)


def test_changed_tables_are_refused(workshop: Workshop) -> None:
    region, assembled = filled(workshop, EXIT_SNIPPET)
    proof = verify(claims_of(region, assembled)).verified
    assert proof is not None
    with region.code_view() as view:
        code = bytes(view)
    with region.tables_view() as view:
        tables = bytearray(view)
    base = region.base
    region.close()
    tables[-1] ^= 1
    again = core.CodeRegion(len(code), len(tables))
    workshop.closers.append(again.close)
    assert again.base == base
    again.fill(code, bytes(tables))
    with pytest.raises(InternalError, match="not the ones that were verified"):
        again.publish(proof)


def test_steps_out_of_turn_are_refused(workshop: Workshop) -> None:
    region = core.CodeRegion(PAGE_SIZE, PAGE_SIZE)
    workshop.closers.append(region.close)
    with pytest.raises(BadState, match="still to be filled"):
        region.code_view()
    with pytest.raises(BadState, match="still to be filled"):
        region.make_executable([], [], [])
    region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))
    with pytest.raises(BadState, match="filled already"):
        region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))

    region, proof = verified(workshop)
    region.publish(proof)
    with pytest.raises(BadState, match="published already"):
        region.publish(proof)
    with pytest.raises(BadState, match="published already"):
        region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))


def test_views_are_read_only_and_keep_the_region_open(workshop: Workshop) -> None:
    region, _ = filled(workshop, EXIT_SNIPPET)
    with region.code_view() as view:
        assert view.readonly
        with pytest.raises(TypeError):
            view[0] = 0x90
        with pytest.raises(BadState, match="1 views onto this code region are still in use"):
            region.close()
    region.close()


def test_a_closed_region_refuses(workshop: Workshop) -> None:
    region, proof = verified(workshop)
    region.close()
    region.close()
    with pytest.raises(Closed):
        region.code_view()
    with pytest.raises(Closed):
        region.publish(proof)
    with pytest.raises(Closed):
        assert region.base


def test_a_running_process_keeps_the_code_of_a_closed_region(workshop: Workshop) -> None:
    program = workshop.program(function("main", "again:\njmp again"))
    process = workshop.spawn(program)
    process.start()
    base = program.region.base
    program.region.close()
    assert access(base) == "r-xp"
    other = workshop.program(EXIT_SNIPPET)
    assert other.region.base != base
    process.close()
    assert access(base) == "---p"


@pytest.mark.parametrize("sizes", [(2**31, 0), (2**40, 0), (PAGE_SIZE, 2**31), (2**64 - 1, 2**64 - 1)])
def test_what_does_not_fit_is_a_limit(sizes: tuple[int, int]) -> None:
    with pytest.raises(LimitReached, match="no room for"):
        core.CodeRegion(*sizes)


def test_a_region_needs_code_and_is_filled_completely(workshop: Workshop) -> None:
    with pytest.raises(ValueError, match="code_size is 0"):
        core.CodeRegion(0, PAGE_SIZE)
    region = core.CodeRegion(PAGE_SIZE, 16)
    workshop.closers.append(region.close)
    for code, tables in ((bytes(PAGE_SIZE - 1), bytes(16)), (bytes(PAGE_SIZE), b"")):
        with pytest.raises(ValueError, match="must have the sizes of the region, 4096 and 16 bytes"):
            region.fill(code, tables)


def test_regions_lie_apart_and_gaps_are_used_again(workshop: Workshop) -> None:
    regions = [core.CodeRegion(3 * PAGE_SIZE, PAGE_SIZE) for _ in range(20)]
    bases = [region.base for region in regions]
    spans = sorted((region.base, region.tables_base + PAGE_SIZE) for region in regions)
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(region.base % PAGE_SIZE == region.tables_base % PAGE_SIZE == 0 for region in regions)
    for region in regions[3:7]:
        region.close()
    again = core.CodeRegion(8 * PAGE_SIZE, 8 * PAGE_SIZE)
    assert again.base == bases[3]
    for region in [*regions, again]:
        region.close()
    assert workshop.closers == []
