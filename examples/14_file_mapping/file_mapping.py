"""A file as memory, of which only what is touched is read."""

import array
import tempfile
from pathlib import Path

import motte
from motte import keepers

COUNT = 4_000_000

with motte.Machine() as machine, tempfile.NamedTemporaryFile() as file:
    program = machine.load(Path(__file__).parent / "search.c")
    array.array("Q", range(0, 7 * COUNT, 7)).tofile(file)
    file.flush()

    with keepers.FileMapping(file.name, block="4KiB") as mapping:
        region = motte.Region(0x9000_0000, "32MiB", mapping)
        with machine.spawn(program, ["12345676", str(COUNT)], regions=[region]) as process:
            process.wait()
            print(process.stdout.decode(), end="")
        print("pages read:", mapping.read // 4096, "of", 8 * COUNT // 4096)
