"""The hash of names in file trees is what it is taken for."""

import ctypes
import os
import subprocess
import sys

import pytest

from personality.guest import library

NAMES = [b"x" * length for length in range(40)] + [bytes(range(256)), b"grass \xff\x80"]


def keyed_hash(key: tuple[int, int], number: int, name: bytes) -> int:
    function = library().keyed_hash
    function.argtypes = [ctypes.c_uint64 * 2, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_size_t]
    function.restype = ctypes.c_uint64
    return int(function((ctypes.c_uint64 * 2)(*key), number, name, len(name)))


@pytest.mark.skipif(sys.hash_info.algorithm != "siphash13", reason="this Python hashes otherwise")
def test_with_a_key_of_zeroes_it_is_what_python_has_for_bytes() -> None:
    program = f"print(*(hash((7).to_bytes(8, 'little') + name) % 2**64 for name in {NAMES!r}))"
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert [keyed_hash((0, 0), 7, name) for name in NAMES] == list(map(int, done.stdout.split()))


def test_each_half_of_the_key_and_the_number_count() -> None:
    hashes = {keyed_hash(key, number, b"name") for key in ((0, 0), (1, 0), (0, 1)) for number in (0, 1)}
    assert len(hashes) == 6
