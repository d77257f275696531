"""A tree of supervisors and workers, all of them processes in C.  Python gives them work, and makes them crash."""

from contextlib import suppress
from pathlib import Path

import motte

HERE = Path(__file__).parent
WORK, CRASH = 1, 2


def print_all(log: motte.Receiver) -> None:
    """What the supervisors have said up to now."""
    with suppress(motte.Timeout, motte.PeerClosed):
        while True:
            print("   ", log.receive(timeout=0).data.decode())


with motte.Machine() as machine, machine.bank.sub("16MiB") as bank:
    program = machine.load([HERE / "tree.c", HERE / "supervisor.c"])
    to_log, log = machine.channel()
    jobs, grants = {}, {"program": program, "bank": bank, "log": to_log}
    for worker in ("counter", "reader", "writer"):
        jobs[worker], grants[worker] = machine.channel()
    root = machine.spawn(program, grants=grants, bank=bank, processes=5)

    def work(first: str = "counter") -> str:
        """Give each a job, and be told how many each has done since it was started."""
        in_order = sorted(jobs, key=lambda worker: worker != first)
        done = {worker: jobs[worker].call(tag=WORK).tag for worker in in_order}
        return ", ".join(f"{worker} {done[worker]}" for worker in jobs)

    def crash(worker: str) -> None:
        """Nobody answers this job; the next one is for whoever has been started instead."""
        with suppress(motte.PeerClosed):
            jobs[worker].call(tag=CRASH)

    print(work())
    print(work())
    for worker in ("counter", "reader", "reader"):
        crash(worker)
        done = work(first=worker)  # it answers when it is there again, and what is ended with it has been ended
        print_all(log)
        print(done)
    crash("writer")
    crash("writer")
    print("the root ends with", root.wait().returncode)
    print_all(log)
    root.close()
    bank.destroy()
    print("left behind:", machine.statistics().processes, "processes")
