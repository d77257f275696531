"""What can be put into a recipe, and until when."""

import pytest

import motte


def test_nothing_is_put_into_a_sealed_recipe(machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.insert("bank", machine.bank)
    assert not constructor.sealed
    constructor.seal()
    constructor.seal()
    assert constructor.sealed
    with pytest.raises(motte.Sealed, match="sealed"):
        constructor.insert("meter", machine.meter)
    with pytest.raises(motte.Sealed, match="sealed"):
        constructor.keep(None)
    assert constructor.holes() == ("bank",)


def test_nothing_is_made_before_the_recipe_is_sealed(machine: motte.Machine, constructor: motte.Constructor) -> None:
    with pytest.raises(motte.Sealed, match="before it is sealed"):
        constructor.create(bank=machine.bank, meter=machine.meter)


def test_each_name_stands_for_one_thing(machine: motte.Machine, constructor: motte.Constructor) -> None:
    constructor.insert("bank", machine.bank)
    with pytest.raises(ValueError, match="'bank' is there already"):
        constructor.insert("bank", machine.meter)
    with pytest.raises(ValueError, match="1 to 63 bytes"):
        constructor.insert("", machine.meter)
    with pytest.raises(TypeError, match="nothing that a process can be granted"):
        constructor.insert("number", 5)
    with pytest.raises(TypeError, match="callable"):
        constructor.keep(5)  # type: ignore[arg-type]
    constructor.seal()
    with pytest.raises(ValueError, match="'bank' is in the recipe"):
        constructor.create(bank=machine.bank, meter=machine.meter, grants={"bank": machine.bank})


def test_a_recipe_has_so_many_capabilities_and_no_more(machine: motte.Machine, constructor: motte.Constructor) -> None:
    for number in range(64):
        constructor.insert(f"bank {number}", machine.bank)
    with pytest.raises(motte.LimitReached, match="64"):
        constructor.insert("one more", machine.bank)


def test_what_was_put_in_stays_in_whatever_becomes_of_the_original(
    machine: motte.Machine, constructor: motte.Constructor
) -> None:
    sender, receiver = machine.channel()
    constructor.insert("work", receiver)
    constructor.seal()
    receiver.close()
    with constructor.create(bank=machine.bank, meter=machine.meter) as product:
        assert sender.call(b"secret").tag == 0
        assert product.wait(30).returncode == 0
    sender.close()
