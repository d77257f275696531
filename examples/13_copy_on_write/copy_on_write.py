"""One image for many processes; what one of them writes, only that one sees."""

from pathlib import Path

import motte
from motte import keepers

BOOK = b"Call me Ishmael.\n" + b"And so on.\n" * 100_000

with motte.Machine() as machine:
    program = machine.load(Path(__file__).parent / "reader.c")

    image = keepers.CopyOnWrite(BOOK)
    region = motte.Region(0x9000_0000, "2MiB", image)
    for letters in (["B"], ["T"], []):
        with machine.spawn(program, letters, regions=[region]) as process:
            process.wait()
            print(process.stdout.decode(), end="")
    print("blocks that were only read:", image.filled, "/ written to:", image.written)
