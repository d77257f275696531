"""Links, monitors and supervisors: what ends together, who is told, and what is started again."""

from pathlib import Path

import motte

WORKER = Path(__file__).parent / "worker.c"


def child(supervisor: motte.Supervisor, name: str) -> motte.Process:
    """The process that lives under this name now."""
    process = supervisor.child(name)
    assert isinstance(process, motte.Process)
    return process


def end(supervisor: motte.Supervisor, name: str, reason: str) -> None:
    """End a child, and wait until everybody who is concerned has been told."""
    process = child(supervisor, name)
    monitor = process.monitor()
    process.exit(reason)
    print(f"{name} ended:", monitor.wait(10).reason)


with motte.Machine(memory="256MiB") as machine:
    worker = machine.load(WORKER)

    # A monitor is told once, when everything is back.
    for argument in ("0", "3", "crash"):
        process = machine.spawn(worker, [argument], bank="8MiB", start=False)
        monitor = process.monitor()
        process.start()
        down = monitor.wait(10)
        print(f"{argument}: {down.reason}; banks left: {machine.bank.statistics().banks}")
    print("again:", process.monitor().wait(10).reason)

    # Links share an end that is not normal; who traps exits is told instead.
    one, other = machine.spawn(worker), machine.spawn(worker)
    watcher = machine.observer("watcher")
    watcher.trap_exit = True
    one.link(other)
    other.link(watcher)
    one.exit("boredom")
    print("told:", watcher.next_exit_signal(10).reason, "/", other.exit_reason)

    # A supervisor starts again what has ended, with whom it concerns.
    recipes = [motte.Child(name, worker, bank="8MiB", stdout=motte.DISCARD) for name in ("store", "cache", "front")]
    with motte.Supervisor(machine, recipes, strategy="rest_for_one", intensity=2, period="1h") as supervisor:
        before = {status.id: status.target for status in supervisor.children()}
        end(supervisor, "cache", "crash")
        started = [status.id for status in supervisor.children() if status.target is not before[status.id]]
        print("started again:", ", ".join(started))

        # A tree: a supervisor that gives up is a child that has ended.
        def branch() -> motte.Supervisor:
            """A recipe is anything that makes a new one."""
            return motte.Supervisor(machine, [motte.Child("leaf", worker)], intensity=0, name="branch")

        first = supervisor.start_child(motte.Child("branch", branch))
        assert isinstance(first, motte.Supervisor)
        end(first, "leaf", "crash")
        print("the branch gave up:", first.wait(10))
        print("and lives again:", supervisor.child("branch") is not first)
        print(supervisor.statistics())
    print("stopped:", supervisor.wait(10))
    print("processes:", machine.statistics().processes)
