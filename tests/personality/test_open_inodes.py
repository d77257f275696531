"""The table of open files by device and inode, against a plain dictionary."""

import ctypes

from hypothesis import given, settings
from hypothesis import strategies as st

from personality.guest import library


class Inodes(ctypes.Structure):
    """As the table's header says."""

    _fields_ = (("places", ctypes.c_void_p), ("room", ctypes.c_size_t), ("count", ctypes.c_size_t))


def status(device: int, inode: int) -> ctypes.Array[ctypes.c_char]:
    """What stat() answers for such a file: its first two words count."""
    return ctypes.create_string_buffer(device.to_bytes(8, "little") + inode.to_bytes(8, "little"), 256)


files = st.tuples(st.integers(0, 2), st.integers(0, 12) | st.integers(0, 2**64 - 1))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.booleans(), files), max_size=80))
def test_files_are_open_as_often_as_they_were_opened(steps: list[tuple[bool, tuple[int, int]]]) -> None:
    core, table, model = library(), Inodes(), dict[tuple[int, int], int]()
    table_at = ctypes.byref(table)
    for opens, file in steps:
        if opens:
            assert core.open_inodes_make_room(table_at)
            core.open_inodes_add(table_at, status(*file))
            model[file] = model.get(file, 0) + 1
        else:
            assert bool(core.open_inodes_remove(table_at, status(*file)) & 1) == (model.get(file) == 1)
            model[file] = max(0, model.get(file, 0) - 1)
        for each, times in model.items():
            assert bool(core.open_inodes_has(table_at, status(*each)) & 1) == (times > 0)
    assert table.count == sum(times > 0 for times in model.values())
    assert 2 * table.count <= table.room
    ctypes.CDLL(None).free(ctypes.c_void_p(table.places))
