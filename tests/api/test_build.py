"""From sources to artifacts: what is compiled again, what is not, and what never is wrong."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import motte
from motte.build import artifact_of, stage_of
from motte.cache import default_root

OPTIONS = motte.BuildOptions()
WARM_RUN_MODULES = (
    "llvmlite",
    "iced_x86",
    "rich",
    "ziglang",
    "asyncio",
    "elftools",
    "subprocess",
    "motte.image.linker",
)
"""What a run from the cache has no time to import."""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of one's own, but with the guest library, which takes long to build."""
    motte.run(b"define i32 @main() { ret i32 0 }")
    root = tmp_path / "cache" / "motte"
    root.mkdir(parents=True)
    (root / "libraries").symlink_to(default_root() / "libraries")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return root


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the compiler processes that are started, as they are started."""
    from motte.compiler import parent
    from motte.toolchain import clang

    started: list[str] = []

    def counting(launch: Callable[..., object], name: str) -> Callable[..., object]:
        def launch_and_count(*arguments: object, **keywords: object) -> object:
            started.append(name)
            return launch(*arguments, **keywords)

        return launch_and_count

    monkeypatch.setattr(clang, "launch_child", counting(clang.launch_child, "clang"))
    monkeypatch.setattr(parent, "launch_child", counting(parent.launch_child, "compiler"))
    return started


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two sources and a header, old enough to be believed."""
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "value.h").write_text("#define VALUE 40\nint more(void);\n")
    (directory / "main.c").write_text('#include "value.h"\nint main(void) { return VALUE + more(); }\n')
    (directory / "more.c").write_text('#include "value.h"\nint more(void) { return 2; }\n')
    make_old(directory)
    monkeypatch.chdir(directory)
    return directory


SOURCES = ["main.c", "more.c"]


def make_old(directory: Path) -> None:
    """Give all files a time at which no compiler ran."""
    for path in directory.rglob("*"):
        os.utime(path, (1_000_000, 1_000_000))


def run_project(options: motte.BuildOptions = OPTIONS) -> int:
    return motte.run(artifact_of(SOURCES, options)).returncode


def test_the_second_time_nothing_is_compiled(cache: Path, project: Path, children: list[str]) -> None:
    first = artifact_of(SOURCES, OPTIONS)
    assert sorted(children) == ["clang", "clang", "compiler"]
    assert artifact_of(SOURCES, OPTIONS) == first
    assert len(children) == 3
    assert run_project() == 42


def test_a_changed_header_is_noticed(cache: Path, project: Path, children: list[str]) -> None:
    assert run_project() == 42
    (project / "value.h").write_text("#define VALUE 50\nint more(void);\n")
    make_old(project)
    assert run_project() == 52
    (project / "value.h").write_text("#define VALUE 40\nint more(void);\n")
    assert run_project() == 42


def test_a_changed_source_translates_only_that_source(cache: Path, project: Path, children: list[str]) -> None:
    assert run_project() == 42
    children.clear()
    (project / "more.c").write_text('#include "value.h"\nint more(void) { return 3; }\n')
    make_old(project)
    assert run_project() == 43
    assert children == ["clang", "compiler"]


def test_a_header_that_hides_another_is_noticed(cache: Path, project: Path) -> None:
    (project / "include").mkdir()
    (project / "value.h").rename(project / "include" / "value.h")
    options = motte.BuildOptions(include=["include"])
    assert run_project(options) == 42
    (project / "value.h").write_text("#define VALUE 60\nint more(void);\n")
    assert run_project(options) == 62


def test_a_header_changed_while_it_was_read_is_not_remembered(cache: Path, project: Path, children: list[str]) -> None:
    (project / "value.h").touch()
    os.utime(project / "value.h", (2**33, 2**33))
    assert (run_project(), run_project()) == (42, 42)
    assert children.count("clang") == 4


@pytest.mark.parametrize(
    "options",
    [
        motte.BuildOptions(optimization=0),
        motte.BuildOptions(debug=True),
        motte.BuildOptions(define=["OTHER=1"]),
        motte.BuildOptions(flags=["-fwrapv"]),
        motte.BuildOptions(cpu="x86-64-v2"),
    ],
    ids=["optimization", "debug", "define", "flags", "cpu"],
)
def test_other_options_are_another_artifact(
    cache: Path, project: Path, children: list[str], options: motte.BuildOptions
) -> None:
    stage_of("main.c", "o", OPTIONS)
    children.clear()
    stage_of("main.c", "o", options)
    assert "compiler" in children
    assert artifact_of(SOURCES, OPTIONS) != stage_of("main.c", "o", options)


def entries(cache: Path) -> list[Path]:
    return sorted(path for path in (cache / "entries").rglob("*") if path.is_file())


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty"])
def test_a_damaged_cache_is_as_good_as_none(cache: Path, project: Path, damage: str) -> None:
    good = artifact_of(SOURCES, OPTIONS)
    for path in entries(cache):
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes({"truncate": content[: len(content) // 2], "flip": content, "empty": b""}[damage])
    assert artifact_of(SOURCES, OPTIONS) == good


def test_a_stranger_in_the_cache_can_change_a_program_and_not_escape(cache: Path, project: Path) -> None:
    from motte.cache import Cache

    artifact = artifact_of(SOURCES, OPTIONS)
    hostile = bytearray(artifact)
    code = 12 + int.from_bytes(hostile[8:12], "little")
    hostile[code : code + 2] = b"\x0f\x05"
    keys = [path.parent.name + path.name for path in entries(cache)]
    (artifact_key,) = [key for key in keys if Cache(cache).get(key) == artifact]
    Cache(cache).put(artifact_key, bytes(hostile))
    with motte.Machine() as machine:
        with pytest.raises(motte.Refused, match="syscall") as caught:
            machine.load(SOURCES)
        assert caught.value.verdict is not None
        assert caught.value.verdict.violations[0].offset == 0


def test_entries_that_somebody_else_wrote_do_no_harm(cache: Path, project: Path) -> None:
    from motte.cache import Cache

    artifact = artifact_of(SOURCES, OPTIONS)
    for key in [path.parent.name + path.name for path in entries(cache)]:
        if Cache(cache).get(key) != artifact:
            Cache(cache).put(key, b"[[1], 2]")
    assert artifact_of(SOURCES, OPTIONS) == artifact


def test_a_cache_that_cannot_be_written_only_means_no_cache(
    project: Path, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = artifact_of(SOURCES, OPTIONS)
    (tmp_path / "unwritable" / "motte").mkdir(parents=True)
    (tmp_path / "unwritable" / "motte" / "libraries").symlink_to(cache / "libraries")
    (tmp_path / "unwritable" / "motte" / "entries").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "unwritable"))
    with pytest.warns(RuntimeWarning, match="nothing is cached") as warnings:
        assert artifact_of(SOURCES, OPTIONS) == good
        assert artifact_of(SOURCES, OPTIONS) == good
    assert len(warnings) == 1


def test_two_at_once_make_the_same(cache: Path, project: Path) -> None:
    artifacts: list[bytes] = []
    threads = [threading.Thread(target=lambda: artifacts.append(artifact_of(SOURCES, OPTIONS))) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(artifacts) == 2
    assert artifacts[0] == artifacts[1]


def test_a_warm_run_imports_nothing_that_compiles_and_still_verifies(cache: Path, project: Path) -> None:
    run_project()
    program = (
        "import sys\nfrom motte.core import CodeRegion\nfrom motte.cli import run_command_line\n"
        "decide = CodeRegion.decide\n"
        "def counted(self, claimed):\n    print('verified')\n    return decide(self, claimed)\n"
        "CodeRegion.decide = counted\n"
        "print(run_command_line(['run', '-s', 'more.c', 'main.c']))\n"
        "print(*sorted(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    verified, status, modules = done.stdout.splitlines()
    assert (verified, status) == ("verified", "42")
    assert [name for name in WARM_RUN_MODULES if name in modules.split()] == []


def test_progress_names_what_is_done(cache: Path, project: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    artifact_of(SOURCES, OPTIONS, progress=lambda *event: seen.append(event))
    assert ("translating sources", 2, 2) in seen
    assert any("optimising" in what for what, _done, _total in seen)
    seen.clear()
    artifact_of(SOURCES, OPTIONS, progress=lambda *event: seen.append(event))
    assert seen == []


def test_llvm_assembly_and_bitcode_are_sources_as_files_and_as_bytes(cache: Path, tmp_path: Path) -> None:
    text = b"define i32 @main() { ret i32 7 }"
    assert motte.run(text).returncode == 7
    (tmp_path / "program.ll").write_bytes(text)
    assert motte.run(tmp_path / "program.ll").returncode == 7
    bitcode = stage_of(text, "o", OPTIONS)
    assert bitcode.startswith(b"\x7fELF")


@pytest.mark.parametrize(
    ("sources", "error", "reason"),
    [
        ([], ValueError, "at least one source"),
        (["program.exe"], ValueError, r"program\.exe: unknown kind of source \.exe"),
        (["missing.c"], FileNotFoundError, r"missing\.c"),
        (["main.c", b"MOTTE\0\0\1"], ValueError, "an artifact is a whole program"),
        ([b"neither bitcode nor text"], motte.CompileError, "not a valid LLVM module"),
        ([b"BC\xc0\xde" + bytes(100)], motte.CompileError, "."),
    ],
)
def test_what_is_no_program_is_told(
    cache: Path, project: Path, sources: list[str | bytes], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        artifact_of(sources, OPTIONS)


@pytest.mark.parametrize(
    ("keywords", "error", "reason"),
    [
        ({"optimization": 4}, ValueError, "optimization: 4 is not 0, 1, 2 or 3"),
        ({"include": "include"}, TypeError, "include: expected a list"),
        ({"compile_time": None}, ValueError, "cannot be lifted"),
        ({"compile_memory": "tiny"}, ValueError, "compile_memory: 'tiny' is not a size"),
    ],
)
def test_build_options_refuse_what_makes_no_sense(
    keywords: dict[str, object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        motte.BuildOptions(**keywords)  # type: ignore[arg-type]


@pytest.mark.parametrize("flag", ["-fplugin=evil.so", "-o/tmp/x", "-Wp,-MD,x", "@file", "-save-temps"])
def test_options_of_clang_that_are_not_accepted_are_named(cache: Path, project: Path, flag: str) -> None:
    with pytest.raises(motte.CompileError, match=r"compiler option .* is not accepted"):
        artifact_of(SOURCES, motte.BuildOptions(flags=[flag]))
