"""A stack that grows as it is used, up to a limit, with a guard below."""

from pathlib import Path

import motte
from motte import keepers

with motte.Machine() as machine:
    program = machine.load(Path(__file__).parent / "depth.c")

    for depth in ("1000", "100000", "200000"):
        stack = keepers.GrowingStack("512KiB")
        region = motte.Region(0x9000_0000, "1MiB", stack)
        with machine.spawn(program, [depth], regions=[region]) as process:
            end = process.wait()
            print(end.message or process.stdout.decode().strip(), "/ stack:", stack.size >> 10, "KiB")
