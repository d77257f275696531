"""Arbitrary bytes, arbitrary claims, and accepted programs with one bit changed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import capstone
import pytest
from capstone import x86_const
from hypothesis import given, settings
from hypothesis import strategies as some

from motte.abi.layout import PAGE_SIZE
from motte.verifier import ClaimedCode, ClaimedFunction, ClaimedJumpTable, Verdict
from verifier.agreement import verify
from verifier.assembling import CODE, TABLE_SIZE, TABLES, Assembled, assemble

PROGRAM = """
function main
        pushq   %rbx
        subq    $32, %rsp
        movl    %edi, %ebx
        movq    %rsi, 8(%rsp)
        vmovups %gs:64(%esi,%ebx,4), %ymm0
        vmovups %ymm0, (%rsp)
        lock addw $1, %gs:(%edi)
        callq   callee
        leaq    4(%rax,%rcx,2), %rdx
        movzbl  %bl, %ebx
        jmpq    *cases(,%rbx,8)
one:    movl    %ecx, %r10d
        andl    $MASK, %r10d
        cmpl    $1, FT+8(%r10)
        jne     wrong
        callq   *FT(%r10)
two:    addq    $32, %rsp
        popq    %rbx
        testq   %rax, %rax
        je      callee
        retq
wrong:  ud2
end main
function callee
        vaddps  %ymm1, %ymm2, %ymm3
        bts     $3, %eax
        jmp     GATE
end callee
.section .tables,"a"
jump_table cases main
        .rept   128
        .quad   one
        .quad   two
        .endr
end cases
"""


@pytest.fixture(scope="module")
def program() -> Assembled:
    assembled = assemble(PROGRAM)
    assert verify(assembled.claimed).ok
    return assembled


PIECES = tuple(
    bytes.fromhex(text)
    for text in ["50", "58", "c3", "90", "7402", "eb02", "75fa", "ebfc", "0f0b", "65678b08", "890424", "e3fd"]
)
"""Pushes, pops, jumps forward and back, returns, traps and accesses, to be strung together."""

START = assemble("function f\nret\nend f\n").claimed
numbers = some.one_of(some.integers(-16, 64), some.integers(), some.sampled_from([CODE, TABLES, 1 << 32, 1 << 64]))


def with_code(body: bytes) -> ClaimedCode:
    code = body + b"\xcc" * (-len(body) % PAGE_SIZE)
    return replace(START, code=code, functions=[ClaimedFunction(0, len(body), 0, "f")])


@given(body=some.binary(min_size=1, max_size=64))
def test_arbitrary_bytes_get_a_verdict(body: bytes) -> None:
    verdict = verify(with_code(body), may_be_nonsense=True)
    assert isinstance(verdict, Verdict)
    assert verdict.ok == (not verdict.violations)


@given(body=some.lists(some.sampled_from(PIECES), max_size=24))
@settings(max_examples=200)
def test_arbitrary_control_flow_gets_a_verdict(body: list[bytes]) -> None:
    assert isinstance(verify(with_code(b"".join(body) + b"\x0f\x0b")), Verdict)


CLAIMS = some.fixed_dictionaries(
    {
        "base": numbers,
        "tables_base": numbers,
        "function_table": numbers,
        "function_table_log2": numbers,
        "reaches_blocks": numbers,
        "functions": some.lists(some.builds(ClaimedFunction, numbers, numbers, numbers), max_size=4),
        "jump_tables": some.lists(some.builds(ClaimedJumpTable, numbers, numbers, numbers), max_size=3),
        "classes": some.dictionaries(numbers, numbers, max_size=3),
        "entries": some.lists(numbers, max_size=3),
        "tables": some.binary(max_size=300),
    }
)


@given(claims=CLAIMS, changed=some.sets(some.sampled_from(sorted(field.name for field in fields(ClaimedCode)))))
@settings(max_examples=300)
def test_arbitrary_claims_get_a_verdict(claims: dict[str, Any], changed: set[str]) -> None:
    claimed = replace(START, **{name: value for name, value in claims.items() if name in changed})
    assert isinstance(verify(claimed), Verdict)


def assert_confined(claimed: ClaimedCode) -> None:
    """Read every function with capstone: all memory is the window, the frame or the tables."""
    decoder = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    decoder.detail = True
    for function in claimed.functions:
        body = bytes(claimed.code[function.offset : function.offset + function.size])
        instructions = list(decoder.disasm(body, claimed.base + function.offset))
        assert sum(instruction.size for instruction in instructions) == function.size
        for instruction in instructions:
            if instruction.id in (x86_const.X86_INS_LEA, x86_const.X86_INS_NOP):
                continue
            for operand in instruction.operands:
                if operand.type == x86_const.X86_OP_MEM:
                    in_window = (operand.mem.segment, instruction.addr_size) == (x86_const.X86_REG_GS, 4)
                    in_frame = (operand.mem.base, operand.mem.index) == (x86_const.X86_REG_RSP, 0)
                    in_tables = operand.mem.segment == 0 and TABLES <= operand.mem.disp <= TABLES + TABLE_SIZE
                    assert in_window or in_frame or in_tables, instruction


def test_every_bit_of_the_code_may_be_flipped(program: Assembled) -> None:
    code = bytearray(program.claimed.code)
    end = program.labels["trap"] + 2
    accepted = 0
    for bit in range(8 * end):
        code[bit // 8] ^= 1 << bit % 8
        changed = replace(program.claimed, code=bytes(code))
        if verify(changed, may_be_nonsense=True).ok:
            accepted += 1
            assert_confined(changed)
        code[bit // 8] ^= 1 << bit % 8
    # Registers, window displacements and operations may change without harm; most other bits may not.
    assert 0 < accepted < 4 * end


def test_every_bit_of_a_used_entry_counts(program: Assembled) -> None:
    tables = bytearray(program.claimed.tables)
    for bit in range(8 * 16, 8 * 32):
        tables[bit // 8] ^= 1 << bit % 8
        assert not verify(replace(program.claimed, tables=bytes(tables))).ok, hex(bit // 8)
        tables[bit // 8] ^= 1 << bit % 8


def test_every_bit_of_a_jump_table_entry_counts(program: Assembled) -> None:
    tables = bytearray(program.claimed.tables)
    for bit in range(64):
        tables[TABLE_SIZE + bit // 8] ^= 1 << bit % 8
        moved = int.from_bytes(tables[TABLE_SIZE : TABLE_SIZE + 8], "little") - CODE
        # A single flipped bit may lead to another unit of the same function and height; nothing else may be accepted.
        ok = verify(replace(program.claimed, tables=bytes(tables))).ok
        assert not ok or 0 <= moved < program.claimed.functions[0].size
        tables[TABLE_SIZE + bit // 8] ^= 1 << bit % 8
