"""Space banks: who pays for memory, who decides, and what an end takes along."""

from pathlib import Path

import motte

WORKER = Path(__file__).parent / "worker.c"


def grow(request: motte.BankRequest) -> None:
    """A keeper: gives a bank what it asks for, up to 1 MiB."""
    bank = request.bank
    if bank.used + request.size <= 1 << 20:
        bank.limit = bank.used + request.size
        print(f"keeper: {bank.name} may have {bank.limit >> 10} KiB")
    else:
        print(f"keeper: {bank.name} gets no more")


with motte.Machine(memory="256MiB") as machine:
    program = machine.load(WORKER)

    # A tree: what is drawn from a leaf is drawn from the tenant and the machine, too.
    tenant = machine.bank.sub("32MiB", name="tenant")
    with machine.spawn(program, ["8"], bank=tenant.sub(name="small")) as process:
        process.wait()
        print("8 of 32 MiB:", process.stdout.decode().strip())
    with machine.spawn(program, ["100"], bank=tenant.sub(name="boundless")) as process:
        process.wait()
        print("100 of 32 MiB:", process.stdout.decode().strip())

    # A bank for one process, that ends with it.
    with machine.spawn(program, ["100"], bank="8MiB") as process:
        process.wait()
        print("100 of 8 MiB:", process.stdout.decode().strip())

    # Less power for code that is trusted less.
    weak = tenant.reduce(motte.BankRestriction.NO_CHANGE_LIMITS | motte.BankRestriction.NO_DESTROY)
    try:
        weak.limit = None
    except motte.NoAccess as error:
        print("refused:", error)
    print("official:", machine.bank.verify(weak))

    # A keeper is asked before a bank refuses.
    kept = machine.bank.sub("512KiB", name="kept")
    kept.keeper = grow
    kept.allocate("768KiB")
    try:
        kept.allocate("512KiB")
    except motte.LimitReached as error:
        print("refused:", error, "/", error.bank == kept)

    # Destroying a bank ends whatever draws from it, and all memory is back.
    before = machine.bank.used
    crowd = machine.bank.sub(name="crowd")
    processes = [machine.spawn(program, ["4", "stay"], bank=crowd.sub()) for _number in range(3)]
    crowd.destroy()
    print("ends:", {process.wait().reason.name for process in processes})
    print("memory is back:", machine.bank.used == before)
    try:
        crowd.sub()
    except motte.InvalidCap as error:
        print("refused:", error)
