"""128-bit arithmetic of the guest's compiler runtime, against Python's exact integers and fractions."""

import ctypes
import math
import random
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from toolchain.native import native_library

WIDE = 1 << 128
SOURCES = [
    f"compiler_rt/{name}.c"
    for name in (
        *("udivmodti4", "udivti3", "umodti3", "divmodti4", "divti3", "modti3", "muloti4"),
        *("fixdfti", "fixsfti", "fixunsdfti", "fixunssfti"),
        *("floattidf", "floattisf", "floatuntidf", "floatuntisf"),
    )
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return native_library(tmp_path_factory.mktemp("wide"), [*SOURCES, Path(__file__).with_name("wide_adapter.c")])


def edge_values() -> list[int]:
    powers = [1 << bit for bit in (0, 1, 31, 32, 33, 62, 63, 64, 65, 95, 96, 97, 126, 127)]
    near = {power + delta for power in powers for delta in (-2, -1, 0, 1, 2)}
    return sorted(value % WIDE for value in near | {WIDE - 1, WIDE - 2, 0xFFFFFFFF_00000000, (1 << 96) - (1 << 32)})


def operand_pairs(count: int) -> Iterator[tuple[int, int]]:
    edges = edge_values()
    yield from ((a, b) for a in edges for b in edges)
    generator = random.Random(1)
    for _ in range(count):
        yield generator.getrandbits(generator.randint(1, 128)), generator.getrandbits(generator.randint(1, 128))


def signed(value: int) -> int:
    return value - WIDE if value >> 127 else value


def pack(*values: int) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(b"".join((value % WIDE).to_bytes(16, "little") for value in values))


def unpack(buffer: ctypes.Array[ctypes.c_char]) -> list[int]:
    raw = buffer.raw
    return [int.from_bytes(raw[at : at + 16], "little") for at in range(0, len(raw) - 1, 16)]


@pytest.mark.parametrize("function", ["udivmodti4", "udivti3_umodti3"])
def test_unsigned_quotient_and_remainder_are_exact(library: ctypes.CDLL, function: str) -> None:
    results = pack(0, 0)
    for dividend, divisor in operand_pairs(20_000):
        if divisor:
            getattr(library, function)(pack(dividend, divisor), results)
            assert unpack(results)[:2] == list(divmod(dividend, divisor)), (dividend, divisor)


@pytest.mark.parametrize("function", ["divmodti4", "divti3_modti3"])
def test_signed_quotient_truncates_and_remainder_has_the_dividends_sign(library: ctypes.CDLL, function: str) -> None:
    results = pack(0, 0)
    for claimed_a, claimed_b in operand_pairs(20_000):
        a, b = signed(claimed_a), signed(claimed_b)
        if b:
            quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            getattr(library, function)(pack(a, b), results)
            assert unpack(results)[:2] == [quotient % WIDE, (a - quotient * b) % WIDE], (a, b)


def test_signed_multiplication_wraps_and_reports_every_overflow(library: ctypes.CDLL) -> None:
    results = pack(0)
    overflows = 0
    for claimed_a, claimed_b in operand_pairs(20_000):
        product = signed(claimed_a) * signed(claimed_b)
        overflow = bool(library.muloti4(pack(claimed_a, claimed_b), results))
        assert unpack(results)[0] == product % WIDE
        assert overflow == (not -(1 << 127) <= product < 1 << 127), (claimed_a, claimed_b)
        overflows += overflow
    assert overflows > 1000


def float_values() -> list[float]:
    generator = random.Random(2)
    values = [0.0, -0.0, 0.5, 0.999, 1.0, 1.5, math.inf, 2.0**127, 2.0**128, 2.0**126, math.nan, 5e-324, 1.7e308]
    values += [math.ldexp(generator.random(), generator.randint(-5, 140)) for _ in range(3000)]
    return values + [-value for value in values]


@pytest.mark.parametrize("name", ["fixdfti", "fixsfti", "fixunsdfti", "fixunssfti"])
def test_floats_truncate_to_integers_and_saturate(library: ctypes.CDLL, name: str) -> None:
    single = "sf" in name
    least, greatest = (0, WIDE - 1) if "uns" in name else (-(1 << 127), (1 << 127) - 1)
    getattr(library, name).argtypes = [ctypes.c_float if single else ctypes.c_double, ctypes.c_void_p]
    result = pack(0)
    for value in float_values():
        number = ctypes.c_float(value).value if single else value
        if math.isnan(number):
            expected = 0
        elif math.isinf(number):
            expected = greatest if number > 0 else least
        else:
            expected = max(least, min(greatest, int(number)))
        getattr(library, name)(number, result)
        assert unpack(result)[0] == expected % WIDE, number


def round_to_float(value: int, significand_bits: int) -> Fraction:
    """``value`` rounded to nearest, ties to even."""
    excess = max(0, abs(value).bit_length() - significand_bits)
    kept, rest = divmod(abs(value), 1 << excess)
    half = 1 << excess >> 1
    kept += rest > half or (excess > 0 and rest == half and kept & 1)
    return Fraction((kept << excess) * (1 if value >= 0 else -1))


@pytest.mark.parametrize("name", ["floattidf", "floattisf", "floatuntidf", "floatuntisf"])
def test_integers_become_the_nearest_float(library: ctypes.CDLL, name: str) -> None:
    single = name.endswith("sf")
    getattr(library, name).restype = ctypes.c_float if single else ctypes.c_double
    for claimed, other in operand_pairs(20_000):
        # Sums of two powers of two with small errors lie on and beside the halfway points.
        for candidate in (claimed, (claimed & -claimed) * 3 + other % 3):
            value = candidate % WIDE if "un" in name else signed(candidate % WIDE)
            expected = round_to_float(value, 24 if single else 53)
            result = getattr(library, name)(pack(value))
            if single and abs(expected) >= 1 << 128:
                assert math.isinf(result)
            else:
                assert Fraction(result) == expected, value


def test_the_reference_rounding_agrees_with_python() -> None:
    generator = random.Random(3)
    for _ in range(2000):
        value = generator.getrandbits(generator.randint(1, 128))
        assert round_to_float(value, 53) == Fraction(float(value))
        if value < 1 << 127:
            assert round_to_float(value, 24) <= Fraction(struct.unpack("f", struct.pack("f", math.ldexp(1, 127)))[0])
