"""longjmp, claim by claim: every call site with every depth, of which only the live frames' are accepted.

The programs are written in assembly, so that the height of every call and the place of every frame is known here.
A buffer is eight words at DATA: rbx rbp r12 r13 r14 r15, the token (site << 32 | depth below the stack's top), and
one that the core leaves alone.
"""

from __future__ import annotations

import random
import struct
from typing import Final

import pytest

from core.snippets import DATA, DATA_SIZE, NATIVE_STACK_TOP, RODATA, SECOND, Program, Workshop, function, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import PAGE_SIZE
from motte.errors import BadState

pytestmark = pytest.mark.usefixtures("reaching")


def buffer(token: int, registers: tuple[int, ...] = (0, 0, 0, 0, 0, 0)) -> bytes:
    return struct.pack("<8Q", *registers, token % 2**64, 0)


def jumped(workshop: Workshop, program: Program, contents: bytes, **options: object) -> core.StopRecord:
    segments = [(RODATA, b"constant", PAGE_SIZE, False), (DATA, contents, DATA_SIZE, True)]
    return workshop.run(program, segments=segments, **options).stop()


def call(target: str, label: str, status: int) -> str:
    """A call; whoever resumes behind it ends the process with ``status``."""
    return f"call {target}\n{label}:\nmovl ${status}, %edi\ncall EXIT\nafter_{label}:\nud2"


JUMP: Final = f"movl ${DATA}, %edi\nmovl $7, %esi\n"

TOWER: Final = (
    function("main", "pushq %rbx\n" + call("outer", "in_main", 10))
    + function(
        "outer",
        "pushq %rbx\npushq %rbx\npushq %rbx\ntestl %ecx, %ecx\njne elsewhere\n"
        + call("middle", "in_outer", 20)
        + "\nelsewhere:\npushq %rax\n"
        + call("nothing", "in_outer_deeper", 21),
    )
    + function("middle", "subq $40, %rsp\n" + call("jumper", "in_middle", 30))
    + function("jumper", f"pushq %rbp\n{JUMP}" + call("LONGJMP", "in_jumper", 40))
    + function("nothing", "retq")
    + function("absent", "subq $40, %rsp\n" + call("nothing", "in_absent", 50))
)
HEIGHTS: Final = {"in_main": 8, "in_outer": 24, "in_outer_deeper": 32, "in_middle": 40, "in_jumper": 8, "in_absent": 40}
STATUS: Final = {"in_main": 10, "in_outer": 20, "in_outer_deeper": 21, "in_middle": 30, "in_jumper": 40}
FRAMES: Final = {
    # Bytes from the frame's own return address up to the stack's top.
    "in_main": 8,
    "in_outer": 8 + 8 + 8,
    "in_outer_deeper": 8 + 8 + 8,
    "in_middle": 24 + 24 + 8,
    "in_jumper": 56 + 40 + 8,
}
DEEPEST: Final = FRAMES["in_jumper"] + 64


def expected(label: str, depth: int) -> int | None:
    """The status with which a jump ends, or ``None`` for a fault."""
    site = label.removeprefix("after_")
    if site not in FRAMES or depth != FRAMES[site] + HEIGHTS[site]:
        return None
    return STATUS[site] if site == label else -1


@pytest.mark.parametrize("label", [*HEIGHTS, *(f"after_{site}" for site in HEIGHTS)])
def test_a_call_site_is_accepted_at_the_one_depth_of_its_live_frame(workshop: Workshop, label: str) -> None:
    program = workshop.program(TOWER)
    accepted = 0
    for depth in range(0, DEEPEST, 4):
        stop = jumped(workshop, program, buffer(program.labels[label] << 32 | depth))
        status = expected(label, depth)
        if status is None:
            assert (stop.fault, stop.address, stop.access) == (FaultKind.BAD_LONG_JUMP, DATA, "read"), depth
            continue
        accepted += 1
        if status < 0:
            assert (stop.fault, stop.code_offset) == (FaultKind.ILLEGAL_INSTRUCTION, program.labels[label])
        else:
            assert (stop.reason, stop.value) == (StopReason.EXITED, status)
    assert accepted == (label.removeprefix("after_") in FRAMES)


def test_a_code_offset_that_is_no_call_site_is_never_accepted(workshop: Workshop) -> None:
    program = workshop.program(TOWER)
    depth = FRAMES["in_middle"] + HEIGHTS["in_middle"]
    sites = {program.labels[name] for site in HEIGHTS for name in (site, f"after_{site}")}
    for offset in range(program.labels["trap"] + 4):
        if offset not in sites:
            assert jumped(workshop, program, buffer(offset << 32 | depth)).fault is FaultKind.BAD_LONG_JUMP, offset


def test_random_words_are_never_accepted(workshop: Workshop) -> None:
    program = workshop.program(TOWER)
    numbers = random.Random(7)
    site = program.labels["in_middle"] << 32
    tokens = [numbers.getrandbits(64) for _ in range(100)]
    tokens += [site | numbers.getrandbits(32) | 1 << 20 for _ in range(100)]
    tokens += [2**64 - 1, 2**63, 0, site, site | 0xFFFF_FFF8, site | 0x8000_0000]
    for token in tokens:
        stop = jumped(workshop, program, buffer(token, tuple(numbers.getrandbits(64) for _ in range(6))))
        assert stop.fault is FaultKind.BAD_LONG_JUMP, hex(token)


REGISTERS: Final = ("rbx", "rbp", "r12", "r13", "r14", "r15")
STORE_ALL: Final = "\n".join(f"movq %{name}, %gs:{DATA + 128 + 8 * i}(,%eiz)" for i, name in enumerate(REGISTERS))
CLEAR_ALL: Final = "\n".join(f"xorl %{name}, %{name}" for name in ("ebx", "ebp", "r12d", "r13d", "r14d", "r15d"))
BACK_AND_FORTH: Final = function(
    "main",
    "\n".join(f"movq ${0x1111 * (i + 1)}, %{name}" for i, name in enumerate(REGISTERS))
    + f"\nmovl ${DATA}, %edi\ncall SETJMP\nmovq %rax, %gs:{DATA + 256}(,%eiz)\ntestl %eax, %eax\njne done\n"
    + f"{CLEAR_ALL}\nmovl ${DATA}, %edi\nmovq %gs:{DATA + 512}(,%eiz), %rsi\ncall LONGJMP\nud2\ndone:\n{STORE_ALL}\n"
    + "xorl %eax, %eax\nretq",
)


@pytest.mark.parametrize(
    ("value", "result"),
    [(7, 7), (0, 1), (1, 1), (2**31 - 1, 2**31 - 1), (2**64 - 5, 2**64 - 5), (1 << 32, 1), (2**31, 2**64 - 2**31)],
)
def test_setjmp_gives_back_its_callers_registers_and_the_value(workshop: Workshop, value: int, result: int) -> None:
    segments = [(RODATA, b"", PAGE_SIZE, False), (DATA, bytes(512) + struct.pack("<Q", value), DATA_SIZE, True)]
    process = workshop.run(BACK_AND_FORTH, segments=segments)
    assert process.stop().reason is StopReason.EXITED, process.stop()
    assert read_words(process, DATA + 128, 6) == [0x1111 * (i + 1) for i in range(6)]
    assert read_words(process, DATA + 256, 1) == [result]


def test_a_buffer_holds_registers_and_no_address_of_the_host(workshop: Workshop) -> None:
    program = workshop.program(BACK_AND_FORTH)
    process = workshop.run(program)
    *registers, token, untouched = read_words(process, DATA, 8)
    assert registers == [0x1111 * (i + 1) for i in range(6)]
    assert token & 0xFFFF_FFFF == 8, "the stack pointer of an entry function's body, below the stack's top"
    assert token >> 32 < program.labels["done"]
    assert untouched == 0


HIGH_SITE: Final = (
    function(
        "main",
        f"movl $7, %ecx\nsubq $60000, %rsp\ncall shallow\n{JUMP}movl %gs:{DATA + 64}(,%eiz), %ecx\ncall jumper\nud2",
    )
    + function(
        "jumper",
        f"testl %ecx, %ecx\njne deep\n{JUMP}call LONGJMP\nud2\n"
        "deep:\nsubq $60000, %rsp\ncall shallow\nin_deep:\nmovl $11, %edi\ncall EXIT\nud2",
    )
    + function("shallow", "retq")
)


def test_a_site_whose_stack_was_never_mapped_is_no_place_to_go(workshop: Workshop) -> None:
    """The frame is live and the site is its function's, but the stack pointer would lie in untouched memory."""
    program = workshop.program(HIGH_SITE)
    token = program.labels["in_deep"] << 32 | (8 + 60000 + 8 + 60000)
    assert jumped(workshop, program, buffer(token)).fault is FaultKind.BAD_LONG_JUMP


def test_the_same_site_is_one_once_its_stack_is_mapped(workshop: Workshop) -> None:
    touching = "function shallow\nsubq $64000, %rsp\npushq %rax\naddq $64008, %rsp\nretq"
    source = HIGH_SITE.replace("function shallow\nretq", touching)
    program = workshop.program(source)
    token = program.labels["in_deep"] << 32 | (8 + 60000 + 8 + 60000)
    stop = jumped(workshop, program, buffer(token))
    assert (stop.reason, stop.value) == (StopReason.EXITED, 11)


@pytest.mark.parametrize("place", [0, 0x7000_0000, DATA + DATA_SIZE - 32, 0xFFFF_FFE0], ids=hex)
@pytest.mark.parametrize(("gate", "access"), [("SETJMP", "write"), ("LONGJMP", "read")])
def test_a_buffer_that_is_not_accessible_is_misuse(workshop: Workshop, place: int, gate: str, access: str) -> None:
    stop = workshop.run(function("main", f"movl ${place}, %edi\ncall {gate}\nxorl %eax, %eax\nretq")).stop()
    assert (stop.fault, stop.access, stop.address) == (FaultKind.KERNEL_CALL_MISUSE, access, place)


def test_constants_are_no_place_for_a_buffer(workshop: Workshop) -> None:
    stop = workshop.run(function("main", f"movl ${RODATA}, %edi\ncall SETJMP\nxorl %eax, %eax\nretq")).stop()
    assert (stop.fault, stop.access, stop.address) == (FaultKind.KERNEL_CALL_MISUSE, "write", RODATA)


RECURSION: Final = function("main", f"movl ${DATA}, %edi\ncall SETJMP\nmovl $400000, %ecx\ncall down\nud2") + function(
    "down", f"subl $1, %ecx\njne more\n{JUMP}call LONGJMP\nud2\nmore:\ncall down\nretq"
)


def test_a_long_walk_does_not_outlive_the_limit(workshop: Workshop) -> None:
    process = workshop.spawn(RECURSION, native_stack=64 << 20, cpu_ns=SECOND // 5)
    process.start()
    assert process.wait(20 * SECOND)
    assert process.stop().reason is StopReason.CPU_LIMIT
    assert process.statistics().cpu_ns < SECOND


SHAPE: Final = """
again:
movl %eax, %r10d
andl $MASK, %r10d
cmpl $1, FT+8(%r10)
jne wrong
callq *FT(%r10)
behind:
retq
wrong:
ud2
"""


@pytest.mark.beside("the native stack ends a page lower in a cell")
def test_a_stop_inside_a_checked_call_is_shown_at_its_first_instruction(workshop: Workshop) -> None:
    """Only the call itself touches the stack, so that is where the stack ends."""
    program = workshop.program(function("main", f"movl $16, %eax\n{SHAPE}"))
    process = workshop.run(program)
    stop = process.stop()
    assert (stop.fault, stop.code_offset) == (FaultKind.NATIVE_STACK_OVERFLOW, program.labels["again"])
    total, numbered = process.frames(4)
    assert total == ((1 << 20) + PAGE_SIZE + NATIVE_STACK_TOP) // 8 - 1
    assert numbered == [(number, program.labels["behind"]) for number in (0, 1, 2, total - 1)]


def test_frames_are_told_of_a_stopped_process_only(workshop: Workshop) -> None:
    process = workshop.spawn(function("main", "retq"))
    with pytest.raises(BadState, match="has not ended"):
        process.frames(4)


def test_a_process_that_never_ran_has_no_frames(workshop: Workshop) -> None:
    process = workshop.spawn(function("main", "retq"))
    process.kill()
    assert process.frames(4) == (0, [])
