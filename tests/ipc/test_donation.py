"""Who calls pays: a server works in its clients' turns, and none of them can keep it from working for the others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from motte import Machine, Meter, Process, StopReason
from motte.channel import Sender

DONATION = Path(__file__).with_name("programs") / "donation.c"
WORK = 20_000
"""Rounds of a loop: some ten microseconds."""


class Service:
    """A server on a meter of its own, and clients of it."""

    def __init__(self) -> None:
        self.machine = Machine(workers=1)
        self.program = self.machine.load(DONATION)
        self.meter = self.machine.meter.sub()
        self.sender, receiver = self.machine.channel(16)
        self.server = self.machine.spawn(self.program, ["server"], meter=self.meter, grants={"in": receiver})
        receiver.close()
        while self.server.state != "receiving":
            pass

    def client(self, calls: int, work: int, meter: Meter, sender: Sender | None = None) -> Process:
        grants = {"out": sender or self.sender}
        return self.machine.spawn(self.program, ["client", str(calls), str(work)], meter=meter, grants=grants)


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    with service.machine:
        yield service


def test_a_servers_work_is_booked_to_the_client_that_called(service: Service) -> None:
    meter = service.machine.meter.sub()
    before = service.meter.used
    service.client(500, WORK, meter).wait()
    assert service.meter.used - before < 0.05 * meter.used


@pytest.mark.beside("a call between cells costs more than the server's work for it")
def test_two_clients_of_one_server_are_billed_apart(service: Service) -> None:
    little, much = service.machine.meter.sub(), service.machine.meter.sub()
    for calls, meter in ((100, little), (500, much)):
        service.client(calls, WORK, meter).wait()
    assert 4 < much.used / little.used < 6


def test_a_client_that_runs_dry_in_the_middle_of_a_call_does_not_keep_the_server_from_the_next(
    service: Service,
) -> None:
    dry = service.machine.meter.sub(budget="200us")
    greedy = service.client(1, 8000 * WORK, dry)
    while not dry.dry:
        pass
    other = service.client(3, WORK, service.machine.meter.sub())
    assert other.wait(timeout=30).returncode == 0
    assert greedy.wait(timeout=30).reason is StopReason.CPU_LIMIT
    assert service.server.state == "receiving"


def test_a_client_that_is_killed_in_the_middle_of_a_call_does_not_keep_the_server_from_the_next(
    service: Service,
) -> None:
    greedy = service.client(1, 4000 * WORK, service.machine.meter.sub())
    while greedy.state != "receiving":
        pass
    greedy.close()
    other = service.client(3, WORK, service.machine.meter.sub())
    assert other.wait(timeout=30).returncode == 0


def test_a_server_that_is_killed_in_the_middle_of_a_call_ends_the_call(service: Service) -> None:
    client = service.client(1, 40_000 * WORK, service.machine.meter.sub())
    while client.state != "receiving":
        pass
    service.server.close()
    assert client.wait(timeout=30).returncode == 1
