"""Keepers of processes, regions, banks and meters: what they are told, what they may do, and in which order."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time_ns, thread_time_ns
from typing import Any

import pytest

import motte
from motte import Kill, Region, Resume, Skip, keepers
from motte.keeper import ENCODING_ORDER, Answer
from motte.listener import KEEPER_THREADS

PROGRAM = Path(__file__).parent / "programs" / "kept.c"
START = 0x9000_0000
PAGE = 4096
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def machine() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB") as machine:
        yield machine
        assert machine.statistics().processes == 0, "a test left processes behind"


@pytest.fixture(scope="module")
def program(machine: motte.Machine) -> motte.Program:
    return machine.load(PROGRAM)


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch) -> list[BaseException | None]:
    """Exceptions that were reported as a thread's are."""
    errors: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda arguments: errors.append(arguments.exc_value))
    return errors


def run(machine: motte.Machine, program: motte.Program, *arguments: object, **options: Any) -> tuple[motte.Exit, str]:
    """How it ended, and its output."""
    with machine.spawn(program, [str(argument) for argument in arguments], **options) as process:
        end = process.wait(timeout=60)
        return end, process.stdout.decode()


def region(keeper: Callable[[motte.KeptFault], Answer], size: object = "1MiB") -> Region:
    return Region(START, size, keeper)  # type: ignore[arg-type]


# --- faults and their order ------------------------------------------------------------------------------------------


def test_without_a_keeper_a_fault_is_the_reason_of_the_end(machine: motte.Machine, program: motte.Program) -> None:
    end, _output = run(machine, program, "fault", "UNMAPPED")
    assert (end.reason, end.returncode) == (motte.StopReason.FAULTED, 139)
    assert end.fault is not None
    assert (end.fault.kind, end.fault.address, end.fault.access) == (motte.FaultKind.UNMAPPED, 0xA000_0000, "write")


KINDS = [
    *("DIVIDE", "ILLEGAL_INSTRUCTION", "MISALIGNED", "UNMAPPED", "READ_ONLY", "NULL_PAGE", "BAD_INDIRECT_CALL"),
    *("NATIVE_STACK_OVERFLOW", "DATA_STACK_OVERFLOW", "BAD_LONG_JUMP"),
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_fault_is_delivered_and_reported_when_it_is_declined(
    machine: motte.Machine, program: motte.Program, kind: str
) -> None:
    seen: list[tuple[object, bool]] = []

    def keeper(fault: motte.KeptFault) -> None:
        seen.append((fault.kind, fault.in_call))

    end, _output = run(machine, program, "fault", kind, keeper=keeper)
    assert seen == [(motte.FaultKind[kind], kind == "BAD_LONG_JUMP")]
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind[kind]


def test_a_bad_cast_is_delivered_with_its_integer(machine: motte.Machine) -> None:
    seen: list[tuple[object, int | None]] = []

    def keeper(fault: motte.KeptFault) -> None:
        seen.append((fault.kind, fault.address))

    with machine.load(PROGRAM, checked="use") as checked:
        end, _output = run(machine, checked, "fault", "BAD_CAST", keeper=keeper)
    assert seen == [(motte.FaultKind.BAD_CAST, 0xA000_0000)]
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind.BAD_CAST


def test_a_regions_keeper_is_asked_before_the_processs(machine: motte.Machine, program: motte.Program) -> None:
    log: list[tuple[str, int | None]] = []

    def of_region(fault: motte.KeptFault) -> None:
        log.append(("region", fault.address))

    def of_process(fault: motte.KeptFault) -> None:
        log.append(("process", fault.address))

    end, _output = run(machine, program, "touch", 5, keeper=of_process, regions=[region(of_region)])
    assert log == [("region", 5), ("process", START + 5)]
    assert end.fault is not None
    assert str(end.fault).startswith("fault: read at 0x90000005, where nothing is mapped")


def test_a_fault_outside_of_all_regions_is_the_processs_alone(machine: motte.Machine, program: motte.Program) -> None:
    log: list[str] = []

    def of_process(fault: motte.KeptFault) -> Kill:
        log.append(str(fault.kind.name))
        return Kill()

    kept = region(lambda _fault: log.append("region"), PAGE)
    end, _output = run(machine, program, "touch", PAGE, keeper=of_process, regions=[kept])
    assert (log, end.reason) == (["UNMAPPED"], motte.StopReason.KILLED)


def test_a_keeper_that_raises_is_reported_and_has_declined(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None]
) -> None:
    broken, unlucky = RuntimeError("a bug"), SystemExit("another")

    def of_region(_fault: motte.KeptFault) -> Answer:
        raise broken

    def of_process(_fault: motte.KeptFault) -> Answer:
        raise unlucky

    end, _output = run(machine, program, "touch", 0, keeper=of_process, regions=[region(of_region)])
    assert reported == [broken, unlucky]
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind.UNMAPPED


def test_a_keeper_that_answers_nonsense_is_reported_and_has_declined(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None]
) -> None:
    end, _output = run(machine, program, "fault", "DIVIDE", keeper=lambda _fault: True)
    assert [str(error) for error in reported] == ["a keeper answers Resume, Skip, Kill or None; got bool"]
    assert end.reason is motte.StopReason.FAULTED


# --- what a process's keeper may do ----------------------------------------------------------------------------------


def test_a_keeper_skips_an_instruction_and_chooses_its_result(machine: motte.Machine, program: motte.Program) -> None:
    def keeper(fault: motte.KeptFault) -> Skip:
        assert fault.registers["rax"] == 100
        return Skip({"rax": 42, "rdx": 0})

    end, _output = run(machine, program, "fault", "DIVIDE", keeper=keeper)
    assert (end.reason, end.returncode) == (motte.StopReason.EXITED, 42)


def test_a_keeper_repairs_a_register_and_the_instruction_runs_again(
    machine: motte.Machine, program: motte.Program
) -> None:
    def keeper(fault: motte.KeptFault) -> Resume:
        fault.supply(b"\7", at=START)
        return Resume({name: START for name, value in fault.registers.items() if value == 0 and name != "flags"})

    regions = [region(lambda _fault: None)]
    end, _output = run(machine, program, "fault", "NULL_PAGE", keeper=keeper, regions=regions, time=5)
    assert (end.reason, end.returncode) == (motte.StopReason.EXITED, 7)


REFUSED_SETTINGS = {"rsp": 0x1000, "rip": 0x1000, "mxcsr": 0, "cs": 0, "xmm0": 1}


@pytest.mark.parametrize("answer", [Resume, Skip])
@pytest.mark.parametrize("name", REFUSED_SETTINGS)
def test_a_register_that_cannot_be_set_is_refused_and_the_fault_stands(
    machine: motte.Machine,
    program: motte.Program,
    reported: list[BaseException | None],
    name: str,
    answer: type[Resume | Skip],
) -> None:
    end, _output = run(
        machine, program, "fault", "DIVIDE", keeper=lambda _fault: answer({"rax": 1, name: REFUSED_SETTINGS[name]})
    )
    assert [type(error) for error in reported] == [ValueError]
    assert str(reported[0]).startswith(f"{name!r} is no register that can be set")
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind.DIVIDE


@pytest.mark.parametrize("kind", ["NATIVE_STACK_OVERFLOW", "ILLEGAL_INSTRUCTION", "BAD_INDIRECT_CALL"])
def test_what_cannot_be_skipped_is_refused_and_the_fault_stands(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None], kind: str
) -> None:
    end, _output = run(machine, program, "fault", kind, keeper=lambda _fault: Skip())
    assert [str(error) for error in reported] == ["the guest cannot go on behind this instruction"]
    assert end.fault is not None
    assert end.fault.kind is motte.FaultKind[kind]


def test_a_keeper_reads_and_writes_the_processs_memory(machine: motte.Machine, program: motte.Program) -> None:
    def keeper(fault: motte.KeptFault) -> Resume:
        fault.supply(b"abcdef", at=START)
        fault.write(START + 2, b"XY")
        assert fault.read(START, 6) == b"abXYef"
        with pytest.raises(ValueError, match="not all of this range is writable"):
            fault.write(START + 2 * PAGE, b"x")
        return Resume()

    regions = [region(lambda _fault: None, PAGE)]
    _end, output = run(machine, program, "touch", 2, 4, keeper=keeper, regions=regions)
    assert output == f"{ord('X')} {ord('e')} "


def test_a_fault_that_was_answered_is_a_handle_of_nothing(machine: motte.Machine, program: motte.Program) -> None:
    kept: list[motte.KeptFault] = []

    def keeper(fault: motte.KeptFault) -> Resume:
        for stale in kept:
            for use in (
                lambda stale=stale: stale.supply(b"", at=START),
                lambda stale=stale: stale.withdraw(START),
                lambda stale=stale: stale.protect(START, writable=True),
                lambda stale=stale: stale.read(START, 1),
                lambda stale=stale: stale.write(START, b"x"),
            ):
                with pytest.raises(motte.InvalidCap):
                    use()
        kept.append(fault)
        return fault.supply(b"\7")

    regions = [region(lambda _fault: None)]
    _end, output = run(machine, program, "touch", 0, PAGE, 2 * PAGE, keeper=keeper, regions=regions)
    assert (output, len(kept)) == ("7 7 7 ", 3)
    with pytest.raises((motte.InvalidCap, motte.Closed)):
        kept[-1].read(START, 1)


def test_a_keeper_kills(machine: motte.Machine, program: motte.Program) -> None:
    end, _output = run(machine, program, "fault", "DIVIDE", keeper=lambda _fault: Kill())
    assert (end.reason, end.fault) == (motte.StopReason.KILLED, None)


def test_a_keeper_replaces_what_failed_by_a_new_process(machine: motte.Machine, program: motte.Program) -> None:
    started: list[motte.Process] = []
    done = threading.Event()

    def keeper(_fault: motte.KeptFault) -> Kill:
        if len(started) < 3:
            started.append(machine.spawn(program, ["fault", "DIVIDE"], keeper=keeper))
        else:
            done.set()
        return Kill()

    end, _output = run(machine, program, "fault", "DIVIDE", keeper=keeper)
    assert done.wait(30)
    assert end.reason is motte.StopReason.KILLED
    for process in started:
        with process:
            assert process.wait(30).reason is motte.StopReason.KILLED
    assert len(started) == 3


def test_a_keeper_remembers_from_one_fault_to_the_next(machine: motte.Machine, program: motte.Program) -> None:
    class Counting:
        def __init__(self) -> None:
            self.faults = 0

        def __call__(self, fault: motte.KeptFault) -> Answer:
            self.faults += 1
            return fault.supply(bytes([self.faults]) * PAGE) if self.faults <= 3 else None

    keeper = Counting()
    end, _output = run(machine, program, "touch", *range(0, 5 * PAGE, PAGE), regions=[region(keeper)])
    assert keeper.faults == 4
    assert end.fault is not None
    assert end.fault.address == START + 3 * PAGE


def test_two_processes_share_a_keeper(machine: motte.Machine, program: motte.Program) -> None:
    zero = keepers.DemandZero(block=PAGE)
    both = [machine.spawn(program, ["pages", "20"], regions=[region(zero)]) for _ in range(2)]
    for process in both:
        with process:
            process.wait(30)
            assert process.stdout == b"210"
    assert zero.supplied == 40 * PAGE


# --- what a region's keeper may not do -------------------------------------------------------------------------------


def test_a_regions_keeper_sees_nothing_of_the_process(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None]
) -> None:
    refused: list[str] = []

    def keeper(fault: motte.KeptFault) -> Resume:
        for use in (lambda: fault.registers, lambda: fault.read(0, 1), lambda: fault.write(0, b"x")):
            with pytest.raises(motte.NoAccess) as error:
                use()
            refused.append(str(error.value).rsplit(" ", 1)[-1])
        return fault.supply(b"\5")

    _end, output = run(machine, program, "touch", 0, regions=[region(keeper)])
    assert (output, refused, reported) == ("5 ", ["registers", "memory", "memory"], [])


@pytest.mark.parametrize("answer", [Skip(), Kill(), Resume({"rax": 1})], ids=["skip", "kill", "registers"])
def test_a_regions_keeper_can_restart_and_nothing_else(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None], answer: Answer
) -> None:
    end, _output = run(machine, program, "touch", 0, regions=[region(lambda _fault: answer)])
    assert [type(error) for error in reported] == [motte.NoAccess]
    assert end.fault is not None
    assert end.fault.address == START


def test_a_regions_keeper_stays_inside_of_it(machine: motte.Machine, program: motte.Program) -> None:
    refused = 0

    def keeper(fault: motte.KeptFault) -> Resume:
        nonlocal refused
        assert (fault.address, fault.page, fault.region_size) == (2 * PAGE + 9, 2 * PAGE, 4 * PAGE)
        for at, size in ((-PAGE, PAGE), (4 * PAGE, PAGE), (3 * PAGE, 2 * PAGE), (0, 5 * PAGE)):
            for use in (
                lambda at=at, size=size: fault.supply(at=at, size=size),
                lambda at=at, size=size: fault.withdraw(at, size),
                lambda at=at, size=size: fault.protect(at, size, writable=True),
            ):
                with pytest.raises(ValueError, match="is not inside the region"):
                    use()
                refused += 1
        return fault.supply(bytes(9) + b"\6")

    neighbour = Region(START + 4 * PAGE, PAGE, lambda _fault: None)
    _end, output = run(machine, program, "touch", 2 * PAGE + 9, regions=[region(keeper, 4 * PAGE), neighbour])
    assert (output, refused) == ("6 ", 12)


BAD_REGIONS = {
    "odd address": (START + 1, PAGE),
    "odd size": (START, PAGE + 1),
    "nothing": (START, 0),
    "no size": (START, None),
    "below mmap's area": (0x8000_0000 - PAGE, PAGE),
    "across its end": (0xE000_0000 - PAGE, 2 * PAGE),
    "far outside": (1 << 40, PAGE),
    "negative": (-PAGE, PAGE),
}


@pytest.mark.parametrize("name", BAD_REGIONS)
def test_a_bad_region_is_refused_before_anything_starts(
    machine: motte.Machine, program: motte.Program, name: str
) -> None:
    before = machine.bank.used
    with pytest.raises(ValueError, match=r"a region|size: 0 is not greater than zero"):
        machine.spawn(program, regions=[Region(*BAD_REGIONS[name], keepers.DemandZero())])  # type: ignore[arg-type]
    assert machine.bank.used == before


def test_overlapping_regions_are_refused(machine: motte.Machine, program: motte.Program) -> None:
    zero = keepers.DemandZero()
    with pytest.raises(ValueError, match="something is mapped in this range already"):
        machine.spawn(program, regions=[Region(START, "1MiB", zero), Region(START + MEGABYTE - PAGE, PAGE, zero)])


@pytest.mark.parametrize("options", [{"keeper": 5}, {"regions": [5]}, {"regions": [Region(START, PAGE, 5)]}])  # type: ignore[arg-type]
def test_what_cannot_be_called_is_no_keeper(
    machine: motte.Machine, program: motte.Program, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match="expected a"):
        machine.spawn(program, **options)


# --- system calls ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [PAGE, 3 * PAGE + 5, 200_000])
def test_reads_and_writes_of_a_region_lose_no_byte(machine: motte.Machine, program: motte.Program, size: int) -> None:
    sent = bytes(range(256)) * 2000
    with machine.spawn(
        program, ["through", str(size)], stdin=sent, regions=[region(keepers.DemandZero(block=PAGE))]
    ) as process:
        assert process.wait(30).reason is motte.StopReason.EXITED
        assert process.stdout == sent


# --- banks -----------------------------------------------------------------------------------------------------------


ALLOCATIONS = {"by the break": (400, 20_000), "by mmap": (40, MEGABYTE), "both": (80, 200_000)}


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_a_banks_keeper_raises_the_limit_and_the_program_notices_nothing(
    machine: motte.Machine, program: motte.Program, name: str
) -> None:
    count, size = ALLOCATIONS[name]
    requests: list[motte.BankRequest] = []

    def keeper(request: motte.BankRequest) -> None:
        requests.append(request)
        request.bank.limit = request.bank.used + request.size + MEGABYTE

    with machine.bank.sub("2MiB") as bank:
        bank.keeper = keeper
        with machine.spawn(program, ["allocate", str(count), str(size)], bank=bank) as process:
            process.wait(30)
            assert process.stdout == b"all"
            assert {request.process for request in requests} == {process}
        assert {request.bank for request in requests} == {bank}
        assert all(request.size > 0 and request.size % PAGE == 0 for request in requests)


def test_a_banks_keeper_makes_room_for_a_stack(machine: motte.Machine, program: motte.Program) -> None:
    asked = 0

    def keeper(request: motte.BankRequest) -> None:
        nonlocal asked
        asked += 1
        request.bank.limit = request.bank.used + request.size + MEGABYTE

    with machine.bank.sub("1MiB") as bank:
        bank.keeper = keeper
        end, _output = run(machine, program, "deepen", 1200, bank=bank)
        assert end.reason is motte.StopReason.EXITED
        assert asked > 0


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_a_banks_keeper_that_does_nothing_leaves_the_program_with_enomem(
    machine: motte.Machine, program: motte.Program, name: str
) -> None:
    count, size = ALLOCATIONS[name]
    asked: list[motte.BankRequest] = []
    with machine.bank.sub("2MiB") as bank:
        bank.keeper = asked.append
        end, output = run(machine, program, "allocate", count, size, bank=bank)
    assert end.returncode == 0
    assert output.endswith("Out of memory")
    assert asked


def test_a_keeper_that_does_nothing_ends_the_start_of_a_process(machine: motte.Machine, program: motte.Program) -> None:
    asked: list[motte.BankRequest] = []
    with machine.bank.sub(10 * PAGE) as bank:
        bank.keeper = asked.append
        with pytest.raises(motte.LimitReached):
            machine.spawn(program, bank=bank)
    assert [request.process for request in asked] == [None]


def test_a_keeper_that_gives_exactly_what_is_asked_for_is_enough(
    machine: motte.Machine, program: motte.Program
) -> None:
    def keeper(request: motte.BankRequest) -> None:
        request.bank.limit = request.bank.used + request.size

    with machine.bank.sub("2MiB") as bank:
        bank.keeper = keeper
        _end, output = run(machine, program, "allocate", 20, MEGABYTE, bank=bank)
    assert output == "all"


def test_a_keeper_of_a_bank_above_is_asked_too(machine: motte.Machine, program: motte.Program) -> None:
    def keeper(request: motte.BankRequest) -> None:
        request.bank.limit = request.bank.used + request.size + MEGABYTE

    with machine.bank.sub("2MiB") as above, above.sub() as below:
        above.keeper = keeper
        _end, output = run(machine, program, "allocate", 40, MEGABYTE, bank=below)
    assert output == "all"


def test_a_banks_keeper_that_draws_from_that_bank_is_refused_and_not_asked_about_itself(
    machine: motte.Machine, program: motte.Program
) -> None:
    refused: list[motte.LimitReached] = []

    def keeper(request: motte.BankRequest) -> None:
        try:
            request.bank.allocate("8MiB")
        except motte.LimitReached as error:
            refused.append(error)
            request.bank.limit = "64MiB"

    with machine.bank.sub("2MiB") as bank:
        bank.keeper = keeper
        _end, output = run(machine, program, "allocate", 10, MEGABYTE, bank=bank)
    assert output == "all"
    assert [error.bank for error in refused] == [bank]


def test_a_supply_asks_the_banks_keeper(machine: motte.Machine, program: motte.Program) -> None:
    asked: list[motte.BankRequest] = []

    def keeper(request: motte.BankRequest) -> None:
        asked.append(request)
        request.bank.limit = request.bank.used + request.size + MEGABYTE

    with machine.bank.sub("1MiB") as bank:
        bank.keeper = keeper
        with machine.spawn(
            program, ["pages", "1024"], bank=bank, regions=[region(keepers.DemandZero(), "4MiB")]
        ) as process:
            process.wait(30)
            assert process.stdout.isdigit()
            assert {request.process for request in asked} == {process}


def test_a_region_that_its_bank_does_not_pay_for_faults_without_a_report(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None]
) -> None:
    end, _output = run(machine, program, "pages", 1024, bank="2MiB", regions=[region(keepers.DemandZero(), "4MiB")])
    assert end.fault is not None
    assert (end.fault.kind, reported) == (motte.FaultKind.UNMAPPED, [])


# --- meters ----------------------------------------------------------------------------------------------------------


def test_a_meters_keeper_is_told_once_when_it_is_dry_and_a_refill_goes_on_where_it_was(
    machine: motte.Machine, program: motte.Program
) -> None:
    rounds = 100_000_000
    _end, wanted = run(machine, program, "work", rounds)
    dry: list[tuple[float, bool]] = []

    def keeper(meter: motte.Meter) -> None:
        dry.append((meter.used, meter.dry))
        meter.refill("50ms")

    meter = machine.meter.sub(budget="50ms", keeper=keeper)
    end, output = run(machine, program, "work", rounds, meter=meter)
    assert (end.reason, output) == (motte.StopReason.EXITED, wanted)
    used = [used for used, _ in dry]
    assert used == sorted(used)
    assert all(was_dry for _, was_dry in dry)
    assert len(dry) == int(end.usage.cpu_time / 0.05) or len(dry) == round(end.usage.cpu_time / 0.05)


def test_a_dry_meter_is_one_message_as_long_as_nobody_refills_it(
    machine: motte.Machine, program: motte.Program
) -> None:
    told = threading.Semaphore(0)
    meter = machine.meter.sub(budget="50ms", keeper=lambda _meter: told.release())
    with machine.spawn(program, ["work", str(1 << 40)], meter=meter) as process:
        assert told.acquire(timeout=30)
        used = meter.used
        with pytest.raises(motte.Timeout):
            process.wait(timeout=0.05)
        assert not told.acquire(blocking=False)
        assert meter.used == used
        meter.refill("10ms")
        assert told.acquire(timeout=30)
        assert meter.used > used


# --- time, threads, ends ---------------------------------------------------------------------------------------------


def test_a_process_is_killed_while_its_keeper_is_at_work(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None]
) -> None:
    at_work, killed, over = threading.Event(), threading.Event(), threading.Event()
    errors: list[type[Exception]] = []

    def keeper(fault: motte.KeptFault) -> Resume:
        at_work.set()
        assert killed.wait(30)
        try:
            return fault.supply(b"")
        except motte.InvalidCap as error:
            errors.append(type(error))
            raise
        finally:
            over.set()

    with machine.spawn(program, ["touch", "0"], regions=[region(keeper)]) as process:
        assert at_work.wait(30)
        process.kill()
        assert process.wait(30).reason is motte.StopReason.KILLED
        killed.set()
        assert over.wait(30)
    assert (errors, reported) == ([motte.InvalidCap], [])


def test_a_machine_is_closed_while_a_keeper_is_at_work() -> None:
    at_work, go_on = threading.Event(), threading.Event()
    answers: list[object] = []

    def keeper(fault: motte.KeptFault) -> Answer:
        at_work.set()
        assert go_on.wait(30)
        with pytest.raises((motte.InvalidCap, motte.Closed)):
            fault.supply(b"")
        answers.append(fault)
        return Resume()

    with motte.Machine() as machine:
        process = machine.spawn(machine.load(PROGRAM), ["touch", "0"], regions=[region(keeper)])
        assert at_work.wait(30)
        process.kill()
        process.wait(30)
        closing = threading.Thread(target=machine.close)
        closing.start()
        go_on.set()
        closing.join(30)
        assert not closing.is_alive()
    assert len(answers) == 1


def test_keepers_that_take_long_hold_up_nobody_else(machine: motte.Machine, program: motte.Program) -> None:
    go_on = threading.Event()

    def slow(fault: motte.KeptFault) -> Resume:
        assert go_on.wait(60)
        return fault.supply(b"\1")

    slow_ones = [machine.spawn(program, ["touch", "0"], regions=[region(slow)]) for _ in range(KEEPER_THREADS - 1)]
    zero = keepers.DemandZero(block=PAGE)
    _end, output = run(machine, program, "pages", 20, regions=[region(zero)])
    assert output == "210"
    _end, output = run(machine, program, "work", 1000)
    assert output
    go_on.set()
    for process in slow_ones:
        with process:
            process.wait(30)
            assert process.stdout == b"1 "


def test_a_thousand_faults_of_fifty_processes_find_their_own_keepers(
    machine: motte.Machine, program: motte.Program
) -> None:
    class Own:
        def __init__(self, number: int) -> None:
            self.number = number
            self.faults: list[int] = []

        def __call__(self, fault: motte.KeptFault) -> Resume:
            self.faults.append(fault.page)
            return fault.supply(bytes([self.number]) * PAGE)

    kept = [Own(number) for number in range(50)]
    offsets = [str(page * PAGE + page) for page in range(20)]
    crowd = [machine.spawn(program, ["touch", *offsets], regions=[region(keeper)]) for keeper in kept]
    for process, keeper in zip(crowd, kept, strict=True):
        with process:
            process.wait(60)
            assert process.stdout.decode() == f"{keeper.number} " * 20
        assert keeper.faults == [page * PAGE for page in range(20)]


# --- a keeper that means harm ---


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_keeper_puts_into_registers_the_process_stays_inside(
    machine: motte.Machine, program: motte.Program, reported: list[BaseException | None], seed: int
) -> None:
    chance = random.Random(seed)
    names = [name for name in ENCODING_ORDER if name != "rsp"]
    values = [0, 1, 16, 0x9000_0000, 0xFFFF_FFFF, 1 << 47, (1 << 64) - 8]

    def keeper(fault: motte.KeptFault) -> Answer:
        chosen = chance.sample(names, chance.randrange(len(names)))
        settings = {name: chance.choice([*values, chance.getrandbits(64)]) for name in chosen}
        if START <= (fault.address or 0) < START + MEGABYTE and chance.random() < 0.7:
            fault.supply(chance.randbytes(PAGE), at=fault.page)
            return Resume(settings if chance.random() < 0.3 else {})
        return Skip(settings) if chance.random() < 0.8 else Resume(settings)

    regions = [region(lambda _fault: None)]
    arguments = ["maze", "2000"]
    with machine.spawn(program, arguments, keeper=keeper, regions=regions, time=0.1, output_limit="1MiB") as process:
        end = process.wait(60)
    ordinary = {
        motte.StopReason.EXITED,
        motte.StopReason.FAULTED,
        motte.StopReason.CPU_LIMIT,
        motte.StopReason.OUTPUT_LIMIT,
        motte.StopReason.SIGNALLED,
    }
    assert end.reason in ordinary
    assert {type(error) for error in reported} <= {ValueError}


# --- a bomb of faults ------------------------------------------------------------------------------------------------


def test_faults_without_end_are_paid_for_and_end_at_the_time_limit(
    machine: motte.Machine, program: motte.Program
) -> None:
    """What the host spends on a fault, threads that wake up included, is the process's time."""
    before = process_time_ns()
    with machine.spawn(program, ["bomb", "-1"], keeper=lambda _fault: Resume(), time=0.3, wall_time=60) as process:
        end = process.wait(60)
    spent = (process_time_ns() - before) / 10**9
    assert end.reason is motte.StopReason.CPU_LIMIT
    assert spent < 3 * 0.3


def test_a_bomb_of_faults_leaves_its_neighbour_its_share() -> None:
    """Of the time that both of them use, by any means: the bomb's part includes what the host does for it."""
    with motte.Machine(workers=1) as machine:
        program = machine.load(PROGRAM)
        with (
            machine.spawn(program, ["bomb", "-1"], keeper=lambda _fault: Resume()) as bomb,
            machine.spawn(program, ["work", str(1 << 40)]) as neighbour,
        ):
            with pytest.raises(motte.Timeout):
                neighbour.wait(timeout=0.5)
            used, bombed = neighbour.statistics().cpu_time, bomb.statistics().cpu_time
    assert bombed > 0
    assert used >= 0.9 * (used + bombed) / 2


def test_what_a_keeper_works_is_charged_to_the_process_that_asked(
    machine: motte.Machine, program: motte.Program
) -> None:
    def keeper(fault: motte.KeptFault) -> Resume:
        end = thread_time_ns() + 50_000_000
        while thread_time_ns() < end:
            pass
        return fault.supply()

    end, _output = run(machine, program, "touch", 0, regions=[region(keeper)])
    assert 0.05 <= end.usage.cpu_time < 0.5


def test_what_a_thread_has_done_before_it_answers_is_not_on_the_account_of_who_asked(
    machine: motte.Machine, program: motte.Program
) -> None:
    questions: queue.Queue[motte.KeptFault] = queue.Queue()

    def postponed(fault: motte.KeptFault) -> motte.Later:
        questions.put(fault)
        return motte.Later()

    end = thread_time_ns() + 300_000_000
    while thread_time_ns() < end:
        pass
    with machine.spawn(program, ["touch", "0"], regions=[region(postponed)]) as process:
        fault = questions.get()
        fault.answer(fault.supply())
        process.wait(20)
        assert process.statistics().cpu_time < 0.2
