"""Guests launch bitcode that they hold in memory."""

import time

import pytest

import motte
from launch.conftest import GUESTS, SECONDS, Run, bitcode_of
from motte.abi.capabilities import KernelError
from motte.abi.faults import StopReason

REFUSED = f"launch -{KernelError.COMPILE_ERROR:d}"


def never_seen() -> bytes:
    """A module that is in no cache."""
    return f"; {time.time_ns()}\ndefine i32 @main() {{ ret i32 0 }}".encode()


def test_a_guest_launches_bitcode_that_it_holds(launcher: motte.Launcher, run: Run) -> None:
    said = run("launcher.c", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c"))
    assert said.splitlines() == ["wait 0", f"status 77 reason {StopReason.EXITED:d}"]


def test_bitcode_that_does_not_fit_into_a_message_arrives_whole(launcher: motte.Launcher, run: Run) -> None:
    table = ", ".join(str(i * 2654435761 % 2**32) for i in range(60_000))
    module = (
        f"@table = internal constant [60000 x i64] [i64 {table.replace(', ', ', i64 ')}]\n"
        "define i32 @main(i32 %0, ptr %1) {\n  %place = getelementptr i64, ptr @table, i32 %0\n"
        "  %found = load volatile i64, ptr %place\n  %low = trunc i64 %found to i32\n  ret i32 %low\n}\n"
    ).encode()
    assert len(module) > 4 * 65536
    said = run("launcher.c", grants={"launcher": launcher}, stdin=module)
    assert said.splitlines()[1] == f"status {3 * 2654435761 % 256} reason {StopReason.EXITED:d}"


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (b"BC\xc0\xde and nothing that follows from it", "bitcode"),
        (b"define i32 @main() { ret i32 %nothing }", "undefined value"),
        (b"define i32 @other() { ret i32 0 }", "main"),
        (b'define i32 @main() { call void asm sideeffect "syscall", ""() ret i32 0 }', "asm"),
    ],
    ids=["garbage", "invalid", "without main", "with assembly"],
)
def test_what_does_not_compile_is_no_process_and_says_why(
    launcher: motte.Launcher, run: Run, module: bytes, words: str
) -> None:
    said = run("launcher.c", grants={"launcher": launcher}, stdin=module)
    assert said.splitlines()[0] == REFUSED
    assert words in said


def test_an_artifact_that_does_not_verify_is_refused(
    machine: motte.Machine, launcher: motte.Launcher, run: Run
) -> None:
    from motte.build import artifact_of
    from motte.build_options import BuildOptions

    artifact = artifact_of([bitcode_of("sevens.c")], BuildOptions())
    assert run("launcher.c", grants={"launcher": launcher}, stdin=artifact).splitlines()[0] == "wait 0"
    said = run("launcher.c", grants={"launcher": launcher}, stdin=artifact[:-100])
    assert said.splitlines()[0] == f"launch -{KernelError.REFUSED:d}"


def test_a_program_makes_several_processes_and_ends_with_the_bank_that_paid(
    machine: motte.Machine, launcher: motte.Launcher, run: Run
) -> None:
    with machine.bank.sub() as bank:
        said = run(
            "launcher.c",
            "program",
            grants={"launcher": launcher, "bank": bank},
            stdin=bitcode_of("sevens.c"),
            bank=bank,
        )
    assert said.splitlines() == [
        "wait 0",
        f"status 0 reason {StopReason.EXITED:d}",
        "wait 0",
        f"status 7 reason {StopReason.EXITED:d}",
        "destroy 0",
        "wait 0",
        f"status 137 reason {StopReason.KILLED:d}",
        f"spawn -{KernelError.INVALID_CAP:d}",
    ]


def test_nobody_launches_beyond_what_it_has(machine: motte.Machine, launcher: motte.Launcher, run: Run) -> None:
    with machine.bank.sub() as bank:
        said = run(
            "launcher.c", "limits", grants={"launcher": launcher, "bank": bank}, stdin=bitcode_of("sevens.c"), bank=bank
        )
    assert said.splitlines() == [
        f"empty -{KernelError.LIMIT_REACHED:d}",
        f"large -{KernelError.LIMIT_REACHED:d}",
        f"no right -{KernelError.NO_ACCESS:d}",
        f"weak -{KernelError.NO_ACCESS:d}",
        f"no launcher -{KernelError.UNKNOWN_REQUEST:d}",
        f"more than announced -{KernelError.REQUEST_ERROR:d}",
        f"bank to look at -{KernelError.NO_ACCESS:d}",
        f"no bank -{KernelError.INVALID_CAP:d}",
        f"launch -{KernelError.LIMIT_REACHED:d}",
    ]


def test_the_compiler_draws_from_the_bank_of_who_asks(machine: motte.Machine, run: Run) -> None:
    with machine.launcher(memory="200MiB") as launcher, machine.bank.sub("150MiB") as small:
        said = run("launcher.c", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c"), bank=small)
        assert said.splitlines()[0] == f"launch -{KernelError.LIMIT_REACHED:d}"
        small.limit = "300MiB"
        said = run("launcher.c", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c"), bank=small)
        assert said.splitlines()[0] == "wait 0"
        assert small.peak > 200 << 20


def test_everything_comes_back(machine: motte.Machine, launcher: motte.Launcher, run: Run) -> None:
    bank = machine.bank.sub()
    for module in (bitcode_of("sevens.c"), b"nonsense"):
        run("launcher.c", grants={"launcher": launcher, "bank": bank}, stdin=module, bank=bank)
    before = machine.bank.used
    bank.destroy()
    assert bank.destroyed
    assert machine.bank.used <= before
    assert not machine._population.banks._purchases


def test_compiling_takes_the_time_of_who_asks(machine: motte.Machine, launcher: motte.Launcher, run: Run) -> None:
    fresh = never_seen()
    meter = machine.meter.sub()
    run("launcher.c", grants={"launcher": launcher}, stdin=fresh, meter=meter)
    assert meter.used > 0.1
    again = machine.meter.sub()
    run("launcher.c", grants={"launcher": launcher}, stdin=fresh, meter=again)
    assert again.used < meter.used


def test_who_is_killed_while_the_compiler_works_for_it_leaves_nothing(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "launcher.c")
    with machine.launcher(memory="200MiB") as launcher, machine.bank.sub("300MiB") as bank:
        with machine.spawn(program, grants={"launcher": launcher}, stdin=never_seen(), bank=bank) as process:
            while bank.used < 200 << 20:
                assert process.returncode is None
            process.kill()
            process.wait(20)
        bank.destroy()
        assert not machine._population.banks._purchases


def test_what_the_compiler_has_used_is_owed(machine: motte.Machine, launcher: motte.Launcher) -> None:
    program = machine.load(GUESTS / "launcher.c")
    module = b"define i32 @main() { ret i32 %nothing }"  # it costs something, and nothing comes of it
    meter = machine.meter.sub(budget="30ms")
    with machine.spawn(program, grants={"launcher": launcher}, stdin=module, meter=meter) as process:
        end = process.wait(SECONDS)
    assert end.reason == StopReason.CPU_LIMIT
    assert meter.used > 0.1
    with machine.spawn(program, grants={"launcher": launcher}, stdin=module, time="30ms") as process:
        end = process.wait(SECONDS)
    assert end.reason == StopReason.CPU_LIMIT
    assert end.usage.cpu_time > 0.1


def test_a_compiler_that_crashes_tells_guests_nothing_of_the_host(machine: motte.Machine, run: Run) -> None:
    deep = b"define i32 @main() { ret i32 0 }\n@x = global " + b"[1 x " * 100_000 + b"i8" + b"]" * 100_000
    with machine.launcher(memory="200MiB") as launcher:
        said = run("launcher.c", grants={"launcher": launcher}, stdin=deep)
    assert said.splitlines() == [REFUSED, "the compiler failed"]


def test_a_closed_launcher_compiles_nothing(machine: motte.Machine, run: Run) -> None:
    launcher = machine.launcher()
    launcher.close()
    launcher.close()
    with pytest.raises(motte.MotteError):
        run("launcher.c", grants={"launcher": launcher}, stdin=bitcode_of("sevens.c"))
