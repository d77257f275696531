"""What is passed and what comes back: the same as with ctypes on a native build, or a clear refusal."""

import array
import ctypes
import math
import struct
import subprocess
from collections.abc import Iterator
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motte
from calls.conftest import GUESTS, Plugin

INTEGERS = {
    "int8": (-(2**7), 2**7 - 1),
    "uint8": (0, 2**8 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "uint16": (0, 2**16 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
}
ROUNDS = settings(max_examples=60, deadline=None)


@pytest.fixture(scope="module")
def functions(machine: motte.Machine, library: motte.Program) -> Iterator[dict[str, motte.Function]]:
    with machine.spawn(library, start=False) as process:
        names = (name for name in library.exports if name not in {"total", "moved"})
        yield {name: process.function(name) for name in names}


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    library = tmp_path_factory.mktemp("native") / "library.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", str(GUESTS / "library.c"), "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


@pytest.mark.parametrize("name", INTEGERS)
def test_an_integer_comes_back_as_it_was_and_one_beyond_is_refused(
    functions: dict[str, motte.Function], name: str
) -> None:
    same, (least, most) = functions[f"same_{name}"], INTEGERS[name]
    for value in (least, least + 1, -1 if least else 1, 0, 1, most - 1, most):
        assert same(value) == value
    for value in (least - 1, most + 1, -(2**70), 2**70):
        with pytest.raises(OverflowError, match=rf"^same_{name}: value: {value} does not fit into {name}$"):
            same(value)


@ROUNDS
@given(data=st.data())
def test_integers_are_those_of_ctypes(
    functions: dict[str, motte.Function], native: ctypes.CDLL, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(INTEGERS)))
    value = data.draw(st.integers(*INTEGERS[name]))
    other = native[f"same_{name}"]
    other.argtypes, other.restype = [getattr(ctypes, f"c_{name}")], getattr(ctypes, f"c_{name}")
    assert functions[f"same_{name}"](value) == other(value) == value


def bits(value: float) -> bytes:
    return b"nan" if math.isnan(value) else struct.pack("<d", value)


@ROUNDS
@given(value=st.floats())
def test_numbers_are_those_of_ctypes(functions: dict[str, motte.Function], native: ctypes.CDLL, value: float) -> None:
    for name, kind in (("float", ctypes.c_float), ("double", ctypes.c_double)):
        other = native[f"same_{name}"]
        other.argtypes, other.restype = [kind], kind
        assert bits(functions[f"same_{name}"](value)) == bits(other(value))


SMALL = st.integers(0, 100)
REAL = st.floats(-100, 100, width=32).map(round)


@ROUNDS
@given(data=st.data())
def test_arguments_beyond_the_registers_are_those_of_ctypes(
    functions: dict[str, motte.Function], native: ctypes.CDLL, data: st.DataObject
) -> None:
    kinds = [
        *(ctypes.c_int8, ctypes.c_double, ctypes.c_uint16, ctypes.c_float, ctypes.c_int64, ctypes.c_int32),
        *(ctypes.c_uint8, ctypes.c_uint64, ctypes.c_int16, ctypes.c_double, ctypes.c_double, ctypes.c_float),
        *(ctypes.c_double, ctypes.c_float, ctypes.c_double, ctypes.c_double, ctypes.c_float, ctypes.c_uint32),
    ]
    reals = (ctypes.c_double, ctypes.c_float)
    values = [data.draw(REAL if kind in reals else SMALL) for kind in kinds]
    weigh = native.weigh
    weigh.argtypes, weigh.restype = kinds, ctypes.c_double
    assert functions["weigh"](*values) == weigh(*values)


def test_truth_and_addresses(functions: dict[str, motte.Function]) -> None:
    assert functions["same_bool"]("yes") is True
    assert functions["same_bool"]([]) is False
    assert functions["same_pointer"](0xFFFF_FFFF) == 0xFFFF_FFFF
    assert functions["same_pointer"](None) == 0
    with pytest.raises(
        OverflowError, match=r"^same_pointer: value: 4294967296 does not fit into an address of 32 bits$"
    ):
        functions["same_pointer"](2**32)


class Index:
    def __index__(self) -> int:
        return 7


def test_whatever_is_an_integer_or_a_number_will_do(functions: dict[str, motte.Function]) -> None:
    assert functions["same_int32"](True) == 1
    assert functions["same_int32"](Index()) == 7
    assert functions["same_int32"](numpy.int16(-3)) == -3
    assert functions["same_double"](3) == 3.0
    assert functions["same_double"](numpy.float32(1.5)) == 1.5
    for name, value, wanted in (
        ("same_int32", 1.0, "an integer"),
        ("same_int32", "1", "an integer"),
        ("same_int32", None, "an integer"),
        ("same_double", "1", "a number"),
        ("same_pointer", 1.5, "an address, None or a buffer"),
    ):
        with pytest.raises(TypeError, match=rf"^{name}: value: expected {wanted}, got {type(value).__name__}$"):
            functions[name](value)


@ROUNDS
@given(text=st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_a_text_is_passed_as_utf_8(functions: dict[str, motte.Function], text: str) -> None:
    assert functions["length"](text) == len(text.encode())


def test_a_text_that_c_cannot_have_is_refused(functions: dict[str, motte.Function]) -> None:
    with pytest.raises(ValueError, match="contains a NUL"):
        functions["length"]("a\0b")
    with pytest.raises(UnicodeEncodeError):
        functions["length"]("\ud800")


BUFFERS = {
    "bytes": bytes,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "array": lambda data: array.array("B", data),
    "numpy": lambda data: numpy.frombuffer(data, numpy.uint8),
    "ctypes": lambda data: (ctypes.c_uint8 * len(data)).from_buffer_copy(data),
}


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("size", [0, 1, 100, 4096, 70_000, 5_000_000, 20_000_000])
def test_a_buffer_of_any_size_is_copied_in(functions: dict[str, motte.Function], kind: str, size: int) -> None:
    data = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    buffer: Any = BUFFERS[kind](data)
    assert functions["sum"](buffer, size) == sum(range(256)) * (size // 256) + sum(range(size % 256))


def test_bytes_end_with_a_nul_in_the_guest(functions: dict[str, motte.Function]) -> None:
    assert functions["length"](b"12345") == 5


def test_what_the_guest_writes_is_lost_unless_it_is_asked_for(functions: dict[str, motte.Function]) -> None:
    buffer = bytearray(b"old")
    functions["fill"](buffer, 2, ord("x"))
    assert buffer == b"old"
    functions["fill"](motte.InOut(buffer), 2, ord("x"))
    assert buffer == b"xxd"
    functions["fill"](motte.Out(buffer), 2, ord("y"))
    assert buffer == b"yy\0"


@pytest.mark.parametrize("count", [1, 1000, 1_000_000])
def test_numpy_arrays_are_changed_in_place(functions: dict[str, motte.Function], count: int) -> None:
    numbers = numpy.arange(float(count))
    functions["double_all"](motte.InOut(numbers), count)
    assert (numbers == 2 * numpy.arange(float(count))).all()


def test_structures_of_ctypes_and_numpy_go_by_pointer(functions: dict[str, motte.Function]) -> None:
    class Point(ctypes.Structure):
        _fields_ = (("x", ctypes.c_int32), ("y", ctypes.c_double))

    point = Point(3, 4.5)
    assert functions["norm"](point) == 7.5
    functions["move"](motte.InOut(point), 2)
    assert (point.x, point.y) == (5, 2.5)
    layout = numpy.dtype([("x", "i4"), ("y", "f8")], align=True)
    points = numpy.array([(1, 2.5)], layout)
    functions["move"](motte.InOut(points), -1)
    assert points.tolist() == [(0, 3.5)]


def test_buffers_that_cannot_be_passed_are_refused(functions: dict[str, motte.Function]) -> None:
    with pytest.raises((BufferError, ValueError), match="contiguous"):
        functions["sum"](numpy.arange(10, dtype=numpy.uint8)[::2], 5)
    with pytest.raises(BufferError, match=r"not writable|read-only"):
        functions["fill"](motte.Out(b"constant"), 1, 0)
    with pytest.raises(TypeError, match="expected a buffer that can be written to, got str"):
        motte.Out("text")  # type: ignore[arg-type]


def test_the_guests_memory_is_given_back_after_a_call(
    machine: motte.Machine, functions: dict[str, motte.Function]
) -> None:
    before = machine.statistics().memory
    for size in (10, 100_000, 30_000_000):
        functions["sum"](bytes(size), size)
    first = machine.statistics().memory
    for _ in range(20):
        functions["sum"](bytes(30_000_000), 1)
    assert machine.statistics().memory == first
    assert first - before <= 8 << 20  # the data stack, which stays


def test_a_guest_without_room_for_a_buffer_says_so(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library, bank="1MiB")
    count = process.function("sum")
    with pytest.raises(motte.LimitReached, match=r"no room for 1000000[01] bytes of arguments"):
        count(bytes(10_000_000), 1)
    assert count(b"\1\2", 2) == 3
