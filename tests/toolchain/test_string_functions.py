"""The guest's own memory and string functions, at every size and alignment that their branches tell apart.

All strings end at (or begin after) a page that cannot be touched, so reading beyond a page is noticed as
a crash of the test process; it is therefore part of every claim here.
"""

import ctypes
import mmap
import random
from collections.abc import Iterator

import pytest

from toolchain.native import native_library

NAMES = (
    *("memcpy", "memmove", "memset", "memcmp", "memchr", "strlen", "strnlen", "strcmp", "strchr", "strchrnul"),
    *("stpcpy", "strcasecmp", "strncasecmp"),
)
PAGE = 4096
SIZES = [*range(0, 140), 191, 192, 193, 255, 256, 257, 258, 319, 320, 321, 511, 512, 513, 700, 1023, 1024, 1025, 3000]


class Arena:
    """Three pages, of which only the middle ones can be touched: ``size`` bytes, from ``start`` to ``end``."""

    def __init__(self, pages: int = 3) -> None:
        self._map = mmap.mmap(-1, (pages + 2) * PAGE)
        self._view = (ctypes.c_char * len(self._map)).from_buffer(self._map)
        base = ctypes.addressof(self._view)
        self.start, self.end = base + PAGE, base + (pages + 1) * PAGE
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        for guard in (base, self.end):
            assert libc.mprotect(guard, PAGE, 0) == 0

    def places(self, size: int) -> list[int]:
        """Addresses for ``size`` bytes: at both ends, and at odd alignments."""
        return [self.end - size, self.start, self.start + 1, self.end - size - 33, self.start + 63]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    loaded = native_library(tmp_path_factory.mktemp("string"), [f"string/{name}.c" for name in NAMES], ["-O3"])
    pointer, size, integer = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    signatures = {
        "memcpy": (pointer, pointer, pointer, size),
        "memmove": (pointer, pointer, pointer, size),
        "memset": (pointer, pointer, integer, size),
        "memcmp": (integer, pointer, pointer, size),
        "memchr": (pointer, pointer, integer, size),
        "strlen": (size, pointer),
        "strnlen": (size, pointer, size),
        "strcmp": (integer, pointer, pointer),
        "strchr": (pointer, pointer, integer),
        "strchrnul": (pointer, pointer, integer),
        "stpcpy": (pointer, pointer, pointer),
        "strcasecmp": (integer, pointer, pointer),
        "strncasecmp": (integer, pointer, pointer, size),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


@pytest.fixture(scope="module")
def left() -> Arena:
    return Arena()


@pytest.fixture(scope="module")
def right() -> Arena:
    return Arena()


def random_bytes(size: int, seed: int) -> bytes:
    return random.Random(seed).randbytes(size)


def text(size: int, seed: int) -> bytes:
    """Bytes without zeros, above and below 128."""
    return bytes(random.Random(seed).choices(range(1, 256), k=size))


def places_with_margins(arena: Arena, size: int) -> Iterator[int]:
    """Places with room for a canary on both sides."""
    for place in arena.places(size + 16):
        yield place + 8


@pytest.mark.parametrize("name", ["memcpy", "memmove"])
def test_a_copy_changes_exactly_its_destination(library: ctypes.CDLL, left: Arena, right: Arena, name: str) -> None:
    for size in SIZES:
        content = random_bytes(size, size)
        for source in left.places(size):
            ctypes.memmove(source, content, size)
            for target in places_with_margins(right, size):
                ctypes.memset(target - 8, 0xA5, size + 16)
                assert getattr(library, name)(target, source, size) == target
                assert ctypes.string_at(target - 8, size + 16) == b"\xa5" * 8 + content + b"\xa5" * 8


def test_memmove_copies_as_if_through_another_place(library: ctypes.CDLL, left: Arena) -> None:
    whole = left.end - left.start
    content = random_bytes(whole, 1)
    for size in SIZES:
        for distance in (1, 3, 16, 31, 32, 63, 64, 65, 128, 255, 256, 257, 700):
            for sign in (1, -1):
                ctypes.memmove(left.start, content, whole)
                source = 1024
                library.memmove(left.start + source + sign * distance, left.start + source, size)
                expected = bytearray(content)
                expected[source + sign * distance : source + sign * distance + size] = content[source : source + size]
                assert ctypes.string_at(left.start, whole) == expected, (size, sign * distance)


def test_memset_fills_exactly_its_destination(library: ctypes.CDLL, left: Arena) -> None:
    for size in SIZES:
        for target in places_with_margins(left, size):
            ctypes.memset(target - 8, 0x11, size + 16)
            assert library.memset(target, 0x1C3, size) == target
            assert ctypes.string_at(target - 8, size + 16) == b"\x11" * 8 + b"\xc3" * size + b"\x11" * 8


def test_memcmp_orders_by_the_first_difference(library: ctypes.CDLL, left: Arena, right: Arena) -> None:
    for size in SIZES[1:]:
        content = random_bytes(size, size)
        for a, b in zip(left.places(size), reversed(right.places(size)), strict=True):
            ctypes.memmove(a, content, size)
            ctypes.memmove(b, content, size)
            assert library.memcmp(a, b, size) == 0
            for at in {0, size // 3, size // 2, size - 1}:
                changed = bytearray(content)
                changed[at] ^= 0x80
                changed[at + 1 :] = random_bytes(size - at - 1, at)
                ctypes.memmove(b, bytes(changed), size)
                expected = (content > bytes(changed)) - (content < bytes(changed))
                assert sign(library.memcmp(a, b, size)) == expected
                assert sign(library.memcmp(b, a, size)) == -expected


def test_memcmp_of_nothing_is_equality_and_reads_nothing(library: ctypes.CDLL, left: Arena) -> None:
    assert library.memcmp(left.end, left.end, 0) == 0


def sign(number: int) -> int:
    return (number > 0) - (number < 0)


def test_memchr_finds_the_first_and_never_looks_beyond_the_size(library: ctypes.CDLL, left: Arena) -> None:
    for size in SIZES:
        for place in left.places(size):
            ctypes.memset(left.start, ord("x"), left.end - left.start)
            ctypes.memset(place, 0x90, size)
            assert library.memchr(place, ord("x"), size) is None
            for at in {0, size // 2, size - 1} if size else ():
                ctypes.memset(place, 0x90, size)
                ctypes.memset(place + at, 0xFE, size - at)
                assert library.memchr(place, 0xFE - 256, size) == place + at


def test_memchr_accepts_a_size_beyond_the_address_space(library: ctypes.CDLL, left: Arena) -> None:
    ctypes.memset(left.start, 0, left.end - left.start)
    ctypes.memset(left.end - 1, ord("z"), 1)
    assert library.memchr(left.start + 5, ord("z"), 2**64 - 1) == left.end - 1


def test_string_lengths_are_exact(library: ctypes.CDLL, left: Arena) -> None:
    for size in SIZES:
        for place in left.places(size + 1):
            ctypes.memset(left.start, 0, left.end - left.start)
            ctypes.memmove(place, text(size, size), size)
            assert library.strlen(place) == size
            assert library.strnlen(place, size + 1) == size
            assert library.strnlen(place, size // 2) == size // 2


def test_strchr_finds_the_byte_or_nothing(library: ctypes.CDLL, left: Arena) -> None:
    for size in SIZES:
        content = bytes(byte if byte != ord("q") else 1 for byte in text(size, size))
        for place in left.places(size + 1):
            ctypes.memset(left.start, ord("q"), left.end - left.start)
            ctypes.memmove(place, content + b"\0", size + 1)
            assert library.strchr(place, ord("q")) is None
            assert library.strchr(place, 0) == place + size
            if size:
                ctypes.memset(place + size // 2, ord("q"), 1)
                assert library.strchr(place, ord("q")) == place + size // 2
                assert library.strchr(place, ord("q") - 256) == place + size // 2


def test_strchrnul_finds_the_byte_or_the_end(library: ctypes.CDLL, left: Arena) -> None:
    for size in SIZES:
        content = bytes(byte if byte != ord("q") else 1 for byte in text(size, size))
        for place in left.places(size + 1):
            ctypes.memset(left.start, ord("q"), left.end - left.start)
            ctypes.memmove(place, content + b"\0", size + 1)
            assert library.strchrnul(place, ord("q")) == place + size
            assert library.strchrnul(place, 0) == place + size
            if size:
                ctypes.memset(place + size // 2, ord("q"), 1)
                assert library.strchrnul(place, ord("q")) == place + size // 2


def test_strcmp_orders_by_the_first_difference_or_length(library: ctypes.CDLL, left: Arena, right: Arena) -> None:
    for size in SIZES:
        content = text(size, size)
        for a, b in zip(left.places(size + 1), reversed(right.places(size + 1)), strict=True):
            ctypes.memmove(a, content + b"\0", size + 1)
            ctypes.memmove(b, content + b"\0", size + 1)
            assert library.strcmp(a, b) == 0
            for at in {0, size // 2, size - 1} if size else ():
                shorter = content[:at]
                ctypes.memmove(b, shorter + b"\0", at + 1)
                assert sign(library.strcmp(a, b)) == 1
                assert sign(library.strcmp(b, a)) == -1
                changed = shorter + bytes([content[at] % 255 + 1]) + content[at + 1 :]
                ctypes.memmove(b, changed + b"\0", size + 1)
                assert sign(library.strcmp(a, b)) == sign((content > changed) - (content < changed))


def test_stpcpy_copies_through_the_terminator_and_returns_it(library: ctypes.CDLL, left: Arena, right: Arena) -> None:
    for size in SIZES:
        content = text(size, size)
        for source in left.places(size + 1):
            ctypes.memmove(source, content + b"\0", size + 1)
            for target in places_with_margins(right, size + 1):
                ctypes.memset(target - 8, 0xA5, size + 17)
                assert library.stpcpy(target, source) == target + size
                assert ctypes.string_at(target - 8, size + 17) == b"\xa5" * 8 + content + b"\0" + b"\xa5" * 8


def test_case_is_ignored_for_ascii_letters_only(library: ctypes.CDLL, left: Arena, right: Arena) -> None:
    for a in range(1, 256):
        for b in range(1, 256):
            x, y = bytes([120, a]), bytes([88, b])
            expected = sign((x.lower() > y.lower()) - (x.lower() < y.lower()))
            ctypes.memmove(left.end - 3, x + b"\0", 3)
            ctypes.memmove(right.end - 3, y + b"\0", 3)
            assert sign(library.strcasecmp(left.end - 3, right.end - 3)) == expected
            assert sign(library.strncasecmp(left.end - 3, right.end - 3, 9)) == expected
            assert library.strncasecmp(left.end - 3, right.end - 3, 1) == 0
    assert library.strncasecmp(left.end, right.end, 0) == 0


def test_case_insensitive_order_counts_length(library: ctypes.CDLL, left: Arena, right: Arena) -> None:
    ctypes.memmove(left.end - 4, b"abC\0", 4)
    ctypes.memmove(right.end - 3, b"AB\0", 3)
    assert library.strcasecmp(left.end - 4, right.end - 3) > 0
    assert library.strncasecmp(left.end - 4, right.end - 3, 2) == 0
