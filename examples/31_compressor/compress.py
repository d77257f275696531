"""zlib, confined: ten megabytes in and out in one call each, and a stream whose state stays with the library."""

import ctypes
import sys
import zlib
from pathlib import Path

import numpy

import motte

NAMES = ("adler32", "compress", "crc32", "deflate", "inffast", "inflate", "inftrees", "trees", "uncompr", "zutil")
Z_FINISH, Z_STREAM_END = 4, 1  # macros of zlib.h: what the preprocessor has replaced is not in a program


class Stream(ctypes.LittleEndianStructure):
    """``z_stream`` of zlib.h; its pointers are addresses in the library's memory."""

    _fields_ = (
        ("next_in", ctypes.c_uint64), ("avail_in", ctypes.c_uint), ("total_in", ctypes.c_ulong),
        ("next_out", ctypes.c_uint64), ("avail_out", ctypes.c_uint), ("total_out", ctypes.c_ulong),
        ("message", ctypes.c_uint64), ("state", ctypes.c_uint64), ("rest", ctypes.c_uint64 * 6),
    )  # fmt: skip


sources = [Path(sys.argv[1], f"{name}.c") for name in NAMES]
with motte.library(sources, memory="64MiB", options=motte.BuildOptions(debug=True)) as z:
    data = numpy.random.default_rng(7).choice(numpy.frombuffer(b"compressible", "u1"), 10_000_000)
    size = ctypes.c_ulong(z.compressBound(data.size))
    packed = numpy.empty(size.value, "u1")
    print("compress2:", z.compress2(motte.Out(packed), motte.InOut(size), data, data.size, 1))
    print("what Python makes of it:", zlib.decompress(packed[: size.value]) == data.tobytes())

    restored, length = numpy.empty_like(data), ctypes.c_ulong(data.size)
    print("uncompress:", z.uncompress(motte.Out(restored), motte.InOut(length), packed, size.value))
    print("and zlib itself:", (restored == data).all())

    # What has to stay where it is from call to call lives in the library's own memory.
    stream, room = z.malloc(ctypes.sizeof(Stream)), 1 << 16
    place = z.malloc(2 * room)
    z.memory.write(stream, Stream())
    z.inflateInit_(stream, "1.2.13", ctypes.sizeof(Stream))
    fields, total, crc, code = Stream(), 0, 0, 0
    pieces = iter(numpy.array_split(packed[: size.value], -(-size.value // room)))
    while code != Z_STREAM_END:
        z.memory.read_into(stream, fields)
        if not fields.avail_in:
            piece = next(pieces)
            z.memory.write(place, piece)
            fields.next_in, fields.avail_in = place, piece.size
        fields.next_out, fields.avail_out = place + room, room
        z.memory.write(stream, fields)
        code = z.inflate(stream, 0)
        z.memory.read_into(stream, fields)
        crc = z.crc32(crc, place + room, room - fields.avail_out)
    z.inflateEnd(stream)
    print("the same in pieces:", fields.total_out, crc == zlib.crc32(data))
