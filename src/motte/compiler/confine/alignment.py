"""Alignment: data as LLVM asks, ``int3`` between functions, NOPs of our own inside them."""

from motte.compiler.confine import directives
from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import ALIGN, Item


def data_alignment(statement: str) -> str:
    """The line for an alignment in data."""
    power, _ = _parse(statement, directives.GREATEST_ALIGNMENT)
    return f"\t.p2align\t{power}"


def function_alignment(statement: str) -> str:
    """The line for an alignment between functions, where every byte is ``cc``."""
    power, _ = _parse(statement, directives.GREATEST_CODE_ALIGNMENT)
    return f"\t.p2align\t{power}, 0xcc"


def code_alignment(statement: str) -> Item:
    """The item for an alignment inside a function; its bytes are written after assembling."""
    power, most = _parse(statement, directives.GREATEST_CODE_ALIGNMENT)
    return Item(ALIGN, f"\t.p2align\t{power}, 0x90{most}", statement)


def _parse(statement: str, greatest: int) -> tuple[int, str]:
    match = directives.ALIGN.fullmatch(statement)
    if match is None:
        raise Unconfinable("directive not accepted")
    power = int(match.group("power"))
    if power > greatest:
        raise Unconfinable("alignment not accepted")
    return power, f", {match.group('most')}" if match.group("most") else ""
