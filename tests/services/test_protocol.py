"""What guests are told of the protocol is what the host speaks."""

import struct
from enum import Enum
from pathlib import Path

import motte
from motte.abi.capabilities import ClockRight, RandomRight
from motte.abi.faults import StopReason
from motte.services import protocol
from motte.services.reasons import Reason
from services.conftest import GUESTS

NUMBERS: dict[str, int] = {
    **{f"MOTTE_{request.name}": request for request in protocol.Request},
    **{f"MOTTE_SPAWN_{flag.name}": flag for flag in protocol.SpawnFlag},
    **{f"MOTTE_{told.name}": told for told in protocol.Told},
    "MOTTE_MISSED": protocol.MISSED,
    "MOTTE_PROGRAM_SPAWNS": protocol.ProgramRight.SPAWN,
    "MOTTE_PROCESS_LOOK": protocol.ProcessRight.LOOK,
    "MOTTE_PROCESS_RUN": protocol.ProcessRight.RUN,
    "MOTTE_PROCESS_END": protocol.ProcessRight.KILL,
    "MOTTE_PROCESS_CHANGE": protocol.ProcessRight.CHANGE,
    "MOTTE_BANK_ALLOCATES": protocol.BankRight.ALLOCATE,
    "MOTTE_BANK_FREES": protocol.BankRight.FREE,
    "MOTTE_BANK_DESTROYS": protocol.BankRight.DESTROY,
    "MOTTE_BANK_QUERIES": protocol.BankRight.QUERY,
    "MOTTE_BANK_LIMITS": protocol.BankRight.CHANGE_LIMITS,
    "MOTTE_BANK_REMOVES": protocol.BankRight.REMOVE,
    "MOTTE_METER_DRAWS": protocol.MeterRight.DRAW,
    "MOTTE_METER_QUERIES": protocol.MeterRight.QUERY,
    "MOTTE_METER_CHANGES": protocol.MeterRight.CHANGE,
    "MOTTE_LINKS_TRAP_EXIT": protocol.LinksRight.TRAP,
    "MOTTE_LINKS_GIVE_SELF": protocol.LinksRight.SELF,
    "MOTTE_CLOCK_READS": ClockRight.READ,
    "MOTTE_CLOCK_EXACT": ClockRight.EXACT,
    "MOTTE_RANDOM_DRAWS": RandomRight.DRAW,
    "MOTTE_LAUNCHES": protocol.LauncherRight.LAUNCH,
    "MOTTE_CONSTRUCTOR_BUILDS": protocol.ConstructorRight.BUILD,
    "MOTTE_CONSTRUCTOR_LOOKS": protocol.ConstructorRight.LOOK,
    "MOTTE_CONSTRUCTOR_CREATES": protocol.ConstructorRight.CREATE,
    "MOTTE_FAULT_AGAIN": protocol.FaultAnswer.RESUME,
    "MOTTE_FAULT_SKIPPED": protocol.FaultAnswer.SKIP,
    "MOTTE_FAULT_DECLINED": protocol.FaultAnswer.DECLINE,
    "MOTTE_FAULT_ENDED": protocol.FaultAnswer.KILL,
    "MOTTE_ENDED_ITSELF": StopReason.EXITED,
    "MOTTE_ENDED_BY_FAULT": StopReason.FAULTED,
    "MOTTE_ENDED_BY_SIGNAL": StopReason.SIGNALLED,
    "MOTTE_WAS_KILLED": StopReason.KILLED,
    "MOTTE_ENDED_BY_TIME": StopReason.CPU_LIMIT,
    "MOTTE_ENDED_BY_CLOCK": StopReason.WALL_LIMIT,
    "MOTTE_ENDED_BY_OUTPUT": StopReason.OUTPUT_LIMIT,
    "MOTTE_ENDED_BY_HOST": StopReason.INTERNAL,
}

NUMBERS |= {f"MOTTE_REASON_{reason.name}": reason for reason in Reason}

RECORDS = {
    "motte_spawn_request": protocol.SPAWN,
    "motte_grant_request": protocol.GRANT,
    "motte_wait_request": protocol.WAIT,
    "motte_end": protocol.END,
    "motte_statistics": protocol.STATISTICS,
    "motte_size_request": protocol.SIZE,
    "motte_bank_figures": protocol.FIGURES,
    "motte_meter_figures": protocol.METER_FIGURES,
    "motte_shortage_record": protocol.SHORTAGE,
    "motte_region_request": protocol.REGION,
    "motte_monitor_request": protocol.MONITOR,
    "motte_down": protocol.DOWN,
    "motte_exit_signal": protocol.EXIT_SIGNAL,
    "motte_exit_request": protocol.EXIT_REASON,
    "motte_fault": protocol.FAULT,
    "motte_fault_answer": protocol.FAULT_ANSWER,
    "motte_register": protocol.REGISTER,
    "motte_range_request": protocol.FAULT_RANGE,
    "motte_timer_request": protocol.TIMER,
    "motte_name_request": protocol.NAME,
}


def test_the_header_has_the_numbers_and_sizes_of_the_host(machine: motte.Machine, tmp_path: Path) -> None:
    wanted = {**NUMBERS, **{f"sizeof(struct {name})": layout.size for name, layout in RECORDS.items()}}
    (tmp_path / "shown.h").write_text("".join(f"SHOW({what});\n" for what in wanted))
    source = tmp_path / "protocol.c"
    source.write_text((GUESTS / "protocol.c").read_text())
    with machine.spawn(machine.load(source)) as process:
        assert process.wait(20).returncode == 0
        said = process.stdout.decode().splitlines()
    assert said == [f"{what} {int(value)}" for what, value in wanted.items()]


def test_every_request_and_layout_is_among_them() -> None:
    public = {name: value for name, value in vars(protocol).items() if name.isupper()}
    layouts = {value for value in public.values() if isinstance(value, struct.Struct)}
    not_records = {protocol.REGISTERS, protocol.LINK, protocol.IDENTITY}  # an array, and single numbers
    assert layouts - not_records == set(RECORDS.values())
    enumerations = {
        name for name, value in vars(protocol).items() if isinstance(value, type) and issubclass(value, Enum)
    }
    counted = sum(len(getattr(protocol, name)) for name in enumerations - {"IntEnum", "IntFlag"})
    rights = (protocol.TimerRight, protocol.NamesRight, protocol.FaultRight, protocol.ShortageRight)
    uncounted = sum(map(len, rights))
    others = len(StopReason) + len(Reason) + len(ClockRight) + len(RandomRight) + 1
    assert len(NUMBERS) - others == counted - uncounted
