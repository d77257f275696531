"""Streams of a process, without a process: descriptors in, bytes out, nothing left open."""

import os
import threading
from io import BytesIO
from pathlib import Path

import pytest

from motte.core import NOWHERE
from motte.streams import CAPTURE, DISCARD, Input, Output, Streams


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def read_all(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


@pytest.mark.parametrize("given", [b"some input", bytearray(b"some input"), memoryview(b"some input")])
def test_bytes_become_input(given: Input) -> None:
    streams = Streams(given, DISCARD, DISCARD)
    assert read_all(streams.descriptors[0]) == b"some input"
    streams.close()


def test_input_from_bytes_cannot_be_changed_by_whoever_has_the_descriptor() -> None:
    streams = Streams(b"input", None, None)
    descriptor = streams.descriptors[0]
    with pytest.raises(PermissionError):
        os.write(descriptor, b"x")
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 1 << 40)
    streams.close()


def test_streams_that_lead_nowhere_take_no_descriptors() -> None:
    before = open_descriptors()
    streams = Streams(None, DISCARD, None)
    assert streams.descriptors == (NOWHERE, NOWHERE, NOWHERE)
    assert open_descriptors() == before
    streams.close()


def test_captured_output_never_blocks_and_is_complete() -> None:
    streams = Streams(None, CAPTURE, CAPTURE)
    out, err = (os.dup(descriptor) for descriptor in streams.descriptors[1:])
    streams.attached()
    for _ in range(256):
        os.write(out, b"o" * 65536)
        os.write(err, b"e")
    assert streams.captured(1) == b"o" * 65536 * 256
    assert streams.captured(2) == b"e" * 256
    os.close(out)
    os.close(err)


def test_captured_output_ends_with_the_process_not_with_the_descriptor() -> None:
    streams = Streams(None, CAPTURE, DISCARD)
    still_open = os.dup(streams.descriptors[1])
    streams.attached()
    os.write(still_open, b"last words")
    assert streams.captured(1) == b"last words"
    assert streams.captured(1) == b"last words"
    assert streams.captured(2) is None
    os.close(still_open)


def test_the_captured_stream_can_neither_seek_nor_grow_unwritten() -> None:
    streams = Streams(None, CAPTURE, None)
    with pytest.raises(OSError, match="Illegal seek"):
        os.lseek(streams.descriptors[1], 1 << 40, os.SEEK_SET)
    with pytest.raises(OSError, match="Invalid argument"):
        os.ftruncate(streams.descriptors[1], 1 << 40)
    streams.close()


def test_open_files_and_descriptors_are_passed_as_they_are(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as file:
        streams = Streams(0, file, file.fileno())
        assert streams.descriptors == (0, file.fileno(), file.fileno())
        streams.attached()
        streams.close()
        os.fstat(file.fileno())


def test_nothing_stays_open() -> None:
    before = open_descriptors()
    attached = Streams(b"input", CAPTURE, CAPTURE)
    attached.attached()
    attached.close()
    attached.close()
    Streams(b"input", CAPTURE, DISCARD).close()
    with pytest.raises(TypeError, match="stderr: expected"):
        Streams(b"input", CAPTURE, object())  # type: ignore[arg-type]
    assert open_descriptors() == before
    assert not [thread for thread in threading.enumerate() if thread.name == "motte-capture"]


@pytest.mark.parametrize(
    ("streams", "error", "reason"),
    [
        (("text", None, None), TypeError, "stdin: expected bytes"),
        ((CAPTURE, None, None), TypeError, "stdin: CAPTURE is for output"),
        ((True, None, None), TypeError, "stdin: expected"),
        ((None, -1, None), ValueError, "stdout: -1 is not an open descriptor"),
        ((None, b"bytes", None), TypeError, "stdout: expected"),
        ((None, BytesIO(), None), OSError, "fileno"),
    ],
)
def test_what_is_no_stream_is_misuse(
    streams: tuple[Input, Output, Output], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        Streams(*streams)
