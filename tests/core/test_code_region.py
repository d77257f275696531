"""Code becomes executable once, after verification, and is never writable again."""

from __future__ import annotations

import ctypes
import dataclasses
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from core.snippets import EXIT_SNIPPET, REACHING, Workshop, claims_of, filled, function
from motte import core
from motte.abi.kernel_calls import KERNEL_CALLS
from motte.abi.layout import CODE_REGION_BASE, CODE_REGION_END, GATE_REGION_SIZE, PAGE_SIZE
from motte.abi.packed_claims import PackedClaims
from motte.errors import BadState, Closed, LimitReached


def accepted(workshop: Workshop, source: str = EXIT_SNIPPET) -> core.CodeRegion:
    """A region whose bytes the core has accepted."""
    region, assembled = filled(workshop, source)
    assert region.decide(claims_of(region, assembled).packed()).ok
    return region


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

    region = accepted(workshop)
    assert access(region.base) == access(region.tables_base) == "r--p"
    region.publish()
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


def test_what_was_not_verified_is_not_published(workshop: Workshop) -> None:
    region, _ = filled(workshop, EXIT_SNIPPET)
    for publish in (region.publish, region.make_executable):
        with pytest.raises(BadState, match="filled already, and not verified"):
            publish()
    assert access(region.base) == "r--p"


def test_what_was_refused_is_not_published(workshop: Workshop) -> None:
    region, assembled = filled(workshop, function("main", "nop\nmovl (%rax), %ecx\nretq"))
    decision = region.decide(claims_of(region, assembled).packed())
    assert (decision.ok, decision.rule, decision.offset) == (False, "M1", 1)
    with pytest.raises(BadState, match="filled already, and not verified"):
        region.publish()
    assert access(region.base) == "r--p"


def test_what_was_refused_for_wrong_claims_may_be_claimed_again(workshop: Workshop) -> None:
    region, assembled = filled(workshop, EXIT_SNIPPET)
    right = claims_of(region, assembled)
    wrong = dataclasses.replace(right, functions=right.functions[:-1])
    assert region.decide(wrong.packed()).rule == "D2"
    assert region.decide(right.packed()).ok
    with pytest.raises(BadState, match="verified already, and not published"):
        region.decide(right.packed())
    region.publish()


def test_claims_for_another_place_say_nothing_about_this_one(workshop: Workshop) -> None:
    first, assembled = filled(workshop, function("main", "call EXIT\nretq"))
    claimed = claims_of(first, assembled)
    second, _ = filled(workshop, function("main", "nop\nretq"))
    elsewhere = core.CodeRegion(len(claimed.code), len(claimed.tables))
    workshop.closers.append(elsewhere.close)
    elsewhere.fill(bytes(claimed.code), bytes(claimed.tables))
    # The same bytes call something else from there, and their table names another place.
    assert elsewhere.decide(claimed.packed()).rule in {"C1", "T4"}
    assert not second.decide(claimed.packed()).ok
    assert first.decide(claimed.packed()).ok


def test_a_gate_is_what_the_core_says_it_is(workshop: Workshop) -> None:
    region, assembled = filled(workshop, function("main", "call EXIT + 1\nretq"))
    claimed = claims_of(region, assembled)
    target = KERNEL_CALLS[0].gate_address + 1
    forged = dataclasses.replace(claimed, gates={**claimed.gates, target: 0})
    assert core.verify_claims(forged).ok
    assert region.decide(forged.packed()).rule == "C1"


@pytest.mark.parametrize("reaching", [False, True], ids=["plain", "reaching"])
def test_a_program_has_the_gates_of_its_own_kind_and_no_others(workshop: Workshop, reaching: bool) -> None:
    """The others would run the host's code with a guest's FS base, or a guest with the host's."""
    source = function("main", "xorl %eax, %eax\ncall EXIT\nretq")
    region, assembled = filled(workshop, REACHING + source if reaching else source)
    claimed = claims_of(region, assembled)
    for claims_to_reach in (1 - reaching, reaching):
        decision = region.decide(dataclasses.replace(claimed, reaches_blocks=int(claims_to_reach)).packed())
        assert decision.rule == ("" if claims_to_reach == reaching else "C1")


def test_only_a_program_that_says_so_reaches_blocks(workshop: Workshop) -> None:
    region, assembled = filled(workshop, function("main", "movl %fs:(%eax), %ecx\nretq"))
    claimed = claims_of(region, assembled)
    assert region.decide(claimed.packed()).rule == "D3"
    assert region.decide(dataclasses.replace(claimed, reaches_blocks=2).packed()).rule == "T1"
    assert region.decide(dataclasses.replace(claimed, reaches_blocks=1).packed()).ok


@pytest.mark.parametrize("place", range(3, 7))
def test_claims_are_whole_records(workshop: Workshop, place: int) -> None:
    region, assembled = filled(workshop, EXIT_SNIPPET)
    claimed = list(claims_of(region, assembled).packed())
    claimed[place] = claimed[place] + b"\0"
    with pytest.raises(ValueError, match="no whole number of records"):
        region.decide(PackedClaims(*claimed))
    assert access(region.base) == "r--p"


@pytest.mark.parametrize("number", [-1, 1 << 32, 1 << 64])
def test_claims_are_32_bit_numbers(workshop: Workshop, number: int) -> None:
    region, assembled = filled(workshop, EXIT_SNIPPET)
    claimed = claims_of(region, assembled)
    for change in ({"function_table": number}, {"function_table_log2": number}):
        with pytest.raises(OverflowError):
            region.decide(claimed.packed()._replace(**change))
    with pytest.raises(OverflowError):
        dataclasses.replace(claimed, entries=[number]).packed()


def test_verification_leaves_other_threads_alone_and_survives_a_close(workshop: Workshop) -> None:
    body = ".rept 400000\nmovq %rax, %rbx\n.endr\nretq"
    region, assembled = filled(workshop, function("main", body))
    packed = claims_of(region, assembled).packed()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(region.decide(packed)))
    thread.start()
    region.close()
    thread.join()
    assert answers[0].ok


def test_the_last_page_of_code_is_filled_up_with_traps(workshop: Workshop) -> None:
    region = core.CodeRegion(PAGE_SIZE + 5, 0)
    workshop.closers.append(region.close)
    region.fill(b"\x90" * (PAGE_SIZE + 5), b"")
    assert ctypes.string_at(region.base + PAGE_SIZE, PAGE_SIZE) == b"\x90" * 5 + b"\xcc" * (PAGE_SIZE - 5)


def test_changed_tables_are_refused(workshop: Workshop) -> None:
    region, assembled = filled(workshop, EXIT_SNIPPET)
    claimed = claims_of(region, assembled)
    region.close()
    again = core.CodeRegion(len(claimed.code), len(claimed.tables))
    workshop.closers.append(again.close)
    assert again.base == claimed.base
    tables = bytearray(claimed.tables)
    tables[-1] ^= 1
    again.fill(bytes(claimed.code), bytes(tables))
    decision = again.decide(claimed.packed())
    assert (decision.rule, decision.offset) == ("T4", len(tables) - 1)


def test_steps_out_of_turn_are_refused(workshop: Workshop) -> None:
    region = core.CodeRegion(PAGE_SIZE, PAGE_SIZE)
    workshop.closers.append(region.close)
    with pytest.raises(BadState, match="still to be filled"):
        region.code_view()
    with pytest.raises(BadState, match="still to be filled"):
        region.make_executable()
    with pytest.raises(BadState, match="still to be filled"):
        region.decide(PackedClaims(0, 0, 0, b"", b"", b"", b""))
    region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))
    with pytest.raises(BadState, match="filled already"):
        region.fill(bytes(PAGE_SIZE), bytes(PAGE_SIZE))

    region = accepted(workshop)
    region.publish()
    with pytest.raises(BadState, match="published already"):
        region.publish()
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
    region = accepted(workshop)
    region.close()
    region.close()
    with pytest.raises(Closed):
        region.code_view()
    with pytest.raises(Closed):
        region.publish()
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
