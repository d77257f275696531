"""A jmp_buf that comes from outside: another process's, an altered one, a random one."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte

SOURCE = """\
#include <setjmp.h>
#include <string.h>
#include <unistd.h>
static jmp_buf buffer;
__attribute__((noinline)) static int jump(void)
{
    long words[8];
    if (read(0, words, sizeof words) == sizeof words)
        memcpy(buffer->__jb, words, sizeof words);
    longjmp(buffer, 5);
}
__attribute__((noinline)) static int target(int jumps)
{
    int came = setjmp(buffer);
    if (came)
        return came;
    write(1, buffer->__jb, 8 * sizeof(long));
    return jumps ? jump() : 0;
}
int main(int argc, char **argv)
{
    return argc > 1 ? target(0) + jump() : target(1);
}
"""
TOKEN = 6


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine() as machine:
        yield machine


@pytest.fixture(scope="module")
def program(machine: motte.Machine, tmp_path_factory: pytest.TempPathFactory) -> motte.Program:
    source: Path = tmp_path_factory.mktemp("buffers") / "buffers.c"
    source.write_text(SOURCE)
    return machine.load(source)


def ended(machine: motte.Machine, program: motte.Program, words: bytes, *arguments: str) -> tuple[motte.Exit, bytes]:
    with machine.spawn(program, arguments, stdin=words) as process:
        return process.wait(), process.stdout


def genuine(machine: motte.Machine, program: motte.Program) -> tuple[int, ...]:
    end, output = ended(machine, program, b"")
    assert end.returncode == 5, end
    return struct.unpack("<8Q", output)


def test_another_processs_buffer_is_good_for_a_live_frame_and_for_nothing_else(
    machine: motte.Machine, program: motte.Program
) -> None:
    """It names the same place in the same program: it is no secret, and no authority either."""
    words = struct.pack("<8Q", *genuine(machine, program))
    assert ended(machine, program, words)[0].returncode == 5
    end, _ = ended(machine, program, words, "target has returned")
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind.BAD_LONG_JUMP


def test_a_token_with_any_bit_flipped_is_refused(machine: motte.Machine, program: motte.Program) -> None:
    words = genuine(machine, program)
    for bit in range(64):
        altered = [*words]
        altered[TOKEN] ^= 1 << bit
        end, _ = ended(machine, program, struct.pack("<8Q", *altered))
        assert end.fault is not None, bit
        assert end.fault.kind is motte.FaultKind.BAD_LONG_JUMP, (bit, end)


def test_random_registers_reach_nothing_but_the_guests_own_memory(
    machine: motte.Machine, program: motte.Program
) -> None:
    numbers = random.Random(11)
    token = genuine(machine, program)[TOKEN]
    for _ in range(60):
        words = [*(numbers.getrandbits(64) for _ in range(6)), token, numbers.getrandbits(64)]
        end, _ = ended(machine, program, struct.pack("<8Q", *words))
        assert end.reason in (motte.StopReason.EXITED, motte.StopReason.FAULTED)


def test_random_buffers_are_refused(machine: motte.Machine, program: motte.Program) -> None:
    numbers = random.Random(13)
    for _ in range(100):
        end, _ = ended(machine, program, numbers.randbytes(64))
        assert end.fault is not None
        assert end.fault.kind is motte.FaultKind.BAD_LONG_JUMP
