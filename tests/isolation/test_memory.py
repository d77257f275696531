"""The memory of a process in a cell: as anybody's, and a file of exactly what was paid for."""

from pathlib import Path

import pytest

import motte

GUESTS = Path(__file__).with_name("guests")
SECONDS = 20
PAGE = 4096


def stores() -> list[int]:
    """The sizes, in pages, of the files that are the memory of guests in cells."""
    sizes = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if "motte-store" in str(entry.readlink()):
                sizes.append(entry.stat().st_size // PAGE)
        except FileNotFoundError:  # the descriptor that listed them
            continue
    return sizes


@pytest.mark.parametrize("seed", range(6))
def test_random_mappings_hold_what_was_written_in_both_placements(seed: int) -> None:
    with motte.Machine(memory="64MiB", workers=1) as machine:
        program = machine.load(GUESTS / "mappings.c")
        said = [
            machine.run(program, [str(seed), "300"], stdin=b"\n", isolation=isolation).stdout
            for isolation in motte.isolation.ISOLATIONS
        ]
    assert len(set(said)) == 1
    assert said[0].endswith(b"pages are left\n")


def charged_and_stored(machine: motte.Machine, program: motte.Program, seed: int) -> tuple[int, int]:
    """Pages that a process in a cell is charged for when it has come to rest, and those of its file."""
    with machine.spawn(program, [str(seed), "300"], stdin=motte.PIPE, stdout=motte.PIPE, isolation="both") as process:
        assert process.stdout.readline().endswith(b"pages are left\n")
        (pages,) = stores()
        charged = process.statistics().memory // PAGE
        process.stdin.write(b"\n")
        assert process.wait(SECONDS).returncode == 0
    return charged, pages


def test_the_file_is_as_long_as_what_its_bank_was_charged_for() -> None:
    assert stores() == []
    with motte.Machine(memory="64MiB", workers=1) as machine:
        program = machine.load(GUESTS / "mappings.c")
        looks = [charged_and_stored(machine, program, seed) for seed in range(4)]
        assert len({pages for _, pages in looks}) > 1
        assert len({charged - pages for charged, pages in looks}) == 1  # what it costs to be a process in a cell
        assert stores() == []
