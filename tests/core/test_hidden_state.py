"""What no dump of registers can show: the modes are the guest's own, and other state is out of its reach."""

from __future__ import annotations

import ctypes
import struct

import pytest

from core.snippets import DATA, RODATA, Workshop, claims_of, filled, function
from motte.abi.faults import StopReason
from motte.verifier import verify

pytestmark = pytest.mark.usefixtures("reaching")

FLUSH_TO_ZERO, DENORMALS_ARE_ZERO, UPWARD, DIVISION_FAULTS = 1 << 15, 1 << 6, 2 << 13, 1 << 9
SMALLEST_NORMAL = 2.0**-1022


def test_the_hosts_floating_point_modes_do_not_reach_the_guest(workshop: Workshop) -> None:
    """Its rounding, its treatment of small numbers and its unmasked exceptions; nor after a gate."""
    operands = [(1.0, 3.0), (SMALLEST_NORMAL, 2.0), (SMALLEST_NORMAL / 4, 0.5), (1.0, 0.0)]
    lines = []
    for result_at in (DATA, DATA + 64):
        lines += ["movl $39, %edi", "call SYSCALL"] if result_at != DATA else []
        for i in range(len(operands)):
            lines += [f"movsd %gs:{RODATA + 16 * i}(,%eiz), %xmm0", f"divsd %gs:{RODATA + 16 * i + 8}(,%eiz), %xmm0"]
            lines += [f"movsd %xmm0, %gs:{result_at + 8 * i}(,%eiz)"]
    program = workshop.program(function("main", ["pushq %rbx", *lines, "popq %rbx", "xorl %eax, %eax", "retq"]))
    contents = b"".join(struct.pack("<2d", *pair) for pair in operands)
    segments = [(RODATA, contents, 4096, False), (DATA, b"", 4096, True)]
    process = workshop.spawn(program, segments=segments, data_stack_variables=(0, 0))
    with HostModes(FLUSH_TO_ZERO | DENORMALS_ARE_ZERO | UPWARD, DIVISION_FAULTS):
        process.start()  # its thread inherits them
        assert process.wait(5_000_000_000)
    assert process.stop().reason is StopReason.EXITED, process.stop()
    wanted = struct.pack("<4d", 1 / 3, SMALLEST_NORMAL / 2, SMALLEST_NORMAL / 2, float("inf"))
    assert process.read_memory(DATA, 32) == process.read_memory(DATA + 64, 32) == wanted


class HostModes:
    """Bits of this thread's MXCSR, set and cleared for a while."""

    def __init__(self, to_set: int, to_clear: int) -> None:
        self.to_set, self.to_clear = to_set, to_clear
        self.mathematics = ctypes.CDLL("libm.so.6")
        self.saved, self.changed = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)

    def __enter__(self) -> None:
        assert self.mathematics.fegetenv(self.saved) == 0
        self.changed.raw = self.saved.raw
        mxcsr_at = 28  # in the fenv_t of x86-64
        (mxcsr,) = struct.unpack_from("<I", self.saved, mxcsr_at)
        struct.pack_into("<I", self.changed, mxcsr_at, mxcsr & ~self.to_clear | self.to_set)
        assert self.mathematics.fesetenv(self.changed) == 0

    def __exit__(self, *_: object) -> None:
        assert self.mathematics.fesetenv(self.saved) == 0


HIDDEN_STATE = {
    "MXCSR": ["stmxcsr", "vstmxcsr", "ldmxcsr", "vldmxcsr"],
    "all at once": ["fxsave", "fxsave64", "xsave", "xsavec", "xsaveopt", "fxrstor", "xrstor"],
    "x87": ["fnstenv", "fnstcw", "fnstsw", "fnsave", "fldcw"],
    "descriptor tables": ["sgdt", "sidt", "sldt", "str", "smsw"],
}
HIDDEN_REGISTERS = [
    *("pushfq", "rdfsbase %rax", "rdgsbase %rax", "wrfsbase %rax", "wrgsbase %rax", "movl %cs, %eax", "movl %fs, %eax"),
    *("rdpkru", "xgetbv", "rdtsc", "rdtscp", "rdpid %rax", "cpuid", "movq %mm0, %rax", "rdsspq %rax", "smsw %eax"),
]


@pytest.mark.parametrize(
    "text", [*(f"{name} %gs:(%eax)" for names in HIDDEN_STATE.values() for name in names), *HIDDEN_REGISTERS]
)
def test_other_state_cannot_be_read_or_changed(workshop: Workshop, text: str) -> None:
    region, assembled = filled(workshop, function("main", [text, "xorl %eax, %eax", "retq"]))
    verdict = verify(claims_of(region, assembled))
    assert not verdict.ok
    assert (verdict.violations[0].rule, verdict.violations[0].offset) == ("D5", 0)
