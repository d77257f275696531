"""64 MiB of data in a bank of 16 MiB: what does not fit is kept elsewhere, and the program does not notice."""

from pathlib import Path

import motte
from motte import keepers

with motte.Machine() as machine, keepers.Pager(resident="12MiB", store=keepers.FileStore()) as pager:
    program = machine.load(Path(__file__).parent / "sieve.c")
    region = motte.Region(0x9000_0000, "64MiB", pager)
    with machine.spawn(program, regions=[region], bank="16MiB") as process:
        end = process.wait()
        print(process.stdout.decode(), end="")
        print("within 16 MiB:", end.usage.peak_memory <= 16 << 20)
    done = pager.statistics()
    print("blocks brought in:", done.loads, "/ taken out:", done.evictions, "/ written back:", done.write_backs)
