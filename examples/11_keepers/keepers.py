"""Keepers of one's own: a region that is computed when it is looked at, a process whose faults are repaired."""

import struct
from pathlib import Path

import motte

TABLE = 0x9000_0000


class Squares:
    """Keeps a table that nobody has written: each page is computed when it is first read."""

    def __init__(self) -> None:
        """Nothing was computed yet."""
        self.pages = 0

    def __call__(self, fault: motte.KeptFault) -> motte.Resume:
        """The page that was touched."""
        self.pages += 1
        first = fault.page // 4
        return fault.supply(struct.pack("<1024i", *(i * i for i in range(first, first + 1024))), writable=False)


def forgiving(fault: motte.KeptFault) -> motte.Skip | None:
    """Keeps a process: a quotient that does not exist is 0. Everything else is fatal."""
    if fault.kind is not motte.FaultKind.DIVIDE:
        return None
    print("keeper:", fault)
    return motte.Skip({"rax": 0, "rdx": 0})


with motte.Machine() as machine:
    program = machine.load(Path(__file__).parent / "guest.c")
    squares = Squares()
    table = motte.Region(TABLE, "64KiB", squares)

    with machine.spawn(program, ["7", "0"], keeper=forgiving, regions=[table]) as process:
        process.wait()
        print(process.stdout.decode(), end="")
        print("pages computed:", squares.pages)

    # Without the table: the process's keeper is asked, declines, and the process ends with its fault.
    with machine.spawn(program, ["7", "2"], keeper=forgiving) as process:
        print(process.wait().message)
