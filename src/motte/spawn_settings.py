"""What a run of a program can be given, by name: the parameters of :meth:`motte.Machine.spawn` that runs have too."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from motte.bank import SpaceBank
    from motte.directories import GrantedDirectory
    from motte.isolation import Isolation
    from motte.meter import Meter
    from motte.quantities import Duration, Size
    from motte.streams import Input, Output
    from motte.time_and_chance import Clock, Random


class RunSettings(TypedDict, total=False):
    """The keywords of :func:`motte.run_async`; their meaning is that of :meth:`motte.Machine.spawn`."""

    env: "Mapping[str, str] | None"
    stdin: "Input"
    stdout: "Output"
    stderr: "Output"
    directories: "Iterable[GrantedDirectory]"
    clock: "Clock"
    random: "Random"
    time: "Duration"
    extra_time: "Duration"
    wall_time: "Duration"
    stack: "Size"
    data_stack: "Size"
    output_limit: "Size"
    open_files: int
    backtrace: int
    isolation: "Isolation"


class MachineRunSettings(RunSettings, total=False):
    """The keywords of :meth:`motte.Machine.run`, too."""

    bank: "SpaceBank | Size"
    meter: "Meter | None"
    grants: "Mapping[str, object] | None"
