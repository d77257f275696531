"""Processes and the banks that they draw from: limits as C programs meet them, and ends that leave nothing behind."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import motte
from motte import process_making

PAGE = 4096
MEGABYTE = 1 << 20

GUESTS = {
    # Takes as many megabytes as its argument says, says so, and works for ever.
    "holder.c": """
        #include <stdlib.h>
        #include <string.h>
        #include <unistd.h>
        int main(int argc, char **argv) {
            size_t size = (size_t)atoi(argv[1]) << 20;
            char *block = malloc(size);
            if (!block) return 3;
            memset(block, 7, size);
            write(1, "ready", 5);
            for (;;) { volatile char turn = block[0]; (void)turn; }
        }
    """,
    # Takes megabytes until it gets no more; says how many, and what errno was.
    "greedy.c": """
        #include <errno.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        int main(void) {
            int count = 0;
            errno = 0;
            for (;; count++) {
                char *volatile block = malloc(1 << 20);
                if (!block) break;
                memset(block, 1, 1 << 20);
            }
            printf("%d %s", count, errno == ENOMEM ? "ENOMEM" : "no error");
            return 0;
        }
    """,
    # Says for each line of input whether eight megabytes can be had.
    "asker.c": """
        #include <stdio.h>
        #include <stdlib.h>
        int main(void) {
            char line[64];
            setvbuf(stdout, NULL, _IONBF, 0);
            while (fgets(line, sizeof line, stdin)) {
                char *volatile block = malloc(8 << 20);
                fputs(block ? "yes\\n" : "no\\n", stdout);
                free(block);
            }
            return 0;
        }
    """,
    # Echoes its input, through a megabyte that it takes for each line.
    "echo.c": """
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        int main(void) {
            char line[64];
            setvbuf(stdout, NULL, _IONBF, 0);
            while (fgets(line, sizeof line, stdin)) {
                char *copy = malloc(1 << 20);
                if (!copy) return 3;
                memset(copy, 1, 1 << 20);
                strcpy(copy, line);
                fputs(copy, stdout);
                free(copy);
            }
            return 0;
        }
    """,
}


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("guests")
    for name, text in GUESTS.items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def holding(
    machine: motte.Machine, program: motte.Program, pipe: tuple[int, int], bank: motte.SpaceBank, megabytes: int
) -> motte.Process:
    """A process that holds so much memory by now."""
    process = machine.spawn(program, [str(megabytes)], bank=bank, stdout=pipe[1])
    assert os.read(pipe[0], 5) == b"ready"
    return process


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


# --- limits ---


def test_a_processes_memory_is_drawn_from_its_bank_and_the_superiors(machine: motte.Machine, guests: Path) -> None:
    bank = machine.bank.sub("32MiB")
    leaf = bank.sub()
    before = machine.bank.used
    program = machine.load(guests / "echo.c")
    shared = machine.bank.used - before
    with machine.spawn(program, bank=leaf, stdin=b"x\n") as process:
        process.wait()
        assert leaf.used == process.statistics().memory > 0
        assert bank.used == leaf.used + PAGE
        assert machine.bank.used == leaf.used + 2 * PAGE + shared
        assert leaf.peak == process.statistics().peak_memory
    assert (leaf.used, bank.used) == (0, PAGE)


def test_malloc_returns_null_at_the_limit_and_the_neighbour_notices_nothing(
    machine: motte.Machine, guests: Path, pipe: tuple[int, int]
) -> None:
    greedy, echo = machine.load(guests / "greedy.c"), machine.load(guests / "echo.c")
    narrow, wide = machine.bank.sub("16MiB"), machine.bank.sub("16MiB")
    reading, writing = os.pipe()
    with machine.spawn(echo, bank=wide, stdin=reading, stdout=pipe[1]) as neighbour:
        for turn in range(3):
            with machine.spawn(greedy, bank=narrow) as process:
                assert process.wait().returncode == 0
                count, error = process.stdout.split()
                assert 12 <= int(count) <= 15
                assert error == b"ENOMEM"
                assert narrow.used <= narrow.peak <= 16 * MEGABYTE
            assert narrow.used == 0
            line = b"turn %d\n" % turn
            os.write(writing, line)
            assert os.read(pipe[0], 64) == line
        os.close(writing)
        assert neighbour.wait().returncode == 0
    os.close(reading)


def test_a_limit_of_an_ancestor_stops_a_guest(machine: motte.Machine, guests: Path) -> None:
    parent = machine.bank.sub("12MiB")
    with machine.spawn(machine.load(guests / "greedy.c"), bank=parent.sub()) as process:
        process.wait()
        assert 8 <= int(process.stdout.split()[0]) <= 11
    assert parent.peak <= 12 * MEGABYTE


def test_a_changed_limit_counts_at_once_for_a_running_process(
    machine: motte.Machine, guests: Path, pipe: tuple[int, int]
) -> None:
    bank = machine.bank.sub("4MiB")
    reading, writing = os.pipe()
    with machine.spawn(machine.load(guests / "asker.c"), bank=bank, stdin=reading, stdout=pipe[1]):
        for limit, answer in (("4MiB", b"no\n"), ("8MiB", b"no\n"), ("16MiB", b"yes\n")):
            bank.limit = limit
            os.write(writing, b"?\n")
            assert os.read(pipe[0], 64) == answer
    os.close(reading)
    os.close(writing)


def test_a_spawn_that_a_bank_refuses_names_it_and_leaves_nothing(machine: motte.Machine, guests: Path) -> None:
    program = machine.load(guests / "echo.c")
    bank = machine.bank.sub("20KiB", name="tiny")
    with pytest.raises(
        motte.LimitReached, match=r"does not cover the program's image and stacks: bank 'tiny'"
    ) as error:
        machine.spawn(program, bank=bank.sub())
    assert error.value.bank == bank
    assert machine.statistics().processes == 0
    program.close()  # nothing uses it


def test_a_keeper_makes_room_for_a_process_to_start(machine: motte.Machine, guests: Path) -> None:
    bank = machine.bank.sub(PAGE)
    asked: list[int] = []

    def keep(request: motte.BankRequest) -> None:
        asked.append(request.size)
        request.bank.limit = request.bank.used + request.size + 16 * PAGE * len(asked)

    bank.keeper = keep
    with machine.spawn(machine.load(guests / "echo.c"), bank=bank, stdin=b"") as process:
        assert process.wait().returncode == 0
        assert bank.used == process.statistics().memory
    assert asked


def test_a_size_is_a_private_bank_that_ends_with_the_process(machine: motte.Machine, guests: Path) -> None:
    program = machine.load(guests / "greedy.c")
    loaded = machine.bank.used
    with machine.spawn(program, bank="8MiB") as process:
        process.wait()
        assert 4 <= int(process.stdout.split()[0]) <= 7
        assert machine.bank.statistics().banks == 1
    assert machine.bank.statistics() == motte.BankStatistics(
        limit=machine.bank.limit,
        used=loaded,
        peak=machine.bank.peak,
        available=(machine.bank.limit or 0) - loaded,
        banks=0,
    )
    with pytest.raises(motte.LimitReached) as refusal:
        machine.spawn(program, bank=PAGE)
    assert refusal.value.bank is not None
    assert refusal.value.bank.destroyed
    for nonsense in ("much", 0):
        with pytest.raises(ValueError, match="bank: "):
            machine.spawn(program, bank=nonsense)
    assert machine.bank.used == loaded


def test_who_may_be_drawn_from(machine: motte.Machine, guests: Path) -> None:
    program = machine.load(guests / "echo.c")
    with motte.Machine() as other, pytest.raises(ValueError, match="a bank of another machine"):
        machine.spawn(program, bank=other.bank)
    bank = machine.bank.sub()
    for mask in range(64):
        handle = bank.reduce(mask)
        if mask & motte.BankRestriction.NO_ALLOC:
            with pytest.raises(motte.NoAccess, match="NO_ALLOC"):
                machine.spawn(program, bank=handle)
    with machine.spawn(program, bank=bank.reduce(63 - 1)) as process:
        assert process.wait().returncode == 0
    bank.destroy()
    with pytest.raises(motte.InvalidCap):
        machine.spawn(program, bank=bank)


# --- ends ---


def test_destroying_a_bank_kills_and_gives_everything_back(
    machine: motte.Machine, guests: Path, pipe: tuple[int, int]
) -> None:
    program = machine.load(guests / "holder.c")
    survivor = holding(machine, program, pipe, machine.bank, 1)
    used, resident = machine.bank.used, resident_bytes()
    bank = machine.bank.sub("192MiB")
    processes = [holding(machine, program, pipe, each, 32) for each in (bank, bank.sub(), bank.sub().sub())]
    assert machine.bank.used - used > 96 * MEGABYTE
    assert resident_bytes() - resident > 90 * MEGABYTE
    bank.destroy()
    assert machine.bank.used == used
    assert resident_bytes() - resident < 6 * MEGABYTE
    assert survivor.returncode is None
    for process in processes:
        assert process.wait().reason is motte.StopReason.KILLED
    survivor.close()


def test_what_is_known_of_a_process_survives_its_bank(machine: motte.Machine, guests: Path) -> None:
    bank = machine.bank.sub()
    process = machine.spawn(machine.load(guests / "greedy.c"), bank=bank)
    end = process.wait()
    usage = process.statistics()
    bank.destroy()
    assert machine.statistics().processes == 0
    process.kill()
    process.rescind()  # as by another destroyer at the same time
    assert process.wait(timeout=0) is end
    assert (process.returncode, process.statistics()) == (0, usage)
    assert process.stdout.endswith(b"ENOMEM")
    with pytest.raises(motte.InvalidCap, match=r"greedy\.c ended with its bank"):
        process.memory.read(0x1_1000, 1)
    process.close()
    for use in (process.wait, process.kill, process.statistics, lambda: process.memory.read(0x1_1000, 1)):
        with pytest.raises(motte.Closed):
            use()
    process.close()
    process.rescind()
    with pytest.raises(motte.Closed):
        process.wait()


def test_a_bank_that_is_destroyed_while_a_process_starts_lets_it_not_in(
    machine: motte.Machine, guests: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = machine.load(guests / "echo.c")
    used = machine.bank.used
    bank = machine.bank.sub(name="short-lived")
    create = process_making._create

    def create_and_destroy(*arguments: Any) -> Any:
        core = create(*arguments)
        bank.destroy()
        return core

    monkeypatch.setattr(process_making, "_create", create_and_destroy)
    with pytest.raises(motte.InvalidCap, match="bank 'short-lived' was destroyed"):
        machine.spawn(program, bank=bank)
    assert machine.bank.used == used


def test_whoever_waits_for_a_process_learns_that_it_was_killed(
    machine: motte.Machine, guests: Path, pipe: tuple[int, int]
) -> None:
    bank = machine.bank.sub()
    process = holding(machine, machine.load(guests / "holder.c"), pipe, bank, 1)
    ends: list[motte.StopReason] = []
    waiters = [threading.Thread(target=lambda: ends.append(process.wait().reason)) for _number in range(3)]
    for waiter in waiters:
        waiter.start()
    bank.destroy()
    for waiter in waiters:
        waiter.join()
    assert ends == [motte.StopReason.KILLED] * 3


def test_destroying_closing_and_spawning_at_once_leaves_nothing(machine: motte.Machine, guests: Path) -> None:
    program = machine.load(guests / "echo.c")
    loaded = machine.bank.used
    failures: list[BaseException] = []

    def spawn_and_close(bank: motte.SpaceBank) -> None:
        try:
            while True:
                machine.spawn(program, bank=bank, stdin=b"x\n").close()
        except motte.InvalidCap:
            pass
        except BaseException as error:
            failures.append(error)

    for _round in range(5):
        bank = machine.bank.sub()
        threads = [threading.Thread(target=spawn_and_close, args=(bank.sub(),)) for _number in range(2)]
        destroyers = [threading.Thread(target=bank.close) for _number in range(2)]
        for thread in (*threads, *destroyers):
            thread.start()
        for thread in (*threads, *destroyers):
            thread.join(60)
            assert not thread.is_alive()
        assert failures == []
        assert machine.bank.used == loaded
        assert machine.statistics().processes == 0


def test_a_removed_banks_processes_live_on_with_the_parent(
    machine: motte.Machine, guests: Path, pipe: tuple[int, int]
) -> None:
    parent = machine.bank.sub()
    bank = parent.sub("8MiB")
    program = machine.load(guests / "holder.c")
    loaded = machine.bank.used - parent.used - PAGE
    process = holding(machine, program, pipe, bank, 4)
    bank.remove()
    assert process.returncode is None
    assert parent.used == process.statistics().memory
    with pytest.raises(motte.InvalidCap, match="was removed"):
        _ = bank.used
    parent.destroy()
    assert process.wait().reason is motte.StopReason.KILLED
    assert machine.bank.used == loaded


def test_the_machines_bank_can_be_destroyed_too(guests: Path, pipe: tuple[int, int]) -> None:
    with motte.Machine() as machine:
        program = machine.load(guests / "holder.c")
        process = holding(machine, program, pipe, machine.bank, 1)
        machine.bank.destroy()
        assert process.wait().reason is motte.StopReason.KILLED
        with pytest.raises(motte.InvalidCap):
            machine.spawn(program, ["1"])
