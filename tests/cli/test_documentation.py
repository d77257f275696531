"""The pages name everything that the program has: options, defaults, statuses, faults, errors, commands, examples."""

import inspect
import re
from pathlib import Path

import pytest

from motte import errors
from motte.abi import faults
from motte.abi.limits import DEFAULT_LIMITS
from motte.cli import COMMANDS
from motte.cli.run_command import run_command
from motte.quantities import format_duration, format_size

ROOT = Path(__file__).parents[2]
CLI = (ROOT / "docs" / "cli.md").read_text()
ERRORS = (ROOT / "docs" / "errors.md").read_text()
README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*.md")])


def test_every_option_of_run_is_documented() -> None:
    for parameter in run_command.params:
        for option in parameter.opts:
            if option.startswith("-"):
                assert f"`{option}" in CLI, option


def test_every_command_is_documented() -> None:
    for command in COMMANDS:
        assert f"    motte {command}" in CLI


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("--memory", format_size(DEFAULT_LIMITS.memory or 0)),
        ("--time", format_duration(round((DEFAULT_LIMITS.cpu_time or 0) * 10**9))),
        ("--stack", format_size(DEFAULT_LIMITS.native_stack)),
        ("--data-stack", format_size(DEFAULT_LIMITS.data_stack)),
        ("--output-limit", format_size(DEFAULT_LIMITS.output or 0)),
        ("--open-files", str(DEFAULT_LIMITS.open_files)),
    ],
)
def test_the_defaults_on_the_pages_are_the_real_ones(option: str, default: str) -> None:
    for page in (CLI, README):
        row = next(line for line in page.splitlines() if re.search(rf"^\|.*`{option}[ `]", line))
        assert f"| {default} |" in row


def test_every_exit_status_is_documented() -> None:
    for name, status in vars(faults).items():
        if name.startswith("EXIT_"):
            assert f"| {status} |" in CLI, name


def test_every_fault_reason_and_error_is_documented() -> None:
    for kind in faults.FaultKind:
        assert f"`{kind.name}`" in ERRORS
    for reason in faults.StopReason:
        assert f"`{reason.name}`" in ERRORS or reason is faults.StopReason.INTERNAL
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, errors.MotteError):
            assert f"`{name}`" in ERRORS or f"`motte.{name}`" in ERRORS, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
