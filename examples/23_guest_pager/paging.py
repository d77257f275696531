"""8 MiB of data in a bank of 2 MiB: what does not fit lies in a file, brought and saved by a process written in C."""

import tempfile
from pathlib import Path

import motte

HERE = Path(__file__).parent

with tempfile.TemporaryDirectory() as directory, motte.Machine() as machine:
    sender, receiver = machine.channel()

    # The pager has the channel where faults arrive, a directory for its file, and little memory of its own.
    pager = machine.spawn(
        machine.load(HERE / "pager.c"),
        grants={"faults": receiver},
        directories=[motte.Directory(directory, "/swap")],
        bank="512KiB",
    )
    # The program has nothing but a range of addresses, whose faults go to whoever receives from the channel.
    region = motte.Region(0x9000_0000, "8MiB", sender)
    program = machine.spawn(machine.load(HERE / "sort.c"), regions=[region], bank="2MiB")
    for capability in (sender, receiver):
        capability.close()  # the two processes hold them now

    end = program.wait()
    print(program.stdout.decode(), end="")
    print("within 2 MiB:", end.usage.peak_memory <= 2 << 20)
    program.close()  # with it goes the last one who could send to the pager

    end = pager.wait()
    print(pager.stdout.decode(), end="")
    print("within 512 KiB, the pager:", end.usage.peak_memory <= 512 << 10)
    pager.close()
