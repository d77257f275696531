"""Streams of a process, without a process: descriptors in, bytes out, nothing left open."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from motte.core import NOWHERE, Pipe, Scheduler
from motte.streams import CAPTURE, DISCARD, PIPE, STDOUT, Input, Output, Streams


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """One that runs nothing."""
    scheduler = Scheduler(1)
    yield scheduler
    scheduler.close()


def read_all(descriptor: int | Pipe) -> bytes:
    assert isinstance(descriptor, int)
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


@pytest.mark.parametrize("given", [b"some input", bytearray(b"some input"), memoryview(b"some input")])
def test_bytes_become_input(scheduler: Scheduler, given: Input) -> None:
    streams = Streams(scheduler, given, DISCARD, DISCARD)
    assert read_all(streams.descriptors[0]) == b"some input"
    streams.close()


def test_input_from_bytes_cannot_be_changed_by_whoever_has_the_descriptor(scheduler: Scheduler) -> None:
    streams = Streams(scheduler, b"input", None, None)
    descriptor = streams.descriptors[0]
    assert isinstance(descriptor, int)
    with pytest.raises(PermissionError):
        os.write(descriptor, b"x")
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 1 << 40)
    streams.close()


def test_streams_that_lead_nowhere_take_no_descriptors(scheduler: Scheduler) -> None:
    before = open_descriptors()
    streams = Streams(scheduler, None, DISCARD, None)
    assert streams.descriptors == (NOWHERE, NOWHERE, NOWHERE)
    assert open_descriptors() == before
    streams.close()


def test_open_files_and_descriptors_are_passed_as_they_are(scheduler: Scheduler, tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        streams = Streams(scheduler, 0, file, file.fileno())
        assert streams.descriptors == (0, file.fileno(), file.fileno())
        streams.attached()
        streams.close()
        os.fstat(file.fileno())


def test_captured_output_takes_no_descriptors(scheduler: Scheduler) -> None:
    before = open_descriptors()
    streams = Streams(scheduler, None, CAPTURE, CAPTURE)
    _, out, err = streams.descriptors
    assert isinstance(out, Pipe)
    assert isinstance(err, Pipe)
    assert open_descriptors() == before
    assert streams.captured(1) == streams.captured(2) == b""
    assert streams.captured(0) is None
    streams.close()


def test_errors_can_go_where_output_goes(scheduler: Scheduler, tmp_path: Path) -> None:
    streams = Streams(scheduler, None, CAPTURE, STDOUT)
    assert streams.descriptors[1] is streams.descriptors[2]
    streams.close()
    streams = Streams(scheduler, None, tmp_path / "out", STDOUT)
    assert streams.descriptors[1] == streams.descriptors[2] != NOWHERE
    streams.close()


def test_paths_are_opened_and_closed(scheduler: Scheduler, tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"input")
    (tmp_path / "out").write_bytes(b"what was there")
    before = open_descriptors()
    streams = Streams(scheduler, str(tmp_path / "in"), tmp_path / "out", tmp_path / "new")
    assert read_all(streams.descriptors[0]) == b"input"
    assert (tmp_path / "out").read_bytes() == b""
    assert (tmp_path / "new").exists()
    streams.attached()
    assert open_descriptors() == before
    streams.close()


def test_nothing_stays_open(scheduler: Scheduler) -> None:
    before = open_descriptors()
    attached = Streams(scheduler, b"input", CAPTURE, PIPE)
    attached.attached()
    attached.close()
    attached.close()
    Streams(scheduler, b"input", CAPTURE, DISCARD).close()
    with pytest.raises(TypeError, match="stderr: expected"):
        Streams(scheduler, b"input", CAPTURE, object())  # type: ignore[arg-type]
    assert open_descriptors() == before


@pytest.mark.parametrize(
    ("streams", "error", "reason"),
    [
        ((1.5, None, None), TypeError, "stdin: expected bytes"),
        (("no such file", None, None), FileNotFoundError, "no such file"),
        ((CAPTURE, None, None), TypeError, "stdin: CAPTURE is for output"),
        ((True, None, None), TypeError, "stdin: expected"),
        ((None, -1, None), ValueError, "stdout: -1 is not an open descriptor"),
        ((None, b"bytes", None), TypeError, "stdout: expected"),
        ((STDOUT, None, None), TypeError, "stdin: STDOUT is for output"),
        ((None, STDOUT, None), TypeError, "stdout: STDOUT is for stderr"),
    ],
)
def test_what_is_no_stream_is_misuse(
    scheduler: Scheduler, streams: tuple[Input, Output, Output], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        Streams(scheduler, *streams)
