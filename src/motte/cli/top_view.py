"""What ``motte top`` shows: two looks at a machine, and what was used between them.  Knows no socket, no terminal."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from motte.image.names import printable
from motte.quantities import format_size

Look = dict[str, Any]
"""As :meth:`motte.Overview.as_dict` makes one, and what else the machine says of itself."""

_SECOND_NS: Final = 10**9

_HEADER_LINES: Final = 3
_TABLE_LINES: Final = 2


@dataclass(frozen=True)
class Row:
    """A process, and its part of a processor since the look before."""

    process: dict[str, Any]
    share: float


SORTS: Final[dict[str, Callable[[Row], Any]]] = {
    "cpu": lambda row: (-row.share, -row.process["cpu_time"], row.process["identity"]),
    "memory": lambda row: (-row.process["memory"], row.process["identity"]),
    "faults": lambda row: (-row.process["page_faults"], row.process["identity"]),
    "mail": lambda row: (-row.process["mailbox"], row.process["identity"]),
    "id": lambda row: row.process["identity"],
}


def shares(look: Look, before: Look | None) -> tuple[float, dict[int, float]]:
    """Parts of a processor that were used between two looks: by all, and by each process; 1 is a whole one."""
    seconds = 0.0 if before is None else (look["monotonic_ns"] - before["monotonic_ns"]) / _SECOND_NS
    if before is None or seconds <= 0:
        return 0.0, {}
    earlier = {process["identity"]: process["cpu_time"] for process in before["processes"]}
    each = {
        process["identity"]: max(0.0, process["cpu_time"] - earlier.get(process["identity"], 0.0)) / seconds
        for process in look["processes"]
    }
    return max(0.0, look["cpu_time"] - before["cpu_time"]) / seconds, each


def rows(look: Look, before: Look | None, sort: str) -> list[Row]:
    """The processes, in this order."""
    _, each = shares(look, before)
    found = [Row(process, each.get(process["identity"], 0.0)) for process in look["processes"]]
    return sorted(found, key=SORTS[sort])


def view(look: Look, before: Look | None, sort: str, *, lines: int | None = None) -> RenderableType:
    """The whole picture: totals, processes, banks, meters; of each table as much as there is room for."""
    header = Text("\n".join(_header(look, before)), no_wrap=True, overflow="ellipsis")
    tables = [look["banks"], look["meters"]]
    room = None if lines is None else lines - _HEADER_LINES - 3 * _TABLE_LINES
    trees = [len(tree) if room is None else min(len(tree), max(1, room // 4)) for tree in tables]
    processes = None if room is None else max(1, room - sum(trees))
    banks = {bank["identity"]: bank["name"] for bank in look["banks"]}
    return Group(
        header,
        _process_table(rows(look, before, sort)[:processes], banks),
        _bank_table(look["banks"][: trees[0]]),
        _meter_table(look["meters"][: trees[1]]),
    )


def _header(look: Look, before: Look | None) -> Iterator[str]:
    states = [process["state"] for process in look["processes"]]
    limit = look["banks"][0]["limit"]
    total, _ = shares(look, before)
    yield f"process {look['host_process']}: {printable(look['command'])}"
    of = "" if limit is None else f" of {format_size(limit)}"
    yield f"CPU {total:.0%}, {look['cpu_time']:.2f} s in all    memory {format_size(look['memory'])}{of}"
    running = sum(state in {"running", "ready"} for state in states)
    yield f"{len(states)} processes, {running} of them running or ready"


def _table(columns: Iterable[tuple[str, bool]]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for name, is_number in columns:
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    return table


def _process_table(shown: Iterable[Row], banks: dict[int, str]) -> Table:
    table = _table(
        [
            *(("id", True), ("program", False), ("state", False), ("CPU", True), ("CPU s", True)),
            *(("memory", True), ("faults", True), ("mail", True), ("bank", False)),
        ]
    )
    for row in shown:
        process = row.process
        table.add_row(
            str(process["identity"]),
            Text(printable(process["program"])[:16]),
            process["state"],
            f"{row.share:.0%}",
            f"{process['cpu_time']:.2f}",
            format_size(process["memory"]),
            str(process["page_faults"]),
            str(process["mailbox"]),
            Text(printable(banks.get(process["bank"], "-"))[:14]),
        )
    return table


def _bank_table(banks: Iterable[dict[str, Any]]) -> Table:
    table = _table([("bank", False), ("used", True), ("limit", True), ("peak", True), ("processes", True)])
    for bank in banks:
        limit = "none" if bank["limit"] is None else format_size(bank["limit"])
        name = Text("  " * bank["depth"] + printable(bank["name"])[:30])
        sizes = format_size(bank["used"]), limit, format_size(bank["peak"])
        table.add_row(name, *sizes, str(bank["processes"]))
    return table


def _meter_table(meters: Iterable[dict[str, Any]]) -> Table:
    table = _table(
        [("meter", False), ("used s", True), ("left s", True), ("weight", True), ("", False), ("processes", True)]
    )
    for meter in meters:
        left = "" if meter["left"] is None else f"{meter['left']:.2f}"
        state = "dry" if meter["dry"] else "on" if meter["on"] else "off"
        name = Text("  " * meter["depth"] + printable(meter["name"])[:30])
        table.add_row(name, f"{meter['used']:.2f}", left, str(meter["weight"]), state, str(meter["processes"]))
    return table
