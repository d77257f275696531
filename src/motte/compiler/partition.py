"""A large module in several parts, so that several processes can generate its code.

Each part defines some of the functions and declares the others.  A symbol that was
local to the module and is now wanted by another part becomes visible, under a name
that no other unit can have; small constants without identity are copied instead.
Everything depends on the text alone: the same module gives the same parts anywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final

from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME
from motte.compiler.ir.types import type_end

LINES_OF_A_PART: Final = 50_000
MOST_PARTS: Final = 4
_COPIED_LENGTH: Final = 2048
_NAME: Final = re.compile(r'"[^"]*"|@[-\w$.]+')
"""A global name, or a string, in which an at sign means nothing; names are plain by now."""
_VARIABLE: Final = re.compile(r"^(@" + NAME + r") = (.*?)(global|constant|alias) (.*)$")
_LOCAL: Final = re.compile(r"\b(?:private|internal) ")
_BLOCK_ADDRESS: Final = re.compile(r"blockaddress\((@" + NAME + r"), ")
_DROPPED: Final = ("@llvm.used ", "@llvm.compiler.used ")
_LINKAGE: Final = re.compile(
    r"\b(?:private|internal|weak_odr|weak|linkonce_odr|linkonce|available_externally|external) ?"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """Texts of modules, and the new names of symbols that were local before."""

    texts: list[str]
    renamed: dict[str, str]


@dataclass(slots=True)
class _Variable:
    """A global that is not a function: its line, and the part that defines it."""

    name: str
    line: str
    names: frozenset[str]
    """What its value refers to."""
    is_alias: bool
    part: int = 0
    copied: bool = False


def split(module: Module) -> Parts:
    """The parts; one if the module is small."""
    functions = list(module.functions())
    lines = sum(len(function.lines) for function in functions)
    count = min(MOST_PARTS, 1 + lines // LINES_OF_A_PART)
    if count == 1:
        return Parts([str(module)], {})
    return _Partition(module, functions, count).parts()


class _Partition:
    def __init__(self, module: Module, functions: list[Function], count: int) -> None:
        self._module = module
        self._functions = {function.header.name: function for function in functions}
        self._variables = {variable.name: variable for variable in map(_read_variable, module.lines()) if variable}
        self._part_of = self._divide(functions, count)
        self._texts = ["\n".join(str(item) for item in functions if self._part(item) == part) for part in range(count)]
        self._names = [_names(text) for text in self._texts]
        self._place_variables()
        self._shared: set[str] = set()

    def _part(self, function: Function) -> int:
        return self._part_of[function.header.name]

    def parts(self) -> Parts:
        """Each part as a module, with the shared local symbols renamed in all of them."""
        wanted = [self._wanted(part) for part in range(len(self._texts))]
        self._shared = self._shared_names(wanted)
        digest = blake2b("".join(self._texts).encode(), digest_size=6).hexdigest()
        new_names = {name: f"@{name[1:].lstrip('.')}.part.{digest}" for name in sorted(self._shared)}
        texts = []
        for part, names in enumerate(wanted):
            lines = [*self._top(part, names), self._definitions(part), *self._module.attributes.lines(), ""]
            text = "\n".join(lines)
            texts.append(_NAME.sub(lambda match: new_names.get(match.group(), match.group()), text))
        return Parts(texts, {name[1:]: new[1:] for name, new in new_names.items()})

    def _divide(self, functions: list[Function], count: int) -> dict[str, int]:
        """The longest functions first, each to the part that has least; tables of labels keep theirs together."""
        together: dict[str, str] = {}
        for variable in self._variables.values():
            names = _BLOCK_ADDRESS.findall(variable.line)
            together.update((name, names[0]) for name in names)
        sizes: dict[str, int] = {}
        for function in functions:
            leader = together.get(function.header.name, function.header.name)
            sizes[leader] = sizes.get(leader, 0) + len(function.lines)
        loads = [0] * count
        part_of: dict[str, int] = {}
        for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
            part = part_of[name] = loads.index(min(loads))
            loads[part] += size
        return {name: part_of[together.get(name, name)] for name in self._functions}

    def _place_variables(self) -> None:
        """A variable lives where it is used, if that is one place; an alias and a table of labels where they must."""
        users: dict[str, set[int]] = {name: set() for name in self._variables}
        for part, names in enumerate(self._names):
            for name in names & users.keys():
                users[name].add(part)
        inner = {name for variable in self._variables.values() for name in variable.names}
        for variable in self._variables.values():
            labels = _BLOCK_ADDRESS.findall(variable.line)
            parts = users[variable.name]
            variable.copied = _is_copied(variable)
            if labels:
                variable.part = self._part_of[labels[0]]
            elif len(parts) == 1 and variable.name not in inner and not variable.name.startswith("@llvm."):
                variable.part = next(iter(parts))
        for variable in self._variables.values():
            variable.part = self._home(variable.name)

    def _home(self, name: str) -> int:
        """The part that defines a name; an alias is where its target is."""
        if name in self._part_of:
            return self._part_of[name]
        variable = self._variables[name]
        return self._home(min(variable.names)) if variable.is_alias else variable.part

    def _wanted(self, part: int) -> set[str]:
        """Names that the part's functions and variables use."""
        names = set(self._names[part])
        for variable in self._variables.values():
            if variable.part == part:
                names |= variable.names
        return names

    def _shared_names(self, wanted: list[set[str]]) -> set[str]:
        shared = set()
        for part, names in enumerate(wanted):
            for name in names:
                function, variable = self._functions.get(name), self._variables.get(name)
                if (
                    function is not None
                    and self._part(function) != part
                    and _LOCAL.search(f"{function.header.prefix} ")
                ) or (variable is not None and variable.part != part and _is_local(variable) and not variable.copied):
                    shared.add(name)
        return shared

    def _top(self, part: int, wanted: set[str]) -> list[str]:
        """Types, metadata, variables and declarations."""
        lines = []
        for line in self._module.lines():
            name = line.partition(" ")[0] if line.startswith("@") else ""
            variable = self._variables.get(name)
            if line.startswith(_DROPPED):
                continue
            if line.startswith("!"):
                lines.append(self._without_foreign(line, wanted) if "ptr @" in line else line)
            elif variable is None:
                lines.append(line)
            elif variable.part == part and not (variable.copied and name not in wanted):
                lines.append(_visible(line) if name in self._shared else line)
            elif name in wanted:
                lines.append(line if variable.copied else self._external(variable))
        foreign = sorted(name for name in wanted & self._functions.keys() if self._part_of[name] != part)
        return [*lines, *(self._declaration(self._functions[name]) for name in foreign)]

    def _without_foreign(self, line: str, wanted: set[str]) -> str:
        """Metadata that mentions what this part does not have."""
        known = self._functions.keys() | self._variables.keys()
        return _NAME.sub(
            lambda match: "null" if match.group() in known and match.group() not in wanted else match.group(), line
        )

    def _definitions(self, part: int) -> str:
        """The functions, with those visible that other parts want."""
        shared = [name for name in self._shared & self._functions.keys() if self._part_of[name] == part]
        if not shared:
            return self._texts[part]
        for name in shared:
            header = self._functions[name].header
            header.prefix = _LOCAL.sub("dso_local ", f"{header.prefix} ").strip()
        return "\n".join(str(item) for item in self._functions.values() if self._part(item) == part)

    def _external(self, variable: _Variable) -> str:
        """A declaration of a variable that another part defines."""
        match = _VARIABLE.match(variable.line)
        assert match is not None
        name, _, keyword, rest = match.groups()
        kind = rest[: type_end(rest)]
        if keyword == "alias":
            target = self._functions.get(min(variable.names))
            if target is not None:
                return self._declaration(target, name)
            keyword = "global"
        return f"{name} = external dso_local {keyword} {kind}"

    def _declaration(self, function: Function, name: str = "") -> str:
        header = function.header
        parameters = [replace(parameter, value="") for parameter in header.parameters]
        suffix = re.sub(r" (?:!\w+ !\d+|align \d+)", "", header.suffix)
        prefix = _LINKAGE.sub("", header.prefix).removeprefix("dso_local").strip()
        return str(
            replace(
                header,
                keyword="declare",
                prefix=f"dso_local {prefix}".strip(),
                name=name or header.name,
                parameters=parameters,
                suffix=suffix,
            )
        )


def _read_variable(line: str) -> _Variable | None:
    match = _VARIABLE.match(line) if line.startswith("@") else None
    if match is None:
        return None
    return _Variable(match.group(1), line, _names(match.group(4)), match.group(3) == "alias")


def _names(text: str) -> frozenset[str]:
    return frozenset(name for name in _NAME.findall(text) if name.startswith("@"))


def _is_local(variable: _Variable) -> bool:
    return variable.line.partition(" = ")[2].startswith(("private ", "internal "))


def _is_copied(variable: _Variable) -> bool:
    """Small plain constants whose address means nothing."""
    is_constant = " unnamed_addr constant " in variable.line[: len(variable.name) + 60]
    return is_constant and _is_local(variable) and not variable.names and len(variable.line) < _COPIED_LENGTH


def _visible(line: str) -> str:
    name, _, rest = line.partition(" = ")
    return f"{name} = {_LOCAL.sub('dso_local ', rest, count=1)}"
