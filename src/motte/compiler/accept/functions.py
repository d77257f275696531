"""Functions in one plain form, and function attributes by a keep-list.

Attributes that name a CPU, probe or realign the stack, protect it, add unwind
tables, or instrument entries are properties of the machine the code was first
meant for.  Only attributes that state facts about the code itself survive.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from motte.abi.native_only import NativeOnly
from motte.compiler.accept.globals import final_linkage, linkage_of, locality
from motte.compiler.ir.attributes import GROUP_REFERENCE, attribute_name
from motte.compiler.ir.functions import Header, parse_header
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.errors import CompileError

_KEPT_ATTRIBUTES: Final = frozenset((
    "allocsize", "allockind", '"alloc-family"', "alwaysinline", "builtin", "cold", "convergent",
    "disable_sanitizer_instrumentation", "hot", "inlinehint", "memory", "minsize", "mustprogress", "nobuiltin",
    "nocallback", "noduplicate", "nofree", "noinline", "nomerge", "norecurse", "noreturn", "nosync", "nounwind",
    "null_pointer_is_valid", "optsize", "returns_twice", "speculatable", "strictfp", "willreturn", '"no-jump-tables"',
    '"no-nans-fp-math"', '"no-infs-fp-math"', '"no-signed-zeros-fp-math"', '"approx-func-fp-math"',
    '"unsafe-fp-math"', '"no-trapping-math"', '"less-precise-fpmad"', '"denormal-fp-math"',
    '"denormal-fp-math-f32"', '"no-builtins"', '"strict-float-cast-overflow"',
))  # fmt: skip
_NATIVE_ATTRIBUTES: Final = frozenset(("naked",))
OUR_ATTRIBUTES: Final = ("nounwind", "noredzone", '"no-realign-stack"', '"frame-pointer"="none"')
"""On every confined definition: the native stack has no red zone, no realignment and no frame pointer."""
OUR_NATIVE_ATTRIBUTES: Final = ("nounwind", '"frame-pointer"="none"')
"""On every native one."""

# Calling conventions that only say which registers to use: everything is one program, so C's will do.
_RENAMED_CONVENTIONS: Final = frozenset(
    ("ccc", "coldcc", "preserve_mostcc", "preserve_allcc", "preserve_nonecc", "x86_64_sysvcc")
)
_CALL_CONVENTION: Final = re.compile(r"call (?:(?:nnan|ninf|nsz|arcp|contract|afn|reassoc|fast) )*(\w+cc|cc ?\d+) ")
_KEPT_CONVENTIONS: Final = frozenset(("fastcc",))
_CONVENTION: Final = re.compile(r"(?<![\w.%@\"$-])(?:\w+cc|cc ?\d+)(?![\w.\"$-])")
_DROPPED_WORDS: Final = frozenset((
    "dso_local", "dso_preemptable", "default", "hidden", "protected", "dllimport", "dllexport",
))  # fmt: skip
_GREATEST_CODE_ALIGNMENT: Final = 64


def keep_attributes(group: tuple[str, ...], *, native: bool) -> tuple[str, ...]:
    """The attributes of one group that state facts about the code, of which there is always one."""
    names = _KEPT_ATTRIBUTES | _NATIVE_ATTRIBUTES if native else _KEPT_ATTRIBUTES
    kept = tuple(
        attribute for attribute in group if attribute_name(attribute) in names or attribute.startswith('"no-builtin-')
    )
    return kept or ("nounwind",)


def plain_convention(words: str, place: str) -> str:
    """Text with its calling convention reduced to C's or ``fastcc``; others are refused."""

    def replace_convention(match: re.Match[str]) -> str:
        word = match.group()
        if word in _KEPT_CONVENTIONS:
            return word
        if word in _RENAMED_CONVENTIONS:
            return "ccc"
        reason = f"{place}: calling convention {word} is not supported"
        raise CompileError(reason, native_only=NativeOnly.REGISTERS)

    return _CONVENTION.sub(replace_convention, words)


def normalise_header(module: Module, header: Header, public: frozenset[str] | None, options: CompileOptions) -> None:
    """Bring a definition's or declaration's header into the plain form."""
    words = re.sub(r"!\w+ !\d+ ?", "", header.prefix).split()
    linkage = linkage_of(words)
    if header.keyword == "define":
        linkage = final_linkage(linkage, header.name, public)
    kept = [word for word in words if word not in _DROPPED_WORDS and word != linkage_of(words)]
    rest = " ".join(kept)
    if not options.native:
        rest = plain_convention(rest, f"in {header.name}")
    header.prefix = " ".join(word for word in (linkage, locality(linkage), rest) if word)
    header.suffix = _plain_suffix(module, header, options)


def _plain_suffix(module: Module, header: Header, options: CompileOptions) -> str:
    constants = re.search(r" (?:prefix|prologue|personality|gc|section|partition|comdat) ?", header.suffix)
    attributes = header.suffix[: constants.start()] if constants else header.suffix
    group = GROUP_REFERENCE.search(attributes)
    own = module.attributes[group.group(1)] if group else ()
    align = re.search(r" align (\d+)", header.suffix)
    parts = [match.group() for match in re.finditer(r" (?:local_)?unnamed_addr\b", attributes)]
    if header.keyword == "define":
        ours = OUR_NATIVE_ATTRIBUTES if options.native else OUR_ATTRIBUTES
        own = (*(attribute for attribute in own if attribute not in ours), *ours)
    if own:
        parts.append(f" #{module.attributes.number_of(own)}")
    if align and header.keyword == "define" and int(align.group(1)) <= _GREATEST_CODE_ALIGNMENT:
        parts.append(align.group())
    metadata = re.findall(r" (!dbg|!prof) (!\d+)(?= |$)", header.suffix)
    parts += [f" {kind} {node}" for kind, node in metadata if kind == "!prof" or options.debug]
    return "".join(parts)


def normalise_functions(module: Module, public: frozenset[str] | None, options: CompileOptions) -> None:
    """All headers of the module, and all attribute groups."""
    module.attributes.change_all(partial(keep_attributes, native=options.native))
    for function in module.functions():
        normalise_header(module, function.header, public, options)
    for index, line in enumerate(module.items):
        if isinstance(line, str) and line.startswith("declare "):
            header = parse_header(line)
            normalise_header(module, header, public, options)
            module.items[index] = str(header)


def normalise_calls(module: Module) -> None:
    """Reduce the calling conventions of calls, where any is written."""
    for function in module.functions():
        place = f"in {function.header.name}"
        for index, line in enumerate(function.lines):
            match = _CALL_CONVENTION.search(line) if " call " in line else None
            if match is not None:
                word = plain_convention(match.group(1), place)
                function.lines[index] = f"{line[: match.start(1)]}{word}{line[match.end(1) :]}"
