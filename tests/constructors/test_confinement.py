"""What products of a recipe could talk to: known before there is one."""

from collections.abc import Callable
from typing import Any

import pytest

import motte
from constructors.conftest import SECONDS
from motte.time_and_chance import ONE_OF_EACH

Make = Callable[[motte.Machine, motte.Constructor], Any]


def unsealed(machine: motte.Machine, constructor: motte.Constructor) -> motte.Constructor:
    return machine.constructor(constructor.program)


def sealed(machine: motte.Machine, constructor: motte.Constructor) -> motte.Constructor:
    inner = unsealed(machine, constructor)
    inner.insert("program", constructor.program)
    inner.seal()
    return inner


def leaky(machine: motte.Machine, constructor: motte.Constructor) -> motte.Constructor:
    inner = unsealed(machine, constructor)
    inner.insert("out", machine.channel()[0])
    inner.seal()
    return inner


def kept(machine: motte.Machine, constructor: motte.Constructor) -> motte.Constructor:
    inner = unsealed(machine, constructor)
    inner.keep(lambda _fault: None)
    inner.seal()
    return inner


def forwarded_clock(machine: motte.Machine, _constructor: motte.Constructor) -> motte.Capability:
    clock = motte.Capability(machine._population.source(ONE_OF_EACH[0]))
    return machine.forwarder(clock).given


WAYS_OUT: dict[str, Make] = {
    "sender": lambda machine, _: machine.channel()[0],
    "weak sender": lambda machine, _: machine.channel()[0].restrict(weak=True),
    "sender without rights": lambda machine, _: machine.channel()[0].restrict(motte.Right.COPY),
    "receiver": lambda machine, _: machine.channel()[1],
    "bank": lambda machine, _: machine.bank,
    "meter": lambda machine, _: machine.meter,
    "launcher": lambda machine, _: machine.launcher(),
    "timers": lambda *_: motte.HostService.TIMERS,
    "clock behind a forwarder": forwarded_clock,
    "unsealed constructor": unsealed,
    "leaky constructor": leaky,
    "kept constructor": kept,
}

NO_WAYS_OUT: dict[str, Make] = {
    "program": lambda _, constructor: constructor.program,
    "sealed constructor": sealed,
    "itself": lambda _, constructor: constructor,
    "clock": lambda *_: motte.HostService.CLOCK,
    "coarse clock": lambda *_: motte.HostService.COARSE_CLOCK,
    "random": lambda *_: motte.HostService.RANDOM,
    "seed": lambda *_: motte.Seed(7),
}


@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_way_out_is_a_hole(name: str, machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.insert("program", constructor.program)
    constructor.insert(name, WAYS_OUT[name](machine, constructor))
    constructor.seal()
    assert constructor.holes() == (name,)
    assert not constructor.is_confined()


@pytest.mark.parametrize("name", NO_WAYS_OUT)
def test_what_leads_nowhere_is_none(name: str, machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.insert(name, NO_WAYS_OUT[name](machine, constructor))
    constructor.seal()
    assert constructor.holes() == ()
    assert constructor.is_confined()


def test_a_recipe_that_can_be_changed_is_not_confined(constructor: motte.Constructor) -> None:
    assert constructor.holes() == ()
    assert not constructor.is_confined()


def test_a_keeper_is_a_hole(constructor: motte.Constructor) -> None:
    constructor.keep(lambda _fault: None)
    constructor.seal()
    assert constructor.holes() == ("(keeper)",)
    assert not constructor.is_confined()


def test_what_can_be_redirected_later_is_a_hole(machine: motte.Machine, constructor: motte.Constructor) -> None:
    from motte.services.offering import capability_of

    inner = capability_of(machine._population.services, sealed(machine, constructor))
    assert inner is not None
    given, control = inner.forward(machine.bank.account_for_anything().core, False)
    constructor.insert_core("forwarder", given)
    constructor.seal()
    assert constructor.holes() == ("forwarder",)
    control.close()


def test_recipes_that_contain_one_another_leak_together(machine: motte.Machine, constructor: motte.Constructor) -> None:
    first, second, third = (machine.constructor(constructor.program) for _ in range(3))
    for recipe, inner in ((first, second), (second, third), (third, first)):
        recipe.insert("next", inner)
    first.seal()
    second.seal()
    assert second.holes() == ("next",)  # the third can still be changed
    third.insert("out", machine.channel()[0])
    third.seal()
    assert first.holes() == second.holes() == ("next",)
    assert third.holes() == ("next", "out")


def test_a_thousand_recipes_are_looked_at_once_each(machine: motte.Machine, constructor: motte.Constructor) -> None:
    recipe = constructor
    for _ in range(1_000):
        recipe.seal()
        outer = machine.constructor(constructor.program)
        outer.insert("one", recipe)
        outer.insert("other", recipe)
        recipe = outer
    recipe.seal()
    assert recipe.is_confined()


def test_a_confined_product_tells_nobody_what_its_client_told_it(
    machine: motte.Machine, constructor: motte.Constructor
) -> None:
    constructor.insert("program", constructor.program)
    constructor.seal()
    assert constructor.is_confined()
    with machine.bank.sub() as bank:
        sender, receiver = machine.channel()
        with constructor.create(bank=bank, meter=machine.meter, grants={"work": receiver}) as product:
            receiver.close()
            answer = sender.call(b"the secret")
            assert (answer.tag, bytes(answer.data)) == (0, b"done")
            assert product.wait(SECONDS).returncode == 0
            assert product.stdout == b"told 0\n"


def test_the_same_plugin_tells_whom_it_can_reach(machine: motte.Machine, constructor: motte.Constructor) -> None:
    outside, spy = machine.channel()
    constructor.insert("out", outside)
    constructor.seal()
    assert constructor.holes() == ("out",)
    sender, receiver = machine.channel()
    with constructor.create(bank=machine.bank, meter=machine.meter, grants={"work": receiver}) as product:
        assert sender.call(b"the secret").tag == 2
        assert product.wait(SECONDS).returncode == 0
    heard = [spy.receive(timeout=0) for _ in range(2)]
    assert any(bytes(message.data).startswith(b"the secret") for message in heard)
