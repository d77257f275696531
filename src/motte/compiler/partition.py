"""A large module in two or more parts, which several processes optimise and compile at once.

Optimising is the slow half of a compilation and LLVM does it on one CPU, so a large
module is divided before.  The parts are stretches of the program in its own order,
since neighbours call each other; and each part sees the small functions of the
others that it calls, for inlining only (``available_externally``).  A symbol that
was local to the module and is now wanted by another part becomes visible, under a
name that no other unit can have; small constants without identity are copied.

Everything depends on the input alone: the same unit gives the same parts anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from motte.compiler.ir.attributes import GROUP_REFERENCE
from motte.compiler.ir.functions import Function, Header
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import type_end

LINES_OF_TWO_PARTS: Final = 100_000
LINES_OF_FOUR_PARTS: Final = 800_000
IMPORTED_LINES: Final = 80
"""Functions up to this length, as the front end wrote them, are worth inlining across parts."""
_IMPORT_DEPTH: Final = 3
_COPIED_LENGTH: Final = 2048

_NAME: Final = re.compile(r'"[^"]*"|@[-\w$.]+')
"""A global name, or a string, in which an at sign means nothing; names are plain by now."""
_VARIABLE: Final = re.compile(r"^(@" + NAME + r") = (.*?)(global|constant|alias) (.*)$")
_LOCAL: Final = re.compile(r"\b(?:private|internal) ")
_LINKAGE: Final = re.compile(
    r"\b(?:private|internal|weak_odr|weak|linkonce_odr|linkonce|available_externally|external|dso_local)(?: |$)"
)
_INTERPOSABLE: Final = re.compile(r"\b(?:weak|linkonce|available_externally)(?: |$)")
_LABEL_ADDRESS: Final = re.compile(r"blockaddress\((@" + NAME + r"), ")
_USED: Final = ("@llvm.used ", "@llvm.compiler.used ")


def parts_of(module: Module, unit: bytes) -> list[str]:
    """The texts of the parts; the whole if the module is small.

    ``unit`` is what the unit is made from, and of which no other unit is made: new names are derived from it.
    """
    functions = list(module.functions())
    lines = sum(len(function.lines) for function in functions)
    if lines < LINES_OF_TWO_PARTS:
        return [str(module)]
    count = 2 if lines < LINES_OF_FOUR_PARTS else 4
    return _Partition(module, functions, count).texts(blake2b(unit, digest_size=6).hexdigest())


@dataclass(slots=True)
class _Piece:
    """A function with its text, where it is defined, and the names that it uses."""

    function: Function
    text: str
    names: frozenset[str]
    part: int = 0

    @property
    def is_local(self) -> bool:
        return bool(_LOCAL.match(f"{self.function.header.prefix} "))


@dataclass(slots=True)
class _Variable:
    """A global that is no function: its line, where it is defined, and the names that its value uses."""

    name: str
    line: str
    names: frozenset[str]
    is_alias: bool
    part: int = 0

    @property
    def is_local(self) -> bool:
        return self.line.partition(" = ")[2].startswith(("private ", "internal "))

    @property
    def is_copied(self) -> bool:
        """Whether it is a small plain constant whose address means nothing."""
        is_constant = " unnamed_addr constant " in self.line[: len(self.name) + 60]
        return is_constant and self.is_local and not self.names and len(self.line) < _COPIED_LENGTH


class _Partition:
    def __init__(self, module: Module, functions: list[Function], count: int) -> None:
        self._module = module
        self._count = count
        self._pieces = {item.header.name: _piece(item) for item in functions}
        self._variables = {item.name: item for item in map(_variable, module.lines()) if item is not None}
        self._divide()
        self._imported = [self._imports(part) for part in range(count)]
        self._place_variables()
        self._wanted = [self._names_wanted(part) for part in range(count)]
        self._shared = self._shared_names()

    def texts(self, digest: str) -> list[str]:
        """Each part as a module, with the shared local symbols renamed in all of them."""
        new_names = {name: f"@{name[1:].lstrip('.')}.part.{digest}" for name in sorted(self._shared)}
        texts = []
        for part in range(self._count):
            text = "\n".join([*self._top(part), *self._functions(part), *self._module.attributes.lines(), ""])
            texts.append(_NAME.sub(lambda match: new_names.get(match.group(), match.group()), text))
        return texts

    def _divide(self) -> None:
        """Stretches of equal length; functions that take addresses of each other's labels stay together."""
        share = 1 + sum(len(piece.function.lines) for piece in self._pieces.values()) // self._count
        before = 0
        for piece in self._pieces.values():
            piece.part = before // share
            before += len(piece.function.lines)
        label_users = [(piece.part, piece.text) for piece in self._pieces.values() if "blockaddress(" in piece.text]
        label_users += [
            (-1, variable.line) for variable in self._variables.values() if "blockaddress(" in variable.line
        ]
        for part, text in label_users:
            owners = sorted(set(_LABEL_ADDRESS.findall(text)))
            for name in owners:
                self._pieces[name].part = self._pieces[owners[0]].part if part < 0 else part

    def _imports(self, part: int) -> set[str]:
        """Small functions of other parts that this part calls, and those that they call in turn."""
        known = {name for name, piece in self._pieces.items() if piece.part == part}
        imported: set[str] = set()
        latest: Iterable[str] = known
        for _ in range(_IMPORT_DEPTH):
            names = set().union(*(self._pieces[name].names for name in latest))
            latest = {name for name in names & self._pieces.keys() - known - imported if self._is_importable(name)}
            imported |= latest
        return imported

    def _is_importable(self, name: str) -> bool:
        piece = self._pieces[name]
        if len(piece.function.lines) > IMPORTED_LINES or "blockaddress(" in piece.text:
            return False
        group = GROUP_REFERENCE.search(piece.function.header.suffix)
        is_inlinable = group is None or "noinline" not in self._module.attributes[group.group(1)]
        return is_inlinable and not _INTERPOSABLE.search(piece.function.header.prefix)

    def _place_variables(self) -> None:
        """A variable lives where it is used, if that is one place; an alias and a table of labels where they must."""
        users: dict[str, set[int]] = {name: set() for name in self._variables}
        for name, piece in self._pieces.items():
            parts = {piece.part, *(part for part in range(self._count) if name in self._imported[part])}
            for used in piece.names & users.keys():
                users[used] |= parts
        inner = {name for variable in self._variables.values() for name in variable.names}
        for variable in self._variables.values():
            labels = _LABEL_ADDRESS.findall(variable.line)
            parts = users[variable.name]
            if labels:
                variable.part = self._pieces[labels[0]].part
            elif len(parts) == 1 and variable.name not in inner and not variable.name.startswith("@llvm."):
                variable.part = next(iter(parts))
        for variable in self._variables.values():
            variable.part = self._home(variable.name)

    def _home(self, name: str) -> int:
        """The part that defines a name; an alias is where its target is."""
        if name in self._pieces:
            return self._pieces[name].part
        variable = self._variables[name]
        return self._home(min(variable.names)) if variable.is_alias else variable.part

    def _names_wanted(self, part: int) -> set[str]:
        """Names that the part's functions, imported functions and variables use."""
        names = set(self._imported[part])
        for name, piece in self._pieces.items():
            if piece.part == part or name in self._imported[part]:
                names |= piece.names
        for variable in self._variables.values():
            if variable.part == part and not variable.line.startswith(_USED):
                names |= variable.names
        return names

    def _shared_names(self) -> set[str]:
        """Local symbols that another part wants, or that are kept for a reason nobody sees."""
        shared = {
            name
            for part, names in enumerate(self._wanted)
            for name in names
            if (symbol := self._symbol(name)) is not None and symbol.is_local and symbol.part != part
        }
        for variable in self._variables.values():
            if variable.line.startswith(_USED):
                shared |= {
                    name for name in variable.names if (item := self._symbol(name)) is not None and item.is_local
                }
        return {name for name in shared if name in self._pieces or not self._variables[name].is_copied}

    def _symbol(self, name: str) -> _Piece | _Variable | None:
        return self._pieces.get(name) or self._variables.get(name)

    def _top(self, part: int) -> list[str]:
        """Types, metadata, variables, and declarations of what other parts define."""
        lines = []
        wanted = self._wanted[part]
        for line in self._module.lines():
            variable = self._variables.get(line.partition(" ")[0]) if line.startswith("@") else None
            if line.startswith(_USED):
                continue
            if line.startswith("!"):
                lines.append(self._without_foreign(line, wanted) if "ptr @" in line else line)
            elif variable is None:
                lines.append(line)
            elif variable.is_copied:
                lines += [line] if variable.name in wanted else []
            elif variable.part == part:
                lines.append(_visible(line) if variable.name in self._shared else line)
            elif variable.name in wanted:
                lines.append(self._external(variable))
        foreign = sorted(name for name in wanted & self._pieces.keys() - self._imported[part])
        headers = [self._pieces[name].function.header for name in foreign if self._pieces[name].part != part]
        return [*lines, *map(_declaration, headers)]

    def _without_foreign(self, line: str, wanted: set[str]) -> str:
        """Metadata that mentions what this part does not have."""
        return _NAME.sub(
            lambda match: "null" if self._symbol(match.group()) and match.group() not in wanted else match.group(), line
        )

    def _functions(self, part: int) -> list[str]:
        """The definitions, with those visible that other parts want, and the imported ones."""
        texts = []
        for name, piece in self._pieces.items():
            header = piece.function.header
            if name in self._imported[part]:
                texts.append(_with_linkage(piece, header, "available_externally dso_local"))
            elif piece.part == part:
                texts.append(_with_linkage(piece, header, "dso_local") if name in self._shared else piece.text)
        return texts

    def _external(self, variable: _Variable) -> str:
        """A declaration of a variable that another part defines."""
        match = _VARIABLE.match(variable.line)
        assert match is not None
        name, _, keyword, rest = match.groups()
        if keyword == "alias":
            target = self._pieces.get(min(variable.names))
            if target is not None:
                return _declaration(replace(target.function.header, name=name))
            keyword = "global"
        return f"{name} = external dso_local {keyword} {rest[: type_end(rest)]}"


def _piece(function: Function) -> _Piece:
    text = str(function)
    return _Piece(function, text, _names(text) - {function.header.name})


def _variable(line: str) -> _Variable | None:
    match = _VARIABLE.match(line) if line.startswith("@") else None
    if match is None:
        return None
    return _Variable(match.group(1), line, _names(match.group(4)), match.group(3) == "alias")


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in _NAME.findall(text) if name.startswith("@"))


def _visible(line: str) -> str:
    name, _, rest = line.partition(" = ")
    return f"{name} = {_LOCAL.sub('dso_local ', rest, count=1)}"


def _with_linkage(piece: _Piece, header: Header, linkage: str) -> str:
    prefix = f"{linkage} {_LINKAGE.sub('', header.prefix)}".rstrip()
    return str(replace(header, prefix=prefix)) + piece.text[len(str(header)) :]


def _declaration(header: Header) -> str:
    parameters = [replace(parameter, value="") for parameter in header.parameters]
    suffix = re.sub(r" (?:!\w+ !\d+|align \d+)", "", header.suffix)
    prefix = f"dso_local {_LINKAGE.sub('', header.prefix)}".rstrip()
    return str(replace(header, keyword="declare", prefix=prefix, parameters=parameters, suffix=suffix))
