"""A trap before every ``unreachable``: code must end somewhere.

LLVM lets control run off the end of a function that "cannot" return.  The
exception is a block that only a switch's default leads to: left empty, it tells
code generation that the table needs no range check, and no code falls into it.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.functions import LABEL, Function

_LABEL_USE: Final = re.compile(r"label (%(?:[-\w$.]+|\"[^\"]*\"))")
_UNREACHABLE: Final = re.compile(r"^  unreachable\b")
_TRAP: Final = "  call void @llvm.trap()"


def trap_unreachable(function: Function) -> None:
    """Insert the traps."""
    places = [index for index, line in enumerate(function.lines) if line.startswith("  unreachable")]
    if not places:
        return
    only_defaults = _only_switch_defaults(function.lines)
    for index in reversed(places):
        label = LABEL.match(function.lines[index - 1]) if index else None
        if label is None or f"%{label.group(1)}" not in only_defaults:
            function.lines.insert(index, _TRAP)


def _only_switch_defaults(lines: list[str]) -> set[str]:
    """Blocks that are the default of some switch and no other instruction's successor."""
    defaults: set[str] = set()
    others: set[str] = set()
    for line in lines:
        if "label %" not in line:
            continue
        labels = _LABEL_USE.findall(line)
        if line.startswith("  switch "):
            defaults.add(labels[0])
            others.update(labels[1:])
        else:
            others.update(labels)
    return defaults - others
