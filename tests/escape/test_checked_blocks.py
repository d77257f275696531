"""What programs that reach checked blocks cannot reach, and that others cannot reach any."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import motte
from image.test_artifact import put_together, taken_apart
from motte.build import BuildOptions, artifact_of

SWEEP = Path(__file__).parent / "programs" / "checked_block_sweep.c"


def test_a_program_that_does_not_say_that_it_reaches_blocks_is_refused() -> None:
    manifest, blobs = taken_apart(artifact_of([SWEEP], BuildOptions()))
    assert manifest["reaches_blocks"] == 1
    manifest["reaches_blocks"] = 0
    lying = put_together(json.dumps(manifest).encode(), b"".join(blobs.values()))
    with motte.Machine(memory="64MiB", workers=1) as machine, pytest.raises(motte.Refused) as caught:
        machine.load(lying)
    assert caught.value.verdict is not None
    assert {violation.rule for violation in caught.value.verdict.violations} == {"D3"}


def test_through_fs_there_is_the_first_page_of_the_open_block_and_nothing_else() -> None:
    """The program goes on behind each access that faults."""
    seen: list[motte.Fault] = []

    def keeper(fault: motte.KeptFault) -> motte.Skip:
        seen.append(fault.fault)
        return motte.Skip()

    with motte.Machine(memory="64MiB", workers=1) as machine:
        process = machine.spawn(machine.load(SWEEP), keeper=keeper, time=None, stdout=motte.CAPTURE)
        assert process.wait(60).returncode == 0
        address, looks = map(int, process.stdout.split())
    assert {fault.kind for fault in seen} == {motte.FaultKind.CHECKED_BLOCK}
    assert len(seen) == looks - 2  # the block's first byte, and the 41st, while it was open
    everywhere = [cell * (4 << 20) + place for cell in range(1024) for place in (0, 40, (4 << 20) - 8)]
    found = [each for each in everywhere if each not in (address, address + 40)]
    assert [fault.address for fault in seen] == [*found, address, *everywhere]
    assert [fault.access for fault in seen if fault.access != "read"] == ["write"]
