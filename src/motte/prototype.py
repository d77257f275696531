"""What a guest's function takes and returns, as its program says, or as somebody writes it in C.

Programs are not trusted: a prototype that is wrong has the function called with the wrong registers, which hurts nobody
but the program itself.
"""

import json
import re
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import TYPE_CHECKING, Final

from motte.abi.prototypes import PARAMETER_CODES, RESULT_CODES, VECTOR_CODES
from motte.errors import Refused
from motte.image.names import printable

if TYPE_CHECKING:
    from inspect import Signature

TIMEOUT: Final = "timeout"
"""What every call takes by this name, unless the function has a parameter of it."""

_RESULT_TYPES: Final[dict[str, object]] = {"?": bool, "f": float, "d": float, "v": None}
_PARAMETER_TYPES: Final = _RESULT_TYPES | {"P": int | str | bytes | None}

_BASE_TYPES: Final = {
    "void": "v", "_Bool": "?", "bool": "?", "float": "f", "double": "d", "long double": "d",
    "char": "b", "signed char": "b", "unsigned char": "B",
    "short": "h", "short int": "h", "unsigned short": "H", "unsigned short int": "H",
    "int": "i", "signed": "i", "signed int": "i", "unsigned": "I", "unsigned int": "I",
    "long": "q", "long int": "q", "unsigned long": "Q", "unsigned long int": "Q",
    "long long": "q", "long long int": "q", "unsigned long long": "Q", "unsigned long long int": "Q",
    "int8_t": "b", "uint8_t": "B", "int16_t": "h", "uint16_t": "H", "int32_t": "i", "uint32_t": "I",
    "int64_t": "q", "uint64_t": "Q", "size_t": "Q", "ssize_t": "q", "ptrdiff_t": "q", "intptr_t": "q", "uintptr_t": "Q",
}  # fmt: skip

_DECLARATION: Final = re.compile(
    r"\s*(?P<result>[^()]*?[\s*])(?P<name>\w+)\s*\((?P<parameters>.*)\)\s*;?\s*", re.DOTALL
)
_PARAMETER: Final = re.compile(r"(?P<type>.+?)(?: (?P<name>[A-Za-z_]\w*))?(?P<array> ?\[\w*\])?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: the letter that says what its register carries, its name (or nothing), and its C type."""

    code: str
    name: str
    type: str


@dataclass(frozen=True)
class Prototype:
    """A function's, fit to be shown to people."""

    name: str
    result: Parameter
    parameters: tuple[Parameter, ...]

    @cached_property
    def codes(self) -> str:
        """The letters of all parameters."""
        return "".join(parameter.code for parameter in self.parameters)

    def is_like(self, other: "Prototype") -> bool:
        """Whether both take their arguments in the same registers."""
        return [code in VECTOR_CODES for code in self.codes] == [code in VECTOR_CODES for code in other.codes]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all parameters, no two alike; those without one of their own are numbered."""
        taken = {each.name for each in self.parameters}
        names: list[str] = []
        for number, each in enumerate(self.parameters, 1):
            name = each.name
            if not name or name in names:
                name = f"parameter_{number}"
                while name in taken:
                    name += "_"
                taken.add(name)
            names.append(name)
        return tuple(names)

    @cached_property
    def declaration(self) -> str:
        """In C."""
        parameters = ", ".join(_joined(each.type, each.name) for each in self.parameters)
        return f"{_joined(self.result.type, self.name)}({parameters or 'void'})"

    @cached_property
    def signature(self) -> "Signature":
        """For ``inspect.signature`` and ``help``.  What no caller can write as a keyword is shown by its position."""
        from inspect import Parameter as Shown
        from inspect import Signature

        by_position = max((number for number, name in enumerate(self.names, 1) if iskeyword(name)), default=0)
        parameters = [
            Shown(
                name,
                Shown.POSITIONAL_ONLY if number < by_position else Shown.POSITIONAL_OR_KEYWORD,
                annotation=_PARAMETER_TYPES.get(each.code, int),
            )
            for number, (name, each) in enumerate(zip(self.names, self.parameters, strict=True))
        ]
        if TIMEOUT not in self.names:
            parameters.append(Shown(TIMEOUT, Shown.KEYWORD_ONLY, default=None, annotation=float | None))
        return Signature(parameters, return_annotation=_RESULT_TYPES.get(self.result.code, int))


def claimed_prototype(line: str, name: str) -> Prototype | str:
    """The prototype in a line of an artifact, or why the function cannot be called.  Raises ``Refused``."""
    try:
        fields = json.loads(line)
        if "problem" in fields:
            return printable(str(fields["problem"]))
        parameters = tuple(_claimed(*each) for each in fields["parameters"])
        code, text = fields["result"]
        result = _claimed(code, "", text)
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Refused(f"{printable(name)}: its prototype is malformed") from None
    if result.code not in RESULT_CODES or not all(each.code in PARAMETER_CODES for each in parameters):
        raise Refused(f"{printable(name)}: its prototype has types that do not exist")
    return Prototype(printable(name), result, parameters)


def parsed_prototype(declaration: str) -> Prototype:
    """A declaration in C: base types, those of ``stdint.h``, and pointers to anything.  Raises ``ValueError``."""
    match = _DECLARATION.fullmatch(declaration)
    if match is None:
        raise ValueError(f"not a declaration of a function: {declaration!r}")
    parts = [part.strip() for part in match["parameters"].split(",")]
    parameters = () if parts in ([""], ["void"]) else tuple(_parsed(part) for part in parts)
    text = " ".join(match["result"].split())
    return Prototype(match["name"], Parameter(_code_of(text, is_result=True), "", text), parameters)


def _claimed(code: object, name: object, text: object) -> Parameter:
    if not (isinstance(code, str) and isinstance(name, str) and isinstance(text, str)):
        raise TypeError(code, name, text)
    is_name = name.isidentifier() and len(name) <= 200
    return Parameter(code, name if is_name else "", printable(text))


def _parsed(part: str) -> Parameter:
    words = " ".join(part.replace("*", " * ").split())
    match = _PARAMETER.fullmatch(words)
    if match is None:
        raise ValueError(f"not a parameter: {part!r}")
    text, name = match["type"], match["name"] or ""
    if name and _is_type(f"{text} {name}"):
        text, name = f"{text} {name}", ""
    text = re.sub(r" ?\* ?", "*", text + " *" * bool(match["array"])).replace("*", " *", 1)
    return Parameter(_code_of(text), name, text)


def _is_type(text: str) -> bool:
    return _plain(text) in _BASE_TYPES or text.split(maxsplit=1)[0] in ("struct", "union", "enum")


def _plain(text: str) -> str:
    return " ".join(word for word in text.split() if word not in ("const", "volatile", "restrict", "register"))


def _code_of(text: str, *, is_result: bool = False) -> str:
    if "*" in text:
        return "P"
    plain = _plain(text)
    code = "I" if plain.startswith("enum ") else _BASE_TYPES.get(plain)
    if code is None or (code == "v" and not is_result):
        raise ValueError(f"not a type that can be passed: {text!r}")
    return code


def _joined(text: str, name: str) -> str:
    return f"{text}{name}" if text.endswith(("*", "&")) else f"{text} {name}".rstrip()
