"""The cached guest library: built once, by one of many, and never half there."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import motte
from motte.compiler.options import CompileOptions
from motte.toolchain import library_build, library_cache
from motte.toolchain.libc_sources import C_LIBRARY
from motte.toolchain.library_cache import cached_library
from motte.toolchain.recipe import Recipe

Report = Callable[[str, int, int], None]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "motte" / "libraries"


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[CompileOptions]:
    """The options of every build; a build takes no time and makes an empty library."""
    built: list[CompileOptions] = []

    def build(_: Recipe, options: CompileOptions, report: Report) -> dict[str, bytes]:
        built.append(options)
        report("building", 1, 1)
        return {}

    monkeypatch.setattr(library_build, "build_objects", build)
    return built


def libraries(cache: Path) -> list[str]:
    return sorted(entry.name for entry in cache.iterdir() if entry.name != "lock")


def test_a_library_is_built_once_and_then_opened(cache: Path, builds: list[CompileOptions]) -> None:
    assert cached_library(C_LIBRARY, CompileOptions()).members == ()
    assert cached_library(C_LIBRARY, CompileOptions()).members == ()
    assert len(builds) == 1
    assert len(libraries(cache)) == 1


def test_level_debug_and_visibility_of_the_program_do_not_matter(cache: Path, builds: list[CompileOptions]) -> None:
    cached_library(C_LIBRARY, CompileOptions(optimization=0, debug=True, internalize=("main",)))
    cached_library(C_LIBRARY, CompileOptions(optimization=3))
    assert builds == [CompileOptions(optimization=library_cache.LIBRARY_LEVEL, internalize=None, is_of_a_program=False)]


def test_another_cpu_or_another_kind_of_classes_has_its_own_library(cache: Path, builds: list[CompileOptions]) -> None:
    cached_library(C_LIBRARY, CompileOptions())
    cached_library(C_LIBRARY, CompileOptions(cpu="x86-64-v3"))
    cached_library(C_LIBRARY, CompileOptions(function_classes="prototype"))
    assert len(builds) == len(libraries(cache)) == 3


def test_many_at_once_build_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Barrier(8)
    built: list[int] = []

    def build(_: Recipe, __: CompileOptions, ___: Report) -> dict[str, bytes]:
        built.append(1)
        return {}

    def work() -> None:
        waiting.wait()
        cached_library(C_LIBRARY, CompileOptions())

    monkeypatch.setattr(library_build, "build_objects", build)
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert built == [1]


def test_a_damaged_library_is_built_again(cache: Path, builds: list[CompileOptions]) -> None:
    cached_library(C_LIBRARY, CompileOptions())
    (path,) = cache.glob("*.library")
    path.write_bytes(path.read_bytes()[:-1])
    cached_library(C_LIBRARY, CompileOptions())
    assert len(builds) == 2


def test_a_failed_build_leaves_nothing_and_the_next_one_builds(
    cache: Path, builds: list[CompileOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Recipe, __: CompileOptions, ___: Report) -> dict[str, bytes]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library_build, "build_objects", fail)
        with pytest.raises(KeyboardInterrupt):
            cached_library(C_LIBRARY, CompileOptions())
    assert libraries(cache) == []
    cached_library(C_LIBRARY, CompileOptions())
    assert len(builds) == 1


def test_a_cache_that_cannot_exist_costs_a_warning_and_nothing_else(
    tmp_path: Path, builds: list[CompileOptions], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="guest libraries are not cached"):
        assert cached_library(C_LIBRARY, CompileOptions()).members == ()


def test_a_full_disk_costs_a_warning_and_leaves_no_part_of_a_file(cache: Path) -> None:
    script = """
import resource, warnings
from motte.compiler.options import CompileOptions
from motte.toolchain import library_build
from motte.toolchain.libc_sources import C_LIBRARY
from motte.toolchain.library_cache import cached_library
library_build.build_objects = lambda recipe, options, report: {}
resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    library = cached_library(C_LIBRARY, CompileOptions())
print(library.members, [str(warning.message) for warning in caught])
"""
    done = run_script(script)
    assert done.stdout.startswith("() ['guest libraries are not cached: ")
    assert libraries(cache) == []


def test_only_the_newest_libraries_are_kept(cache: Path, builds: list[CompileOptions]) -> None:
    cache.mkdir(parents=True)
    for age in range(20):
        old = cache / f"{age}.library"
        old.touch()
        os.utime(old, (1000 - age, 1000 - age))
    cached_library(C_LIBRARY, CompileOptions())
    kept = libraries(cache)
    assert len(kept) == 8
    assert {f"{age}.library" for age in range(7)} < set(kept)


def test_progress_is_reported(cache: Path, builds: list[CompileOptions]) -> None:
    reports: list[tuple[str, int, int]] = []
    cached_library(C_LIBRARY, CompileOptions(), lambda *report: reports.append(report))
    assert reports == [("building", 1, 1)]


def run_script(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script], env=script_environment(), capture_output=True, text=True, check=True
    )


def script_environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(motte.__file__).parent.parent)}


def test_an_interrupt_ends_a_real_build_and_leaves_no_file(cache: Path) -> None:
    script = """
import sys
from motte.compiler.options import CompileOptions
from motte.toolchain.libc_sources import C_LIBRARY
from motte.toolchain.library_cache import cached_library
cached_library(C_LIBRARY, CompileOptions(), lambda what, done, total: print(done, total, flush=True))
"""
    process = subprocess.Popen(
        [sys.executable, "-c", script], env=script_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout
    while int(process.stdout.readline().split()[0]) < 100:  # both compilers have begun
        pass
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == -signal.SIGINT
    process.stdout.close()
    assert libraries(cache) == []
