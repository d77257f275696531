"""The keepers that come with the package, each with a program that uses it without knowing."""

from __future__ import annotations

import inspect
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import motte
from motte import Region, keepers

PROGRAM = Path(__file__).parent / "programs" / "kept.c"
START = 0x9000_0000
PAGE = 4096
BLOCK = 64 * 1024
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB") as machine:
        yield machine
        assert machine.statistics().processes == 0, "a test left processes behind"


@pytest.fixture(scope="module")
def program(machine: motte.Machine) -> motte.Program:
    return machine.load(PROGRAM)


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    errors: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: errors.append(str(arguments.exc_value)))
    return errors


def run(
    machine: motte.Machine, program: motte.Program, keeper: Any, *arguments: object, size: object = "1MiB", **more: Any
) -> tuple[motte.Exit, str]:
    regions = [Region(START, size, keeper)]  # type: ignore[arg-type]
    with machine.spawn(program, [str(each) for each in arguments], regions=regions, **more) as process:
        end = process.wait(timeout=60)
        return end, process.stdout.decode()


def faulted_at(end: motte.Exit) -> int:
    """The offset in the region where it ended."""
    assert end.fault is not None and end.fault.address is not None
    return end.fault.address - START


# --- zeros -----------------------------------------------------------------------------------------------------------


def test_demand_zero_pays_for_touched_blocks_only(machine: motte.Machine, program: motte.Program) -> None:
    zero = keepers.DemandZero()
    last = (256 << 20) - 1
    end, output = run(machine, program, zero, "touch", 0, last, f"{128 << 20}=9", size="256MiB", bank="2MiB")
    assert (end.reason, output, zero.supplied) == (motte.StopReason.EXITED, "0 0 9 ", 3 * BLOCK)


def test_the_last_block_of_a_region_may_be_shorter(machine: motte.Machine, program: motte.Program) -> None:
    zero = keepers.DemandZero()
    _end, output = run(machine, program, zero, "touch", BLOCK + PAGE, size=BLOCK + 2 * PAGE)
    assert (output, zero.supplied) == ("0 ", 2 * PAGE)


# --- copies ----------------------------------------------------------------------------------------------------------


def test_copies_on_write_are_each_processs_own_and_the_image_stays(
    machine: motte.Machine, program: motte.Program
) -> None:
    image = bytearray(os.urandom(3 * BLOCK + 5))
    original = bytes(image)
    copy = keepers.CopyOnWrite(image)
    a, b = 7, 2 * BLOCK + 9
    _end, first = run(machine, program, copy, "touch", a, f"{a}={image[a] ^ 1}", b, 3 * BLOCK + 4, 3 * BLOCK + 5)
    _end, second = run(machine, program, copy, "touch", a, f"{b}={image[b] ^ 1}")
    assert first == f"{image[a]} {image[a] ^ 1} {image[b]} {image[3 * BLOCK + 4]} 0 "
    assert second == f"{image[a]} {image[b] ^ 1} "
    assert bytes(image) == original
    assert (copy.filled, copy.written) == (4, 2)


def test_a_block_that_is_written_first_is_copied_at_once(machine: motte.Machine, program: motte.Program) -> None:
    copy = keepers.CopyOnWrite(b"abc")
    _end, output = run(machine, program, copy, "touch", "1=90", 0, 2)
    assert (output, copy.filled, copy.written) == (f"90 {ord('a')} {ord('c')} ", 0, 1)


def test_a_system_call_writes_to_a_block_that_was_only_read(machine: motte.Machine, program: motte.Program) -> None:
    """``through`` writes its input to the region by a system call, and reads it from there by another one."""
    copy = keepers.CopyOnWrite(b"image" * 50_000)
    _end, output = run(machine, program, copy, "through", 100_000, stdin=b"input" * 30_000)
    assert output == "input" * 30_000


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_is_read_where_it_is_touched(machine: motte.Machine, program: motte.Program, tmp_path: Path) -> None:
    contents = os.urandom(4 * BLOCK + 3)
    path = tmp_path / "file"
    path.write_bytes(contents)
    with keepers.FileMapping(path) as mapping:
        _end, output = run(machine, program, mapping, "touch", BLOCK + 1, 4 * BLOCK + 2, 4 * BLOCK + 3)
        assert (output, mapping.read) == (f"{contents[BLOCK + 1]} {contents[4 * BLOCK + 2]} 0 ", BLOCK + 3)
        end, _output = run(machine, program, mapping, "touch", 4 * BLOCK + PAGE)
        assert faulted_at(end) == 4 * BLOCK + PAGE
        end, _output = run(machine, program, mapping, "touch", "1=1")
        assert faulted_at(end) == 1
        end, _output = run(machine, program, mapping, "touch", 1, "1=1")
        assert end.fault is not None
        assert end.fault.kind is motte.FaultKind.READ_ONLY


def test_a_private_mapping_can_be_written_and_the_file_stays(
    machine: motte.Machine, program: motte.Program, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\0" * 100 + b"bytes")
    with path.open("rb") as file:
        mapping = keepers.FileMapping(file, offset=100, writable=True)
        _end, output = run(machine, program, mapping, "touch", 0, "0=65", 1)
    assert output == f"{ord('b')} 65 {ord('y')} "
    assert path.read_bytes() == b"\0" * 100 + b"bytes"


def test_a_file_that_cannot_be_read_is_reported_and_the_fault_stands(
    machine: motte.Machine, program: motte.Program, tmp_path: Path, reported: list[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    mapping = keepers.FileMapping(path)
    mapping.close()
    mapping.close()
    end, _output = run(machine, program, mapping, "touch", 0)
    assert (faulted_at(end), len(reported)) == (0, 1)
    assert "Bad file descriptor" in reported[0]
    with pytest.raises(FileNotFoundError):
        keepers.FileMapping(tmp_path / "nothing")


# --- stacks ----------------------------------------------------------------------------------------------------------


def test_a_stack_grows_page_by_page_as_far_as_it_is_touched(machine: motte.Machine, program: motte.Program) -> None:
    stack = keepers.GrowingStack("256KiB")
    end, _output = run(machine, program, stack, "descend", MEGABYTE, 40 * PAGE)
    assert (end.reason, stack.size) == (motte.StopReason.EXITED, 40 * PAGE)


def test_below_a_stacks_limit_is_a_guard(machine: motte.Machine, program: motte.Program) -> None:
    stack = keepers.GrowingStack("256KiB")
    end, _output = run(machine, program, stack, "descend", MEGABYTE, 65 * PAGE)
    assert (faulted_at(end), stack.size) == (MEGABYTE - 65 * PAGE, 64 * PAGE)


def test_an_access_far_below_a_stack_does_not_grow_it(machine: motte.Machine, program: motte.Program) -> None:
    far = MEGABYTE - 20 * PAGE
    stack = keepers.GrowingStack("256KiB", reach="64KiB")
    end, _output = run(machine, program, stack, "touch", MEGABYTE - 1, far)
    assert (faulted_at(end), stack.size) == (far, PAGE)
    stack = keepers.GrowingStack("256KiB", reach="80KiB")
    end, _output = run(machine, program, stack, "touch", MEGABYTE - 1, far)
    assert (end.reason, stack.size) == (motte.StopReason.EXITED, 20 * PAGE)


@pytest.mark.parametrize("keeper", [keepers.GrowingStack(), keepers.Pager("1MiB")], ids=["stack", "pager"])
def test_what_knows_one_process_refuses_a_second_one(
    machine: motte.Machine, program: motte.Program, reported: list[str], keeper: Any
) -> None:
    _end, output = run(machine, program, keeper, "touch", MEGABYTE - 1)
    assert (output, reported) == ("0 ", [])
    end, _output = run(machine, program, keeper, "touch", MEGABYTE - 1)
    assert faulted_at(end) == MEGABYTE - 1
    assert reported == ["this keeper keeps a region of one process: make one for each"]


READY = {
    "zero": keepers.DemandZero,
    "copy": lambda: keepers.CopyOnWrite(b""),
    "stack": keepers.GrowingStack,
    "pager": lambda: keepers.Pager("1MiB"),
}


@pytest.mark.parametrize("name", READY)
def test_a_regions_keeper_is_of_no_use_as_a_processs(
    machine: motte.Machine, program: motte.Program, reported: list[str], name: str
) -> None:
    with machine.spawn(program, ["touch", "0"], keeper=READY[name]()) as process:
        assert process.wait(30).reason is motte.StopReason.FAULTED
    assert reported == ["this keeper is one of regions: motte.Region(address, size, keeper)"]


# --- the pager -------------------------------------------------------------------------------------------------------


def churned(megabytes: int) -> str:
    """What ``churn`` prints."""
    total, mask = 0, (1 << 64) - 1
    for i in reversed(range(megabytes << 17)):
        total = (total * 31 + (i * 0x9E37_79B9_7F4A_7C15 & mask)) & mask
    return f"{total:x}"


@pytest.mark.parametrize("store", [keepers.MemoryStore, keepers.FileStore])
def test_64_mib_of_data_work_in_a_bank_of_16_mib(
    machine: motte.Machine, program: motte.Program, store: type[keepers.MemoryStore | keepers.FileStore]
) -> None:
    with keepers.Pager(resident="12MiB", store=store()) as pager:
        end, output = run(machine, program, pager, "churn", 64, size="64MiB", bank="16MiB")
        statistics = pager.statistics()
    assert (end.reason, output) == (motte.StopReason.EXITED, churned(64))
    assert end.usage.peak_memory <= 16 * MEGABYTE
    assert statistics.resident == 12 * MEGABYTE
    # Once forwards, once backwards: every block comes twice, but for those that are still there at the turn.
    assert statistics.loads == 1024 + 1024 - 192
    assert statistics.evictions == statistics.loads - 192
    assert statistics.write_backs == 1024 - 192 + 192


def test_a_clean_block_is_not_written_back(machine: motte.Machine, program: motte.Program) -> None:
    pager = keepers.Pager("256KiB", block="16KiB")
    offsets = [block * 16 * 1024 for block in range(20)]
    _end, output = run(machine, program, pager, "touch", "0=5", *offsets[1:], 0, *offsets[1:])
    assert output == "5 " + "0 " * 19 + "5 " + "0 " * 19
    statistics = pager.statistics()
    assert (statistics.loads, statistics.evictions, statistics.write_backs) == (40, 24, 1)


def test_a_block_that_is_written_to_stays_longer(machine: motte.Machine, program: motte.Program) -> None:
    """The first block in is the first out, unless it was written to since."""
    pager = keepers.Pager("256KiB", block="32KiB")
    block = 32 * 1024
    seven_more = [number * block for number in range(1, 8)]
    _end, output = run(machine, program, pager, "touch", 0, *seven_more, "0=5", 8 * block, 0)
    assert output == "0 " * 8 + "5 0 5 "
    assert pager.statistics().loads == 9


def test_a_pager_makes_do_with_what_its_bank_gives(machine: motte.Machine, program: motte.Program) -> None:
    pager = keepers.Pager("16MiB")
    end, output = run(machine, program, pager, "churn", 16, size="16MiB", bank="4MiB")
    assert (end.reason, output) == (motte.StopReason.EXITED, churned(16))
    assert end.usage.peak_memory <= 4 * MEGABYTE


def test_system_calls_work_on_paged_memory(machine: motte.Machine, program: motte.Program) -> None:
    sent = os.urandom(1_000_000)
    pager = keepers.Pager("256KiB", block="16KiB")
    regions = [Region(START, "16MiB", pager)]
    with machine.spawn(program, ["through", "50000", "80000"], stdin=sent, regions=regions) as process:
        process.wait(60)
        assert process.stdout == sent
    assert pager.statistics().evictions >= 1_000_000 // 50_000 * 50_000 // (16 * 1024) - 16


@pytest.mark.parametrize("resident", ["128KiB", "512KiB", 0, "40MiB"])
def test_a_resident_size_that_cannot_work_is_refused(resident: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"resident: {resident!r}") if resident else "resident"):
        keepers.Pager(resident, block="64KiB" if resident != "512KiB" else "128KiB")


@pytest.mark.parametrize("block", [0, 100, "6KiB"])
def test_a_block_is_whole_pages(block: Any) -> None:
    with pytest.raises(ValueError, match="block"):
        keepers.DemandZero(block=block)


def test_every_ready_keeper_is_public_and_documented() -> None:
    for name in keepers.__all__:
        assert inspect.getdoc(getattr(keepers, name)), name
