"""A process that starts programs of others from their bitcode, and is their allocator and their scheduler."""

import sys
from pathlib import Path

import motte

with motte.Machine() as machine, machine.launcher(size="1MiB", time="20s") as launcher:
    resources = machine.resources.sub("400MiB")
    process = machine.spawn(
        machine.load(Path(__file__).parent / "launcher.c"),
        resources=resources,
        directories=[motte.Directory(sys.argv[1], "/programs")],
        grants={"launcher": launcher, "bank": resources.bank, "meter": resources.meter},
    )
    end = process.wait()
    print(process.stdout.decode(), end="")
    print("ended with", end.returncode)
    resources.close()
    print("left behind:", machine.statistics().processes, "processes")
