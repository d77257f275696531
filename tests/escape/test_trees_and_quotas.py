"""A guest with a file tree and a directory with a quota gets out of neither, and puts no more into either than it may.

The whole program is attacked here; the core's parts have campaigns of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import motte

ATTACKER = r"""
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void wrong(const char *what, const char *where)
{
    printf("%s %s\n", what, where);
}

static void look(int at, const char *path)
{
    struct stat status;
    if (openat(at, path, O_RDONLY) >= 0 || fstatat(at, path, &status, 0) == 0)
        wrong("reached", path);
    if (openat(at, path, O_RDWR | O_CREAT, 0600) >= 0 || mkdirat(at, path, 0700) == 0)
        wrong("made", path);
    if (unlinkat(at, path, 0) == 0 || unlinkat(at, path, AT_REMOVEDIR) == 0)
        wrong("removed", path);
    if (renameat(AT_FDCWD, "inside", at, path) == 0 || renameat(at, path, AT_FDCWD, "stolen") == 0)
        wrong("moved", path);
    if (linkat(at, path, AT_FDCWD, "hard", 0) == 0)
        wrong("linked", path);
}

/* Nothing is found above a directory that is held, wherever it is moved meanwhile, and when it is gone. */
static void climb_from_held(void)
{
    mkdir("a", 0700);
    mkdir("a/b", 0700);
    int held = open("a/b", O_RDONLY | O_DIRECTORY);
    if (held < 0 || rename("a/b", "b"))
        wrong("no directory to climb from", "a/b");
    look(held, "..");
    look(held, "../secret");
    look(held, "../../secret");
    look(held, "./../../granted/../secret");
    rmdir("b");
    look(held, "..");
    look(held, "new");
    close(held);
    rmdir("a");
}

/* Everything that makes files, and makes them longer, until nothing does. */
static void fill(void)
{
    static char block[65536];
    char name[16];
    int file = open("big", O_RDWR | O_CREAT, 0600);
    if (ftruncate(file, 1l << 40) == 0 || pwrite(file, "x", 1, 1l << 40) == 1)
        wrong("grew", "by 1 TiB");
    lseek(file, 1 << 19, SEEK_SET);
    if (write(file, "x", 1) == 1 && ftruncate(file, 0))
        wrong("cannot be cut off", "big");
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "n%d", i);
        int other = open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);
        write(other, block, 4096);
        unlink("n0");
        mkdir(i % 2 ? "n0" : "d", 0700);
        rmdir("n0");
        close(other);
    }
    fcntl(file, F_SETFL, O_APPEND);
    for (int i = 0; i < 100; i++) {
        pwrite(file, block, sizeof block, 0);
        write(file, block, sizeof block);
    }
}

int main(int argc, char **argv)
{
    if (chdir("/data"))
        wrong("not there", "/data");
    for (int i = 1; i < argc; i++)
        look(AT_FDCWD, argv[i]);
    climb_from_held();
    if (rename("inside", "/other/inside") == 0 || rename("/other/inside", "inside") == 0 || errno != EXDEV)
        wrong("moved between grants", strerror(errno));
    fill();
    printf("done\n");
    return 0;
}
"""

LIMIT = 1 << 20
FILES = 40


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text("the host's")
    return path


def attempts(secret: Path) -> list[str]:
    """Paths that lead out, if anything does: from the granted directory, and from the host's root."""
    return [
        "../secret", "/data/../secret", "./.././secret", "../granted/../secret", "inside/../../secret",
        str(secret), f"/data{secret}", f"/data/../..{secret}", "/" + "../" * 40 + str(secret)[1:],
        "/proc/self/fd/3", "/proc/self/root", "/data/up/secret", "/data/up/granted/../secret", "//etc/passwd",
    ]  # fmt: skip


@pytest.fixture
def attacker(tmp_path: Path) -> Path:
    source = tmp_path / "attacker.c"
    source.write_text(ATTACKER)
    return source


def test_nothing_leads_out_of_a_file_tree_and_nothing_fills_it_beyond_its_limit(attacker: Path, secret: Path) -> None:
    tree = motte.FileTree({"inside": b"inside"}, limit=LIMIT, max_files=FILES)
    other = motte.FileTree({"inside": b"other"})
    done = motte.run(attacker, attempts(secret), directories=[tree.at("/data"), other.at("/other")])
    assert (done.stdout.decode(), done.returncode) == ("done\n", 0)
    assert LIMIT - 70_000 < tree.used <= LIMIT
    assert len(tree) + len(tree.directories()) == FILES
    assert other.files() == {"inside": b"other"}
    assert secret.read_text() == "the host's"


def test_nothing_leads_out_of_a_directory_with_a_quota_and_nothing_fills_it_beyond(
    attacker: Path, secret: Path, tmp_path: Path
) -> None:
    granted, other = tmp_path / "granted", tmp_path / "other"
    for directory in (granted, other):
        directory.mkdir()
        (directory / "inside").write_text("inside")
    (granted / "up").symlink_to("..")
    before = sorted(path.name for path in tmp_path.iterdir())
    limited = motte.Directory(str(granted), "/data", quota=LIMIT, max_files=FILES)
    done = motte.run(attacker, attempts(secret), directories=[limited, motte.Directory(str(other), "/other")])
    assert (done.stdout.decode(), done.returncode) == ("done\n", 0)
    there = [path for path in granted.rglob("*") if not path.is_symlink()]
    assert sum(path.stat().st_size for path in there if path.is_file()) <= LIMIT + len("inside")
    assert limited.added[0] > LIMIT - 70_000
    assert len(there) == FILES + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert [path.name for path in other.iterdir()] == ["inside"]
    assert secret.read_text() == "the host's"
