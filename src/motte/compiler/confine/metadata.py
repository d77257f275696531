"""The sections behind the program: jump tables, and what the linker must know of functions and tables."""

from collections.abc import Iterable

from motte.compiler.confine.function import Function
from motte.compiler.confine.jump_tables import EmittedTable
from motte.compiler.confine.layout import padding_end, padding_start

CODE_START = ".Lmotte_code"
"""Label at the start of ``.text``; paddings are recorded relative to it."""


def metadata_sections(
    functions: Iterable[Function], tables: Iterable[EmittedTable], paddings: int, *, reaches_blocks: bool
) -> list[str]:
    """The lines of the sections ``.motte.`` ``tables``, ``functions``, ``jump_tables``, ``padding`` and ``blocks``."""
    tables = list(tables)
    lines = ['\t.section\t.motte.tables,"a",@progbits', "\t.p2align\t3"]
    for table in tables:
        lines.append(f"\t.type\t{table.symbol},@object\n{table.symbol}:")
        lines.append(f"\t.quad\t{','.join(table.entries)}")
        lines.append(f"\t.size\t{table.symbol}, {8 * len(table.entries)}")
    lines.append('\t.section\t.motte.functions,"",@progbits')
    for function in functions:
        facts = function.facts
        lines.append(f"\t.quad\t{function.symbol}\n\t.long\t{facts.stack_arguments}\n\t.long\t{facts.function_class}")
    lines.append('\t.section\t.motte.jump_tables,"",@progbits')
    for table in tables:
        lines.append(f"\t.quad\t{table.symbol}\n\t.quad\t{table.owner}\n\t.long\t{len(table.entries)}\n\t.long\t0")
    lines.append('\t.section\t.motte.padding,"",@progbits')
    for number in range(paddings):
        lines.append(f"\t.quad\t{padding_start(number)}-{CODE_START}\n\t.quad\t{padding_end(number)}-{CODE_START}")
    if reaches_blocks:
        lines.append('\t.section\t.motte.blocks,"",@progbits')
    return lines
