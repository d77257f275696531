"""Images from strangers, decoded by stb_image: its sources are compiled, confined, and called with NumPy arrays."""

import struct
import sys
import zlib
from ctypes import c_int

import numpy

import motte

stb = motte.library("image.c", memory="64MiB", options=motte.BuildOptions(include=[sys.argv[1]], debug=True))


def decode(image: bytes) -> numpy.ndarray:
    """The pixels, red, green and blue. Raises ``ValueError`` for what is no image."""
    width, height, channels = c_int(), c_int(), c_int()
    pixels = stb.stbi_load_from_memory(
        image, len(image), motte.Out(width), motte.Out(height), motte.Out(channels), 3, timeout=1.0
    )
    if not pixels:
        raise ValueError(stb.memory.string(stb.stbi_failure_reason()).decode())
    size = (
        3 * width.value * height.value
    )  # as the library says, which nobody trusts: read() looks whether it has so much
    array = numpy.frombuffer(stb.memory.read(pixels, size), "u1").reshape(height.value, width.value, 3)
    stb.stbi_image_free(pixels)
    return array


def png(pixels: numpy.ndarray) -> bytes:
    """The same as a file, by Python alone."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # each begins with how it is filtered: not at all
    parts = {b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(rows), b"IEND": b""}
    chunks = (
        struct.pack(">I", len(each)) + name + each + struct.pack(">I", zlib.crc32(name + each))
        for name, each in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


with stb:
    picture = numpy.indices((480, 640)).sum(axis=0)[..., None] * (1, 2, 3) % 256
    found = decode(png(picture.astype("u1")))
    print(found.shape, found.dtype, "equal" if (found == picture).all() else "different")
    for broken in (b"nothing of that kind", png(picture.astype("u1"))[:1000]):
        try:
            decode(broken)
        except ValueError as error:
            print("refused:", error)
