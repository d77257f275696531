"""Bitcode that lies in a block moves to the launcher with its pages."""

import pytest

import motte
from launch.conftest import GUESTS, SECONDS, Run, bitcode_of
from motte.abi.capabilities import KernelError
from motte.abi.faults import StopReason

GONE = f"-{KernelError.INVALID_CAP:d}"
WRONG = f"-{KernelError.REQUEST_ERROR:d}"
LIMIT = f"-{KernelError.LIMIT_REACHED:d}"
ENDED = f"status 7 reason {StopReason.EXITED:d}"
BLOCK = 4 << 20


@pytest.fixture
def padded() -> bytes:
    """More than would fit into ten messages."""
    return b"; " + b"x" * (1 << 20) + b"\ndefine i32 @main() { ret i32 7 }"


def test_a_launched_block_is_the_launcher_s_and_what_it_took_is_back(
    machine: motte.Machine, launcher: motte.Launcher, padded: bytes, run: Run
) -> None:
    with machine.bank.sub() as bank:
        grants = {"launcher": launcher, "bank": bank}
        said = run("blocks.c", "launches", grants=grants, stdin=padded, bank=bank)
    assert said.splitlines() == [ENDED, f"block {GONE}", "4 MiB less"]


def test_a_frozen_block_stays_and_is_launched_again(launcher: motte.Launcher, padded: bytes, run: Run) -> None:
    said = run("blocks.c", "keeps", grants={"launcher": launcher}, stdin=padded)
    assert said.splitlines() == [ENDED, ENDED, f"block {BLOCK}"]


def test_what_is_no_block_of_bitcode_is_refused(launcher: motte.Launcher, run: Run) -> None:
    said = run("blocks.c", "wrong", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c")).splitlines()
    assert said[:6] == [
        f"none {GONE}",
        f"no block {GONE}",
        f"empty {LIMIT}",
        f"beyond its end {WRONG}",
        f"beyond the limit {LIMIT}",
        f"more {WRONG}",
    ]
    assert said[6] == f"launch -{KernelError.COMPILE_ERROR:d}"


def test_a_block_whose_bank_has_gone_compiles_to_nothing(machine: motte.Machine, launcher: motte.Launcher) -> None:
    program = machine.load(GUESTS / "blocks.c")
    sender, receiver = machine.channel()
    with machine.bank.sub("1MiB") as bank:
        block = machine.exchange.allocate("64KiB", bank=bank)
        block.freeze()
        grants = {"launcher": launcher, "block": block, "ready": sender}
        with machine.spawn(program, ["waits"], grants=grants) as process:
            request = receiver.receive(SECONDS)
            bank.destroy()
            request.reply()
            assert process.wait(SECONDS).returncode == 0
            assert process.stdout.decode() == f"compile {GONE}\n"


def test_what_a_bank_has_paid_for_a_block_comes_back(
    machine: motte.Machine, launcher: motte.Launcher, padded: bytes
) -> None:
    program = machine.load(GUESTS / "blocks.c")
    before = machine.bank.used
    for mode in ("keeps", "wrong"):
        with (
            machine.bank.sub() as bank,
            machine.spawn(program, [mode], grants={"launcher": launcher}, stdin=padded, bank=bank) as process,
        ):
            assert process.wait(SECONDS).returncode == 0
        assert machine.bank.used == before
    assert not machine._population.banks._purchases


def test_python_has_the_bytes_of_a_block_compiled_within_the_launcher_s_limits(
    machine: motte.Machine, padded: bytes
) -> None:
    block = machine.exchange.allocate("2MiB")
    view = block.view()
    view[: len(padded)] = padded
    with machine.launcher(size=len(padded)) as launcher:
        program = launcher.load(view[: len(padded)])
        with machine.spawn(program) as process:
            assert process.wait(SECONDS).returncode == 7
        with pytest.raises(motte.LimitReached, match=f"{len(padded)} bytes of bitcode at most; got {block.size}"):
            launcher.load(view)
        with pytest.raises(motte.CompileError):
            launcher.load(b"BC\xc0\xde nothing")
    with pytest.raises(motte.Closed):
        launcher.load(b"BC")
