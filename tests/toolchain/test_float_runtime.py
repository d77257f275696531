"""Floating-point functions of the guest's compiler runtime and mathematics, against exact results."""

import cmath
import ctypes
import itertools
import math
import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from toolchain.native import native_library

SOURCES = [
    *(f"compiler_rt/trunc{name}2.c" for name in ("dfhf", "sfhf", "dfbf", "sfbf")),
    *(
        f"compiler_rt/{name}.c"
        for name in ("extendhfsf2", "muldc3", "divdc3", "mulsc3", "divsc3", "powidf2", "powisf2")
    ),
    *("compiler_rt/popcount.c", "compiler_rt/atomic.c", "string/memcpy.c", "math/fma.c", "math/fmaf.c"),
    *("math/ilogb.c", "math/ilogbf.c", Path(__file__).with_name("float_adapter.c")),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    # Without FMA the software forms cannot fall back on the CPU.
    return native_library(tmp_path_factory.mktemp("float"), SOURCES, ["-march=x86-64-v2"])


def symbol(library: ctypes.CDLL, name: str) -> Any:
    """A function whose name begins with two underscores, which Python would mangle."""
    return getattr(library, f"__{name}")


def interesting_doubles(count: int, least: int, greatest: int) -> list[float]:
    generator = random.Random(4)
    values = [
        0.0,
        math.inf,
        math.nan,
        5e-324,
        2.2250738585072014e-308,
        1.7976931348623157e308,
        1.0,
        65504.0,
        65519.99,
        65520.0,
    ]
    for _ in range(count):
        exponent = generator.randint(least, greatest)
        # Few significant bits make halfway cases; a last bit beside them makes near misses.
        significand = generator.getrandbits(generator.choice((4, 9, 12, 13, 26, 53))) | 1
        values.append(math.ldexp(significand, exponent - significand.bit_length()))
        values.append(
            math.ldexp((significand << 30) + generator.choice((-1, 1)), exponent - significand.bit_length() - 30)
        )
    return [sign * value for value in values for sign in (1, -1)]


def half_bits(value: float) -> int:
    try:
        return int.from_bytes(struct.pack("<e", value), "little")
    except OverflowError:
        return 0x7C00 | (0x8000 if value < 0 else 0)


def bfloat_bits(value: float) -> int:
    """The nearest multiple of the format's last place, ties to even, as bits."""
    sign = 0x8000 if math.copysign(1, value) < 0 else 0
    if math.isinf(value):
        return sign | 0x7F80
    exponent = max(-126, math.frexp(value)[1] - 1) if value else -126
    units = Fraction(abs(value)) / Fraction(2) ** (exponent - 7)
    kept = round(units)  # Python rounds ties to even
    return sign | min(0x7F80, ((exponent + 126) << 7) + kept)


@pytest.mark.parametrize(("name", "reference"), [("truncdfhf2", half_bits), ("truncdfbf2", bfloat_bits)])
def test_doubles_narrow_to_the_nearest_value(
    library: ctypes.CDLL, name: str, reference: Callable[[float], int]
) -> None:
    getattr(library, name).argtypes, getattr(library, name).restype = [ctypes.c_double], ctypes.c_uint16
    least, greatest = (-28, 20) if "hf" in name else (-140, 135)
    for value in interesting_doubles(20_000, least, greatest):
        if not math.isnan(value):
            assert getattr(library, name)(value) == reference(value), value.hex()


@pytest.mark.parametrize(("name", "reference"), [("truncsfhf2", half_bits), ("truncsfbf2", bfloat_bits)])
def test_floats_narrow_to_the_nearest_value(library: ctypes.CDLL, name: str, reference: Callable[[float], int]) -> None:
    getattr(library, name).argtypes, getattr(library, name).restype = [ctypes.c_float], ctypes.c_uint16
    least, greatest = (-28, 20) if "hf" in name else (-140, 127)
    for value in interesting_doubles(5_000, least, greatest):
        single = ctypes.c_float(value).value
        if not math.isnan(single):
            assert getattr(library, name)(single) == reference(single), single.hex()


@pytest.mark.parametrize(("name", "infinity"), [("truncdfhf2", 0x7C00), ("truncdfbf2", 0x7F80)])
def test_a_narrowed_nan_is_quiet_and_keeps_its_sign(library: ctypes.CDLL, name: str, infinity: int) -> None:
    getattr(library, name).argtypes, getattr(library, name).restype = [ctypes.c_double], ctypes.c_uint16
    for sign in (1.0, -1.0):
        bits = getattr(library, name)(math.copysign(math.nan, sign))
        assert bits & 0x7FFF > infinity
        assert bool(bits & 0x8000) == (sign < 0)


def test_every_half_widens_exactly(library: ctypes.CDLL) -> None:
    library.extendhfsf2.argtypes, library.extendhfsf2.restype = [ctypes.c_uint16], ctypes.c_float
    for bits in range(1 << 16):
        expected = struct.unpack("<e", bits.to_bytes(2, "little"))[0]
        result = library.extendhfsf2(bits)
        assert (
            math.isnan(result)
            if math.isnan(expected)
            else (result, math.copysign(1, result))
            == (
                expected,
                math.copysign(1, expected),
            )
        )


COMPLEX_PARTS = (0.0, -0.0, 1.0, -2.5, 3e30, 1e-30, math.inf, -math.inf, math.nan)


def is_infinite(value: complex) -> bool:
    return math.isinf(value.real) or math.isinf(value.imag)


def call_complex(library: ctypes.CDLL, name: str, operands: tuple[float, ...]) -> complex:
    part = ctypes.c_float if "sc3" in name else ctypes.c_double
    results = (part * 2)()
    getattr(library, name)((part * 4)(*operands), results)
    return complex(*results)


@pytest.mark.parametrize("name", ["muldc3", "mulsc3"])
def test_a_complex_product_is_infinite_where_annex_g_says(library: ctypes.CDLL, name: str) -> None:
    for a, b, c, d in itertools.product(COMPLEX_PARTS, repeat=4):
        x, y = complex(a, b), complex(c, d)
        zero_or_nan = (
            (not x or not y) or (cmath.isnan(x) and not is_infinite(x)) or (cmath.isnan(y) and not is_infinite(y))
        )
        if (is_infinite(x) or is_infinite(y)) and not zero_or_nan:
            assert is_infinite(call_complex(library, name, (a, b, c, d))), (x, y)


@pytest.mark.parametrize("name", ["divdc3", "divsc3"])
def test_a_complex_quotient_is_infinite_or_zero_where_annex_g_says(library: ctypes.CDLL, name: str) -> None:
    for a, b, c, d in itertools.product(COMPLEX_PARTS, repeat=4):
        x, y = complex(a, b), complex(c, d)
        result = call_complex(library, name, (a, b, c, d))
        if is_infinite(x) and cmath.isfinite(y):
            assert is_infinite(result), (x, y)
        elif cmath.isfinite(x) and is_infinite(y):
            assert result == 0, (x, y)
        elif x and not (cmath.isnan(x)) and not y:
            assert is_infinite(result), (x, y)


def exact_quotient(a: float, b: float, c: float, d: float) -> tuple[Fraction, Fraction]:
    a_, b_, c_, d_ = map(Fraction, (a, b, c, d))
    norm = c_ * c_ + d_ * d_
    return (a_ * c_ + b_ * d_) / norm, (b_ * c_ - a_ * d_) / norm


def test_finite_complex_arithmetic_is_close_to_exact(library: ctypes.CDLL) -> None:
    generator = random.Random(5)
    for _ in range(3000):
        a, b, c, d = (math.ldexp(generator.uniform(-1, 1), generator.randint(-60, 60)) for _ in range(4))
        product = call_complex(library, "muldc3", (a, b, c, d))
        assert product == complex(a, b) * complex(c, d)
        quotient = call_complex(library, "divdc3", (a, b, c, d))
        exact = exact_quotient(a, b, c, d)
        size = math.hypot(float(exact[0]), float(exact[1]))
        assert abs(quotient - complex(float(exact[0]), float(exact[1]))) <= 4 * 2**-53 * size


@pytest.mark.parametrize("scale", [1e-300, 1e300, 5e-320])
def test_a_complex_divisor_near_the_formats_ends_neither_overflows_nor_vanishes(
    library: ctypes.CDLL, scale: float
) -> None:
    quotient = call_complex(library, "divdc3", (3 * scale, 4 * scale, 1 * scale, 2 * scale))
    assert abs(quotient - complex(3, 4) / complex(1, 2)) < (1e-3 if scale < 1e-310 else 1e-15)


def test_integer_powers_multiply_exactly(library: ctypes.CDLL) -> None:
    power = symbol(library, "powidf2")
    power.argtypes, power.restype = [ctypes.c_double, ctypes.c_int], ctypes.c_double
    assert [power(3.0, n) for n in range(20)] == [float(3**n) for n in range(20)]
    assert power(2.0, -1074 + 60) == 2.0 ** (-1074 + 60)
    assert power(0.0, 0) == 1.0
    assert power(1.0, -(1 << 31)) == 1.0


def test_population_counts_and_parities_are_exact(library: ctypes.CDLL) -> None:
    generator = random.Random(6)
    count, parity = getattr(library, "__popcountdi2"), library.__getattr__("__paritydi2")
    for _ in range(2000):
        value = generator.getrandbits(64) & generator.getrandbits(64)
        assert count(ctypes.c_uint64(value)) == value.bit_count()
        assert parity(ctypes.c_uint64(value)) == value.bit_count() % 2


def fma_operands(count: int, width: int) -> list[tuple[float, float, float]]:
    generator = random.Random(7)
    operands = []
    for _ in range(count):
        x = math.ldexp(generator.getrandbits(width) | 1, generator.randint(-120, 60) - width)
        y = math.ldexp(generator.getrandbits(width) | 1, generator.randint(-120, 60) - width)
        product = x * y
        z = generator.choice((-product, product, 0.5 * product, -2 * product, 1.0)) * math.ldexp(
            1, generator.randint(-60, 60) if generator.random() < 0.7 else 0
        )
        z *= 1 + generator.choice((-1, 0, 1)) * 2.0 ** -generator.randint(1, 52)
        operands += [(x, y, z), (-x, y, z), (x, y, math.ldexp(1.0, generator.randint(-1074, 1000)))]
        deep = math.ldexp(x, -generator.randint(400, 900))
        operands.append((deep, y, math.ldexp(generator.getrandbits(20), -1074)))
    return operands


def nearest_double(value: Fraction) -> float:
    try:
        return value.numerator / value.denominator  # Python rounds integer quotients correctly, subnormals too
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def test_software_fma_rounds_once(library: ctypes.CDLL) -> None:
    library.fma.argtypes, library.fma.restype = [ctypes.c_double] * 3, ctypes.c_double
    for x, y, z in fma_operands(5000, 53):
        exact = Fraction(x) * Fraction(y) + Fraction(z)
        assert library.fma(x, y, z) == nearest_double(exact), (x.hex(), y.hex(), z.hex())


def nearest_float(value: Fraction) -> float:
    """Correctly rounded single precision, ties to even."""
    if not value:
        return 0.0
    magnitude = abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, -126) - 23)
    result = float(round(magnitude / unit) * unit)
    result = math.inf if result >= 2.0**128 else result
    return math.copysign(result, 1 if value > 0 else -1)


def test_software_fmaf_rounds_once(library: ctypes.CDLL) -> None:
    library.fmaf.argtypes, library.fmaf.restype = [ctypes.c_float] * 3, ctypes.c_float
    for operands in fma_operands(5000, 24):
        x, y, z = (ctypes.c_float(operand).value for operand in operands)
        if all(map(math.isfinite, (x, y, z))):
            exact = Fraction(x) * Fraction(y) + Fraction(z)
            assert library.fmaf(x, y, z) == nearest_float(exact), (x.hex(), y.hex(), z.hex())


@pytest.mark.parametrize("name", ["fma", "fmaf"])
def test_fma_passes_infinities_nans_and_signed_zeros_on(library: ctypes.CDLL, name: str) -> None:
    part = ctypes.c_float if name == "fmaf" else ctypes.c_double
    getattr(library, name).argtypes, getattr(library, name).restype = [part] * 3, part
    fma = getattr(library, name)
    assert fma(math.inf, 2.0, 1.0) == math.inf
    assert math.isnan(fma(math.inf, 0.0, 1.0))
    assert math.isnan(fma(math.inf, 1.0, -math.inf))
    assert math.copysign(1, fma(-1.0, 0.0, 0.0)) == 1
    assert math.copysign(1, fma(-1.0, 0.0, -0.0)) == -1
    assert math.copysign(1, fma(1.0, 1.0, -1.0)) == 1


@pytest.mark.parametrize(("name", "part"), [("ilogb", ctypes.c_double), ("ilogbf", ctypes.c_float)])
def test_ilogb_is_the_exponent_of_the_leading_bit(library: ctypes.CDLL, name: str, part: type) -> None:
    getattr(library, name).argtypes = [part]
    least = -149 if name == "ilogbf" else -1074
    for exponent in range(least, 128):
        assert getattr(library, name)(math.ldexp(1.0, exponent)) == exponent
        assert getattr(library, name)(-math.ldexp(1.75, exponent)) == exponent or exponent < least + 2
    assert getattr(library, name)(0.0) == -(1 << 31)
    assert getattr(library, name)(math.inf) == (1 << 31) - 1
