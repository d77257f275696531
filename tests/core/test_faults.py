"""Every way in which a guest can fault, with the kind, the place and the address that the core reports."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest

from core.snippets import DATA, DATA_STACK_END, NATIVE_STACK_TOP, RODATA, Workshop, function, read_words
from motte import core
from motte.abi.faults import FaultKind, StopReason
from motte.abi.layout import DATA_STACK_GAP, EXCHANGE_END, MAP_BASE

pytestmark = pytest.mark.usefixtures("reaching")

HAS_AVX512 = core.host_features()["avx512"]


@dataclass(frozen=True)
class PageFault:
    code: str
    kind: FaultKind
    access: str
    address: int


PAGE_FAULTS = {
    "null read": PageFault("movl %gs:8(,%eiz), %eax", FaultKind.NULL_PAGE, "read", 8),
    "null write": PageFault("movl %eax, %gs:0(,%eiz)", FaultKind.NULL_PAGE, "write", 0),
    "end of the null page": PageFault("movb %al, %gs:0xffff(,%eiz)", FaultKind.NULL_PAGE, "write", 0xFFFF),
    "wild read": PageFault(f"movl %gs:{MAP_BASE}(,%eiz), %eax", FaultKind.UNMAPPED, "read", MAP_BASE),
    "wild write": PageFault(f"movl %eax, %gs:{MAP_BASE}(,%eiz)", FaultKind.UNMAPPED, "write", MAP_BASE),
    "read-modify-write": PageFault(f"lock incl %gs:{MAP_BASE}(,%eiz)", FaultKind.UNMAPPED, "write", MAP_BASE),
    "kernel-half pointer": PageFault(
        "movabsq $0xffff800000001000, %rax\nmovl %gs:(%eax), %ecx", FaultKind.NULL_PAGE, "read", 0x1000
    ),
    "4 GiB wrap": PageFault(
        "movq $-8, %rax\nmovq $16, %rcx\nmovl %gs:(%eax,%ecx), %edx", FaultKind.NULL_PAGE, "read", 8
    ),
    "negative displacement": PageFault("movl %gs:-4096(,%eiz), %eax", FaultKind.UNMAPPED, "read", 0xFFFF_F000),
    "last byte": PageFault("movb %gs:0xffffffff(,%eiz), %al", FaultKind.UNMAPPED, "read", 0xFFFF_FFFF),
    "exchange area": PageFault(
        f"movb %gs:{EXCHANGE_END - 1}(,%eiz), %al", FaultKind.UNMAPPED, "read", EXCHANGE_END - 1
    ),
    "constant": PageFault(f"movl %eax, %gs:{RODATA}(,%eiz)", FaultKind.READ_ONLY, "write", RODATA),
    "information page": PageFault("movl %eax, %gs:0x10000(,%eiz)", FaultKind.READ_ONLY, "write", 0x1_0000),
    "below the data stack": PageFault(
        f"movl %eax, %gs:{DATA_STACK_END}(,%eiz)", FaultKind.DATA_STACK_OVERFLOW, "write", DATA_STACK_END
    ),
    "low end of the gap": PageFault(
        f"movl %gs:{DATA_STACK_END + DATA_STACK_GAP - 4}(,%eiz), %eax",
        FaultKind.DATA_STACK_OVERFLOW,
        "read",
        DATA_STACK_END + DATA_STACK_GAP - 4,
    ),
}


@pytest.mark.parametrize("name", PAGE_FAULTS)
def test_a_page_fault_has_its_kind_access_address_and_place(workshop: Workshop, name: str) -> None:
    expected = PAGE_FAULTS[name]
    program = workshop.program(function("main", f"nop\n{expected.code}\nhere:\nud2"))
    process = workshop.run(program)
    stop = process.stop()
    assert (stop.reason, stop.fault, stop.access) == (StopReason.FAULTED, expected.kind, expected.access)
    assert stop.address == expected.address
    assert stop.value == 0
    last_line = expected.code.rsplit("\n", 1)[-1]
    assert stop.code_offset is not None
    assert 0 < stop.code_offset < program.labels["here"], last_line
    assert process.statistics().faults == 1


OTHER_FAULTS = {
    "divide by zero": ("xorl %edx, %edx\nxorl %ecx, %ecx\nhere:\ndivl %ecx", FaultKind.DIVIDE),
    "overflowing division": (
        "movl $0x80000000, %eax\nmovl $-1, %edx\nmovl $-1, %ecx\nhere:\nidivl %ecx",
        FaultKind.DIVIDE,
    ),
    "trap": ("here:\nud2", FaultKind.ILLEGAL_INSTRUCTION),
}


@pytest.mark.parametrize("name", OTHER_FAULTS)
def test_other_faults_have_their_kind_and_place(workshop: Workshop, name: str) -> None:
    code, kind = OTHER_FAULTS[name]
    program = workshop.program(function("main", f"{code}\nud2"))
    stop = workshop.run(program).stop()
    assert (stop.reason, stop.fault) == (StopReason.FAULTED, kind)
    assert stop.code_offset == program.labels["here"]
    assert (stop.address, stop.access) == (None, None)


@dataclass(frozen=True)
class Misaligned:
    code: str
    access: str
    address: int


BASE = f"movl ${DATA}, %eax\nmovl ${DATA}, %r13d\nmovl $5, %ecx\nmovl $5, %r9d\n"

MISALIGNED = {
    "movaps": Misaligned("movaps %gs:(%eax,%ecx), %xmm0", "read", DATA + 5),
    "movdqa": Misaligned("movdqa %xmm9, %gs:8(%eax,%ecx,4)", "write", DATA + 28),
    "addps": Misaligned("addps %gs:-4(%r13d), %xmm0", "read", DATA - 4),
    "pshufb": Misaligned("pshufb %gs:0x101(%eax,%r9d,2), %xmm11", "read", DATA + 0x101 + 10),
    "pblendw": Misaligned("pblendw $3, %gs:1(%r13d,%r9d), %xmm0", "read", DATA + 6),
    "cmpxchg16b": Misaligned(f"lock cmpxchg16b %gs:{DATA + 8}(,%eiz)", "write", DATA + 8),
    "vmovaps": Misaligned(f"vmovaps %gs:{DATA + 16}(,%eiz), %ymm0", "read", DATA + 16),
    "vmovapd": Misaligned("vmovapd %ymm3, %gs:16(%r13d)", "write", DATA + 16),
    "vmovdqa": Misaligned("vmovdqa %xmm12, %gs:(%r13d,%r9d,4)", "write", DATA + 20),
    "vmovntdqa": Misaligned("vmovntdqa %gs:0x1010(%eax), %ymm0", "read", DATA + 0x1010),
    "vmovntps": Misaligned("vmovntps %ymm0, %gs:(%eax,%ecx)", "write", DATA + 5),
    "on the native stack": Misaligned("pushq %rax\npushq %rax\nmovaps %xmm0, (%rsp)", "write", NATIVE_STACK_TOP - 24),
}
if HAS_AVX512:
    MISALIGNED |= {
        "vmovaps, compressed displacement": Misaligned("vmovaps %gs:192(%eax,%ecx), %zmm20", "read", DATA + 197),
        "vmovdqa64": Misaligned("vmovdqa64 %zmm1, %gs:-128(%r13d,%r9d,8)", "write", DATA - 128 + 40),
        "vmovdqa32, 128 bits": Misaligned("vmovdqa32 %xmm17, %gs:32(%r13d,%r9d)", "write", DATA + 37),
    }


@pytest.mark.beside("the native stack ends a page lower in a cell")
@pytest.mark.parametrize("name", MISALIGNED)
def test_a_misaligned_access_has_its_place_access_and_address(workshop: Workshop, name: str) -> None:
    expected = MISALIGNED[name]
    setup, _, last = f"{BASE}{expected.code}".rpartition("\n")
    program = workshop.program(function("main", f"{setup}\nhere:\n{last}\nud2"))
    stop = workshop.run(program).stop()
    assert (stop.reason, stop.fault) == (StopReason.FAULTED, FaultKind.MISALIGNED)
    assert (stop.code_offset, stop.access) == (program.labels["here"], expected.access)
    assert stop.address == expected.address


UNALIGNED = {
    "movups": f"movups %gs:{DATA + 8}(,%eiz), %xmm0",
    "movdqu": f"movdqu %gs:{DATA + 1}(,%eiz), %xmm0",
    "vmovups": f"vmovups %gs:{DATA + 16}(,%eiz), %ymm0",
    "vaddps": f"vaddps %gs:{DATA + 4}(,%eiz), %ymm0, %ymm0",
}


@pytest.mark.parametrize("name", UNALIGNED)
def test_an_access_that_may_be_unaligned_is_no_fault(workshop: Workshop, name: str) -> None:
    stop = workshop.run(function("main", f"{UNALIGNED[name]}\nxorl %eax, %eax\nretq")).stop()
    assert (stop.reason, stop.value) == (StopReason.EXITED, 0)


INDIRECT_CALL = """
movl %eax, %r10d
andl $MASK, %r10d
cmpl $1, FT+8(%r10)
jne here
callq *FT(%r10)
retq
here:
ud2
"""


@pytest.mark.parametrize("pointer", [0, 3 * 16, 0xFFFF_FFFF, 0x1_2340], ids=hex)
def test_an_indirect_call_through_a_bad_pointer_is_named(workshop: Workshop, pointer: int) -> None:
    source = function("main", f"movl ${pointer}, %eax\n{INDIRECT_CALL}") + function("other", "movl $5, %eax\nretq")
    program = workshop.program(source)
    stop = workshop.run(program).stop()
    assert (stop.fault, stop.code_offset) == (FaultKind.BAD_INDIRECT_CALL, program.labels["here"])
    assert (stop.address, stop.access) == (pointer & 0xF0, None)


def test_an_indirect_call_through_a_good_pointer_arrives(workshop: Workshop) -> None:
    source = function("main", f"movl $32, %eax\n{INDIRECT_CALL}") + function("other", "movl $5, %eax\nretq")
    stop = workshop.run(source).stop()
    assert (stop.reason, stop.value) == (StopReason.EXITED, 5)


def test_a_wide_access_across_the_windows_end_does_not_reach_what_lies_behind(workshop: Workshop) -> None:
    size = 64 if HAS_AVX512 else 32
    register = "%zmm0" if HAS_AVX512 else "%ymm0"
    for distance in (1, size - 1):
        stop = workshop.run(function("main", f"vmovups {register}, %gs:{2**32 - distance}(,%eiz)\nud2")).stop()
        assert (stop.fault, stop.access) == (FaultKind.UNMAPPED, "write")
        assert stop.address is not None
        assert 2**32 - distance <= stop.address <= 2**32


@pytest.mark.parametrize("pointer", [0, 8, MAP_BASE, 2**32 - 8, 2**32 - 40], ids=hex)
def test_a_kernel_call_with_a_bad_pointer_gets_an_error_and_goes_on(workshop: Workshop, pointer: int) -> None:
    process = workshop.run(
        function(
            "main",
            f"pushq %rbx\nmovl $39, %edi\nmovl ${pointer}, %esi\ncall SYSCALL6\n"
            f"movq %rax, %gs:{DATA}(,%eiz)\npopq %rbx\nmovl $3, %eax\nretq",
        )
    )
    assert (process.stop().reason, process.stop().value) == (StopReason.EXITED, 3)
    assert struct.pack("<Q", read_words(process, DATA, 1)[0]) == struct.pack("<q", -14)  # EFAULT


def test_exit_status_is_a_32_bit_integer(workshop: Workshop) -> None:
    stop = workshop.run(function("main", "pushq %rax\nmovq $-3, %rdi\ncall EXIT\nud2")).stop()
    assert (stop.reason, stop.value, stop.fault, stop.registers) == (StopReason.EXITED, -3, None, None)
