"""A JSON parser passes its own tests, confined."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte
from motte.benchmark.fetch import fetch
from motte.build import BuildOptions

SUITES = [
    "cjson_add",
    "compare_tests",
    "minify_tests",
    "misc_tests",
    "parse_array",
    "parse_examples",
    "parse_hex4",
    "parse_number",
    "parse_object",
    "parse_string",
    "parse_value",
    "parse_with_opts",
    "print_array",
    "print_number",
    "print_object",
    "print_string",
    "print_value",
    "readme_examples",
]


@pytest.mark.parametrize("suite", SUITES)
def test_a_suite_of_the_parser_passes(suite: str) -> None:
    root = fetch("cjson")
    tests = root / "tests"
    sources: list[Path] = [tests / f"{suite}.c", tests / "unity" / "src" / "unity.c"]
    options = BuildOptions(include=(str(tests), str(tests / "unity" / "src"), str(root)))
    done = motte.run(sources, options=options, directories=[motte.Directory(str(tests / "inputs"), "/inputs", True)])
    assert done.returncode == 0, done.message or done.stdout.decode()
    assert b" 0 Failures" in done.stdout
