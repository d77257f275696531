"""What would be given back twice is there once."""

import copy
import pickle
from pathlib import Path

import pytest

import motte


def test_what_there_is_once_is_not_copied(machine: motte.Machine, programs: Path) -> None:
    program = machine.load(programs / "status.c")
    with machine.spawn(program, start=False) as process, machine.pool(program, warm=1) as pool:
        sender, receiver = machine.channel()
        for each in (machine, program, process, pool, sender, receiver, machine.bank, machine.meter):
            for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match=f"^a {type(each).__name__} cannot be copied or pickled: "):
                    attempt(each)
        process.start()
        assert process.wait(20).returncode == 0
