"""QuickJS evaluates scripts confined as it does natively."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import motte
from motte.benchmark.fetch import fetch
from motte.build import BuildOptions
from programs.native import native_executable

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "scripts").glob("*.js"))
DEFINES = ("_GNU_SOURCE", 'CONFIG_VERSION="2021-03-27"', "CONFIG_BIGNUM")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_prints_what_it_prints_natively(script: Path) -> None:
    root = fetch("quickjs") / "upstream-quickjs"
    sources = [
        HERE / "quickjs_main.c",
        *(root / f"{name}.c" for name in ("quickjs", "cutils", "libbf", "libregexp", "libunicode")),
    ]
    text = script.read_bytes()
    options = BuildOptions(optimization=2, define=DEFINES, include=(str(root),))
    done = motte.run(sources, options=options, stdin=text)
    native = native_executable(sources, [*(f"-D{define}" for define in DEFINES), f"-I{root}"])
    expected = subprocess.run([native], input=text, capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (expected.returncode, expected.stdout), done.message
    assert done.stdout
