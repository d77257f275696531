"""zlib and bzip2 compress and restore a 10 MB file, byte for byte as they do natively."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

import motte
from motte.benchmark.fetch import fetch
from motte.build_options import BuildOptions, Checked
from programs.native import native_executable, run_native

SIZE = 10_000_000


@pytest.fixture(scope="module")
def data() -> bytes:
    random = Random(2024)
    words = [bytes(random.choices(b"abcdefghijklmnopqrstuvwxyz", k=random.randint(2, 11))) for _ in range(3000)]
    text = b" ".join(random.choices(words, k=SIZE // 6))[: SIZE - 1_000_000]
    return text + random.randbytes(SIZE - len(text))


@pytest.mark.parametrize("checked", [None, "use"])
def test_zlib_restores_what_it_compressed(data: bytes, checked: Checked | None) -> None:
    root = fetch("zlib")
    names = [
        "adler32",
        "compress",
        "crc32",
        "deflate",
        "inflate",
        "inftrees",
        "inffast",
        "infback",
        "trees",
        "uncompr",
        "zutil",
    ]
    names += ["gzclose", "gzlib", "gzread", "gzwrite"]
    sources = [root / "test" / "minigzip.c", *(root / f"{name}.c" for name in names)]
    options = BuildOptions(include=(str(root),), define=("HAVE_UNISTD_H",), checked=checked)
    packed = motte.run(sources, ["-6"], options=options, stdin=data)
    assert packed.returncode == 0, packed.message or packed.stderr
    native = native_executable(sources, [f"-I{root}", "-DHAVE_UNISTD_H"])
    assert packed.stdout == run_native(native, "-6", stdin=data)
    restored = motte.run(sources, ["-d"], options=options, stdin=packed.stdout)
    assert restored.returncode == 0, restored.message or restored.stderr
    assert restored.stdout == data


def test_bzip2_restores_what_it_compressed(data: bytes, tmp_path: Path) -> None:
    root = fetch("bzip2")
    names = "bzip2 blocksort huffman crctable randtable compress decompress bzlib"
    sources = [root / f"{name}.c" for name in names.split()]
    options = BuildOptions(include=(str(root),), define=("_FILE_OFFSET_BITS=64",))
    (tmp_path / "data").write_bytes(data)
    granted = [motte.Directory(str(tmp_path), "/files")]
    packed = motte.run(sources, ["-k", "/files/data"], options=options, directories=granted)
    assert (packed.returncode, packed.stderr) == (0, b""), packed.message
    native = native_executable(sources, ["-D_FILE_OFFSET_BITS=64"])
    assert (tmp_path / "data.bz2").read_bytes() == run_native(native, "-c", stdin=data)
    (tmp_path / "data").unlink()
    restored = motte.run(sources, ["-d", "/files/data.bz2"], options=options, directories=granted)
    assert (restored.returncode, restored.stderr) == (0, b""), restored.message
    assert (tmp_path / "data").read_bytes() == data
