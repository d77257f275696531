"""Machines that let themselves be looked at: only if asked, only by their user, and only what was allowed."""

from __future__ import annotations

import json
import os
import select
import socket
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import motte
from motte import observation
from motte.errors import MotteError
from motte.observation import ask_machine, observation_folder, observed_machines, wanted_observation


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A runtime folder of this test's own, with a short name: a socket's must not be long."""
    monkeypatch.delenv("MOTTE_OBSERVABLE", raising=False)
    with tempfile.TemporaryDirectory(prefix="motte-test-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


def raw(path: Path, request: bytes) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(os.fspath(path))
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        answer: dict[str, object] = json.loads(connection.makefile().read())
        return answer


def test_nothing_is_there_unless_a_machine_was_asked(runtime: Path) -> None:
    before = set(threading.enumerate())
    with motte.Machine(), motte.Machine(observable=False):
        assert list(runtime.iterdir()) == []
        assert set(threading.enumerate()) == before


def test_a_look_is_an_overview_with_the_totals_of_the_roots(programs: Path) -> None:
    with motte.Machine(observable=True) as machine:
        (path,) = observed_machines()
        sender, receiver = machine.channel()
        waiter = machine.load(programs / "waiter.c")
        tenant, meter = machine.bank.sub("10MiB", name="tenant"), machine.meter.sub(name="tenant")
        process = machine.spawn(waiter, bank=tenant, meter=meter, grants={"mail": receiver}, time=None)
        for _ in range(3):
            sender.send(b"x")
        process.suspend()
        look = ask_machine(path, ask="look")
        assert look["allowed"] == ["look"]
        assert (look["memory"], look["cpu_time"]) == (machine.bank.used, machine.meter.used)
        assert look["memory"] == look["banks"][0]["used"]
        assert look["cpu_time"] == look["meters"][0]["used"]
        (seen,) = look["processes"]
        assert (seen["identity"], seen["program"], seen["mailbox"]) == (process.identity, "waiter.c", 3)
        assert [bank["name"] for bank in look["banks"]] == ["machine", "tenant"]
        assert look["banks"][1]["identity"] == seen["bank"]
        assert look["meters"][1]["identity"] == seen["meter"] < 1 << 32
        process.close()
    assert observed_machines() == []
    assert not path.exists()


def test_the_socket_is_its_users_alone(runtime: Path) -> None:
    with motte.Machine(observable=True):
        (path,) = observed_machines()
        assert path.parent == runtime / "motte"
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("attack", ["open to others", "a link", "a file"])
def test_a_folder_that_others_could_have_made_is_refused(runtime: Path, attack: str) -> None:
    folder, elsewhere = runtime / "motte", runtime / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    if attack == "open to others":
        folder.mkdir()
        folder.chmod(0o777)
    elif attack == "a link":
        folder.symlink_to(elsewhere)
    else:
        folder.touch()
    with pytest.raises(motte.Unsupported, match="not a folder of this user's alone"):
        observation_folder()
    with pytest.raises(motte.Unsupported):
        motte.Machine(observable=True)
    assert list(elsewhere.iterdir()) == []


def test_killing_is_refused_unless_it_was_allowed(programs: Path) -> None:
    with motte.Machine(observable=True) as machine:
        (path,) = observed_machines()
        with machine.spawn(machine.load(programs / "waiter.c"), time=None) as process:
            with pytest.raises(motte.NoAccess, match="to be looked at only"):
                ask_machine(path, ask="kill", process=process.identity)
            assert process.returncode is None


def test_what_goes_wrong_in_an_answer_is_told_and_the_next_one_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[BaseException] = []
    monkeypatch.setattr(observation, "report_exception", reported.append)
    with motte.Machine(observable=True) as machine:
        (path,) = observed_machines()
        monkeypatch.setattr(observation, "_command", lambda: 1 // 0)
        with pytest.raises(MotteError, match="it cannot be answered: ZeroDivisionError"):
            ask_machine(path, ask="look")
        monkeypatch.undo()
        assert [type(error) for error in reported] == [ZeroDivisionError]
        assert ask_machine(path, ask="look")["memory"] == machine.bank.used


def test_killing_kills_where_it_was_allowed(programs: Path) -> None:
    with motte.Machine(observable="kill") as machine:
        (path,) = observed_machines()
        with machine.spawn(machine.load(programs / "waiter.c"), time=None) as process:
            assert ask_machine(path, ask="kill", process=process.identity + 100) == {"killed": False}
            assert ask_machine(path, ask="kill", process=process.identity) == {"killed": True}
            assert process.wait(20).reason is motte.StopReason.KILLED


@pytest.mark.parametrize(
    "request_line",
    [
        *(b"", b"\n", b"nonsense\n", b"[" * 4000 + b"\n", b'{"ask": "look"', b"\xff\n", b"1\n", b'{"ask": ["look"]}\n'),
        *(b'{"ask": "kill"}\n', b'{"ask": "kill", "process": "1"}\n', b'{"ask": "spawn"}\n', b"x" * 4096),
    ],
)
def test_hostile_requests_are_answered_with_an_error_and_the_next_one_as_ever(request_line: bytes) -> None:
    with motte.Machine(observable="kill"):
        (path,) = observed_machines()
        assert set(raw(path, request_line)) == {"error"}
        assert "processes" in raw(path, b'{"ask": "look"}\n')


def test_whoever_connects_and_says_nothing_does_not_keep_the_machine_from_closing() -> None:
    machine = motte.Machine(observable=True)
    (path,) = observed_machines()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(os.fspath(path))
        machine.close()
    machine.close()
    assert not path.exists()


def test_whoever_sends_a_request_byte_by_byte_has_no_more_time_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(observation, "PATIENCE", 0.3)
    with motte.Machine(observable=True):
        (path,) = observed_machines()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(os.fspath(path))
            with suppress(BrokenPipeError):  # it has hung up
                for _ in range(100):
                    connection.sendall(b"x")
                    if select.select([connection], [], [], 0.05)[0]:
                        break
                else:
                    pytest.fail("it still listens after 5 s")
        assert "processes" in raw(path, b'{"ask": "look"}\n')


def test_sockets_of_those_who_are_gone_are_removed(runtime: Path) -> None:
    folder = observation_folder()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gone:
        gone.bind(os.fspath(folder / "999999-1.sock"))
    assert observed_machines() == []
    assert list(folder.iterdir()) == []
    with pytest.raises(OSError, match="No such file"):
        ask_machine(folder / "999999-1.sock", ask="look")


@pytest.mark.parametrize(
    ("argument", "variable", "allowed"),
    [
        *((None, None, ()), (None, "", ()), (None, "0", ()), (None, "1", ("look",)), (None, "kill", ("look", "kill"))),
        *((False, "1", ()), (True, None, ("look",)), ("look", "kill", ("look",)), ("kill", "0", ("look", "kill"))),
    ],
)
def test_the_argument_comes_before_the_environment(
    monkeypatch: pytest.MonkeyPatch, argument: object, variable: str | None, allowed: tuple[str, ...]
) -> None:
    if variable is not None:
        monkeypatch.setenv("MOTTE_OBSERVABLE", variable)
    assert wanted_observation(argument) == allowed  # type: ignore[arg-type]


def test_a_word_that_means_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="observable: 'all' is none of"):
        motte.Machine(observable="all")  # type: ignore[arg-type]
    monkeypatch.setenv("MOTTE_OBSERVABLE", "yes")
    with pytest.raises(ValueError, match="MOTTE_OBSERVABLE: 'yes' is none of"):
        motte.Machine()


PRYING = r"""
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void) {
    struct stat status;
    for (int descriptor = 3; descriptor < 1024; descriptor++)
        if (fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) return 1;
    if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0) return 2;
    DIR *folder = opendir("/runtime");
    if (!folder) return 3;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char path[512];
        snprintf(path, sizeof path, "/runtime/%s", entry->d_name);
        if (strstr(path, ".sock") && open(path, O_RDONLY) >= 0) return 4;
        if (strstr(path, ".sock")) puts("a socket, and no way in");
    }
    return 0;
}
"""


def test_guests_have_no_part_in_it_even_where_they_are_granted_the_folder(tmp_path: Path) -> None:
    source = tmp_path / "prying.c"
    source.write_text(PRYING)
    with motte.Machine(observable="kill") as machine:
        granted = [f"{observation_folder()}::/runtime:ro"]
        with machine.spawn(machine.load(source), directories=granted, stdout=motte.CAPTURE) as process:
            assert process.wait(20).returncode == 0
            assert process.stdout == b"a socket, and no way in\n"


def test_a_machine_that_is_gone_says_so() -> None:
    machine = motte.Machine(observable=True)
    (path,) = observed_machines()
    machine.close()
    with pytest.raises((OSError, MotteError)):
        ask_machine(path, ask="look")
