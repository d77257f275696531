"""The same for guests: makers and clients that are processes."""

import pytest

import motte
from constructors.conftest import SECONDS, Load
from motte.abi.capabilities import KernelError
from motte.services.call import Call
from motte.services.constructor import ConstructorService
from motte.services.offering import capability_of
from motte.services.protocol import SPAWN, SpawnFlag

SEALED, NO_ACCESS = f"-{KernelError.SEALED:d}", f"-{KernelError.NO_ACCESS:d}"
INVALID, WRONG = f"-{KernelError.INVALID_CAP:d}", f"-{KernelError.REQUEST_ERROR:d}"


def said(machine: motte.Machine, load: Load, what: str) -> list[str]:
    """What the maker says."""
    with machine.bank.sub() as bank:
        grants = {"plugin": load("plugin.c"), "bank": bank, "meter": machine.meter}
        with machine.spawn(load("maker.c"), [what], grants=grants) as maker:
            end = maker.wait(SECONDS)
            assert end.returncode == 0, (end, maker.stdout, maker.stderr)
            return maker.stdout.decode().splitlines()


def test_a_guest_seals_and_sees_the_holes(machine: motte.Machine, load: Load) -> None:
    assert said(machine, load, "seals") == [
        "kind 1",
        f"too early {SEALED}",
        "inner 0",
        "holes 1 inner confined 0",
        "program 0",
        f"again {WRONG}",
        "holes 0 confined 0",
        "seal 0",
        "holes 0 confined 1",
        f"insert {SEALED}",
        f"keeper {SEALED}",
        "holes 2 channel (keeper) confined 0",
    ]


def test_a_guest_has_products_made_and_knows_them(machine: motte.Machine, load: Load) -> None:
    assert said(machine, load, "creates") == [
        "on its bank 1",
        "mine 0",
        f"not of another {INVALID}",
        f"not an impostor {INVALID}",
        f"not a bank {INVALID}",
        "call 0",
        "told 0",
        "wait 0",
    ]


def test_makers_and_clients_have_rights_of_their_own(machine: motte.Machine, load: Load) -> None:
    assert said(machine, load, "rights") == [
        f"insert {NO_ACCESS}",
        f"seal {NO_ACCESS}",
        f"create {NO_ACCESS}",
        f"holes {NO_ACCESS}",
        "holes 0",
        f"without a meter {WRONG}",
        f"bank to look at {NO_ACCESS}",
    ]


def test_a_product_that_a_bank_does_not_suffice_for_leaves_nothing(machine: motte.Machine, load: Load) -> None:
    assert said(machine, load, "fails") == ["failures 1 leaks 0 product 1"]


ORDER = SPAWN.pack(SpawnFlag.BANK | SpawnFlag.METER | SpawnFlag.START, 0, 0, 0, 0)

STEPS = (
    "motte.services.program.make_process",
    "motte.services.program.ChildService.watch",
    "motte.services.program.Payment",
    "motte.services.server.Server.capability",
    "motte.process.Process.start",
)


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_nothing(
    step: str, machine: motte.Machine, constructor: motte.Constructor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise motte.BadState(step)

    constructor.seal()
    server = machine._population.services
    with (
        machine.bank.sub() as bank,
        machine.spawn(constructor.program, start=False) as client,
    ):
        given = [capability_of(server, bank), capability_of(server, machine.meter)]
        assert all(given)
        served = ConstructorService(server, constructor)
        call = Call(ORDER, given, None, client.identity, client, -1, weak=False)  # type: ignore[arg-type]
        with monkeypatch.context() as patched:
            patched.setattr(step, fail)
            with pytest.raises(motte.BadState):
                served.create(call)
        assert bank.used == 0
        assert bank.statistics().banks == 0
        assert machine.statistics().processes == 1
