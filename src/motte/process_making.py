"""How a process is made: all that it takes is acquired in order, and given back in reverse if a later step fails."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from motte.core import Capability as CoreCapability
from motte.core import Process as CoreProcess
from motte.directories import open_directories
from motte.errors import LimitReached
from motte.isolation import checked_isolation
from motte.process import HOLDER_BYTES, Process
from motte.time_and_chance import NEITHER

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.capability import ProcessGrants
    from motte.core import Image
    from motte.directories import Directory, OpenedDirectory
    from motte.host_functions import HostFunction
    from motte.isolation import Isolation
    from motte.keeping import Keeping
    from motte.meter import Meter
    from motte.no_streams import NoStreams
    from motte.population import Population
    from motte.program import Program
    from motte.run_limits import RunLimits
    from motte.time_and_chance import TimeAndChance


def make_process(  # noqa: PLR0917 (all that a process is made of)
    population: "Population",
    account: "Account",
    meter: "Meter",
    program: "Program",
    limits: "RunLimits",
    keeping: "Keeping",
    arguments: Sequence[bytes],
    environment: Sequence[bytes],
    streams: "NoStreams",
    directories: "tuple[Directory, ...]",
    grants: "ProcessGrants" = (),
    ambient: "TimeAndChance" = NEITHER,
) -> Process:
    """A process that is there and does not run yet; ``streams`` are its own from now on.

    Keepers of banks may make room for it.  Raises ``LimitReached`` with the bank that refuses, ``Closed`` and
    ``InvalidCap`` if machine, program or bank are gone, ``OSError`` where the host refuses.
    """
    if program.native:
        limits = placed_natively(limits)
    undo: list[Callable[[], object]] = [streams.close]  # not an ExitStack: that alone would be a fifth of the time
    try:
        image = _image(population, program, limits.data_stack)
        undo.append(program.release)
        with open_directories(directories) as opened:
            core = _create(population, image, limits, arguments, environment, account, meter, streams, opened, ambient)
        undo.append(core.close)
        for name, granted in grants:
            grant_to(core, name, granted)
            if isinstance(granted, CoreCapability):  # what moves stays with who has granted it
                undo.append(partial(core.take_back, name, granted))
        streams.attached()
        process = Process(core, program, streams, limits, keeping, meter, account, population)
        undo = [process.close, *undo[3:]]
        population.enter(process, core.identity, account)
    except BaseException:
        for step in reversed(undo):
            step()
        raise
    return process


def placed(program: "Program", isolation: "Isolation | None", usual: "Isolation") -> "tuple[Program, Isolation]":
    """The program as it was compiled for where it is to run, and where that is.

    Raises ``ValueError`` for a native program that is to run beside the host.
    """
    if isolation is None and program.native:
        return program, "os"
    wanted = usual if isolation is None else checked_isolation(isolation)
    if program.native and wanted in ("fault", "both"):
        raise ValueError(f"isolation: {wanted!r} is for verified code, and program {program.name!r} is native")
    return program.as_native() if wanted == "os" else program, wanted


def placed_natively(limits: "RunLimits") -> "RunLimits":
    """The same, for code that nobody has verified."""
    return limits if limits.isolation == "os" else replace(limits, isolation="os")


def start_process(process: Process, grants: "ProcessGrants" = ()) -> None:
    """Let it run; one that does not is closed, and what has moved into it is back."""
    try:
        process.start()
    except BaseException:
        process.take_back(grants)
        process.close()
        raise


def grant_to(core: CoreProcess, name: str, granted: "CoreCapability | HostFunction") -> None:
    """A process that was not started has it from now on."""
    from motte.host_functions import HostFunction

    if isinstance(granted, HostFunction):
        core.grant_host_function(name, granted.core)
    else:
        core.grant(name, granted)


def _image(population: "Population", program: "Program", data_stack: int) -> "Image":
    while True:
        try:
            return program.acquire(data_stack)
        except LimitReached as refusal:
            population.banks.make_room(refusal, 0)


def _create(  # noqa: PLR0917 (in the order of the core's own list)
    population: "Population",
    image: "Image",
    limits: "RunLimits",
    arguments: Sequence[bytes],
    environment: Sequence[bytes],
    account: "Account",
    meter: "Meter",
    streams: "NoStreams",
    opened: "Sequence[OpenedDirectory]",
    ambient: "TimeAndChance",
) -> CoreProcess:
    bank, terms, descriptors = account.core, limits.terms, streams.descriptors
    while True:
        try:
            return CoreProcess.create(
                image, terms, arguments, environment, bank, HOLDER_BYTES, meter.core, descriptors, opened, ambient
            )
        except LimitReached as refusal:
            population.banks.make_room(refusal, 1)
