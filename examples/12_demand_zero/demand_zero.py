"""A large table that costs what is used of it."""

from pathlib import Path

import motte
from motte import keepers

WORDS = b"the keeper of the keep keeps the keep where the keep is kept"

with motte.Machine() as machine:
    program = machine.load(Path(__file__).parent / "sparse.c")

    zeros = keepers.DemandZero(block="4KiB")
    table = motte.Region(0x9000_0000, "256MiB", zeros)
    with machine.spawn(program, regions=[table], bank="1MiB", stdin=WORDS) as process:
        process.wait()
        print(process.stdout.decode(), end="")
        print("pages of the table:", zeros.supplied // 4096)
