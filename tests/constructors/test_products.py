"""Products: whose they are, and on whose resources they run."""

import pytest

import motte
from constructors.conftest import SECONDS, Load


def test_a_product_is_told_from_an_impostor(machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.seal()
    other = machine.constructor(constructor.program)
    other.seal()
    with (
        constructor.create(bank=machine.bank, meter=machine.meter, start=False) as product,
        other.create(bank=machine.bank, meter=machine.meter, start=False) as of_another,
        machine.spawn(constructor.program, start=False) as impostor,
    ):
        assert constructor.verify(product)
        assert not constructor.verify(of_another)
        assert not constructor.verify(impostor)
        assert not constructor.verify("product")
        assert not constructor.verify(None)


def test_a_product_runs_wholly_on_its_clients_resources(machine: motte.Machine, load: Load) -> None:
    constructor = machine.constructor(load("plugin.c"))
    constructor.seal()
    with machine.bank.sub() as bank:
        meter = machine.meter.sub()
        others = machine.bank.used - bank.used
        with constructor.create(bank=bank, meter=meter) as product:
            assert bank.used > 0
            assert machine.bank.used - bank.used == others
            assert product.wait(SECONDS).returncode == 4
            assert meter.used > 0
        assert bank.used == 0


def test_a_product_ends_with_the_bank_of_its_client(machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.seal()
    bank = machine.bank.sub()
    _sender, receiver = machine.channel()
    product = constructor.create(bank=bank, meter=machine.meter, grants={"work": receiver})
    bank.destroy()
    assert product.wait(SECONDS).returncode == 137
    product.close()


STEPS = (
    "motte.constructor.run_limits",
    "motte.constructor.streams_of",
    "motte.constructor.keeping_of",
    "motte.constructor.make_process",
    "motte.process_making.open_directories",
    "motte.process_making._create",
    "motte.process_making.Process",
    "motte.population.Population.enter",
    "motte.program.Program.acquire",
    "motte.process.Process.start",
)


class InjectedError(Exception):
    """What fails."""


@pytest.mark.parametrize("step", STEPS)
def test_a_failure_at_any_step_leaves_nothing(
    step: str, machine: motte.Machine, constructor: motte.Constructor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InjectedError(step)

    constructor.seal()
    with machine.bank.sub() as bank:
        with monkeypatch.context() as patched:
            patched.setattr(step, fail)
            with pytest.raises(InjectedError):
                constructor.create(bank=bank, meter=machine.meter)
        assert bank.used == 0
        assert bank.statistics().banks == 0
        assert machine.statistics().processes == 0
        with constructor.create(bank=bank, meter=machine.meter) as product:
            assert product.wait(SECONDS).returncode == 4


def test_a_bank_that_does_not_suffice_has_what_it_had(machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.seal()
    failures = 0
    with machine.bank.sub() as bank:
        for pages in range(1, 400):
            bank.limit = pages * 4096
            try:
                constructor.create(bank=bank, meter=machine.meter).close()
            except motte.LimitReached:
                failures += 1
            else:
                break
            finally:
                assert bank.used == 0
                assert bank.statistics().banks == 0
        assert 0 < failures < 400
