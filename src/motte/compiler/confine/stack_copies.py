"""Copies of the native stack pointer, which only serve to store the arguments of a call.

Code generation reaches outgoing stack arguments through a copy of the stack pointer, and
joins the two registers later: ``movl %eax, 8(%rsp)``.  In a function that calls ``setjmp`` it joins
none, for a register would then have two histories, and the copy is left:

    movq  %rsp, %rdi
    movl  %eax, 8(%rdi)

So it is undone here: an operand based on the copy is one of the stack pointer, as long as neither has
changed; the copy goes if nothing else reads it before it is overwritten, or lost in a call.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import ANNOTATION, CALL, CHECKED_CALL, DROPPED, NOTHING, PLAIN, STACK_COPY, Item
from motte.compiler.confine.registers import PARTS

UNUSABLE: Final = "the native stack pointer is used as data (realignment or a dynamic frame?)"

_CALLEE_SAVED: Final = frozenset(("rbx", "rbp", "r12", "r13", "r14", "r15"))
_WITHOUT_EFFECT: Final = (ANNOTATION, DROPPED)
_CALLS: Final = (CALL, CHECKED_CALL)


class _Patterns(NamedTuple):
    """What to look for in a line: any name of the register; an operand based on it; a line that only sets it."""

    named: re.Pattern[str]
    operand: re.Pattern[str]
    write: re.Pattern[str]


@lru_cache(maxsize=len(PARTS))
def _patterns(register: str) -> _Patterns:
    low = PARTS[register][0]
    any_name = "|".join((register, *PARTS[register]))
    return _Patterns(
        named=re.compile(rf"%(?:{any_name})\b"),
        operand=re.compile(rf"(?<![\w.$)])(-?[0-9]*)\(%{register}\)"),
        write=re.compile(
            rf"\t(?:(?:mov(?:abs|[sz][bwl])?|lea)[lq]\t(?:(?!%(?:{any_name})\b).)*, %(?:{register}|{low})"
            rf"|popq\t%{register}|xorl\t%{low}, %{low})"
        ),
    )


def undo_stack_copies(function: Function, rewrite: Callable[[str], Item]) -> None:
    """Replace every copy of the stack pointer by the stack pointer itself; ``rewrite`` makes the item of a line.

    Raises :class:`ConfineError` where a copy is used in any other way.
    """
    for position, item in enumerate(function.items):
        if item.kind == STACK_COPY:
            _undo(function, position, item.target, rewrite)
            function.items[position] = NOTHING


def _undo(function: Function, position: int, register: str, rewrite: Callable[[str], Item]) -> None:
    patterns = _patterns(register)
    for place in range(position + 1, len(function.items)):
        item = function.items[place]
        if item.kind in _WITHOUT_EFFECT or (item.kind == STACK_COPY and item.target != register):
            continue
        if item.kind == STACK_COPY or (item.kind in _CALLS and register not in _CALLEE_SAVED):
            return
        if item.kind != PLAIN or item.stack_change:
            break
        if not patterns.named.search(item.source):
            continue
        source = patterns.operand.sub(r"\1(%rsp)", item.source)
        function.items[place] = rewrite(source)
        if patterns.named.search(source):
            if patterns.write.fullmatch(source):
                return
            break
    raise function.error(UNUSABLE, position)
