"""Named metadata, module flags and debug records, by keep-lists.

Named metadata can carry linker options and command lines, and a module flag can
switch on instrumentation; only what describes the code is kept.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.module import Module

_KEPT_FLAGS: Final = frozenset(("wchar_size", "Debug Info Version", "Dwarf Version"))
_DEBUG_ATTACHMENT: Final = re.compile(r", !(?:dbg|DIAssignID|heapallocsite) !\d+")
_FOREIGN_ATTACHMENT: Final = re.compile(r", !(?:pcsections|kcfi_type|mmra|annotation|srcloc|heapallocsite) !\d+")
_EMISSION: Final = re.compile(r"(?<=emissionKind: )FullDebug(?=[,)])")
"""Lines and inlined functions are all that is used of debug information: types and variables would only cost time."""
_RETAINED: Final = re.compile(r", retainedNodes: !\d+")
_NODE: Final = re.compile(r"^!(\d+) = (.*)$")


def normalise_metadata(module: Module, debug: bool) -> None:
    """Keep module flags that describe, debug information if wanted, and nothing else that has a name."""
    nodes = {match.group(1): match.group(2) for line in module.lines() if (match := _NODE.match(line))}
    kept: list[str] = []
    for line in module.lines():
        if line.startswith("!llvm.module.flags = "):
            kept.append(_flags(line, nodes))
        elif line.startswith("!llvm.dbg.cu = ") and debug:
            kept.append(line)
    others = [item for item in module.items if not (isinstance(item, str) and re.match(r"^![A-Za-z_\"]", item))]
    module.items = [*others, *kept]
    for index, item in enumerate(module.items):
        if isinstance(item, str) and "!DICompileUnit(" in item[:60]:
            module.items[index] = _EMISSION.sub("LineTablesOnly", item)
        elif isinstance(item, str) and "!DISubprogram(" in item[:60]:
            module.items[index] = _RETAINED.sub("", item)
    for function in module.functions():
        function.lines = _plain_lines(function.lines, debug)
    if not debug:
        _forget_debug_nodes(module, nodes)


def _flags(line: str, nodes: dict[str, str]) -> str:
    numbers = re.findall(r"!(\d+)", line)
    kept = [f"!{number}" for number in numbers if any(f'!"{flag}"' in nodes[number] for flag in _KEPT_FLAGS)]
    return f"!llvm.module.flags = !{{{', '.join(kept)}}}"


def _plain_lines(lines: list[str], debug: bool) -> list[str]:
    lines = [line for line in lines if not line.startswith("    #dbg_")]
    if not debug:
        lines = [_DEBUG_ATTACHMENT.sub("", line) if ", !" in line else line for line in lines]
    return [_FOREIGN_ATTACHMENT.sub("", line) if ", !" in line else line for line in lines]


def _forget_debug_nodes(module: Module, nodes: dict[str, str]) -> None:
    """Loop metadata names source locations, which would keep the whole debug information alive."""
    debug_nodes = {number for number, text in nodes.items() if re.match(r"(?:distinct )?!DI", text)}
    if not debug_nodes:
        return

    def without_debug_operands(match: re.Match[str]) -> str:
        operands = [part for part in match.group(1).split(", ") if part.removeprefix("!") not in debug_nodes]
        return f"!{{{', '.join(operands)}}}"

    for index, item in enumerate(module.items):
        if isinstance(item, str) and (match := _NODE.match(item)) and match.group(1) not in debug_nodes:
            module.items[index] = re.sub(r"!\{([^\"{}]*)\}$", without_debug_operands, item)
