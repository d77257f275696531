"""What single items do to the arithmetic flags, and to the registers that may serve as scratch."""

import re
from functools import lru_cache, partial
from typing import Final

from motte.compiler.confine.items import BRANCH, CALL, CHECKED_CALL, CHECKED_JUMP, END, PLAIN, Item
from motte.compiler.confine.liveness import PASSES, READS, WRITES, Effect

_FLAG_WRITER: Final = re.compile(r"\t(?:(?:add|sub|and|or|xor|cmp|test|neg|imul|mul|popcnt)[bwlq]|v?u?comis[sd])\t")
_FLAG_READER: Final = re.compile(r"\t(?:cmov|set|adc|sbb|rcl|rcr|adox|cmc|lock\s+(?:adc|sbb))")
_LEAVING: Final = (CALL, END, CHECKED_CALL, CHECKED_JUMP)

SCRATCH: Final = ("%r11", "%r10", "%r9", "%r8")
"""Registers that no instruction uses without naming it; the last two may be arguments of calls."""

_ARGUMENTS: Final = ("%r9", "%r8")
_RETURNS: Final = ("\tretq", "\tret", "\tud2")
# A move into the 32- or 64-bit register sets all of it.
_REGISTER_WRITE: Final = (
    r"\t(?:(?:mov(?:abs|[sz][bwl])?|lea)[lq]\t(?:(?!{0}[dwb]?\b).)*, {0}d?|popq\t{0}|xorl\t{0}d, {0}d)"
)


def flag_effect(item: Item) -> int:
    """Effect on the arithmetic flags, all together; calls and returns leave none behind."""
    if item.kind == PLAIN:
        return _plain_flag_effect(item.source)
    if item.kind == BRANCH:
        return READS
    return WRITES if item.kind in _LEAVING else PASSES


@lru_cache(maxsize=1 << 16)
def _plain_flag_effect(source: str) -> int:
    if _FLAG_READER.match(source):
        return READS
    return WRITES if _FLAG_WRITER.match(source) else PASSES


@lru_cache(maxsize=len(SCRATCH))
def register_effect(register: str) -> Effect:
    """Effect on one of the :data:`SCRATCH` registers."""
    named = re.compile(rf"{register}[dwb]?\b")
    write = re.compile(_REGISTER_WRITE.format(register))
    return partial(_register_effect, register, named, write)


def _register_effect(register: str, named: re.Pattern[str], write: re.Pattern[str], item: Item) -> int:
    if register in item.source and named.search(item.source):
        return WRITES if item.kind == PLAIN and write.fullmatch(item.source) else READS
    if item.kind not in _LEAVING:
        return PASSES
    return READS if register in _ARGUMENTS and item.source not in _RETURNS else WRITES
