"""Keepers of regions, ready to be used: each is one small class on :class:`motte.Region`.

    from motte import keepers
    region = motte.Region(0x9000_0000, "64MiB", keepers.Pager(resident="12MiB"))
    process = machine.spawn(program, regions=[region], bank="16MiB")

The program finds its region at that address of its window: ``(char *)0x90000000``.  They are written with nothing but
what :class:`motte.KeptFault` offers to everybody, so that they are examples, too.

Reading order: :class:`DemandZero`, :class:`CopyOnWrite`, :class:`FileMapping`, :class:`GrowingStack`, :class:`Pager`.
"""

from motte.keepers.copy_on_write import CopyOnWrite
from motte.keepers.demand_zero import DemandZero
from motte.keepers.file_mapping import FileMapping
from motte.keepers.growing_stack import GrowingStack
from motte.keepers.pager import Pager, PagerStatistics
from motte.keepers.stores import FileStore, MemoryStore, Store

__all__ = [
    "CopyOnWrite",
    "DemandZero",
    "FileMapping",
    "FileStore",
    "GrowingStack",
    "MemoryStore",
    "Pager",
    "PagerStatistics",
    "Store",
]
