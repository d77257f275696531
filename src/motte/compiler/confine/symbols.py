"""Lines that describe symbols: binding, type, size, aliases, common storage."""

from typing import Final

from motte.abi.symbols import FUNCTION_TABLE
from motte.compiler.confine import directives
from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.sections import ZEROED, Section, SectionKind
from motte.compiler.confine.tokens import symbol_name

_RESERVED: Final = (FUNCTION_TABLE, "__motte_jump_table", ".Lmotte_")


class SymbolLines:
    """Remembers what was said about symbols, and passes on what the object needs of it."""

    def __init__(self) -> None:
        """Nothing is known of any symbol."""
        self._functions: set[str] = set()
        self._local: set[str] = set()

    def is_function(self, symbol: str) -> bool:
        """Whether a ``.type`` line called ``symbol``, as written, a function."""
        return symbol in self._functions

    def define(self, symbol: str) -> None:
        """Refuse a definition of a name that belongs to the linker."""
        if symbol_name(symbol).startswith(_RESERVED):
            raise Unconfinable("this name is reserved")

    def line(self, statement: str, section: Section) -> str | None:
        """The confined form of a line about symbols, "" if nothing is kept, ``None`` if it is another line."""
        kind = directives.TYPE.fullmatch(statement)
        if kind is not None:
            if kind["type"] == "function":
                self._functions.add(kind["symbol"])
            return statement
        attribute = directives.SYMBOL_ATTRIBUTE.fullmatch(statement)
        if attribute is not None:
            if statement.startswith("\t.local"):
                self._local.add(attribute["symbol"])
            return statement
        size = directives.SIZE.fullmatch(statement)
        if size is not None:
            return statement if section.kind != SectionKind.CODE else ""
        common = directives.COMMON.fullmatch(statement)
        if common is not None:
            return self._common(common["symbol"], int(common["size"]), int(common["alignment"]), section)
        alias = directives.ASSIGNMENT.fullmatch(statement)
        if alias is None:
            return None
        self.define(alias["set"] or alias["symbol"])
        return statement

    def size(self, statement: str, function_symbol: str) -> None:
        """Check that a size line inside a function ends that function."""
        size = directives.SIZE.fullmatch(statement)
        if size is None or size["symbol"] != function_symbol:
            raise Unconfinable("a function inside another one")

    def _common(self, symbol: str, size: int, alignment: int, section: Section) -> str:
        """Common storage becomes a definition of its own, which another object's definition overrides."""
        self.define(symbol)
        power = alignment.bit_length() - 1
        if alignment != 1 << power or power > directives.GREATEST_ALIGNMENT:
            raise Unconfinable("alignment not accepted")
        binding = [] if symbol in self._local else [f"\t.weak\t{symbol}"]
        lines = [*binding, ZEROED.switch, f"\t.p2align\t{power}", f"{symbol}:", f"\t.zero\t{size}"]
        return "\n".join([*lines, f"\t.size\t{symbol}, {size}", section.switch])
