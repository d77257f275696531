"""A guest with a granted directory reaches nothing outside it, by any name."""

from __future__ import annotations

from pathlib import Path

import pytest

import motte

READER = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        char text[64] = "";
        int file = open(argv[i], O_RDONLY);
        if (file >= 0 && read(file, text, sizeof text - 1) >= 0)
            printf("%s: read %s\n", argv[i], text);
        else
            printf("%s: refused\n", argv[i]);
    }
    return 0;
}
"""

WRITER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int main(void)
{
    printf("%d", open("/data/../planted", O_CREAT | O_WRONLY, 0600));
    printf(" %d", open("/data/up/planted", O_CREAT | O_WRONLY, 0600));
    printf(" %d", rename("/data/inside", "/data/../stolen"));
    printf(" %d", rename("/data/inside", "/data/up/stolen"));
    printf(" %d", unlink("/data/up/secret"));
    printf(" %d", mkdir("/data/../made", 0700));
    printf(" %d", symlink("/etc/passwd", "/data/link"));
    printf(" %d\n", link("/data/up/secret", "/data/hard"));
    return 0;
}
"""


@pytest.fixture
def granted(tmp_path: Path) -> Path:
    """A directory with its own file, and links of every kind that lead out of it."""
    (tmp_path / "secret").write_text("SECRET")
    directory = tmp_path / "granted"
    directory.mkdir()
    (directory / "inside").write_text("inside")
    (directory / "relative").symlink_to("../secret")
    (directory / "absolute").symlink_to(tmp_path / "secret")
    (directory / "up").symlink_to("..")
    (directory / "root").symlink_to("/")
    (directory / "loop").symlink_to("loop")
    (directory / "good").symlink_to("inside")
    return directory


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def program(tmp_path: Path, text: str) -> Path:
    source = tmp_path / "program.c"
    source.write_text(text)
    return source


def test_no_name_leads_out_of_a_granted_directory(granted: Path, tmp_path: Path) -> None:
    outside = tmp_path / "secret"
    attempts = [
        "/data/../secret", "/data/relative", "/data/absolute", "/data/up/secret", "/data/./../secret",
        f"/data/root{outside}", "/data/loop", str(outside), f"/data//..//..{outside}", "/proc/self/root/etc/passwd",
        "/data/../../../../../../etc/passwd", "/data/up/granted/../secret", "../secret", "data/../../etc/passwd",
    ]  # fmt: skip
    attempts.extend(f"/proc/self/fd/{number}" for number in range(8))
    done = motte.run(program(tmp_path, READER), attempts, directories=[motte.Directory(str(granted), "/data")])
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == [f"{attempt}: refused" for attempt in attempts]


def test_what_lies_inside_is_reached_also_through_links_that_stay_inside(granted: Path, tmp_path: Path) -> None:
    source = program(tmp_path, READER)
    done = motte.run(source, ["/data/inside", "/data/good"], directories=[motte.Directory(str(granted), "/data")])
    assert done.stdout == b"/data/inside: read inside\n/data/good: read inside\n"


def test_nothing_outside_is_created_moved_or_removed(granted: Path, tmp_path: Path) -> None:
    source = program(tmp_path, WRITER)
    before = names_in(tmp_path)
    done = motte.run(source, directories=[motte.Directory(str(granted), "/data")])
    assert done.stdout == b"-1 -1 -1 -1 -1 -1 -1 -1\n"
    assert names_in(tmp_path) == before
    assert (tmp_path / "secret").read_text() == "SECRET"
    assert names_in(granted) == ["absolute", "good", "inside", "loop", "relative", "root", "up"]


def test_a_read_only_directory_is_not_changed(granted: Path, tmp_path: Path) -> None:
    text = r"""
    #include <errno.h>
    #include <fcntl.h>
    #include <stdio.h>
    #include <unistd.h>
    int main(void)
    {
        int made = open("/data/new", O_CREAT | O_WRONLY, 0600), why = errno;
        printf("%d %d %d %d\n", made, why == EROFS, unlink("/data/inside"), truncate("/data/inside", 0));
        return 0;
    }
    """
    done = motte.run(program(tmp_path, text), directories=[motte.Directory(str(granted), "/data", read_only=True)])
    assert done.stdout == b"-1 1 -1 -1\n"
    assert (granted / "inside").read_text() == "inside"
