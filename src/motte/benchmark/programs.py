"""What is measured: small kernels of our own, and real programs under a driver of our own.

Every program prints one line, ``<checksum> <nanoseconds>``: the shortest of its
repetitions, timed by itself, so that starting up is in nobody's figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from motte.benchmark.fetch import fetch

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Program:
    """C sources with their flags; ``package`` names the pinned package that the relative paths lie in."""

    name: str
    driver: str
    package: str = ""
    sources: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    defines: tuple[str, ...] = ()
    repetitions: int = 10

    def source_files(self) -> list[Path]:
        """All C files, the driver first; fetches the package if need be."""
        root = fetch(self.package) if self.package else HERE
        return [HERE / self.driver, *(root / source for source in self.sources)]

    def include_directories(self) -> list[Path]:
        """Where its headers are; fetches the package if need be."""
        root = fetch(self.package) if self.package else HERE
        return [*(root / include for include in self.includes), HERE / "kernels"]

    def compiler_flags(self) -> list[str]:
        """``-D`` and ``-I`` flags."""
        includes = (f"-I{include}" for include in self.include_directories())
        return [*(f"-D{define}" for define in self.defines), *includes]


def _kernel(name: str) -> Program:
    return Program(name=name, driver=f"kernels/{name}.c")


KERNELS: Final = tuple(
    _kernel(name)
    for name in (
        "list_walk",
        "indirect_calls",
        "interpreter",
        "saxpy",
        "binary_trees",
        "fibonacci",
        "hash_table",
        "sorting",
        "matrix",
        "nbody",
        "sieve",
        "strings",
        "mandelbrot",
        "crc",
        "blocks",
    )
)

_COREMARK: Final = "pythondata_cpu_ibex/system_verilog/vendor/eembc_coremark"

REAL_PROGRAMS: Final = (
    Program(
        name="sqlite",
        driver="drivers/sqlite.c",
        package="sqlite",
        sources=("sqlite3.c",),
        includes=(".",),
        defines=("SQLITE_THREADSAFE=0", "SQLITE_OMIT_LOAD_EXTENSION", "SQLITE_OMIT_WAL"),
    ),
    Program(
        name="zlib",
        driver="drivers/zlib.c",
        package="zlib",
        sources=tuple(
            f"{name}.c"
            for name in (
                *("adler32", "compress", "crc32", "deflate", "inflate"),
                *("inftrees", "inffast", "trees", "uncompr", "zutil"),
            )
        ),
        includes=(".",),
        repetitions=5,
    ),
    Program(
        name="bzip2",
        driver="drivers/bzip2.c",
        package="bzip2",
        sources=tuple(
            f"{name}.c" for name in ("blocksort", "huffman", "crctable", "randtable", "compress", "decompress", "bzlib")
        ),
        includes=(".",),
        defines=("BZ_NO_STDIO",),
    ),
    Program(
        name="coremark",
        driver="drivers/coremark.c",
        package="coremark",
        sources=(
            *(f"{_COREMARK}/core_{name}.c" for name in ("list_join", "main", "matrix", "state", "util")),
            f"{_COREMARK}/linux64/core_portme.c",
        ),
        includes=(f"{_COREMARK}/linux64", _COREMARK),
        defines=("PERFORMANCE_RUN=1", 'FLAGS_STR="-O3"', "main=coremark_main"),
    ),
    Program(
        name="quickjs",
        driver="drivers/quickjs.c",
        package="quickjs",
        sources=tuple(
            f"upstream-quickjs/{name}.c" for name in ("quickjs", "cutils", "libbf", "libregexp", "libunicode")
        ),
        includes=("upstream-quickjs",),
        defines=("_GNU_SOURCE", 'CONFIG_VERSION="2021-03-27"', "CONFIG_BIGNUM"),
    ),
)
