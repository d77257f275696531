"""Clocks and random numbers are grants: what a process finds, gives on, and gives up."""

import errno
import struct
from pathlib import Path
from typing import Any

import pytest

import motte
from motte.abi.capabilities import CapabilityKind, KernelError
from services.conftest import Run

NO_ENTRY, DENIED, NO_ACCESS = -errno.ENOENT, -errno.EPERM, -int(KernelError.NO_ACCESS)
CLOCK, RANDOM = int(CapabilityKind.CLOCK), int(CapabilityKind.RANDOM)
MILLISECOND = 10**6

NO_CLOCK = {
    "clock_gettime": DENIED,
    "own time": DENIED,
    "clock_getres": DENIED,
    "time": -1,
    "gettimeofday": DENIED,
    "ftime": DENIED,
    "clock": -1,
    "times": DENIED,
    "getrusage": DENIED,
    "timespec_get": 0,
    "sleep": 0,
    "sleep until": DENIED,
    "motte_clock": NO_ACCESS,
    "motte_clock steady": NO_ACCESS,
    "motte_clock own": NO_ACCESS,
    "motte_clock other": -int(KernelError.REQUEST_ERROR),
}
A_CLOCK = dict.fromkeys(NO_CLOCK, 0) | {
    "time": 1,
    "timespec_get": 1,
    "motte_clock": 1,
    "motte_clock steady": 1,
    "motte_clock own": 1,
    "motte_clock other": NO_CLOCK["motte_clock other"],
}
NO_RANDOM = {"getrandom": DENIED, "getentropy": DENIED, "motte_random": NO_ACCESS, "motte_random nowhere": NO_ACCESS}
A_RANDOM = {"getrandom": 5, "getentropy": 0, "motte_random": 0, "motte_random nowhere": -int(KernelError.BAD_ADDRESS)}


def said(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        found[name] = value if name in ("bytes", "initial") else int(value)
    return found


def part(found: dict[str, Any], of: dict[str, int]) -> dict[str, Any]:
    return {name: found[name] for name in of}


def key_stream(seed: int, number: int, size: int) -> bytes:
    """ChaCha20, written once more."""

    def quarter(state: list[int], a: int, b: int, c: int, d: int) -> None:
        for target, other, mixed, by in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[target] = (state[target] + state[other]) % 2**32
            word = state[mixed] ^ state[target]
            state[mixed] = (word << by | word >> 32 - by) % 2**32

    stream = b""
    while len(stream) < size:
        start = [*struct.unpack("<4I", b"expand 32-byte k"), *struct.unpack("<8I", struct.pack("<4Q", seed, 0, 0, 0))]
        start += struct.unpack("<4I", struct.pack("<QQ", len(stream) // 64, number))
        state = list(start)
        for _ in range(10):
            for i in range(4):
                quarter(state, i, 4 + i, 8 + i, 12 + i)
            for i in range(4):
                quarter(state, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
        stream += struct.pack("<16I", *((one + other) % 2**32 for one, other in zip(state, start, strict=True)))
    return stream[:size]


def test_a_process_of_pythons_has_both_unless_it_is_said_otherwise(run: Run) -> None:
    found = said(run("sources.c", "say"))
    assert (found["clock kind"], found["random kind"]) == (CLOCK, RANDOM)
    assert part(found, A_CLOCK) == A_CLOCK
    assert part(found, A_RANDOM) == A_RANDOM
    assert found["resolution"] < MILLISECOND
    assert found["initial"]
    again = said(run("sources.c", "say"))
    assert again["bytes"] != found["bytes"]
    assert again["initial"] != found["initial"]


@pytest.mark.parametrize("none", [None, "none"])
def test_without_them_the_c_library_says_so(run: Run, none: Any) -> None:
    found = said(run("sources.c", "say", clock=none, random=none))
    assert (found["clock kind"], found["random kind"]) == (NO_ENTRY, NO_ENTRY)
    assert part(found, NO_CLOCK) == NO_CLOCK
    assert part(found, NO_RANDOM) == NO_RANDOM
    assert (found["bytes"], found["initial"]) == ("00" * 40, "")


def test_a_coarse_clock_counts_milliseconds(run: Run) -> None:
    found = said(run("sources.c", "say", clock="coarse"))
    assert part(found, A_CLOCK) == A_CLOCK
    assert (found["nanoseconds"], found["resolution"]) == (0, MILLISECOND)


@pytest.mark.parametrize("seed", [0, 7, 2**64 - 1])
def test_from_a_seed_the_same_numbers_follow_each_time(run: Run, seed: int) -> None:
    found = said(run("sources.c", "say", random=seed))
    assert part(found, A_RANDOM) == A_RANDOM
    assert found["bytes"] == key_stream(seed, 0, 40).hex()
    assert found["initial"] == key_stream(seed, 2**64 - 1, 16).hex()
    assert said(run("sources.c", "say", random=seed))["bytes"] == found["bytes"]


def test_the_stream_of_the_seed_zero_is_the_published_one() -> None:
    assert key_stream(0, 0, 32).hex() == "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"


@pytest.mark.parametrize(
    ("how", "clock", "random"),
    [
        ("nothing", NO_CLOCK, NO_RANDOM),
        ("clock", A_CLOCK, NO_RANDOM),
        ("both", A_CLOCK, A_RANDOM),
        ("coarse", A_CLOCK, NO_RANDOM),
        ("weak", A_CLOCK, NO_RANDOM),
        ("blind", NO_CLOCK, NO_RANDOM),
        ("crossed", NO_CLOCK, NO_RANDOM),
        ("forwarded", A_CLOCK, NO_RANDOM),
    ],
)
def test_a_child_has_what_it_is_granted_and_nothing_else(
    run: Run, how: str, clock: dict[str, int], random: dict[str, int]
) -> None:
    found = said(run("sources.c", "pass", how))
    assert found["child"] == 0
    assert part(found, clock) == clock
    assert part(found, random) == random
    assert not found["initial"]  # these bytes were there before any grant
    if how == "coarse":
        assert (found["nanoseconds"], found["resolution"]) == (0, MILLISECOND)


def test_nobody_can_give_more_than_there_is(run: Run) -> None:
    for how in ("clock", "forwarded"):
        found = said(run("sources.c", "pass", how, clock="coarse"))
        assert (found["nanoseconds"], found["resolution"]) == (0, MILLISECOND)
    found = said(run("sources.c", "pass", "both", clock=None, random=None))
    assert found == {"child": -int(KernelError.INVALID_CAP)}
    assert said(run("sources.c", "pass", "cut"))["child"] == -int(KernelError.INVALID_CAP)


def test_children_draw_from_a_seed_each_for_itself_and_from_its_streams(run: Run) -> None:
    assert said(run("sources.c", "pass", "both", random=7))["bytes"] == key_stream(7, 0, 40).hex()
    assert said(run("sources.c", "pass", "badge", random=7))["bytes"] == key_stream(7, 7, 40).hex()


def test_what_is_dropped_is_gone_for_the_c_library_too(run: Run) -> None:
    invalid = -int(KernelError.INVALID_CAP)
    expected = {"before": 1, "clock": NO_ACCESS, "random": NO_ACCESS, "by name": invalid}
    assert said(run("sources.c", "drop")) == expected
    explicit = {"clock": motte.HostService.CLOCK, "random": motte.HostService.RANDOM}
    assert said(run("sources.c", "drop", grants=explicit)) == expected


def test_nothing_can_be_said_to_them(run: Run) -> None:
    found = said(run("sources.c", "misuse"))
    widened, forward = found.pop("widened"), found.pop("forward")
    assert (widened, forward) == (1, 0)
    assert found == dict.fromkeys(found, NO_ACCESS)


def test_a_grant_by_their_names_takes_their_place(machine: motte.Machine, run: Run) -> None:
    found = said(run("sources.c", "say", grants={"clock": motte.HostService.COARSE_CLOCK, "random": motte.Seed(7)}))
    assert (found["nanoseconds"], found["resolution"]) == (0, MILLISECOND)
    assert found["bytes"] == key_stream(7, 0, 40).hex()
    assert not found["initial"]
    sender, _receiver = machine.channel()
    found = said(run("sources.c", "say", grants={"clock": sender, "random": sender}))
    assert found["clock kind"] == CapabilityKind.SENDER
    assert part(found, NO_CLOCK | NO_RANDOM) == NO_CLOCK | NO_RANDOM
    assert not found["initial"]


def test_temporary_files_need_neither(run: Run, tmp_path: Path) -> None:
    granted = [motte.Directory(str(tmp_path), "/data")]
    found = said(run("sources.c", "temporary", clock=None, random=None, directories=granted))
    assert found == {"first": 1, "second": 1, "differ": 1}


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"clock": "exact"}, ValueError, "clock: expected 'real', 'coarse' or 'none'; got 'exact'"),
        ({"clock": 1}, TypeError, "clock: expected 'real', 'coarse' or None; got int"),
        ({"clock": []}, TypeError, "clock: expected 'real', 'coarse' or None; got list"),
        ({"random": "dice"}, ValueError, "random: expected 'real', 'none' or a seed; got 'dice'"),
        ({"random": -1}, ValueError, r"random: a seed is a number from 0 to 2\^64 - 1; got -1"),
        ({"random": 2**64}, ValueError, r"random: a seed is a number from 0 to 2\^64 - 1; got"),
        ({"random": True}, TypeError, "random: a seed is an int; got bool"),
        ({"random": 1.5}, TypeError, "random: a seed is an int; got float"),
    ],
)
def test_what_is_none_of_them_is_refused(
    machine: motte.Machine, wrong: dict[str, Any], error: type[Exception], message: str
) -> None:
    program = machine.load(Path(__file__).with_name("guests") / "sources.c")
    with pytest.raises(error, match=message):
        machine.spawn(program, ["say"], **wrong)
