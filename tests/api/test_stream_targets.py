"""Streams to paths, files of all kinds, and callbacks: what arrives there, and what an error there does."""

import bz2
import gzip
import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import motte
from motte.abi.faults import StopReason


@pytest.fixture(scope="module")
def shared() -> Iterator[motte.Machine]:
    with motte.Machine(memory="512MiB") as machine:
        yield machine


@pytest.fixture(scope="module")
def streams(shared: motte.Machine) -> motte.Program:
    return shared.load(Path(__file__).parent / "programs/streams.c")


@pytest.fixture(autouse=True)
def no_threads_are_left() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("motte-std"):
            thread.join(10)
            assert not thread.is_alive()


# --- paths and files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_given", [str, Path])
def test_paths(shared: motte.Machine, streams: motte.Program, tmp_path: Path, as_given: type[str] | type[Path]) -> None:
    (tmp_path / "in").write_bytes(b"\0binary\xff")
    (tmp_path / "out").write_bytes(b"longer than what is written")
    shared.run(streams, ["copy"], stdin=as_given(tmp_path / "in"), stdout=as_given(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"\0binary\xff"
    with pytest.raises(FileNotFoundError):
        shared.spawn(streams, stdin=as_given(tmp_path / "none"))


def test_open_files_are_used_as_they_stand(shared: motte.Machine, streams: motte.Program, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        out.write("before ")
        shared.run(streams, ["say", "within", "complain", "!"], stdout=out, stderr=motte.STDOUT)
    assert (tmp_path / "out").read_bytes() == b"before within!"


def test_files_without_a_descriptor(shared: motte.Machine, streams: motte.Program) -> None:
    data, out, errors = os.urandom(1_000_000), io.BytesIO(), io.StringIO()
    done = shared.run(streams, ["copy", "complain", "schön"], stdin=io.BytesIO(data), stdout=out, stderr=errors)
    assert done.returncode == 0
    assert done.stdout == done.stderr == b""
    assert out.getvalue() == data
    assert errors.getvalue() == "schön"
    assert shared.run(streams, ["copy"], stdin=io.StringIO("tëxt")).stdout == "tëxt".encode()


def test_compressed_files_are_read_and_written_by_python(
    shared: motte.Machine, streams: motte.Program, tmp_path: Path
) -> None:
    data = bytes(range(256)) * 1000
    with gzip.open(tmp_path / "in.gz", "wb") as file:
        file.write(data)
    with gzip.open(tmp_path / "in.gz") as source, bz2.open(tmp_path / "out.bz2", "wb") as target:
        shared.run(streams, ["copy"], stdin=source, stdout=target)
    with bz2.open(tmp_path / "out.bz2") as file:
        assert file.read() == data
    with gzip.open(tmp_path / "text.gz", "wt", encoding="latin-1") as text:
        text.write("é")
    with gzip.open(tmp_path / "text.gz", "rt", encoding="latin-1") as text:
        assert shared.run(streams, ["copy"], stdin=text).stdout == "é".encode()


def test_a_full_disk_is_told_to_the_guest(shared: motte.Machine, streams: motte.Program) -> None:
    done = shared.run(streams, ["say", "x"], stdout="/dev/full")
    assert done.returncode == 10
    assert done.stderr == b"write: 28\n"


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_callbacks_have_seen_everything_when_the_wait_is_over(shared: motte.Machine, streams: motte.Program) -> None:
    chunks: list[bytes] = []
    data = os.urandom(1_000_000)
    shared.run(streams, ["copy"], stdin=data, stdout=chunks.append)
    assert b"".join(chunks) == data
    assert len(chunks) > 1


def test_lines_are_whole_however_they_are_written(shared: motte.Machine, streams: motte.Program) -> None:
    lines: list[bytes] = []
    words = ["say", "on", "say", "e\ntwo\n\nthr", "say", "ee\nlast"]
    shared.run(streams, words, stdout=motte.lines(lines.append))
    assert lines == [b"one\n", b"two\n", b"\n", b"three\n", b"last"]


def test_long_lines_come_in_pieces(shared: motte.Machine, streams: motte.Program) -> None:
    lines: list[bytes] = []
    shared.run(streams, ["say", "abcdefg\nhi\n"], stdout=motte.lines(lines.append, limit=3))
    assert lines == [b"abc", b"def", b"g\n", b"hi\n"]
    with pytest.raises(ValueError, match="0 bytes"):
        motte.lines(print, limit=0)


def test_outputs_and_errors_share_a_callback_in_order(shared: motte.Machine, streams: motte.Program) -> None:
    chunks: list[bytes] = []
    words = ["say", "1", "complain", "2", "say", "3"]
    shared.run(streams, words, stdout=chunks.append, stderr=motte.STDOUT)
    assert b"".join(chunks) == b"123"


def test_a_slow_callback_makes_the_guest_wait(shared: motte.Machine, streams: motte.Program) -> None:
    may_go_on, begun = threading.Event(), threading.Event()
    seen: list[int] = []

    def slow(chunk: bytes) -> None:
        begun.set()
        may_go_on.wait(10)
        seen.append(len(chunk))

    with shared.spawn(streams, ["out", "1000000"], stdout=slow) as process:
        begun.wait(10)
        with pytest.raises(motte.Timeout):
            process.wait(0.05)
        assert process.statistics().output <= 3 * 65536
        may_go_on.set()
        assert process.wait().returncode == 0
    assert sum(seen) == 1_000_000


class FailureError(Exception):
    pass


def failing(_chunk: object) -> bytes:
    raise FailureError("of the user's")


class FailingFile:
    read = staticmethod(failing)
    write = staticmethod(failing)


@pytest.mark.parametrize("target", [failing, motte.lines(failing), FailingFile()])
def test_an_exception_kills_the_guest_and_reaches_who_waits(
    shared: motte.Machine, streams: motte.Program, target: object
) -> None:
    with shared.spawn(streams, ["say", "x\n", "forever"], stdout=target) as process:  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(FailureError, match="of the user's"):
                process.wait(10)
        assert process.exit_reason == motte.ExitReason.KILLED


def test_an_exception_of_a_file_that_is_read_does_too(shared: motte.Machine, streams: motte.Program) -> None:
    with pytest.raises(FailureError):
        shared.run(streams, ["copy"], stdin=FailingFile())  # type: ignore[arg-type]


def test_the_end_of_the_guest_does_not_wait_for_its_input(shared: motte.Machine, streams: motte.Program) -> None:
    may_go_on = threading.Event()

    class Slow(io.RawIOBase):
        def read(self, _size: int = -1) -> bytes:
            may_go_on.wait(10)
            return b"x"

    assert shared.run(streams, ["say", "done"], stdin=Slow()).stdout == b"done"
    may_go_on.set()


def test_limits_hold_for_callbacks_and_files(shared: motte.Machine, streams: motte.Program) -> None:
    out = io.BytesIO()
    done = shared.run(streams, ["forever"], stdout=out, output_limit=100_000)
    assert done.reason is StopReason.OUTPUT_LIMIT
    assert len(out.getvalue()) == 100_000


def test_a_killed_guest_leaves_no_callback_at_work(shared: motte.Machine, streams: motte.Program) -> None:
    with shared.spawn(streams, ["forever"], stdout=lambda _chunk: None):
        pass


def test_nobody_is_an_input_or_an_output_by_mistake(shared: motte.Machine, streams: motte.Program) -> None:
    for wrong in ({"stdin": motte.CAPTURE}, {"stdin": motte.STDOUT}, {"stdout": motte.STDOUT}, {"stdin": 1.5}):
        with pytest.raises(TypeError, match="std"):
            shared.spawn(streams, **wrong)  # type: ignore[arg-type]
