"""A host of plugins, which uses one only if it cannot tell anybody what it learns: it asks before there is one."""

import struct
from pathlib import Path

import motte

SECRET = b"the launch code is 1234"


def use(machine: motte.Machine, plugin: motte.Constructor) -> None:
    """On a bank of 4 MiB and a tenth of a second; nothing is left of it afterwards."""
    if not plugin.sealed:
        print("refused: it can still be changed")
        return
    if not plugin.is_confined():
        print("refused: it could talk through", *plugin.holes())
        return
    with machine.resources.sub("4MiB", budget="100ms") as own:
        sender, receiver = machine.channel(bank=own.bank)
        with plugin.create(bank=own.bank, meter=own.meter, grants={"calls": receiver}) as product:
            words, told = struct.unpack("II", bytes(sender.call(SECRET).data))
            print("words:", words, "/ told to:", told, "/ really of this maker:", plugin.verify(product))


with motte.Machine() as machine:
    program = machine.load(Path(__file__).parent / "plugin.c")
    to_its_maker, maker = machine.channel()

    open_recipe = machine.constructor(program)
    use(machine, open_recipe)  # nobody knows yet what will be in it

    spying = machine.constructor(program)
    spying.insert("statistics", to_its_maker)
    spying.seal()
    use(machine, spying)

    honest = machine.constructor(program)
    honest.seal()
    try:
        honest.insert("statistics", to_its_maker)
    except motte.Sealed as error:
        print("its maker, later:", error)
    use(machine, honest)

    # What the check is for: the same plugin, used without it.
    with machine.resources.sub("4MiB") as own:
        sender, receiver = machine.channel()
        with spying.create(bank=own.bank, meter=own.meter, grants={"calls": receiver}):
            print("told to:", struct.unpack("II", bytes(sender.call(SECRET).data))[1])
            print("its maker knows:", bytes(maker.receive(timeout=5).data).decode())
