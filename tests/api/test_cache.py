"""The cache forgets rather than lies: whatever happens to its files, it answers the stored bytes or nothing."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from motte.cache import Cache, default_root, digest

KEY = digest(["a key"])
OTHER = digest(["another key"])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", warn=pytest.fail)


def entry_files(cache: Cache) -> list[Path]:
    return sorted(path for path in cache.root.rglob("*") if path.is_file())


def test_what_was_put_is_got(cache: Cache) -> None:
    assert cache.get(KEY) is None
    cache.put(KEY, b"content")
    assert cache.get(KEY) == b"content"
    assert cache.get(OTHER) is None


def test_the_last_put_wins(cache: Cache) -> None:
    cache.put(KEY, b"old")
    cache.put(KEY, b"new")
    assert cache.get(KEY) == b"new"


def test_an_empty_content_is_not_a_miss(cache: Cache) -> None:
    cache.put(KEY, b"")
    assert cache.get(KEY) == b""


def test_a_truncated_entry_is_a_miss_at_every_length_and_is_removed(cache: Cache) -> None:
    cache.put(KEY, b"some content")
    (path,) = entry_files(cache)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.get(KEY) is None
        assert not path.exists()


def test_an_entry_with_any_bit_flipped_is_a_miss(cache: Cache) -> None:
    cache.put(KEY, b"some content")
    (path,) = entry_files(cache)
    whole = path.read_bytes()
    for position in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[position // 8] ^= 1 << position % 8
        path.write_bytes(changed)
        assert cache.get(KEY) is None


def test_an_entry_under_another_name_is_a_miss(cache: Cache) -> None:
    cache.put(KEY, b"content")
    cache.put(OTHER, b"other")
    first, second = entry_files(cache)
    shutil.copy(first, second)
    assert {cache.get(KEY), cache.get(OTHER)} in ({b"content", None}, {b"other", None})


def test_a_key_that_is_no_key_is_refused(cache: Cache) -> None:
    for key in ("", "../../../../etc/passwd", KEY + "0", KEY[:-1] + "/"):
        with pytest.raises(ValueError, match="not a cache key"):
            cache.get(key)


def test_the_least_recently_used_entries_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=10_000)
    keys = [digest([str(number)]) for number in range(12)]
    for age, key in enumerate(keys[:9]):
        cache.put(key, bytes(1000))
        os.utime(cache._path(key), (1000 + age, 1000 + age))
    assert cache.get(keys[0]) is not None, "a hit renews its time of use"
    cache.put(keys[9], bytes(1000))
    assert cache.size() <= 7_500
    assert cache.get(keys[0]) is not None
    assert cache.get(keys[9]) is not None
    assert cache.get(keys[1]) is None


def test_what_exceeds_the_limit_is_not_stored_and_evicts_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path, limit=1000)
    cache.put(KEY, bytes(500))
    cache.put(OTHER, bytes(1000))
    assert cache.get(OTHER) is None
    assert cache.get(KEY) == bytes(500)


def test_a_place_that_cannot_be_written_only_means_no_cache_and_one_warning(tmp_path: Path) -> None:
    obstacle = tmp_path / "file"
    obstacle.write_text("not a directory")
    warnings: list[str] = []
    cache = Cache(obstacle / "cache", warn=warnings.append)
    cache.put(KEY, b"content")
    cache.put(OTHER, b"content")
    assert cache.get(KEY) is None
    assert len(warnings) == 1
    assert str(obstacle) in warnings[0]


def test_a_full_disk_only_means_no_cache_and_one_warning() -> None:
    warnings: list[str] = []
    cache = Cache(Path("/dev/full"), warn=warnings.append)
    cache.put(KEY, b"content")
    assert cache.get(KEY) is None
    assert len(warnings) == 1


def test_temporary_files_of_writers_that_died_are_removed(cache: Cache) -> None:
    cache.put(KEY, b"content")
    abandoned = entry_files(cache)[0].with_name("abandoned.new")
    abandoned.write_bytes(b"half")
    os.utime(abandoned, (0, 0))
    cache.put(OTHER, b"content")
    assert not abandoned.exists()


def test_two_processes_at_once_never_see_a_torn_entry(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from motte.cache import Cache, digest\n"
        "cache = Cache(Path(sys.argv[1])); key = digest(['a key']); letter = sys.argv[2].encode()\n"
        "for _ in range(300):\n"
        "    cache.put(key, letter * 50000)\n"
        "    content = cache.get(key)\n"
        "    assert content in (b'x' * 50000, b'y' * 50000), content and len(content)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, tmp_path, letter]) for letter in "xy"]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(entry_files(Cache(tmp_path))) == 1


def test_threads_may_share_a_cache(cache: Cache) -> None:
    def work(number: int) -> None:
        for round_ in range(30):
            key = digest([str(round_)])
            cache.put(key, str(round_).encode() * 1000)
            assert cache.get(key) == str(round_).encode() * 1000

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.get(digest(["7"])) == b"7" * 1000


def test_the_digest_separates_its_parts() -> None:
    assert len({digest(["ab"]), digest(["a", "b"]), digest(["", "ab"]), digest([b"ab", ""])}) == 4


def test_the_root_is_where_the_user_wants_caches(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "motte"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_root() == tmp_path / ".cache" / "motte"
