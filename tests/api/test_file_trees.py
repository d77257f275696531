"""File trees as Python holds them, and one guest program over a tree and a directory of the host's."""

import errno
import gc
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

import motte

FILES = Path(__file__).parent / "programs/files.c"

SHELL = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Words: w PATH TEXT, r PATH, grow PATH, rm PATH, hold PATH. */
int main(int count, char **words)
{
    for (int i = 1; i + 1 < count; i += 2) {
        char block[4096] = {0};
        int writes = words[i][0] == 'w' || words[i][0] == 'g';
        if (!strcmp(words[i], "rm")) {
            printf("%d\n", unlink(words[i + 1]) ? errno : 0);
            continue;
        }
        int file = open(words[i + 1], writes ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY, 0644);
        if (file < 0) {
            printf("%d\n", errno);
        } else if (!strcmp(words[i], "w")) {
            write(file, words[i + 2], strlen(words[i + 2]));
        } else if (!strcmp(words[i], "grow")) {
            long total = 0;
            for (ssize_t size; (size = write(file, block, sizeof block)) > 0;)
                total += size;
            printf("%ld %d\n", total, errno);
        } else if (!strcmp(words[i], "hold")) {
            read(0, block, 1);
            printf("%ld\n", (long)pread(file, block, sizeof block, 0));
        } else {
            ssize_t size = read(file, block, sizeof block);
            fwrite(block, 1, (size_t)(size < 0 ? 0 : size), stdout);
        }
        if (file >= 0)
            close(file);
        i += !strcmp(words[i], "w");
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def shared() -> Iterator[motte.Machine]:
    with motte.Machine(memory="256MiB") as machine:
        yield machine


@pytest.fixture(scope="module")
def shell(shared: motte.Machine, tmp_path_factory: pytest.TempPathFactory) -> motte.Program:
    source = tmp_path_factory.mktemp("shell") / "shell.c"
    source.write_text(SHELL)
    return shared.load(source)


# --- as a mapping ------------------------------------------------------------------------------------------------


def test_a_tree_is_a_mapping_of_its_files() -> None:
    tree = motte.FileTree({"a": b"1", "d/e/b": bytearray(b"22"), "d/c": memoryview(b"333")})
    assert dict(tree) == tree.files() == {"a": b"1", "d/e/b": b"22", "d/c": b"333"}
    assert len(tree) == 3
    assert sorted(tree.directories()) == ["d", "d/e"]
    assert "d/c" in tree
    assert "d" not in tree
    assert tree.get("nothing") is None
    tree["a"] = b"new"
    assert tree.pop("a") == b"new"
    del tree["d/c"]
    assert list(tree) == ["d/e/b"]
    tree.clear()
    assert tree.directories() == ["d", "d/e"]
    tree.remove_directory("d/e")
    tree.make_directory("x/y/z")
    assert sorted(tree.directories()) == ["d", "x", "x/y", "x/y/z"]
    assert "FileTree of 0 files" in repr(tree)


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0b"])
def test_paths_that_are_none_are_refused(path: str) -> None:
    tree = motte.FileTree()
    with pytest.raises(ValueError, match="is not a path"):
        tree[path] = b""
    with pytest.raises(ValueError, match="is not a path"):
        _ = tree[path]
    with pytest.raises(TypeError, match="expected a str"):
        tree[b"a"] = b""  # type: ignore[index]


def test_what_is_in_the_way_is_told() -> None:
    tree = motte.FileTree({"f": b"", "d/f": b""})
    for path in ("d", "f/x", "nothing"):
        with pytest.raises(KeyError):
            _ = tree[path]
        with pytest.raises(KeyError):
            del tree[path]
    with pytest.raises(IsADirectoryError):
        tree["d"] = b""
    with pytest.raises(NotADirectoryError):
        tree["f/x"] = b""
    with pytest.raises(OSError, match="not empty"):
        tree.remove_directory("d")
    with pytest.raises(OSError, match="too long"):
        tree["n" * 256] = b""


def test_limits_hold_for_the_host_too() -> None:
    with pytest.raises(motte.LimitReached, match="full"):
        motte.FileTree({"a": bytes(100_000)}, limit="64KiB")
    tree = motte.FileTree(limit="64KiB", max_files=3)
    tree["a"] = tree["b"] = b"x"
    tree["c"] = b""
    with pytest.raises(motte.LimitReached):
        tree["d"] = b""
    assert tree.used < 12_000
    for limits in ({"max_files": 0}, {"max_files": 1 << 20}, {"limit": 0}):
        with pytest.raises(ValueError, match=r"max_files|limit"):
            motte.FileTree(**limits)  # type: ignore[arg-type]
    with pytest.raises(motte.LimitReached):
        motte.FileTree(limit=10)


def test_a_bank_pays_as_long_as_the_tree_exists() -> None:
    with motte.Machine(memory="64MiB") as machine, machine.bank.sub("1MiB") as bank:
        tree = motte.FileTree({"a": bytes(100_000)}, bank=bank)
        assert 100_000 < bank.statistics().used <= 120_000
        with pytest.raises(motte.LimitReached):
            tree["b"] = bytes(1 << 20)
        del tree["b"]
        used = bank.statistics().used
        tree["a"] = b""
        assert bank.statistics().used < used - 90_000
        bank.destroy()
        with pytest.raises(motte.LimitReached):
            tree["c"] = b"x"
        assert tree["a"] == b""
    del tree
    gc.collect()


# --- in guests ---------------------------------------------------------------------------------------------------


def test_what_a_guest_writes_is_found_by_the_host(shared: motte.Machine, shell: motte.Program) -> None:
    tree = motte.FileTree({"in/a.txt": b"from the host"})
    done = shared.run(shell, ["r", "/in/a.txt", "w", "/in/b.txt", "from the guest"], directories=[tree])
    assert done.stdout == b"from the host"
    assert tree["in/b.txt"] == b"from the guest"


def test_trees_and_directories_stand_beside_each_other(
    shared: motte.Machine, shell: motte.Program, tmp_path: Path
) -> None:
    (tmp_path / "f").write_text("host ")
    tree = motte.FileTree({"f": b"tree "})
    grants = [
        tree.at("/t", read_only=True),
        motte.Directory(str(tmp_path), "/h"),
        motte.FileTree({"f": b"other"}).at("/o"),
    ]
    done = shared.run(
        shell, ["r", "/t/f", "r", "/h/f", "r", "/o/f", "w", "/t/g", "x", "rm", "/t/f"], directories=grants
    )
    assert done.stdout == b"tree host other%d\n%d\n" % (errno.EROFS, errno.EROFS)
    assert list(tree) == ["f"]


def test_a_full_tree_is_a_full_disk(shared: motte.Machine, shell: motte.Program) -> None:
    tree = motte.FileTree(limit="256KiB")
    done = shared.run(shell, ["grow", "/f"], directories=[tree])
    written, error = map(int, done.stdout.split())
    assert error == errno.ENOSPC
    assert 240_000 < written < 256 * 1024
    assert len(tree["f"]) == written


def test_the_host_removes_what_a_guest_has_open(shared: motte.Machine, shell: motte.Program) -> None:
    tree = motte.FileTree({"f": b"12345"})
    with shared.spawn(shell, ["hold", "/f"], stdin=motte.PIPE, directories=[tree]) as process:
        while process.state != "waiting":
            pass
        del tree["f"]
        assert len(tree) == 0
        process.stdin.write(b"x")
        process.wait()
        assert process.stdout == b"5\n"


def test_a_tree_outlives_its_machine_and_a_guest_its_tree(shell: motte.Program, tmp_path: Path) -> None:
    source = tmp_path / "shell.c"
    source.write_text(SHELL)
    tree = motte.FileTree()
    with motte.Machine(memory="64MiB") as machine:
        program = machine.load(source)
        machine.run(program, ["w", "/f", "kept"], directories=[tree])
        process = machine.spawn(program, ["r", "/f"], directories=[motte.FileTree({"f": b"its own"})], start=False)
        gc.collect()
        process.start()
        process.wait()
        assert process.stdout == b"its own"
    assert tree["f"] == b"kept"


def test_host_and_guests_work_on_a_tree_at_once(shared: motte.Machine, shell: motte.Program) -> None:
    tree = motte.FileTree({"f": b"x"})
    stops = threading.Event()

    def change() -> None:
        while not stops.is_set():
            tree["f"] = os.urandom(5000)
            tree["d/g"] = b"y"
            with suppress(KeyError):  # the guest was faster
                del tree["f"]
            tree.files()

    thread = threading.Thread(target=change)
    thread.start()
    words = ["r", "/f", "w", "/f", "text", "rm", "/f", "w", "/d/h", "z"] * 20
    for _ in range(20):
        assert shared.run(shell, words, directories=[tree]).returncode == 0
    stops.set()
    thread.join()


@pytest.mark.parametrize("seed", range(12))
def test_one_program_finds_the_same_in_a_tree_and_on_the_host(shared: motte.Machine, tmp_path: Path, seed: int) -> None:
    program = shared.load(FILES)
    tree = motte.FileTree()
    tmp_path.chmod(0o755)
    in_memory = shared.run(program, [str(seed)], directories=[tree.at("/desk")])
    on_host = shared.run(program, [str(seed)], directories=[motte.Directory(str(tmp_path), "/desk")])
    assert in_memory.returncode == on_host.returncode == 0
    assert in_memory.stdout.splitlines() == on_host.stdout.splitlines()
    assert tree.files() == {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    }


# --- quotas ------------------------------------------------------------------------------------------------------


def test_a_quota_bounds_what_is_added_and_is_shared(
    shared: motte.Machine, shell: motte.Program, tmp_path: Path
) -> None:
    (tmp_path / "old").write_bytes(bytes(50_000))
    granted = motte.Directory(str(tmp_path), "/d", quota="100KiB", max_files=2)
    done = shared.run(shell, ["grow", "/d/f", "w", "/d/g", "x", "w", "/d/h", "x"], directories=[granted])
    assert done.stdout == b"%d %d\n%d\n" % (100 * 1024, errno.EDQUOT, errno.EDQUOT)
    assert granted.added == (100 * 1024, 2)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 50_000 + 100 * 1024
    done = shared.run(shell, ["rm", "/d/f", "grow", "/d/old"], directories=[granted])
    assert done.stdout.split()[0] == b"0"
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 50_000 + 100 * 1024


def test_quotas_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="read-only"):
        motte.Directory(str(tmp_path), "/d", read_only=True, quota=1)
    with pytest.raises(ValueError, match="limits of its own"):
        motte.Directory(motte.FileTree(), "/d", quota=1)
    with pytest.raises(ValueError, match="less than 0"):
        motte.Directory(str(tmp_path), "/d", max_files=-1)
    with pytest.raises(ValueError, match="nothing is counted"):
        _ = motte.Directory(str(tmp_path), "/d").added
