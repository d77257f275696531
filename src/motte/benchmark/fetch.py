"""Real programs by name from public registries: pinned, checked by hash, cached.

None of their code is part of this project.  A package is fetched with its
registry's own client (pip, npm, apt) only when a benchmark or a test asks for
it, is refused unless its SHA-256 is the pinned one, and is unpacked once under
the cache directory.

    python -m motte.benchmark.fetch zlib        # prints the folder
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from motte.errors import MotteError


class FetchError(MotteError):
    """A pinned package could not be fetched, or is not what was pinned."""


class UnreachableError(FetchError):
    """The registry's client has failed: there is no network, say, or no such client."""


@dataclass(frozen=True, slots=True)
class Package:
    """One pinned archive: ``client`` downloads it into a directory, ``inner`` is an archive inside it to unpack.

    ``environment`` is for the client.
    """

    client: Callable[[Package, Path], None]
    name: str
    version: str
    archive: str
    sha256: str
    inner: str = ""
    environment: tuple[tuple[str, str], ...] = ()


def _run(command: list[str], directory: Path, **environment: str) -> None:
    shown = " ".join(command[:4])
    try:
        done = subprocess.run(
            command,
            cwd=directory,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnreachableError(f"{shown} … failed: {error}") from error
    if done.returncode:
        raise UnreachableError(f"{shown} … failed in {directory}: {done.stderr.strip()[-800:]}")


def _from_pypi(package: Package, directory: Path) -> None:
    requirement = f"{package.name}=={package.version}"
    _run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", requirement],
        directory,
        **dict(package.environment),
    )


def _from_npm(package: Package, directory: Path) -> None:
    _run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], directory)


def _debian_source_list() -> str:
    """The system's own Debian repositories, asked for sources instead of binaries."""
    folder = Path("/etc/apt")
    stanzas = [
        stanza
        for file in sorted(folder.glob("sources.list.d/*.sources"))
        for stanza in file.read_text().split("\n\n")
        if "debian-archive-keyring" in stanza and "-security" not in stanza
    ]
    if not stanzas:
        raise FetchError("no Debian repository is configured in /etc/apt/sources.list.d/*.sources")
    return "\n\n".join(re.sub(r"(?m)^Types:.*$", "Types: deb-src", stanza) for stanza in stanzas) + "\n"


def _from_debian(package: Package, directory: Path) -> None:
    """Debian's source archive through apt with a private configuration: needs no root, changes nothing on the system.

    The upstream archive is what the hash pins, so the Debian revision is left to the repository.
    """
    private = directory / "apt"
    for folder in ("lists/partial", "cache/archives/partial", "parts"):
        (private / folder).mkdir(parents=True)
    (private / "parts" / "debian.sources").write_text(_debian_source_list())
    configuration = private / "apt.conf"
    configuration.write_text(
        f'Dir::State::Lists "{private}/lists";\nDir::Cache "{private}/cache";\n'
        f'Dir::Etc::SourceList "-";\nDir::Etc::SourceParts "{private}/parts";\n'
    )
    _run(["apt-get", "-qq", "update"], directory, APT_CONFIG=str(configuration))
    download = ["apt-get", "-qq", "source", "--download-only", "--tar-only", package.name]
    _run(download, directory, APT_CONFIG=str(configuration))


PACKAGES: Final = {
    "sqlite": Package(
        _from_npm,
        "sqlite3",
        "6.0.1",
        "sqlite3-6.0.1.tgz",
        "ab8d044a93e05bd031d7ea75547c7fa60387cdc259d27f93c0e3e2832c4b1df9",
        inner="package/deps/sqlite-autoconf-3520000.tar.gz",
    ),
    "quickjs": Package(
        _from_pypi,
        "quickjs",
        "1.19.4",
        "quickjs-1.19.4.tar.gz",
        "1205953abc24ff757f4a795304d5d61e4bf1e555c9ef6ec96a132d4b95535484",
    ),
    "coremark": Package(
        _from_pypi,
        "pythondata-cpu-ibex",
        "0.0.post2937",
        "pythondata_cpu_ibex-0.0.post2937.tar.gz",
        "89d1be10126e40e4c3223d24286b9fd5e4f683fecb39894cba0c16c38d1d4b07",
    ),
    "zlib": Package(
        _from_debian,
        "zlib",
        "1.2.13",
        "zlib_1.2.13.dfsg.orig.tar.bz2",
        "71feb7947e3c00ef125f83b79a4e529bde31171e5babe48b391f06758d1ab0a1",
    ),
    "bzip2": Package(
        _from_debian,
        "bzip2",
        "1.0.8",
        "bzip2_1.0.8.orig.tar.gz",
        "ab5a03176ee106d3f0fa90e381da478ddae405918153cca248e682cd0c4a2269",
    ),
    "lua": Package(
        _from_pypi,
        "lupa",
        "2.8",
        "lupa-2.8.tar.gz",
        "d8022641b9ec8ecf2c5ecbe9f47e5a70e0b87c4b5ae921b92cb02a638e0acd08",
        environment=(("LUPA_NO_LUAJIT", "true"),),  # else pip, which asks for its metadata, builds LuaJIT first
    ),
    "mujs": Package(
        _from_debian,
        "mujs",
        "1.3.2",
        "mujs_1.3.2.orig.tar.xz",
        "4886593fc688b0cdccd31e5ecbe5afe7ad1bee23aa69e667b871afd5dfc640c3",
    ),
    "cjson": Package(
        _from_debian,
        "cjson",
        "1.7.15",
        "cjson_1.7.15.orig.tar.gz",
        "5308fd4bd90cef7aa060558514de6a1a4a0819974a26e6ed13973c5f624c24b2",
    ),
    "stb": Package(
        _from_debian,
        "libstb",
        "0.0~git20220908.8b5f1f3",
        "libstb_0.0~git20220908.8b5f1f3+ds.orig.tar.xz",
        "6949c8ff9f86d982cff1b384f1301a731cbaf3b3fa4d1728c7b48a02386d31d8",
    ),
}


def cache_directory() -> Path:
    """Where unpacked sources are kept: ``$MOTTE_SOURCES``, or ``motte/sources`` in the user's cache."""
    explicit = os.environ.get("MOTTE_SOURCES")
    if explicit:
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "motte" / "sources"


def fetch(name: str) -> Path:
    """The unpacked source tree of a pinned package, fetched on first use.

    Raises :class:`UnreachableError` if the registry does not answer, :class:`FetchError` if the archive's hash differs.
    """
    package = PACKAGES[name]
    destination = cache_directory() / f"{name}-{package.sha256[:16]}"
    if destination.is_dir():
        return _single_folder(destination)
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix="fetch-") as scratch:
        download = Path(scratch) / "download"
        download.mkdir()
        package.client(package, download)
        _check(package, download / package.archive)
        unpacked = Path(scratch) / "unpacked"
        _unpack(download / package.archive, unpacked)
        if package.inner:
            outer, unpacked = unpacked, Path(scratch) / "inner"
            _unpack(outer / package.inner, unpacked)
        try:
            unpacked.rename(destination)
        except OSError:
            if not destination.is_dir():  # otherwise another run has just put the same tree there
                raise
    return _single_folder(destination)


def _check(package: Package, archive: Path) -> None:
    if not archive.is_file():
        raise FetchError(f"{package.name} {package.version}: the registry did not deliver {package.archive}")
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        raise FetchError(f"{package.archive}: SHA-256 is {found}, pinned is {package.sha256}")


def _unpack(archive: Path, destination: Path) -> None:
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(destination, filter="data")
    except (OSError, tarfile.TarError) as error:
        shutil.rmtree(destination, ignore_errors=True)
        raise FetchError(f"{archive.name} does not unpack: {error}") from error


def _single_folder(tree: Path) -> Path:
    folders = list(tree.iterdir())
    return folders[0] if len(folders) == 1 and folders[0].is_dir() else tree


def main(names: list[str]) -> int:
    """Print the folder of each package; the exit status."""
    if not names or not PACKAGES.keys() >= set(names):
        print(f"usage: python -m motte.benchmark.fetch NAME…, of {', '.join(PACKAGES)}", file=sys.stderr)
        return 2
    try:
        for name in names:
            print(fetch(name))
    except FetchError as error:
        print(f"motte: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
