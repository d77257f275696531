"""What processes cost that exist and do nothing: the host, and their bank."""

from __future__ import annotations

import json
import re
import struct
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.snippets import DATA, DATA_STACK_END, RODATA, Workshop, function
from core.test_host import run_python
from core.test_image import image_of, spawn
from motte import core
from motte.abi.layout import PAGE_SIZE

HAS_GUARD_MARKERS = core.host_features()["guard_markers"]

# Writes to its data, calls, and sleeps for ever.
SLEEP = function(
    "main",
    "pushq %rax\nmovl $1, %gs:DATA+128(,%eiz)\nmovl $35, %edi\nmovl $DATA+64, %esi\nxorl %edx, %edx\ncall SYSCALL\n"
    "popq %rcx\nretq",
)
FOR_EVER = bytes(64) + struct.pack("<qq", 1 << 30, 0)


@dataclass
class Costs:
    """In bytes, but for the mappings."""

    anonymous: int
    page_tables: int
    mappings: int
    charged: int

    @classmethod
    def now(cls, bank: core.Bank) -> Costs:
        status = dict(re.findall(r"^(RssAnon|VmPTE):\s+(\d+) kB", Path("/proc/self/status").read_text(), flags=re.M))
        mappings = len(Path("/proc/self/maps").read_text().splitlines())
        return cls(1024 * int(status["RssAnon"]), 1024 * int(status["VmPTE"]), mappings, bank.used * PAGE_SIZE)


def crowd(workshop: Workshop, image: core.Image, bank: core.Bank, count: int) -> list[core.Process]:
    processes = [spawn(workshop, image, bank=bank, cpu_ns=None, wall_ns=None) for _ in range(count)]
    for process in processes:
        process.start()
    while any(process.state() != "waiting" for process in processes):
        pass
    return processes


def measure(count: int, deep_sleep_ns: int | None = None) -> None:
    """Prints what so many processes took: memory and page tables, mappings, the charge, and what of it stayed."""
    workshop = Workshop(scheduler=core.Scheduler(2, deep_sleep_ns=deep_sleep_ns))
    segments = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, FOR_EVER, 256, True)]
    stack = (DATA + 256, DATA_STACK_END - DATA - 256)  # where the data ends, as the linker's programs have it
    program = workshop.program(SLEEP)
    image = image_of(program, segments=segments, data_stack=stack, data_stack_variables=(DATA, DATA + 8))
    bank = core.Bank(None)
    first = 20
    crowd(workshop, image, bank, first)  # what there is once is there
    before = Costs.now(bank)
    processes = crowd(workshop, image, bank, count)
    while deep_sleep_ns and workshop.scheduler.deep_sleepers < first + count:
        time.sleep(0.001)
    after = Costs.now(bank)
    for process in processes:
        process.close()
    taken = after.anonymous - before.anonymous + after.page_tables - before.page_tables
    left = bank.used * PAGE_SIZE - before.charged
    print(json.dumps([taken, after.mappings - before.mappings, after.charged - before.charged, left]))
    workshop.close()


@pytest.mark.parametrize("count", [1000, 10_000])
def test_a_bank_is_charged_for_what_idle_processes_take(count: int) -> None:
    """Within 5 %, and never less: memory, page tables, and the host's own memory.

    Measured in a Python of its own: in this one, earlier tests have left page tables and heap behind.
    """
    finished = run_python(f"from core.test_idle_processes import measure; measure({count})")
    assert finished.returncode == 0, finished.stderr
    taken, mappings, charged, left = json.loads(finished.stdout)
    assert 0.99 * taken <= charged <= 1.05 * taken
    assert taken <= 18 * 1024 * count
    assert left == 0
    if HAS_GUARD_MARKERS:
        assert mappings <= 4.2 * count


def test_one_that_sleeps_deeply_takes_a_page_less_than_it_is_charged() -> None:
    """But for some hundred bytes; and less than 16 KiB in all."""
    count = 2000
    finished = run_python(f"from core.test_idle_processes import measure; measure({count}, 1)")
    assert finished.returncode == 0, finished.stderr
    taken, _, charged, left = json.loads(finished.stdout)
    assert taken <= 15 * 1024 * count
    assert charged - taken > 3.5 * 1024 * count
    assert left == 0
