"""CoreMark finds its own results right."""

from __future__ import annotations

import motte
from motte.benchmark.fetch import fetch
from motte.build import BuildOptions


def test_coremark_validates_itself() -> None:
    root = fetch("coremark") / "pythondata_cpu_ibex" / "system_verilog" / "vendor" / "eembc_coremark"
    names = ("list_join", "main", "matrix", "state", "util")
    sources = [*(root / f"core_{name}.c" for name in names), root / "linux64" / "core_portme.c"]
    options = BuildOptions(include=(str(root / "linux64"), str(root)), define=("PERFORMANCE_RUN=1", 'FLAGS_STR="-O3"'))
    done = motte.run(sources, ["0", "0", "0x66", "2000", "7", "1", "2000"], options=options)
    assert done.returncode == 0, done.message
    assert b"[0]crcfinal      : 0x4983" in done.stdout
    assert b"ERROR" not in done.stdout.replace(b"ERROR! Must execute for at least 10 secs", b"")
