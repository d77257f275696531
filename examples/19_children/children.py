"""A process that makes processes: it was granted its own program, and a bank to pay from. It can do nothing else."""

from pathlib import Path

import motte

with motte.Machine() as machine, machine.bank.sub("16MiB") as bank:
    program = machine.load(Path(__file__).parent / "supervisor.c")
    with machine.spawn(program, grants={"program": program, "bank": bank}, bank=bank, processes=4) as supervisor:
        print("supervisor:", supervisor.wait().returncode)
        print(supervisor.stdout.decode(), end="")
    print("processes left:", machine.statistics().processes)

    # The same without the grants: whoever was given nothing can do nothing.
    with machine.spawn(program) as supervisor:
        print("without grants:", supervisor.wait().returncode)
