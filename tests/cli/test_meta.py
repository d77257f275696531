"""The record of ``--meta``: the fields that docs/cli.md lists are there, of the types that it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from cli.command import motte

DOCUMENTATION: Final = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
TYPES: Final = {"text": str, "integer": int, "number": (int, float), "list": list, "object": dict, "boolean": bool}


def documented_fields() -> dict[str, tuple[list[str], bool]]:
    """Path of each field, its types, and whether it may be null, from the table."""
    section = DOCUMENTATION.partition("### --meta")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `([a-z_.\[\]]+)` \| ([a-z, ]+) \|", section, re.MULTILINE)
    assert rows
    fields = {}
    for path, types in rows:
        words = types.split(", ")
        fields[path] = ([word for word in words if word != "null"], "null" in words)
    return fields


def fields_of(record: dict[str, Any], within: str = "") -> dict[str, Any]:
    """Path and value of each field, those of objects and of what lists hold included."""
    found = {}
    for name, value in record.items():
        found[f"{within}{name}"] = value
        inner = value if isinstance(value, dict) else value[0] if isinstance(value, list) and value else None
        if isinstance(inner, dict):
            found |= fields_of(inner, f"{within}{name}{'[]' if isinstance(value, list) else ''}.")
    return found


@pytest.fixture
def record(request: pytest.FixtureRequest, programs: Path, tmp_path: Path) -> dict[str, Any]:
    """What is written about the run of such a command line."""
    (tmp_path / "wrong.c").write_text("int main(void) { return missing; }\n")
    (tmp_path / "refused.motte").write_bytes(b"MOTTE\0\0\x01no")
    arguments = [tmp_path / word if word.startswith(("wrong", "refused")) else word for word in request.param]
    motte("run", "--meta", tmp_path / "meta.json", *arguments, cwd=programs)
    read: dict[str, Any] = json.loads((tmp_path / "meta.json").read_text())
    return read


ENDS: Final = {
    "exited": ["status.c", "3"],
    "fault": ["-g", "null.c"],
    "cpu-limit": ["--time=50ms", "loop.c"],
    "compile-error": ["wrong.c"],
    "refused": ["refused.motte"],
    "error": ["nowhere.c"],
}


@pytest.mark.parametrize(("status", "record"), ENDS.items(), indirect=["record"], ids=ENDS)
def test_a_record_has_the_documented_fields_and_no_other(status: str, record: dict[str, Any]) -> None:
    documented, fields = documented_fields(), fields_of(record)
    assert record["status"] == status
    assert set(fields) <= set(documented)
    top = {path for path in documented if "." not in path}
    assert top == set(record)
    for path, value in fields.items():
        types, may_be_null = documented[path]
        if value is None:
            assert may_be_null, path
        else:
            assert any(isinstance(value, TYPES[word]) for word in types), (path, value)


@pytest.mark.parametrize("record", [ENDS["fault"]], indirect=True)
def test_the_record_of_a_fault_has_every_documented_field(record: dict[str, Any]) -> None:
    assert set(fields_of(record)) == set(documented_fields())
    assert record["exit_code"] == 139
    assert record["backtrace"][0]["source"][0] == "return *pointer;"


def test_every_status_is_documented() -> None:
    from motte.cli.meta import STATUS

    section = DOCUMENTATION.partition("### --meta")[2].partition("\n## ")[0]
    for status in (*STATUS.values(), "interrupted", "compile-error", "refused", "error"):
        assert f"`{status}`" in section
