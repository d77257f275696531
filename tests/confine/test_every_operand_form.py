"""Every address that the instruction set can form, through confinement and assembler to the verifier."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from confine.confined_program import SCRATCH, build, facts, function

REGISTERS = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", *(f"r{number}" for number in range(8, 16)))
DISPLACEMENTS = ("", "1", "-128", "127", "128", "2147483647", "-2147483648", "data", "data+8", "data-4")


def accepted(instructions: list[str]) -> bool:
    text = function("f", "\n".join(f"\t{line}" for line in [*instructions, "retq"])) + "\t.data\ndata:\n\t.quad\t0\n"
    verdict = build(text, facts("f")).verdict()
    return verdict.ok or pytest.fail(str(verdict))


@pytest.mark.parametrize("instruction", [
    "movq\t{}, %rax", "movb\t%cl, {}", "movw\t$4660, {}", "cmpl\t$305419896, {}", "lock\t\taddw\t%dx, {}",
    "crc32w\t{}, %eax", "lock\t\tcmpxchg16b\t{}", "movups\t{}, %xmm9", "vmovupd\t%zmm29, {}",
    "vpaddd\t{}{{1to16}}, %zmm1, %zmm2", "pshufb\t{}, %xmm11", "prefetcht0\t{}", "imulq\t$100, {}, %r9",
    "vpinsrb\t$3, {}, %xmm1, %xmm2",
])  # fmt: skip
def test_every_base_and_index_is_accepted(instruction: str) -> None:
    addresses = [f"{displacement}(%rip)" for displacement in ("data", "data+8")]
    for number, (base, index) in enumerate(product((None, *REGISTERS), (None, *REGISTERS))):
        if base is None and index is None:
            continue
        displacement = DISPLACEMENTS[number % len(DISPLACEMENTS)]
        scaled = f",%{index},{(1, 2, 4, 8)[number % 4]}" if index else ""
        addresses.append(f"{displacement}({'%' + base if base else ''}{scaled})")
    assert accepted([instruction.format(address) for address in addresses])


@pytest.mark.parametrize("displacement", [0, -1, 2**31 - 1, -(2**31), SCRATCH])
@pytest.mark.parametrize("scale", [1, 8])
def test_an_address_is_the_low_half_of_its_sum(displacement: int, scale: int) -> None:
    """Whatever the registers hold, the access is at the sum modulo 2^32."""
    generator = Random(displacement + scale)
    calls = []
    for _ in range(50):
        index, high = generator.getrandbits(64), generator.getrandbits(32) << 32
        calls.append(((high + SCRATCH + 64 - index * scale - displacement) & (2**64 - 1), index))
    body = f"\tmovq\t{displacement}(%rdi,%rsi,{scale}), %rax\n\tretq"
    outcome = build(function("f", body), facts("f")).run_each("f", calls, scratch=bytes(64) + b"found it")
    assert outcome.results == (int.from_bytes(b"found it", "little"),) * 50
