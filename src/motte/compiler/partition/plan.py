"""Which part defines what, what each part sees of the others, and the texts that follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from motte.compiler.ir.attributes import GROUP_REFERENCE
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.partition.symbols import (
    NAME_OR_STRING,
    USED_LISTS,
    Piece,
    Variable,
    label_owners,
    read_function,
    read_variable,
)

IMPORTED_LINES: Final = 80
"""Functions up to this length, as the front end wrote them, are worth inlining across parts."""
_IMPORT_DEPTH: Final = 3


class Plan:
    """A division of one module."""

    def __init__(self, module: Module, functions: list[Function], count: int) -> None:
        """Decide everything; the module is not changed."""
        self._module = module
        self._count = count
        self._pieces = {item.header.name: read_function(item) for item in functions}
        self._variables = {item.name: item for item in map(read_variable, module.lines()) if item is not None}
        self._divide()
        self._imported = [self._imports(part) for part in range(count)]
        self._place_variables()
        self._wanted = [self._names_wanted(part) for part in range(count)]
        self._foreign = self._names_wanted_elsewhere()

    def texts(self, mark: str) -> list[str]:
        """Each part as a module; ``mark`` goes into the new names of shared local symbols."""
        local = sorted(name for name in self._foreign if self._is_local(name))
        new_names = {name: f"@{name[1:].lstrip('.')}.part.{mark}" for name in local}
        texts = []
        for part in range(self._count):
            text = "\n".join([*self._top(part), *self._functions(part), *self._module.attributes.lines(), ""])
            texts.append(NAME_OR_STRING.sub(lambda match: new_names.get(match.group(), match.group()), text))
        return texts

    def _divide(self) -> None:
        """Stretches of equal length; functions that take addresses of each other's labels stay together."""
        share = 1 + sum(len(piece.function.lines) for piece in self._pieces.values()) // self._count
        before = 0
        for piece in self._pieces.values():
            length = len(piece.function.lines)
            piece.part = (before + length // 2) // share
            before += length
        for piece in self._pieces.values():
            for owner in label_owners(piece.text) if "blockaddress(" in piece.text else ():
                self._pieces[owner].part = piece.part
        for variable in self._variables.values():
            owners = label_owners(variable.line) if "blockaddress(" in variable.line else []
            for owner in owners:
                self._pieces[owner].part = self._pieces[owners[0]].part

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
        if len(piece.function.lines) > IMPORTED_LINES or piece.may_be_replaced or "blockaddress(" in piece.text:
            return False
        group = GROUP_REFERENCE.search(piece.header.suffix)
        return group is None or "noinline" not in self._module.attributes[group.group(1)]

    def _place_variables(self) -> None:
        """A variable lives where it is used, if that is one place; an alias and a table of labels where they must."""
        users: dict[str, set[int]] = {name: set() for name in self._variables}
        for name, piece in self._pieces.items():
            parts = {piece.part, *(part for part in range(self._count) if name in self._imported[part])}
            for used in piece.names & users.keys():
                users[used] |= parts
        inner = {name for variable in self._variables.values() for name in variable.names}
        for variable in self._variables.values():
            owners = label_owners(variable.line)
            parts = users[variable.name]
            if owners:
                variable.part = self._pieces[owners[0]].part
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
            if variable.part == part and not variable.line.startswith(USED_LISTS):
                names |= variable.names
        return names

    def _names_wanted_elsewhere(self) -> set[str]:
        """Symbols that another part wants than the one that defines them, or that are kept for a reason nobody sees."""
        used = [variable.names for variable in self._variables.values() if variable.line.startswith(USED_LISTS)]
        wanted = {name for names in used for name in names}
        for part, names in enumerate(self._wanted):
            known = names & (self._pieces.keys() | self._variables.keys())
            wanted |= {name for name in known if self._home(name) != part}
        return {name for name in wanted if name in self._pieces or not self._variables[name].is_copied}

    def _is_local(self, name: str) -> bool:
        return self._pieces[name].is_local if name in self._pieces else self._variables[name].is_local

    def _top(self, part: int) -> list[str]:
        """Types, metadata, variables, and declarations of what other parts define."""
        lines: list[str] = []
        wanted = self._wanted[part]
        for line in self._module.lines():
            variable = self._variables.get(line.partition(" ")[0]) if line.startswith("@") else None
            if variable is not None:
                lines += self._variable(variable, part)
            elif line.startswith("!") and "ptr @" in line:
                lines.append(self._without_foreign(line, wanted))
            else:
                lines.append(line)
        foreign = sorted(wanted & self._pieces.keys() - self._imported[part])
        return [*lines, *(self._pieces[name].declaration() for name in foreign if self._pieces[name].part != part)]

    def _variable(self, variable: Variable, part: int) -> list[str]:
        """The line, if any, that stands for a variable in a part."""
        is_wanted = variable.name in self._wanted[part]
        if variable.line.startswith(USED_LISTS):
            return []
        if variable.is_copied:
            return [variable.line] if is_wanted else []
        if variable.part == part:
            return [variable.pinned() if variable.name in self._foreign else variable.line]
        if not is_wanted:
            return []
        function = self._aliased_function(variable)
        return [variable.declaration() if function is None else function.declaration(variable.name)]

    def _aliased_function(self, variable: Variable) -> Piece | None:
        """The function that a name stands for, if it does, directly or through other aliases."""
        while variable.is_alias:
            target = min(variable.names)
            if target in self._pieces:
                return self._pieces[target]
            variable = self._variables[target]
        return None

    def _without_foreign(self, line: str, wanted: set[str]) -> str:
        """Metadata that mentions what this part does not have."""
        foreign = (self._pieces.keys() | self._variables.keys()) - wanted
        return NAME_OR_STRING.sub(lambda match: "null" if match.group() in foreign else match.group(), line)

    def _functions(self, part: int) -> list[str]:
        """The definitions, with those visible that other parts want, and the imported ones."""
        return [self._function(name, piece, part) for name, piece in self._pieces.items() if self._sees(name, part)]

    def _sees(self, name: str, part: int) -> bool:
        return self._pieces[name].part == part or name in self._imported[part]

    def _function(self, name: str, piece: Piece, part: int) -> str:
        if piece.part != part:
            return piece.with_linkage("available_externally dso_local")
        return piece.pinned() if name in self._foreign else piece.text
