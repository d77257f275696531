"""A process finds nothing of the one that had its slot before."""

from __future__ import annotations

import struct

from core.snippets import DATA, DATA_STACK, Workshop, function, read_words
from motte.abi.faults import FaultKind, StopReason

LOW, SIZE = DATA_STACK
BREAK = LOW + SIZE
HEAP = 1 << 20
SECRET = 0x5EC2E7_5EC2E7

GROW_HEAP = f"movl $12, %edi\nmovl ${BREAK + HEAP}, %esi\ncall SYSCALL\n"

# Fills the data stack (64 KiB below its block), the heap and 32 KiB of native stack with one value.
FILL = function(
    "main",
    f"""
pushq %rbx
{GROW_HEAP}
movabsq ${SECRET}, %rax
movl ${LOW}, %ebx
again:
movq %rax, %gs:(%ebx)
addl $8, %ebx
cmpl ${BREAK + HEAP}, %ebx
jb again
subq $32768, %rsp
{"".join(f"movq %rax, {at}(%rsp)" + chr(10) for at in range(0, 32768, 8))}
addq $32768, %rsp
popq %rbx
xorl %eax, %eax
retq
""",
)

# Ors together the whole heap, and 32 KiB of native stack that it never wrote to.
LOOK = function(
    "main",
    f"""
pushq %rbx
{GROW_HEAP}
xorl %eax, %eax
movl ${BREAK}, %ebx
again:
orq %gs:(%ebx), %rax
addl $8, %ebx
cmpl ${BREAK + HEAP}, %ebx
jb again
movq %rax, %gs:DATA(,%eiz)
xorl %eax, %eax
subq $32768, %rsp
{"".join(f"orq {at}(%rsp), %rax" + chr(10) for at in range(0, 32760, 8))}
addq $32768, %rsp
movq %rax, %gs:DATA+8(,%eiz)
popq %rbx
xorl %eax, %eax
retq
""",
)


def test_a_recycled_slot_carries_no_byte_of_its_predecessor(workshop: Workshop) -> None:
    fill, look = workshop.program(FILL), workshop.program(LOOK)
    for _ in range(20):
        first = workshop.run(fill)
        assert first.stop().reason is StopReason.EXITED
        assert read_words(first, BREAK + HEAP - 8, 1) == [SECRET]
        first.close()
        second = workshop.run(look)
        assert second.stop().reason is StopReason.EXITED
        # 32760 bytes below the top lies what the kernel call's return address left: that one slot was not looked at.
        assert read_words(second, DATA, 2) == [0, 0]
        assert not any(second.read_memory(LOW + SIZE - 65536, 65536 - 1024))
        second.close()


def test_mappings_of_the_predecessor_are_gone(workshop: Workshop) -> None:
    fill = workshop.program(FILL)
    read_heap = workshop.program(function("main", f"movl %gs:{BREAK}(,%eiz), %eax\nud2"))
    for _ in range(5):
        workshop.run(fill).close()
        process = workshop.run(read_heap)
        assert process.stop().fault is FaultKind.UNMAPPED
        process.close()


def test_a_slot_of_a_killed_process_is_clean_too(workshop: Workshop) -> None:
    endless = workshop.program(FILL.replace("xorl %eax, %eax\nretq", "spin:\njmp spin"))
    look = workshop.program(LOOK)
    for _ in range(10):
        process = workshop.spawn(endless)
        process.start()
        while process.statistics().cpu_ns < 1_000_000:
            pass
        process.close()
        second = workshop.run(look)
        assert read_words(second, DATA, 2) == [0, 0]
        second.close()


def test_a_reused_code_region_holds_only_traps(workshop: Workshop) -> None:
    long_program = function("main", "movabsq $0x5ec2e75ec2e7, %rax\n" * 300 + "xorl %eax, %eax\nretq")
    short_program = function("main", "xorl %eax, %eax\nretq")
    first = workshop.program(long_program)
    base = first.region.base
    first.region.close()
    second = workshop.program(short_program)
    assert second.region.base == base
    with second.region.code_view() as code:
        assert bytes(code).rstrip(b"\xcc") == b"\x31\xc0\xc3\x0f\x0b"
        assert struct.pack("<Q", SECRET)[:6] not in bytes(code)


def test_random_bytes_differ_between_processes(workshop: Workshop) -> None:
    program = workshop.program(function("main", "movq %rdi, %gs:DATA(,%eiz)\nxorl %eax, %eax\nretq"))
    seen = set()
    for _ in range(8):
        process = workshop.run(program)
        block = read_words(process, DATA, 1)[0]
        words = read_words(process, block, 16)
        random_at = words[words.index(25) + 1]
        seen.add(process.read_memory(random_at, 16))
        process.close()
    assert len(seen) == 8
