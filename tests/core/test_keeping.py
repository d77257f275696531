"""Questions of processes that stand still, and what an answer may do to them."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from core.keeping import REGION, asked, kept, kept_script, page_of, serve
from core.register_dump import (
    DUMP_SIZE,
    OWN_GENERAL,
    OWN_MASKS,
    OWN_VECTORS,
    VECTOR_SIZE,
    VECTORS_AT,
    differences,
    dump,
    expected,
    fill,
    store_vector,
)
from core.snippets import DATA, DATA_STACK, DATA_STACK_END, MILLISECOND, Workshop, function, pipe, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import DATA_STACK_GAP, PAGE_SIZE
from motte.core import Answer, Ask, Question
from motte.errors import BadState, InvalidCap, LimitReached
from motte.keeper import ENCODING_ORDER

pytestmark = pytest.mark.usefixtures("reaching")

FLAGS = ENCODING_ORDER.index("flags")
ARITHMETIC_FLAGS = 0x8D5
EFAULT, ENOMEM = -14, -12
READ, WRITE, READV, GETCWD, UNAME, CLOCK_GETTIME, BRK, OPEN, GETDENTS = 0, 1, 19, 79, 63, 228, 12, 2, 217
LEAVE = ["popq %rbx", "xorl %eax, %eax", "retq"]
ALL_FLAGS = ["movw $0xff01, %ax", "addb $0x7f, %al", "sahf", f"movabsq ${OWN_GENERAL['rax']}, %rax"]


def register(name: str) -> int:
    return ENCODING_ORDER.index(name)


def zeros(process: core.Process, question: Question) -> Answer:
    process.supply(question.number, page_of(question), PAGE_SIZE, b"", True)
    return Answer.RETRY


# --- pages that come late --------------------------------------------------------------------------------------------


def test_a_load_gets_what_is_supplied_and_no_other_register_changes(workshop: Workshop) -> None:
    load = f"movq %gs:{REGION + 8}(,%eiz), %rax"
    process = kept(workshop, function("main", ["pushq %rbx", *fill(), *ALL_FLAGS, load, *dump(DATA), *LEAVE]), pages=1)
    question = asked(workshop, process)
    assert question.place is not None and question.place.registers is not None
    assert (question.ask, question.place.fault, question.place.access) == (Ask.FAULT, FaultKind.UNMAPPED, "read")
    assert question.place.address == REGION + 8
    assert {**question.place.registers, "flags": 0} == {**OWN_GENERAL, "flags": 0}
    process.supply(question.number, REGION, PAGE_SIZE, struct.pack("<QQ", 0, 0x1234_5678_9ABC_DEF0), True)
    process.answer(question.number, Answer.RETRY)
    assert process.wait(None)
    general = {**OWN_GENERAL, "rax": 0x1234_5678_9ABC_DEF0}
    wanted = expected(general, dict.fromkeys("capzso", 1), OWN_MASKS, OWN_VECTORS)
    assert differences(process.read_memory(DATA, DUMP_SIZE), wanted) == []


def test_a_vector_across_two_pages_asks_for_each_and_arrives_whole(workshop: Workshop) -> None:
    load = store_vector(3, REGION + PAGE_SIZE - 8).split(" ", 1)
    source, target = load[1].split(", ")
    program = function("main", ["pushq %rbx", *fill(), f"{load[0]} {target}, {source}", *dump(DATA), *LEAVE])
    process = kept(workshop, program, pages=2)
    supplied = bytes(range(1, VECTOR_SIZE + 1))
    block = supplied.rjust(PAGE_SIZE - 8 + VECTOR_SIZE, b"\0").ljust(2 * PAGE_SIZE, b"\0")

    def supply(question: Question) -> Answer:
        at = page_of(question)
        process.supply(question.number, at, PAGE_SIZE, block[at - REGION : at - REGION + PAGE_SIZE], False)
        return Answer.RETRY

    assert len(serve(workshop, process, supply)) == 2
    assert process.read_memory(DATA + VECTORS_AT + 3 * 64, VECTOR_SIZE) == supplied


def test_an_atomic_operation_is_done_once(workshop: Workshop) -> None:
    process = kept(workshop, function("main", f"lock incl %gs:{REGION}(,%eiz)\nxorl %eax, %eax\nretq"), pages=1)
    question = asked(workshop, process)
    process.supply(question.number, REGION, PAGE_SIZE, b"\x29", True)
    process.answer(question.number, Answer.RETRY)
    assert process.wait(None)
    assert process.read_memory(REGION, 4) == b"\x2a\0\0\0"


def test_reserved_pages_are_charged_when_they_are_supplied_and_refunded_when_they_are_withdrawn(
    workshop: Workshop,
) -> None:
    touch = f"movb $7, %gs:{REGION}(,%eiz)\nmovb $9, %gs:{REGION + PAGE_SIZE}(,%eiz)\nxorl %eax, %eax\nretq"
    process = kept(workshop, function("main", touch), pages=512)
    first = asked(workshop, process)
    before = process.statistics().pages
    process.supply(first.number, REGION, PAGE_SIZE, b"", True)
    with_page_table = process.statistics().pages - before
    process.answer(first.number, Answer.RETRY)
    second = asked(workshop, process)
    assert process.withdraw(second.number, REGION, PAGE_SIZE) == b"\7".ljust(PAGE_SIZE, b"\0")
    assert 1 <= with_page_table <= 3
    assert process.statistics().pages == before + with_page_table - 1
    with pytest.raises(ValueError, match="not all of the 1 bytes"):
        process.read_memory(REGION, 1)
    zeros(process, second)
    process.answer(second.number, Answer.RETRY)
    assert process.wait(None)


def test_a_page_that_is_protected_asks_at_the_first_write_and_keeps_its_bytes(workshop: Workshop) -> None:
    code = f"movb %gs:{REGION}(,%eiz), %al\nincb %gs:{REGION}(,%eiz)\nxorl %eax, %eax\nretq"
    process = kept(workshop, function("main", code), pages=2)
    question = asked(workshop, process)
    process.supply(question.number, REGION, PAGE_SIZE, b"\x29", False)
    process.answer(question.number, Answer.RETRY)
    question = asked(workshop, process)
    assert question.place is not None
    assert (question.place.fault, question.place.access) == (FaultKind.READ_ONLY, "write")
    with pytest.raises(ValueError, match="not all of this range"):
        process.protect(question.number, REGION, 2 * PAGE_SIZE, True)
    process.protect(question.number, REGION, PAGE_SIZE, True)
    process.answer(question.number, Answer.RETRY)
    assert process.wait(None)
    assert process.read_memory(REGION, 1) == b"\x2a"


@pytest.mark.parametrize(
    ("at", "size"),
    [
        (REGION - PAGE_SIZE, PAGE_SIZE),
        (REGION, 3 * PAGE_SIZE),
        (REGION + 1, PAGE_SIZE),
        (REGION, 0),
        (0, PAGE_SIZE),
        (2**32 - PAGE_SIZE, 2 * PAGE_SIZE),
        (2**64 - PAGE_SIZE, PAGE_SIZE),
    ],
)
def test_only_what_was_reserved_can_be_supplied(workshop: Workshop, at: int, size: int) -> None:
    process = kept(workshop, function("main", f"movb %gs:{REGION}(,%eiz), %al\nud2"), pages=2)
    question = asked(workshop, process)
    with pytest.raises(ValueError, match=r"whole pages of the window|not all of this range is reserved"):
        process.supply(question.number, at, size, b"", True)
    with pytest.raises(ValueError, match=r"whole pages of the window|not all of this range is reserved"):
        process.protect(question.number, at, size, True)


def test_no_more_bytes_than_pages_are_supplied(workshop: Workshop) -> None:
    process = kept(workshop, function("main", f"movb %gs:{REGION}(,%eiz), %al\nud2"), pages=2)
    question = asked(workshop, process)
    with pytest.raises(ValueError, match="more bytes than pages"):
        process.supply(question.number, REGION, PAGE_SIZE, bytes(PAGE_SIZE + 1), True)


def test_ranges_are_reserved_before_the_start_only_and_never_twice(workshop: Workshop) -> None:
    process = workshop.spawn(function("main", "xorl %eax, %eax\nretq"))
    process.reserve(REGION, 2 * PAGE_SIZE)
    with pytest.raises(ValueError, match="something is mapped"):
        process.reserve(REGION + PAGE_SIZE, PAGE_SIZE)
    process.start()
    assert process.wait(None)
    with pytest.raises(BadState, match="before the start"):
        process.reserve(REGION + 8 * PAGE_SIZE, PAGE_SIZE)


def test_a_supply_that_the_bank_refuses_names_it_and_leaves_the_question_as_it_was(workshop: Workshop) -> None:
    bank = core.Bank(None)
    process = kept(workshop, function("main", f"movb %gs:{REGION}(,%eiz), %al\nxorl %eax, %eax\nretq"), 1, bank=bank)
    question = asked(workshop, process)
    bank.set_limit(bank.used)
    with pytest.raises(LimitReached) as refusal:
        process.supply(question.number, REGION, PAGE_SIZE, b"", True)
    assert refusal.value.bank_identity == bank.identity
    assert process.question() == question
    process.answer(question.number, Answer.DECLINE)
    assert process.wait(None)
    assert (process.stop().reason, process.stop().address) == (StopReason.FAULTED, REGION)


# --- kernel calls ----------------------------------------------------------------------------------------------------


def test_a_read_into_pages_that_come_late_loses_no_byte(workshop: Workshop) -> None:
    out, into = pipe(workshop)
    sent = os.urandom(4 * PAGE_SIZE)
    os.write(into, sent)
    calls = [(READ, 0, REGION + 100, len(sent) - 5), (READ, 0, REGION + 5 * PAGE_SIZE - 2, 5)]
    results, process, questions = kept_script(workshop, calls, zeros, 6, streams=(out, -1, -1))
    assert results == [len(sent) - 5, 5]
    assert process.read_memory(REGION + 100, len(sent) - 5) + process.read_memory(REGION + 5 * PAGE_SIZE - 2, 5) == sent
    assert [page_of(question) for question in questions] == [REGION + i * PAGE_SIZE for i in range(6)]
    assert {question.ask for question in questions} == {Ask.ACCESS}
    assert all(question.in_call and question.place and question.place.registers is None for question in questions)


def test_a_write_from_pages_that_come_late_writes_every_byte_once(workshop: Workshop) -> None:
    out, into = pipe(workshop)
    contents = os.urandom(3 * PAGE_SIZE)

    def supply(process: core.Process, question: Question) -> Answer:
        at = page_of(question) - REGION
        process.supply(question.number, REGION + at, PAGE_SIZE, contents[at : at + PAGE_SIZE], False)
        return Answer.RETRY

    size = 2 * PAGE_SIZE
    results, _process, questions = kept_script(
        workshop, [(WRITE, 1, REGION + 8, size)], supply, 3, streams=(-1, into, -1)
    )
    assert (results, len(questions)) == ([size], 3)
    assert os.read(out, 4 * PAGE_SIZE) == contents[8 : 8 + size]


@pytest.mark.parametrize(
    "call",
    [(GETCWD, REGION + PAGE_SIZE - 1, 64), (UNAME, REGION + PAGE_SIZE - 8), (CLOCK_GETTIME, 0, REGION + PAGE_SIZE - 8)],
    ids=["getcwd", "uname", "clock_gettime"],
)
def test_a_result_lands_in_pages_that_come_late(workshop: Workshop, call: tuple[int, ...]) -> None:
    results, _process, questions = kept_script(workshop, [call], zeros, 2)
    assert results[0] >= 0
    assert [page_of(question) for question in questions] == [REGION, REGION + PAGE_SIZE]


def test_a_call_whose_question_is_declined_fails_and_the_process_goes_on(workshop: Workshop) -> None:
    results, process, questions = kept_script(
        workshop, [(UNAME, REGION), (UNAME, 0), (UNAME, DATA + 0x8000)], lambda _process, _question: Answer.DECLINE, 1
    )
    assert results == [EFAULT, EFAULT, 0]
    assert process.stop().reason is StopReason.EXITED
    assert [question.place.fault for question in questions if question.place] == [
        FaultKind.UNMAPPED,
        FaultKind.NULL_PAGE,
    ]


def test_a_call_that_writes_to_a_read_only_page_says_so(workshop: Workshop) -> None:
    def supply(process: core.Process, question: Question) -> Answer:
        assert question.place is not None
        if question.place.fault is FaultKind.READ_ONLY:
            process.protect(question.number, REGION, PAGE_SIZE, True)
        else:
            process.supply(question.number, REGION, PAGE_SIZE, b"", False)
        return Answer.RETRY

    results, _process, questions = kept_script(workshop, [(UNAME, REGION)], supply, 1)
    assert results == [0]
    assert [question.place.fault for question in questions if question.place] == [
        FaultKind.UNMAPPED,
        FaultKind.READ_ONLY,
    ]


def test_directory_entries_that_found_no_page_come_again(workshop: Workshop, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).touch()
    path = b"/tmp/kept\0"
    descriptor = os.open(tmp_path, os.O_RDONLY)

    def supply(process: core.Process, question: Question) -> Answer:
        contents = path if page_of(question) == REGION else b""
        process.supply(question.number, page_of(question), PAGE_SIZE, contents, True)
        return Answer.RETRY

    calls = [(OPEN, REGION, os.O_RDONLY | os.O_DIRECTORY, 0), *[(GETDENTS, 0, REGION + PAGE_SIZE, 1024)] * 2]
    try:
        results, process, questions = kept_script(
            workshop, calls, supply, 2, directories=[(b"/tmp/kept", descriptor, False, None)]
        )
    finally:
        os.close(descriptor)
    assert (results[0], len(questions)) == (0, 2)  # no stream is open: the directory is the first descriptor
    assert results[2] == 0
    entries = process.read_memory(REGION + PAGE_SIZE, results[1])
    assert all(name + b"\0" in entries for name in (b".", b"..", b"one", b"two", b"three"))


def test_a_jump_buffer_may_lie_in_pages_that_come_late(workshop: Workshop) -> None:
    """The page is withdrawn between setjmp and longjmp, and comes back with its bytes."""
    body = f"""
    pushq %rbx
    movl ${REGION}, %edi
    call set
    testl %eax, %eax
    jne again
    movb %gs:{REGION + PAGE_SIZE}(,%eiz), %al
    movl ${REGION}, %edi
    movl $7, %esi
    call LONGJMP
    ud2
    again:
    popq %rbx
    retq
    """
    process = kept(workshop, function("main", body) + function("set", "jmp SETJMP"), pages=2)
    saved = b""

    def keeper(question: Question) -> Answer:
        nonlocal saved
        assert question.place is not None
        assert question.place.fault is FaultKind.UNMAPPED
        if page_of(question) == REGION:
            assert question.in_call
            process.supply(question.number, REGION, PAGE_SIZE, saved, True)
            return Answer.RETRY
        saved = process.withdraw(question.number, REGION, PAGE_SIZE)
        return Answer.SKIP

    assert len(serve(workshop, process, keeper)) == 3
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 7)


@pytest.mark.parametrize("call", ["SETJMP", "LONGJMP"])
def test_a_jump_buffer_that_nobody_supplies_is_the_end(workshop: Workshop, call: str) -> None:
    body = f"pushq %rbx\nmovl ${REGION}, %edi\nmovl $1, %esi\ncall here\nud2"
    process = kept(workshop, function("main", body) + function("here", f"jmp {call}"), pages=1)
    questions = serve(workshop, process, lambda _question: Answer.DECLINE)
    assert [question.ask for question in questions] == [Ask.FAULT]
    assert (process.stop().reason, process.stop().address) == (StopReason.FAULTED, REGION)


# --- registers, and going on elsewhere ------------------------------------------------------------------------------


def test_an_instruction_is_skipped_with_results_of_the_keepers(workshop: Workshop) -> None:
    code = f"xorl %ecx, %ecx\nidivl %ecx\nmovl %eax, %gs:{DATA}(,%eiz)\nmovl %edx, %gs:{DATA + 8}(,%eiz)\nretq"
    process = kept(workshop, function("main", code))
    question = asked(workshop, process)
    assert question.place is not None and question.place.fault is FaultKind.DIVIDE
    process.set_register(question.number, register("rax"), 42)
    process.set_register(question.number, register("rdx"), 7)
    process.answer(question.number, Answer.SKIP)
    assert process.wait(None)
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 42)
    assert read_words(process, DATA, 2) == [42, 7]


def test_every_register_but_the_stack_pointer_can_be_set(workshop: Workshop) -> None:
    code = ["pushq %rbx", *fill(), f"movb %gs:{REGION}(,%eiz), %al", *dump(DATA), *LEAVE]
    process = kept(workshop, function("main", code), pages=1)
    question = asked(workshop, process)
    settings = {name: 0x0101_0101_0101_0101 * (2 + i) for i, name in enumerate(OWN_GENERAL)}
    for name, value in settings.items():
        process.set_register(question.number, register(name), value)
    process.answer(question.number, Answer.SKIP)
    assert process.wait(None)
    found = process.read_memory(DATA, DUMP_SIZE)
    no_flags_changed = expected(settings, dict.fromkeys("cpzso", 0), OWN_MASKS, OWN_VECTORS)
    assert found[:120] == no_flags_changed[:120]
    assert found[VECTORS_AT:] == no_flags_changed[VECTORS_AT:]


def test_of_the_flags_only_arithmetic_ones_can_be_set(workshop: Workshop) -> None:
    """The trap flag would stop it at the next instruction, the direction flag turn its copies around."""
    load = f"movb %gs:{REGION}(,%eiz), %al\n"
    process = kept(workshop, function("main", f"{load}{load}{load}xorl %eax, %eax\nretq"), pages=1)
    for value in (2**64 - 1, 0):
        question = asked(workshop, process)
        process.set_register(question.number, FLAGS, value)
        process.answer(question.number, Answer.SKIP)
        following = asked(workshop, process)
        assert following.place is not None and following.place.registers is not None
        assert following.place.registers["flags"] == value & ARITHMETIC_FLAGS
        process.set_register(following.number, FLAGS, 0)
        process.answer(following.number, Answer.RETRY)
    process.answer(asked(workshop, process).number, Answer.SKIP)
    assert process.wait(None)
    assert process.stop().reason is StopReason.EXITED


@pytest.mark.parametrize("which", [register("rsp"), FLAGS + 1, 1 << 20], ids=["rsp", "behind the last", "far behind"])
def test_the_stack_pointer_and_unknown_registers_are_refused(workshop: Workshop, which: int) -> None:
    process = kept(workshop, function("main", "ud2"))
    question = asked(workshop, process)
    with pytest.raises(ValueError, match="this register cannot be set here"):
        process.set_register(question.number, which, 0)
    process.answer(question.number, Answer.DECLINE)
    assert process.wait(None)
    assert process.stop().fault is FaultKind.ILLEGAL_INSTRUCTION


RECURSION = {
    "push": function("main", "here:\npushq %rax\ncall main\npopq %rax\nretq"),
    "call": function("main", "here:\ncall main\nretq"),
    "trap": function("main", "here:\nud2"),
    "store to a stack that has overflowed": function(
        "main", "subq $4096, %rsp\nhere:\nmovq %rax, (%rsp)\ncall main\naddq $4096, %rsp\nretq"
    ),
}


@pytest.mark.parametrize("name", RECURSION)
def test_what_moves_the_stack_pointer_or_traps_cannot_be_skipped(workshop: Workshop, name: str) -> None:
    process = kept(workshop, RECURSION[name])
    question = asked(workshop, process)
    with pytest.raises(ValueError, match="cannot go on behind this instruction"):
        process.answer(question.number, Answer.SKIP)
    assert process.question() == question
    process.answer(question.number, Answer.DECLINE)
    assert process.wait(None)
    assert question.place is not None
    assert (process.stop().reason, process.stop().fault) == (StopReason.FAULTED, question.place.fault)


# --- shapes (rule C6) ------------------------------------------------------------------------------------------------

CALL_BY_POINTER = """
movl $16, %eax
shape:
movl %eax, %r10d
andl $MASK, %r10d
cmpl $1, FT+8(%r10)
jne bad
inside:
callq *FT(%r10)
behind:
retq
bad:
ud2
"""


def test_inside_a_shape_the_process_stands_at_its_first_instruction_and_the_check_is_made_again(
    workshop: Workshop,
) -> None:
    program = workshop.program(function("main", CALL_BY_POINTER))
    process = kept(workshop, program)
    question = asked(workshop, process)
    assert question.place is not None and question.place.registers is not None
    assert question.place.fault is FaultKind.NATIVE_STACK_OVERFLOW
    assert question.place.code_offset == program.labels["shape"]
    with pytest.raises(ValueError, match="cannot go on behind this instruction"):
        process.answer(question.number, Answer.SKIP)
    process.set_register(question.number, register("r10"), 0xDEAD_BEEF)  # what was checked is not what would be called
    process.answer(question.number, Answer.RETRY)
    question = asked(workshop, process)
    assert question.place is not None and question.place.registers is not None
    assert question.place.fault is FaultKind.NATIVE_STACK_OVERFLOW
    assert question.place.registers["r10"] == 16
    process.set_register(question.number, register("rax"), 0xDEAD_BEE0)
    process.answer(question.number, Answer.RETRY)
    question = asked(workshop, process)
    assert question.place is not None
    assert (question.place.fault, question.place.code_offset) == (
        FaultKind.BAD_INDIRECT_CALL,
        program.labels["bad"],
    )
    process.answer(question.number, Answer.DECLINE)
    assert process.wait(None)
    assert process.stop().code_offset == program.labels["bad"]


def test_a_fault_before_a_shape_may_skip_into_its_first_instruction(workshop: Workshop) -> None:
    code = f"movl $32, %eax\nmovb %gs:{REGION}(,%eiz), %cl\n" + CALL_BY_POINTER.split("\n", 2)[2]
    source = function("main", code) + function("other", "movl $5, %eax\nretq")
    process = kept(workshop, source, pages=1)
    question = asked(workshop, process)
    process.answer(question.number, Answer.SKIP)
    assert process.wait(None)
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 5)


# --- answers ---------------------------------------------------------------------------------------------------------


def test_only_the_first_answer_counts(workshop: Workshop) -> None:
    load = f"movb %gs:{REGION}(,%eiz), %al\n"
    process = kept(workshop, function("main", f"{load}{load}xorl %eax, %eax\nretq"), pages=1)
    first = asked(workshop, process)
    process.answer(first.number, Answer.SKIP)
    second = asked(workshop, process)
    assert second.number != first.number
    for stale in (first.number, second.number + 1, 0, 2**64 - 1):
        with pytest.raises(InvalidCap):
            process.answer(stale, Answer.DECLINE)
        with pytest.raises(InvalidCap):
            process.supply(stale, REGION, PAGE_SIZE, b"", True)
        with pytest.raises(InvalidCap):
            process.protect(stale, REGION, PAGE_SIZE, True)
        with pytest.raises(InvalidCap):
            process.withdraw(stale, REGION, PAGE_SIZE)
        with pytest.raises(InvalidCap):
            process.write_memory(stale, DATA, b"x")
        with pytest.raises(InvalidCap):
            process.set_register(stale, 0, 0)
    process.answer(second.number, Answer.SKIP)
    with pytest.raises(InvalidCap):
        process.answer(second.number, Answer.SKIP)
    assert process.wait(None)
    assert process.stop().reason is StopReason.EXITED


def test_a_process_that_is_killed_while_it_asks_ends_and_takes_no_answer(workshop: Workshop) -> None:
    process = kept(workshop, function("main", "ud2"))
    question = asked(workshop, process)
    assert process.state() == "faulted"
    process.kill()
    assert process.wait(None)
    assert process.stop().reason is StopReason.KILLED
    assert process.question() is None
    with pytest.raises(InvalidCap):
        process.answer(question.number, Answer.DECLINE)


def test_a_process_can_be_closed_while_it_asks(workshop: Workshop) -> None:
    process = kept(workshop, function("main", "ud2"))
    asked(workshop, process)
    process.close()
    assert process.state() == "closed"


def test_a_process_that_is_suspended_while_it_asks_goes_on_when_it_is_answered_and_resumed(workshop: Workshop) -> None:
    process = kept(workshop, function("main", f"movb %gs:{REGION}(,%eiz), %al\nxorl %eax, %eax\nretq"), pages=1)
    question = asked(workshop, process)
    process.suspend()
    process.answer(question.number, Answer.SKIP)
    assert process.state() == "suspended"
    assert not process.wait(5 * MILLISECOND)
    process.resume()
    assert process.wait(None)
    assert process.stop().reason is StopReason.EXITED


def test_the_wall_limit_ends_a_process_that_asks(workshop: Workshop) -> None:
    process = kept(workshop, function("main", "ud2"), wall_ns=20 * MILLISECOND)
    asked(workshop, process)
    assert process.wait(None)
    assert process.stop().reason is StopReason.WALL_LIMIT


def test_nobody_is_asked_unless_somebody_listens(workshop: Workshop) -> None:
    process = workshop.run(function("main", "ud2"))
    assert process.question() is None
    assert process.stop().fault is FaultKind.ILLEGAL_INSTRUCTION


# --- faults in kernel calls -----------------------------------------------------------------------------------------


def test_a_fault_of_a_kernel_call_has_no_registers_and_is_not_let_pass(workshop: Workshop) -> None:
    jump = f"pushq %rbx\nxorl %ecx, %ecx\nidivl %ecx\nmovl ${DATA}, %edi\nmovl $1, %esi\ncall LONGJMP\nud2"
    process = kept(workshop, function("main", jump))
    first = asked(workshop, process)
    assert first.place is not None and first.place.registers is not None
    process.answer(first.number, Answer.SKIP)
    second = asked(workshop, process)
    assert second.place is not None
    assert (second.ask, second.in_call, second.place.fault) == (Ask.FAULT, True, FaultKind.BAD_LONG_JUMP)
    assert second.place.registers is None
    with pytest.raises(ValueError, match="this register cannot be set here"):
        process.set_register(second.number, 0, 0)
    process.answer(second.number, Answer.DECLINE)
    assert process.wait(None)
    assert (process.stop().reason, process.stop().fault) == (StopReason.FAULTED, FaultKind.BAD_LONG_JUMP)


# --- banks -----------------------------------------------------------------------------------------------------------


def grow(bank: core.Bank) -> Answer:
    bank.set_limit(bank.used + 512)
    return Answer.RETRY


def kept_bank() -> core.Bank:
    bank = core.Bank(None)
    bank.set_has_keeper(True)
    return bank


def test_the_break_grows_when_the_banks_keeper_helps_and_not_otherwise(workshop: Workshop) -> None:
    start = DATA_STACK_END + DATA_STACK_GAP
    for helps in (True, False):
        bank = kept_bank()
        asked_for: list[int] = []

        def keeper(_process: core.Process, question: Question) -> Answer:
            assert (question.ask, question.place, question.bank_identity) == (Ask.BANK, None, bank.identity)  # noqa: B023
            asked_for.append(question.pages)  # noqa: B023
            return grow(bank) if helps else Answer.DECLINE  # noqa: B023

        bank.set_limit(200)
        results, _process, questions = kept_script(workshop, [(BRK, 0), (BRK, start + (1 << 20))], keeper, 0, bank=bank)
        assert results[0] == start
        assert results[1] == (start + (1 << 20) if helps else start)
        assert questions and asked_for[0] >= 256


def test_a_stack_grows_when_the_banks_keeper_helps_and_overflows_otherwise(workshop: Workshop) -> None:
    high = f"movb $1, %gs:{DATA_STACK_END - 1}(,%eiz)\nxorl %eax, %eax\nretq"
    for helps in (True, False):
        bank = kept_bank()
        process = workshop.spawn(function("main", high), bank=bank)
        bank.set_limit(bank.used + 4)
        process.want_events(core.Event.EXIT | core.Event.BANK)
        process.start()
        questions = serve(workshop, process, lambda _question: grow(bank) if helps else Answer.DECLINE)  # noqa: B023
        assert [question.ask for question in questions] == [Ask.BANK]
        stop = process.stop()
        if helps:
            assert stop.reason is StopReason.EXITED
        else:
            assert (stop.reason, stop.value, stop.fault) == (StopReason.FAULTED, 1, FaultKind.DATA_STACK_OVERFLOW)


def test_a_stack_that_no_bank_pays_for_is_a_fault_for_the_processs_keeper(workshop: Workshop) -> None:
    high = f"movb $1, %gs:{DATA_STACK_END - 1}(,%eiz)\nxorl %eax, %eax\nretq"
    for last in (Answer.DECLINE, Answer.SKIP, Answer.RETRY):
        bank = kept_bank()
        process = workshop.spawn(function("main", high), bank=bank)
        bank.set_limit(bank.used + 4)
        process.want_events(core.Event.EXIT | core.Event.QUESTION)
        process.start()

        def keeper(question: Question, bank: core.Bank = bank, last: Answer = last) -> Answer:
            if question.ask == Ask.FAULT and last is Answer.RETRY:
                grow(bank)
            return Answer.DECLINE if question.ask == Ask.BANK else last

        questions = serve(workshop, process, keeper)
        assert [question.ask for question in questions] == [Ask.BANK, Ask.FAULT]
        assert questions[0].number != questions[1].number
        assert questions[1].place is not None
        assert questions[1].place.fault is FaultKind.DATA_STACK_OVERFLOW
        stop = process.stop()
        assert (stop.reason, stop.value) == (
            (StopReason.FAULTED, 1) if last is Answer.DECLINE else (StopReason.EXITED, 0)
        )


def test_a_read_into_a_stack_that_a_banks_keeper_pays_for_loses_no_byte(workshop: Workshop) -> None:
    out, into = pipe(workshop)
    os.write(into, b"all of it")
    bank = kept_bank()
    asks = 0

    def keeper(_process: core.Process, _question: Question) -> Answer:
        nonlocal asks
        asks += 1
        return grow(bank)

    buffer = DATA_STACK_END - PAGE_SIZE
    bank.set_limit(150)
    results, process, _questions = kept_script(
        workshop, [(READ, 0, buffer, 9)], keeper, 0, bank=bank, streams=(out, -1, -1)
    )
    assert asks > 0
    assert results == [9]
    assert process.read_memory(buffer, 9) == b"all of it"


def test_a_call_that_moved_bytes_before_a_bank_refused_is_not_done_again(workshop: Workshop, tmp_path: Path) -> None:
    """Of two buffers the second one is on a stack that cannot grow: what was read into the first one counts."""
    piece, first, second = 64 * 1024, DATA + PAGE_SIZE, DATA_STACK[0] + 2 * PAGE_SIZE
    contents = os.urandom(2 * piece)
    (tmp_path / "file").write_bytes(contents)
    bank = kept_bank()

    def supply_vectors(process: core.Process, question: Question) -> Answer:
        assert question.ask == Ask.ACCESS
        vectors = struct.pack("<4Q", first, piece, second, piece)
        process.supply(question.number, REGION, PAGE_SIZE, vectors, True)
        bank.set_limit(bank.used)
        return Answer.RETRY

    with (tmp_path / "file").open("rb") as file:
        results, process, questions = kept_script(
            workshop, [(READV, 0, REGION, 2)], supply_vectors, 1, bank=bank, streams=(file.fileno(), -1, -1)
        )
        assert (results, len(questions)) == ([piece], 1)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == piece
    assert process.read_memory(first, piece) == contents[:piece]
