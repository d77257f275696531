"""What a guest finds in its registers: results, zeros, and its own values; nothing else.

Every assertion is about all bytes of a dump (see ``register_dump``).
"""

from __future__ import annotations

import os

import pytest

from core.register_dump import (
    CALLEE_SAVED,
    DUMP_SIZE,
    OWN_GENERAL,
    OWN_MASKS,
    OWN_VECTORS,
    SOURCE_OF_VECTORS,
    differences,
    dump,
    expected,
    fill,
    own_value,
    store_vector,
)
from core.snippets import DATA, DATA_STACK_END, VARIABLES, Workshop, function, pipe, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.kernel_calls import KERNEL_CALLS

pytestmark = pytest.mark.usefixtures("reaching")

LEAVE = ["popq %rbx", "xorl %eax, %eax", "retq"]
DUMP_AND_EXIT = function("main", [*dump(DATA), "xorl %eax, %eax", "retq"])
BUFFER = DATA + 4 * DUMP_SIZE
SIX_ARGUMENTS = DATA + 3 * DUMP_SIZE
NO_FLAGS = dict.fromkeys("cpzso", 0)
OWN_RAX = f"movabsq ${OWN_GENERAL['rax']}, %rax"
OWN = expected(OWN_GENERAL, masks=OWN_MASKS, vectors=OWN_VECTORS)


def assert_shows(process: core.Process, wanted: bytes, at: int = DATA) -> None:
    assert process.stop().reason is StopReason.EXITED, process.stop()
    assert differences(process.read_memory(at, DUMP_SIZE), wanted) == []


def test_the_dump_would_show_what_is_in_a_register(workshop: Workshop) -> None:
    set_all_flags = ["movw $0xff01, %ax", "addb $0x7f, %al", "sahf", OWN_RAX]
    process = workshop.run(function("main", ["pushq %rbx", *fill(), *set_all_flags, *dump(DATA), *LEAVE]))
    assert_shows(process, expected(OWN_GENERAL, dict.fromkeys("capzso", 1), OWN_MASKS, OWN_VECTORS))


# --- entry -----------------------------------------------------------------------------------------------------------


def test_every_register_but_the_argument_is_zero_at_entry(workshop: Workshop) -> None:
    process = workshop.run(DUMP_AND_EXIT)
    block = read_words(process, DATA, 6)[5]
    assert read_words(process, block, 1) == [1]  # argc: the one argument is the initial block's address
    assert_shows(process, expected({"rdi": block}, NO_FLAGS))


@pytest.mark.parametrize("ending", [["ud2"], LEAVE], ids=["fault", "exit"])
def test_a_new_process_finds_nothing_of_one_that_ended_with_full_registers(
    workshop: Workshop, ending: list[str]
) -> None:
    full = workshop.program(function("main", ["pushq %rbx", *fill(), *ending]))
    look = workshop.program(DUMP_AND_EXIT)
    for _ in range(5):
        workshop.run(full).close()
        process = workshop.run(look)
        assert_shows(process, expected({"rdi": read_words(process, DATA, 6)[5]}, NO_FLAGS))
        process.close()


# --- gates -----------------------------------------------------------------------------------------------------------

WRITE, READ, CLOCK_GETTIME, GET_RANDOM, GET_CWD, UNKNOWN = 1, 0, 228, 318, 79, 0xFFFF
GATES = ["SYSCALL", "SYSCALL6"]
MESSAGE_GATES = [
    *("GRANT", "CAP_COPY", "CAP_DROP", "CAP_RESTRICT", "CAP_REVOKE", "CAP_KIND", "CHANNEL_CREATE"),
    *("SEND", "RECEIVE", "CALL", "REPLY", "REPLY_RECEIVE", "SELECT", "NOTIFY", "CAP_FORWARD", "CAP_RETARGET"),
    *("BLOCK_ALLOC", "BLOCK_MAP", "BLOCK_UNMAP", "BLOCK_SIZE", "BLOCK_SPLIT", "BLOCK_FREEZE", "BLOCK_FREE"),
    *("BLOCK_ALLOC_CHECKED", "BLOCK_OPEN", "BLOCK_COPY"),
]
HOST_GATES = ["HOST_FIND", "HOST_CALL"]
CALLS = {
    # A call's name: its number and arguments, and its result.
    "unknown": ((UNKNOWN,), -38),
    "bad pointer": ((GET_RANDOM, 0, 4096, 0), -14),
    "getrandom": ((GET_RANDOM, BUFFER, 4096, 0), 4096),
    "clock": ((CLOCK_GETTIME, 1, BUFFER), 0),
    "getcwd": ((GET_CWD, BUFFER, 4096), 2),
    "write": ((WRITE, 1, BUFFER, 4096), 4096),
    "read at the end": ((READ, 0, BUFFER, 4096), 0),
}


def call_gate(gate: str, call: tuple[int, ...]) -> list[str]:
    """A kernel call with every other register full."""
    number, *arguments = call
    if gate == "SYSCALL":
        registers = ["rsi", "rdx", "rcx", "r8", "r9"]
        passed = [f"movq ${argument}, %{name}" for name, argument in zip(registers, arguments, strict=False)]
        return [*fill(), f"movl ${number}, %edi", *passed, f"call {gate}"]
    stores = [f"movq ${argument}, %gs:{SIX_ARGUMENTS + 8 * i}(,%eiz)" for i, argument in enumerate(arguments)]
    return [*fill(), *stores, f"movl ${number}, %edi", f"movl ${SIX_ARGUMENTS}, %esi", f"call {gate}"]


def test_these_are_all_gates() -> None:
    tested = {"EXIT", *GATES, "SETJMP", "LONGJMP", "CHECK_POINTER", *MESSAGE_GATES, *HOST_GATES}
    assert {call.name for call in KERNEL_CALLS} == {f"motte_{gate.lower()}" for gate in tested}


INVALID_CAP, BAD_ADDRESS, NULL, FIRST_HANDLE = -1001, -14, 0, 1
ERRORS = {
    **dict.fromkeys(MESSAGE_GATES, INVALID_CAP),
    **dict.fromkeys(("GRANT", "CHANNEL_CREATE", "SEND", "CALL", "REPLY", "REPLY_RECEIVE", "CAP_FORWARD"), BAD_ADDRESS),
    "BLOCK_ALLOC": FIRST_HANDLE,  # 64 bytes
    "BLOCK_MAP": NULL,
    "BLOCK_ALLOC_CHECKED": FIRST_HANDLE,
    "BLOCK_OPEN": NULL,
    "HOST_FIND": BAD_ADDRESS,
}


@pytest.mark.parametrize("gate", [*MESSAGE_GATES, "HOST_FIND"])
def test_a_gate_for_messages_returns_own_values_an_error_and_zeros(workshop: Workshop, gate: str) -> None:
    """With a handle, or an address, that means nothing."""
    arguments = {"edi": 64, "esi": 1, "edx": 0, "ecx": 0, "r8d": 0}
    if gate == "SELECT":
        arguments["edi"] = BUFFER
    passed = [f"movl ${value}, %{name}" for name, value in arguments.items()]
    program = function("main", ["pushq %rbx", *fill(), *passed, f"call {gate}", *dump(DATA), *LEAVE])
    process = workshop.run(program)
    kept = {name: value for name, value in OWN_GENERAL.items() if name in CALLEE_SAVED}
    assert_shows(process, expected({"rax": ERRORS[gate] % (1 << 64), **kept}))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("gate", GATES)
def test_a_gate_returns_own_values_its_result_and_zeros(workshop: Workshop, gate: str, name: str) -> None:
    call, result = CALLS[name]
    program = function("main", ["pushq %rbx", *call_gate(gate, call), *dump(DATA), *LEAVE])
    empty = os.open(os.devnull, os.O_RDONLY)
    workshop.closers.append(lambda: os.close(empty))
    process = workshop.run(program, streams=(empty, pipe(workshop)[1], -1))
    kept = {name: value for name, value in OWN_GENERAL.items() if name in CALLEE_SAVED}
    assert_shows(process, expected({"rax": result % (1 << 64), **kept}))


def test_both_returns_of_setjmp_show_saved_values_the_result_and_zeros(workshop: Workshop) -> None:
    """The callee-saved registers of the longjmp's caller do not come through either."""
    other_values = [f"movabsq ${own_value(50 + i)}, %{name}" for i, name in enumerate(OWN_GENERAL)]
    program = function(
        "main",
        [
            *("pushq %rbx", *fill(), f"movl ${BUFFER}, %edi", "call SETJMP", f"cmpl $0, %gs:{VARIABLES}(,%eiz)"),
            *("jne again", f"movl $1, %gs:{VARIABLES}(,%eiz)", *dump(DATA), *other_values),
            *(f"movl ${BUFFER}, %edi", "movl $77, %esi", "call LONGJMP", "ud2"),
            *("again:", *dump(DATA + DUMP_SIZE), *LEAVE),
        ],
    )
    process = workshop.run(program, data_stack_variables=(0, 0))
    kept = {name: value for name, value in OWN_GENERAL.items() if name in CALLEE_SAVED}
    different = dict.fromkeys("cpzso", 0)  # of the comparison with one; the first time it was with zero
    assert_shows(process, expected({"rax": 0, **kept}))
    assert_shows(process, expected({"rax": 77, **kept}, different), DATA + DUMP_SIZE)


def test_a_passed_check_of_a_pointer_shows_own_values_and_zeros(workshop: Workshop) -> None:
    check = [*fill(), f"movl ${DATA}, %edi", "xorl %esi, %esi", f"movl ${BUFFER}, %edx", "call CHECK_POINTER"]
    process = workshop.run(function("main", ["pushq %rbx", *check, *dump(DATA), *LEAVE]))
    kept = {name: value for name, value in OWN_GENERAL.items() if name in CALLEE_SAVED}
    assert_shows(process, expected({"rax": 0, **kept}))


def test_the_exit_gate_never_comes_back(workshop: Workshop) -> None:
    process = workshop.run(function("main", ["pushq %rax", *fill(), "movl $7, %edi", "call EXIT", "ud2"]))
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 7)


# --- interruptions ---------------------------------------------------------------------------------------------------


def test_faults_that_are_resumed_disturb_no_register(workshop: Workshop) -> None:
    """The growth of the two stacks: the only faults after which a guest goes on."""
    touch_data_stack = f"movb $1, %gs:{DATA_STACK_END - 1}(,%eiz)"
    program = function(
        "main",
        [
            *("pushq %rbx", "subq $65520, %rsp", *fill(), f"cmpb $0, %gs:{VARIABLES - 8}(,%eiz)"),
            *(*dump(DATA), OWN_RAX, touch_data_stack, *dump(DATA + DUMP_SIZE), OWN_RAX, "pushq $0"),
            *(*dump(DATA + 2 * DUMP_SIZE), OWN_RAX, "popq %rbx", "addq $65520, %rsp", *LEAVE),
        ],
    )
    process = workshop.run(program)
    assert process.statistics().faults == 2
    for number in range(3):
        assert_shows(process, OWN, DATA + number * DUMP_SIZE)


# Checks its own registers over and over, all but the counter's, and leaves with 1 at the first difference.
def check_registers(times: int) -> list[str]:
    general = [name for name in OWN_GENERAL if name not in {"rax", "rsp"}]
    checks = []
    for name in general:
        checks += [f"movabsq ${OWN_GENERAL[name]}, %rax", f"cmpq %rax, %{name}", "jne different"]
    for n, value in enumerate(OWN_MASKS):
        checks += [f"movabsq ${value}, %rax", f"kmovq %k{n}, %gs:{VARIABLES - 8}(,%eiz)"]
        checks += [f"cmpq %rax, %gs:{VARIABLES - 8}(,%eiz)", "jne different"]
    for n in range(len(OWN_VECTORS)):
        place = SOURCE_OF_VECTORS + 64 * 40
        checks += [store_vector(n, place)]
        for i in range(len(OWN_VECTORS[n]) // 8):
            checks += [f"movq %gs:{SOURCE_OF_VECTORS + 64 * n + 8 * i}(,%eiz), %rax"]
            checks += [f"cmpq %rax, %gs:{place + 8 * i}(,%eiz)", "jne different"]
    counter = VARIABLES
    return [
        *("pushq %rbx", *fill(), f"movq ${times}, %gs:{counter}(,%eiz)", "again:", *checks),
        *(f"decq %gs:{counter}(,%eiz)", "jne again", *LEAVE, "different:", "popq %rbx", "movl $1, %eax", "retq"),
    ]


@pytest.mark.parametrize(
    ("rounds", "switches"), [(2_000_000, 4_000), pytest.param(500_000_000, 1_000_000, marks=pytest.mark.long)]
)
def test_a_storm_of_preemptions_disturbs_no_register(workshop: Workshop, rounds: int, switches: int) -> None:
    """Two guests of one worker compare all their registers again and again, in turns of 50 microseconds."""
    scheduler = core.Scheduler(1)
    scheduler.root.set_slice(50_000)
    program = workshop.program(function("main", check_registers(rounds)))
    processes = [
        workshop.spawn(program, data_stack_variables=(0, 0), meter=scheduler.root, cpu_ns=None, wall_ns=None)
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    for process in processes:
        assert process.wait(None)
        assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 0)
    assert sum(process.statistics().preemptions for process in processes) > switches


# --- what the host is shown ------------------------------------------------------------------------------------------


def test_the_stop_record_shows_the_registers_of_the_faulting_instruction(workshop: Workshop) -> None:
    program = workshop.program(function("main", [*fill(), "here:", "ud2"]))
    stop = workshop.run(program).stop()
    assert stop.fault is FaultKind.ILLEGAL_INSTRUCTION
    assert stop.code_offset == program.labels["here"]
    assert stop.registers is not None
    assert {name: stop.registers[name] for name in OWN_GENERAL} == OWN_GENERAL
    assert stop.registers["flags"] & ~0x8D5 == 0
