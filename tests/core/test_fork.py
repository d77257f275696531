"""A fork of the host: guests stay with the parent, and the child can make its own."""

from __future__ import annotations

import ctypes
import os
import warnings
from collections.abc import Callable
from pathlib import Path

from core.snippets import SECOND, Workshop, function
from motte.abi.faults import StopReason
from motte.abi.layout import WINDOW_SIZE
from motte.errors import BadState

MMAP_AREA = 0x7000_0000_0000
SPIN = function("main", "again:\njmp again")
EXIT = function("main", "movl $6, %eax\nretq")


def in_child(action: Callable[[], bool]) -> bool:
    """Whether ``action`` returns true in a forked child; no exception and no finaliser leaves the child."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of forking a process that has threads
        child = os.fork()
    if child == 0:
        succeeded = False
        try:
            succeeded = action()
        finally:
            os._exit(0 if succeeded else 1)
    return os.waitpid(child, 0)[1] == 0


def refuses(action: Callable[[], object]) -> bool:
    try:
        action()
    except BadState as error:
        return "belongs to the parent of a fork" in str(error)
    return False


def window_spans() -> list[tuple[int, int]]:
    """Host mappings that can only be parts of windows; a sanitizer keeps its large ones below."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    spans = [tuple(int(end, 16) for end in line.split()[0].split("-")) for line in lines]
    return [(low, high) for low, high in spans if low > MMAP_AREA and high - low > WINDOW_SIZE // 2]


def test_a_running_process_survives_the_fork_and_is_not_the_childs(workshop: Workshop) -> None:
    process = workshop.spawn(SPIN)
    process.start()
    attempts = [process.kill, process.stop, process.statistics, process.start, lambda: process.wait(None)]
    attempts += [lambda: process.read_memory(0x1_1000, 8), process.state]
    for attempt in attempts:
        assert in_child(lambda attempt=attempt: refuses(attempt))
    root = workshop.scheduler.root
    for of_meters in (root.sub, root.state_fields, lambda: root.refill(1), lambda: workshop.spawn(EXIT)):
        assert in_child(lambda attempt=of_meters: refuses(attempt))
    assert process.state() == "running"
    process.kill()
    assert process.wait(5 * SECOND)


def test_the_parents_scheduler_and_meters_are_not_the_childs(workshop: Workshop) -> None:
    scheduler, meter, program = workshop.scheduler, workshop.scheduler.root.sub(), workshop.program(SPIN)
    workshop.spawn(program).start()
    attempts: list[Callable[[], object]] = [
        lambda: scheduler.root,
        lambda: scheduler.next_event(0),
        lambda: meter.set_budget(1),
        lambda: meter.refill(1),
        lambda: meter.set_rate(1, 1000),
        lambda: meter.set_weight(1),
        lambda: meter.set_slice(100_000),
        lambda: meter.set_on(False),
        meter.sub,
        meter.state_fields,
        lambda: workshop.spawn(program, meter=meter),
    ]
    for attempt in attempts:
        assert in_child(lambda attempt=attempt: refuses(attempt))


def test_the_child_has_no_slots(workshop: Workshop) -> None:
    workshop.spawn(EXIT)

    assert window_spans()
    assert in_child(lambda: not window_spans())


def test_closing_the_parents_process_in_the_child_touches_nothing(workshop: Workshop) -> None:
    process = workshop.spawn(SPIN)
    process.start()
    places = [low for low, _ in window_spans()]

    def close_beside_a_mapping_of_the_childs_own() -> bool:
        map_memory = ctypes.CDLL(None).mmap
        map_memory.restype = ctypes.c_void_p
        read_write, private_anonymous_in_place = 3, 0x10_0022
        for place in places:
            mapped = map_memory(ctypes.c_void_p(place), 4096, read_write, private_anonymous_in_place, -1, 0)
            assert mapped == place
            ctypes.memmove(place, b"mine", 4)
        process.close()
        return all(ctypes.string_at(place, 4) == b"mine" for place in places)

    assert places
    assert in_child(close_beside_a_mapping_of_the_childs_own)
    assert process.state() == "running"


def test_the_child_can_run_guests_of_its_own(workshop: Workshop) -> None:
    program = workshop.program(EXIT)
    kept = workshop.run(program)
    workshop.run(program).close()  # leaves a slot in the pool, which the child must not use

    def run_again() -> bool:
        fresh = Workshop()
        results = [fresh.run(program).stop(), fresh.run(EXIT).stop()]
        fresh.close()
        return all((stop.reason, stop.value) == (StopReason.EXITED, 6) for stop in results)

    assert in_child(run_again)
    assert kept.stop().value == 6
    assert run_again()
