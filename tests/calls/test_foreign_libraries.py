"""Libraries of others, called from Python as they are: stb_image, cJSON and zlib."""

from __future__ import annotations

import ctypes
import json
import random
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest

import motte
from motte.benchmark.fetch import UnreachableError, fetch

DEBUG = motte.BuildOptions(debug=True)
ZLIB = ("adler32", "compress", "crc32", "deflate", "inffast", "inflate", "inftrees", "trees", "uncompr", "zutil")
Z_BUF_ERROR, Z_DATA_ERROR = -5, -3
TEN_MEGABYTES = 10_000_000


def sources_of(name: str) -> Path:
    try:
        return fetch(name)
    except UnreachableError as error:
        pytest.skip(f"the registry that has the sources cannot be reached: {error}")


@pytest.fixture(scope="module")
def stb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[motte.Library]:
    source: Path = tmp_path_factory.mktemp("stb") / "image.c"
    source.write_text('#define STB_IMAGE_IMPLEMENTATION\n#include "stb_image.h"\n')
    with motte.library(source, options=motte.BuildOptions(include=[sources_of("stb")], debug=True)) as library:
        yield library


@pytest.fixture(scope="module")
def cjson() -> Iterator[motte.Library]:
    with motte.library(sources_of("cjson") / "cJSON.c", options=DEBUG) as library:
        yield library


@pytest.fixture(scope="module")
def z() -> Iterator[motte.Library]:
    folder = sources_of("zlib")
    with motte.library([folder / f"{name}.c" for name in ZLIB], options=DEBUG) as library:
        yield library


# --- images ----------------------------------------------------------------------------------------------------------


def png(pixels: numpy.ndarray, *, filter_type: int = 0) -> bytes:
    """By Python alone; ``filter_type`` 1 has each byte as the difference to the pixel on its left."""
    height, width, depth = pixels.shape
    rows = pixels.copy()
    if filter_type:
        rows[:, 1:] -= pixels[:, :-1]
    body = zlib.compress(b"".join(bytes([filter_type]) + row.tobytes() for row in rows), 1)
    color = {1: 0, 3: 2, 4: 6}[depth]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, color, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part)) for name, part in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def decoded(stb: motte.Library, image: bytes) -> numpy.ndarray:
    width, height, depth = (ctypes.c_int() for _ in range(3))
    out = motte.Out(width), motte.Out(height), motte.Out(depth)
    pixels = stb.stbi_load_from_memory(image, len(image), *out, 0)
    if not pixels:
        raise ValueError(stb.memory.string(stb.stbi_failure_reason()).decode())
    array = numpy.empty((height.value, width.value, depth.value), "u1")
    stb.memory.read_into(pixels, array)
    stb.stbi_image_free(pixels)
    return array


@pytest.mark.parametrize("shape", [(1, 1, 3), (7, 5, 1), (64, 64, 4), (1080, 1920, 3)])
@pytest.mark.parametrize("filter_type", [0, 1])
def test_an_image_is_decoded_into_an_array(stb: motte.Library, shape: tuple[int, int, int], filter_type: int) -> None:
    pixels = numpy.random.default_rng(sum(shape)).integers(0, 256, shape, dtype="u1")
    assert (decoded(stb, png(pixels, filter_type=filter_type)) == pixels).all()


def test_a_broken_image_is_refused_in_the_librarys_own_words(stb: motte.Library) -> None:
    with pytest.raises(ValueError, match="unknown image type"):
        decoded(stb, b"not an image")


def test_broken_images_end_the_library_at_worst(stb: motte.Library) -> None:
    whole = png(numpy.zeros((16, 16, 3), "u1"))
    chance = random.Random(5)
    for _attempt in range(300):
        broken = bytearray(whole)
        for _change in range(chance.randint(1, 8)):
            broken[chance.randrange(8, len(broken))] = chance.randrange(256)
        try:
            decoded(stb, bytes(broken))
        except ValueError:
            continue
        except (motte.GuestFault, motte.LimitReached):
            stb.restart()
    assert (decoded(stb, whole) == 0).all()


def test_what_a_library_allocates_is_paid_for_by_its_own_bank(stb: motte.Library) -> None:
    before = stb.process.statistics().memory
    for _image in range(50):
        decoded(stb, png(numpy.zeros((500, 500, 3), "u1")))
    assert stb.process.statistics().memory <= before + (2 << 20)


# --- documents -------------------------------------------------------------------------------------------------------


def as_parsed(cjson: motte.Library, text: str) -> object:
    root = cjson.cJSON_Parse(text)
    if not root:
        raise ValueError(cjson.memory.string(cjson.cJSON_GetErrorPtr()).decode("utf-8", "replace"))
    shown = cjson.cJSON_PrintUnformatted(root)
    result = json.loads(cjson.memory.string(shown))
    cjson.free(shown)
    cjson.cJSON_Delete(root)
    return result


def test_a_document_is_parsed_and_printed(cjson: motte.Library) -> None:
    document = {
        "name": 'grüß "dich"',
        "list": [1, 2.5, -3e10, True, None, {"": []}],
        "deep": [[[[]]]],
        "x" * 5000: "y" * 50_000,
    }
    assert as_parsed(cjson, json.dumps(document)) == document
    assert as_parsed(cjson, json.dumps(document, ensure_ascii=False, indent=3)) == document


def test_documents_of_any_shape_come_back_as_they_were(cjson: motte.Library) -> None:
    chance = random.Random(11)

    def some(depth: int) -> object:
        kind = chance.randrange(7 if depth else 5)
        makers: list[Callable[[], object]] = [
            lambda: None,
            lambda: chance.random() < 0.5,
            lambda: chance.randrange(-(2**31), 2**31),
            lambda: chance.randrange(-(2**20), 2**20) / 64,
            lambda: "".join(chance.choices('ab"\\/\n\t\u20ac\u00fc\U0001f600 ', k=chance.randrange(20))),
            lambda: [some(depth - 1) for _ in range(chance.randrange(5))],
            lambda: {f"key {number}": some(depth - 1) for number in range(chance.randrange(5))},
        ]
        return makers[kind]()

    for _document in range(200):
        document = some(4)
        assert as_parsed(cjson, json.dumps(document)) == document


def test_where_a_document_is_broken_can_be_read(cjson: motte.Library) -> None:
    with pytest.raises(ValueError, match=r"^nonsense\]$"):
        as_parsed(cjson, "[1, nonsense]")


# --- compressed data -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data() -> numpy.ndarray:
    letters = numpy.frombuffer(b"some text that can be compressed", "u1")
    return numpy.random.default_rng(3).choice(letters, TEN_MEGABYTES)


@pytest.mark.parametrize("level", [1, 6])
def test_ten_megabytes_are_compressed_as_python_does_it(z: motte.Library, data: numpy.ndarray, level: int) -> None:
    size = ctypes.c_ulong(z.compressBound(data.size))
    packed = numpy.empty(size.value, "u1")
    assert z.compress2(motte.Out(packed), motte.InOut(size), data, data.size, level) == 0
    assert zlib.decompress(packed[: size.value]) == data.tobytes()


def test_what_python_has_compressed_is_restored(z: motte.Library, data: numpy.ndarray) -> None:
    packed = zlib.compress(data, 1)
    restored, size = numpy.empty_like(data), ctypes.c_ulong(data.size)
    assert z.uncompress(motte.Out(restored), motte.InOut(size), packed, len(packed)) == 0
    assert size.value == data.size
    assert (restored == data).all()


def test_check_sums_are_those_of_python(z: motte.Library, data: numpy.ndarray) -> None:
    assert z.crc32(0, data, data.size) == zlib.crc32(data)
    assert z.adler32(1, data, data.size) == zlib.adler32(data)


def test_errors_are_the_librarys_own_codes(z: motte.Library) -> None:
    packed = zlib.compress(bytes(1000))
    for broken, room, code in (
        (packed, 999, Z_BUF_ERROR),
        (b"x" + packed, 1000, Z_DATA_ERROR),
        (packed[:-5], 1000, Z_BUF_ERROR),
    ):
        restored, size = bytearray(room), ctypes.c_ulong(room)
        assert z.uncompress(motte.Out(restored), motte.InOut(size), broken, len(broken)) == code
    assert z.memory.string(z.zError(Z_DATA_ERROR)) == b"data error"
