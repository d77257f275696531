"""Processes whose questions a test answers itself."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any

from core.snippets import DATA, DATA_SIZE, RODATA, SCRIPT, SCRIPT_END, SECOND, Program, Workshop
from motte import core
from motte.abi.layout import MAP_BASE, PAGE_SIZE
from motte.core import Answer, Event, Question

REGION = MAP_BASE + (1 << 20)
"""Where these tests reserve pages."""

Handler = Callable[[Question], Answer]


def kept(workshop: Workshop, source: str | Program, pages: int = 0, **options: Any) -> core.Process:
    """A process that runs, and asks about its faults; so many pages at REGION are reserved."""
    process = workshop.spawn(source, **options)
    if pages:
        process.reserve(REGION, pages * PAGE_SIZE)
    process.want_events(Event.EXIT | Event.QUESTION)
    process.start()
    return process


def asked(workshop: Workshop, process: core.Process) -> Question:
    """What it asks next; it does not end before."""
    event = workshop.scheduler.next_event(60 * SECOND)
    assert event is not None
    identity, kinds, _meter = event
    question = process.question()
    assert identity == process.identity and kinds & Event.QUESTION, process.state()
    assert question is not None
    return question


def serve(workshop: Workshop, process: core.Process, handler: Handler) -> list[Question]:
    """Let ``handler`` answer all its questions until it has ended: the questions."""
    questions = []
    while (event := workshop.scheduler.next_event(60 * SECOND)) is not None:
        if event[1] & Event.QUESTION and (question := process.question()) is not None:
            questions.append(question)
            process.answer(question.number, handler(question))
        if event[1] & Event.EXIT:
            assert process.wait(0)
            return questions
    raise AssertionError("the process hangs")


def kept_script(
    workshop: Workshop,
    calls: Sequence[tuple[int, ...]],
    supply: Callable[[core.Process, Question], Answer],
    pages: int,
    **options: Any,
) -> tuple[list[int], core.Process, list[Question]]:
    """Make system calls (as ``snippets.script``) with pages at REGION that ``supply`` supplies."""
    words = b"".join(struct.pack("<7Q", *(word % 2**64 for word in (*call, *[0] * (7 - len(call))))) for call in calls)
    segments = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, words + SCRIPT_END, len(words) + 2 * DATA_SIZE, True)]
    options = {"segments": segments, "data_stack_variables": (0, 0)} | options
    process = kept(workshop, SCRIPT, pages, **options)
    questions = serve(workshop, process, lambda question: supply(process, question))
    results = process.read_memory(DATA, len(words))
    return [result for (result,) in struct.iter_unpack("<q48x", results)], process, questions


def page_of(question: Question) -> int:
    """The page where it happened."""
    assert question.place is not None and question.place.address is not None
    return question.place.address // PAGE_SIZE * PAGE_SIZE
