"""The whole text: which line belongs where, and the tables at the end.

The text is read once.  Functions and switch tables are kept aside while reading, because what they
become depends on lines further down; everything else is written as it is read.
"""

from collections.abc import Mapping

from motte.compiler.confine import directives
from motte.compiler.confine.alignment import code_alignment, data_alignment, function_alignment
from motte.compiler.confine.code_labels import CodeLabels
from motte.compiler.confine.data import DataTable, DataWriter
from motte.compiler.confine.errors import ConfineError, Unconfinable
from motte.compiler.confine.flow import FunctionPasses
from motte.compiler.confine.function import Function
from motte.compiler.confine.instructions import InstructionRewriter
from motte.compiler.confine.items import ANNOTATION, LABEL, NOTHING, FunctionFacts, Item
from motte.compiler.confine.layout import FunctionLayout
from motte.compiler.confine.metadata import CODE_START, metadata_sections
from motte.compiler.confine.sections import CODE, SectionKind, section_of
from motte.compiler.confine.symbols import SymbolLines
from motte.compiler.confine.tokens import split_lines, symbol_name, without_comment


def confine(assembly: str, functions: Mapping[str, FunctionFacts]) -> str:
    """LLVM's AT&T assembly → the same program, confined to a window.

    ``assembly`` is the text for x86-64 ELF, static, small code model, without red zone, with ``kcfi`` bundles
    on its indirect calls; ``functions`` has the facts of each function it defines, by name.  The result is
    the text of a confined object for :func:`motte.compiler.assemble.assemble`.  Raises :class:`ConfineError`.
    """
    return _Reader(functions).read(assembly)


class _Reader:
    def __init__(self, functions: Mapping[str, FunctionFacts]) -> None:
        self._facts = functions
        self._labels = CodeLabels()
        self._instructions = InstructionRewriter(self._labels)
        self._data = DataWriter(self._labels)
        self._symbols = SymbolLines()
        self._section = CODE
        self._function: Function | None = None
        self._functions: list[Function] = []
        self._memo: dict[str, Item] = {}
        self._output: list[str | Function | DataTable] = [CODE.switch, f"{CODE_START}:"]

    def read(self, assembly: str) -> str:
        number, line = 0, ""
        try:
            known = self._memo.get
            for number, line in enumerate(split_lines(assembly), 1):
                item = known(line)
                if item is not None and self._function is not None and self._section is CODE:
                    self._function.append(item, number)
                else:
                    self._read_line(line, number)
            if self._function is not None:
                raise Unconfinable("a function does not end")
            return self._finish()
        except Unconfinable as reason:
            symbol = self._function.symbol if self._function is not None else ""
            raise ConfineError(str(reason), function=symbol, line=number, instruction=line) from None

    def _read_line(self, line: str, number: int) -> None:
        statement = without_comment(line) if "#" in line else line
        section = section_of(statement) if statement.startswith("\t.") else None
        if section is not None:
            self._section = section
            self._data.end_label()
            if section.kind != SectionKind.IGNORED:
                self._output.append(section.switch)
        elif self._section.kind == SectionKind.IGNORED:
            return
        elif self._section is CODE and self._function is not None:
            self._read_in_function(self._function, line, statement, number)
        elif directives.DROPPED.fullmatch(statement):
            return
        elif not self._read_symbol_line(statement, number):
            self._read_data(statement)

    def _read_in_function(self, function: Function, line: str, statement: str, number: int) -> None:
        if statement.startswith("\t.size\t"):
            self._symbols.size(statement, function.symbol)
            self._function = None
            return
        item = self._memo[line] = self._item(statement)
        function.append(item, number)

    def _item(self, statement: str) -> Item:
        if statement.startswith("\t.") or not statement:
            return _directive_item(statement)
        if statement.startswith("\t"):
            return self._instructions.rewrite(statement)
        label = directives.LABEL.fullmatch(statement)
        if label is None or not statement.startswith(".L"):
            raise Unconfinable("label not accepted inside a function")
        return Item(LABEL, statement, statement, target=label["symbol"])

    def _read_symbol_line(self, statement: str, number: int) -> bool:
        """Handle lines that define or describe symbols; whether this was one."""
        label = directives.LABEL.fullmatch(statement)
        if label is not None:
            self._define(label["symbol"], number)
            return True
        text = self._symbols.line(statement, self._section)
        if text is None:
            return False
        self._output.append(text)
        return True

    def _define(self, symbol: str, number: int) -> None:
        self._symbols.define(symbol)
        if self._section is CODE and self._symbols.is_function(symbol):
            self._start_function(symbol, number)
            return
        if self._section is CODE and not symbol.startswith(".L"):
            raise Unconfinable("a label in code that is no function")
        later = self._data.start_label(symbol, self._section)
        self._output.append(f"{symbol}:" if later is None else later)

    def _start_function(self, symbol: str, number: int) -> None:
        facts = self._facts.get(symbol_name(symbol))
        if facts is None:
            raise Unconfinable(f"nothing is known of the function {symbol}")
        self._function = Function(symbol, len(self._functions), number, facts)
        self._functions.append(self._function)
        self._output.append(self._function)

    def _read_data(self, statement: str) -> None:
        if directives.SOURCE_FILE.fullmatch(statement):
            self._output.append(statement)
        elif self._section is CODE:
            self._output.append(function_alignment(statement))
        elif statement.startswith("\t.p2align"):
            self._data.end_label()
            self._output.append(data_alignment(statement))
        else:
            self._output.append(self._data.line(statement, self._section))

    def _finish(self) -> str:
        self._data.use_read_tables()
        layout = FunctionLayout()
        passes = FunctionPasses(self._labels, self._data.label_tables(), layout, self._instructions.rewrite)
        output = [self._text(part, passes) for part in self._output]
        reaches = self._instructions.reaches_blocks
        output.extend(
            metadata_sections(self._functions, passes.tables.emitted, layout.paddings, reaches_blocks=reaches)
        )
        output.extend(passes.label_numbers)
        passes.check_all_labels_numbered()
        return "\n".join(filter(None, output)) + "\n"

    def _text(self, part: str | Function | DataTable, passes: FunctionPasses) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, Function):
            return passes.confined(part)
        return self._data.table_text(part)


def _directive_item(statement: str) -> Item:
    """The item of a directive inside a function."""
    if directives.DROPPED.fullmatch(statement):
        return NOTHING
    if directives.LINE_NUMBER.fullmatch(statement) or directives.SOURCE_FILE.fullmatch(statement):
        return Item(ANNOTATION, statement, statement)
    return code_alignment(statement)
