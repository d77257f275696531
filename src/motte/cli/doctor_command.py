"""``motte doctor``: what this host offers, what is missing, and what to do about it."""

import os
import platform
import sys
from collections.abc import Iterator
from typing import NamedTuple

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from motte.cache import default_root
from motte.core import HostFeatures, host_features
from motte.host_limits import granting_process_limit, process_limits
from motte.isolation import CellFeature, cell_features
from motte.quantities import format_size
from motte.toolchain.sandbox import sandbox_features

EXIT_NOT_ABLE = 1

_PROCESSES_WANTED = 10_000
"""At least; Linux's own default of vm.max_map_count, 65,530, is enough for them."""

_PROCESSES_AT_MOST = 30_000
"""What one machine can hold at all, in round numbers: its windows of 4 GiB fill the addresses that there are."""


class Finding(NamedTuple):
    """One thing that was looked at; ``advice`` is empty where nothing needs to change, or could."""

    subject: str
    state: str
    advice: str = ""
    fatal: bool = False
    optional: bool = False
    """It is well as it is; the advice is for those who want more."""


@click.command("doctor")
def doctor_command() -> int:
    """Say what this host offers to Motte, and what to change. Exits with 1 if guests cannot run here."""
    findings = list(_findings(host_features()))
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        lacks = finding.advice and not finding.optional
        mark = "[red]✗[/]" if finding.fatal else "[yellow]![/]" if lacks else "[green]✓[/]"
        table.add_row(mark, finding.subject, escape(finding.state))
        if finding.advice:
            table.add_row("", "", f"[italic]{escape(finding.advice)}[/]")
    Console(highlight=False).print(table)
    return EXIT_NOT_ABLE if any(finding.fatal for finding in findings) else 0


def _findings(features: HostFeatures) -> Iterator[Finding]:
    yield Finding("system", f"{platform.system()} {platform.release()} on {platform.machine()}")
    yield Finding("Python", sys.version.split()[0])
    problem = features["problem"]
    yield Finding("guests", "can run" if problem is None else "cannot run", problem or "", problem is not None)
    yield _present("FSGSBASE", features["fsgsbase"], "needs a CPU with it and Linux 5.9 or later")
    yield _present("code region below 2 GiB", features["code_region"], "another library has mapped that memory first")
    yield Finding("vector registers", "AVX-512" if features["avx512"] else "AVX" if features["avx"] else "SSE")
    if features["user_shadow_stack"]:
        yield Finding("shadow stack", "active", "start Python without it: GLIBC_TUNABLES=glibc.cpu.x86_shstk=off", True)
    yield from _processes()
    yield from _sandbox()
    yield _cells()
    yield _cache()


def _present(subject: str, there: bool, advice: str) -> Finding:
    return Finding(subject, "yes") if there else Finding(subject, "no", advice)


def _cells() -> Finding:
    """Each is shut in by its system-call filter alone, if need be: the rest is there in case that has a hole."""
    problem, had = cell_features()
    subject = "guests in OS processes of their own"
    if problem is not None:
        return Finding(subject, "cannot run", problem)
    names = [feature.name.lower().replace("_", " ") for feature in CellFeature if feature in had and feature.name]
    missing = [feature.name.lower().replace("_", " ") for feature in CellFeature if feature not in had and feature.name]
    advice = f"the host does not give them: {', '.join(missing)}" if missing else ""
    return Finding(subject, ", ".join(names), advice, optional=True)


def _processes() -> Iterator[Finding]:
    for limit in process_limits():
        few, state = limit.processes < _PROCESSES_WANTED, f"{limit.processes:,} processes at once"
        if limit.processes >= _PROCESSES_AT_MOST:
            yield Finding(limit.name, state)
            continue
        advice = f"for {_PROCESSES_AT_MOST:,} processes, {limit.advice_for(_PROCESSES_AT_MOST)}"
        yield Finding(limit.name, state, advice, optional=not few)
    limit = granting_process_limit()
    yield Finding(limit.name, f"{limit.processes:,} processes at once with a granted directory")


def _sandbox() -> Iterator[Finding]:
    sandbox = sandbox_features()
    state = f"Landlock {sandbox.landlock_abi or 'missing'}, seccomp {'yes' if sandbox.seccomp else 'missing'}"
    yield Finding("compiler's sandbox", state, " ".join(sandbox.missing()))


def _cache() -> Finding:
    root = default_root()
    place = next(path for path in (root, *root.parents) if path.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("cache", str(root), f"cannot be written ({place}): everything is compiled each time")
    size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
    library = any(root.glob("libraries/*.library"))
    return Finding("cache", f"{root}: {format_size(size)}; guest library {'built' if library else 'not built yet'}")
