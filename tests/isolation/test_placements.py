"""What a program does, and what becomes of it, wherever its code runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import motte

GUESTS = Path(__file__).with_name("guests")
SECONDS = 20
EXITS = {
    "nothing": (0, None),
    "null": (139, motte.FaultKind.NULL_PAGE),
    "wild": (139, motte.FaultKind.UNMAPPED),
    "divide": (136, motte.FaultKind.DIVIDE),
    "trap": (132, motte.FaultKind.ILLEGAL_INSTRUCTION),
    "abort": (134, None),
    "memory": (7, None),
    "jump": (5, None),
}


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="256MiB", workers=2) as machine:
        yield machine


@pytest.mark.parametrize("isolation", ["fault", "both", "os"])
@pytest.mark.parametrize("what", EXITS)
def test_an_end_is_the_same_in_every_placement(machine: motte.Machine, what: str, isolation: str) -> None:
    done = machine.run(machine.load(GUESTS / "faults.c"), [what], isolation=isolation)
    status, kind = EXITS[what]
    assert (done.returncode, done.fault and done.fault.kind) == (status, kind), done


@pytest.mark.parametrize("isolation", ["both", "os"])
def test_a_loop_is_stopped_by_its_limit(machine: motte.Machine, isolation: str) -> None:
    done = machine.run(machine.load(GUESTS / "faults.c"), ["loop"], isolation=isolation, time=0.05)
    assert done.returncode == 124
    assert 0.04 < done.usage.cpu_time < 0.5


@pytest.mark.parametrize(("isolation", "kind"), [("both", "DATA_STACK_OVERFLOW"), ("os", "DATA_STACK_OVERFLOW")])
def test_a_stack_has_its_limit(machine: motte.Machine, isolation: str, kind: str) -> None:
    done = machine.run(machine.load(GUESTS / "faults.c"), ["deep"], isolation=isolation)
    assert (done.returncode, done.fault.kind.name) == (139, kind), done


@pytest.mark.parametrize("isolation", ["both", "os"])
def test_functions_are_called(machine: motte.Machine, isolation: str) -> None:
    program = machine.load(GUESTS / "faults.c", exports=True)
    with machine.spawn(program, start=False, isolation=isolation) as plugin:
        add = plugin.function("add")
        assert [add(n, 2 * n) for n in range(100)] == [3 * n for n in range(100)]


def test_a_system_call_of_its_own_ends_a_guest_and_is_named(machine: motte.Machine) -> None:
    done = machine.run(machine.load(GUESTS / "raw_call.c", isolation="os"))
    assert (done.returncode, done.fault.kind, done.fault.address) == (159, motte.FaultKind.SYSTEM_CALL, 257)
    done = machine.run(machine.load(GUESTS / "raw_call.c", isolation="os"), ["getpid"])
    assert (done.returncode, done.fault.address) == (159, 39)


def test_what_cannot_be_confined_is_refused_and_with_auto_runs_in_a_process_of_its_own(machine: motte.Machine) -> None:
    with pytest.raises(motte.CompileError):
        machine.load(GUESTS / "raw_call.c")
    program = machine.load(GUESTS / "raw_call.c", isolation="auto")
    assert program.isolation_note is not None
    assert "\n" not in program.isolation_note
    assert machine.run(program).returncode == 159


def test_with_auto_what_can_be_confined_is(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "faults.c", isolation="auto")
    assert not program.native
    assert program.isolation_note is None


def test_native_code_runs_nowhere_else(machine: motte.Machine) -> None:
    program = machine.load(GUESTS / "faults.c", isolation="os")
    for isolation in ("fault", "both"):
        with pytest.raises(ValueError, match="native"):
            machine.spawn(program, isolation=isolation)


@pytest.mark.parametrize("arguments", [[], ["loop"]])
def test_who_breaks_its_cell_is_lost_and_nobody_else(machine: motte.Machine, arguments: list[str]) -> None:
    program = machine.load(GUESTS / "sabotage.c", isolation="os")
    faults = machine.load(GUESTS / "faults.c")
    with machine.spawn(faults, ["loop"], isolation="both", time=None) as other:
        done = machine.run(program, arguments, time=0.2)
        assert (done.returncode, done.fault.kind) == (137, motte.FaultKind.CELL_LOST), done
        with pytest.raises(TimeoutError):
            other.wait(0.05)
