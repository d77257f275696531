"""Lua 5.4, unmodified, runs scripts and its own tests confined as it does natively; its errors are long jumps."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import motte
from motte.benchmark.fetch import fetch
from motte.build_options import BuildOptions, Checked
from programs.native import native_executable

SCRIPTS = sorted((Path(__file__).parent / "scripts").glob("*.lua"))
DEFINES = ("LUA_USE_POSIX",)
ALTERNATIVES = ("onelua.c", "ltests.c")
"""All of Lua in one file, and what its authors' own builds add."""


def interpreter() -> list[Path]:
    folder = fetch("lua") / "third-party" / "lua54"
    return [path for path in sorted(folder.glob("*.c")) if path.name not in ALTERNATIVES]


@pytest.mark.parametrize("checked", [None, "use"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_prints_what_it_prints_natively(script: Path, checked: Checked | None) -> None:
    text = script.read_bytes()
    options = BuildOptions(optimization=2, define=DEFINES, checked=checked)
    done = motte.run(interpreter(), ["-"], options=options, stdin=text)
    native = native_executable(interpreter(), [f"-D{define}" for define in DEFINES])
    expected = subprocess.run([native, "-"], input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (expected.returncode, expected.stdout, expected.stderr)
    assert done.stdout


# Where a locale is called Portuguese, the tests want a decimal comma; musl takes every name, and has none.
PREPARATION = """
_port = true
local set = os.setlocale
function os.setlocale(name, ...) if name ~= "pt_BR" and name ~= "ptb" then return set(name, ...) end end
"""


@pytest.mark.parametrize("checked", [None, pytest.param("use", marks=pytest.mark.long)])
def test_luas_own_tests_pass_but_for_those_of_one_platform(tmp_path: Path, checked: Checked | None) -> None:
    shutil.copytree(fetch("lua") / "third-party" / "lua54" / "testes", tmp_path / "root")
    (tmp_path / "root" / "tmp").mkdir()
    done = motte.run(
        interpreter(),
        ["-e", PREPARATION, "all.lua"],
        options=BuildOptions(optimization=2, define=DEFINES, checked=checked),
        env={"PATH": "/"},
        directories=[motte.Directory(str(tmp_path / "root"), "/", False)],
    )
    assert done.returncode == 0, done.message or done.stderr.decode()
    assert b"final OK !!!" in done.stdout
