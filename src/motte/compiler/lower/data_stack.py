"""Allocations that survived optimisation move to the data stack, inside the window.

Locals whose address matters must lie where guest pointers reach, and the native
stack is not there.  Each function takes one frame from the data stack for all its
fixed allocations, and moves the pointer further for those of dynamic size.  The stack
grows upwards: it begins where the program's data ends, in the same page.

The pointer is an ordinary guest variable.  A guest that destroys it only loses its
own data: nothing here is needed for confinement.

An overflow is noticed by touching the unmapped gap above the stack.  A frame that
could step over the gap compares with the limit first, without a branch (splitting
blocks would mean renaming phis): it selects an address in the gap, and touches it, or
else its own last byte.
"""

from __future__ import annotations

import re
from typing import Final

from motte.abi.symbols import DATA_STACK_LIMIT, DATA_STACK_POINTER
from motte.compiler.ir.attributes import GROUP_REFERENCE
from motte.compiler.ir.calls import parse_call
from motte.compiler.ir.functions import LABEL, Function
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME, IRTextError, split_list
from motte.compiler.ir.types import type_end
from motte.compiler.lower.frame_layout import STACK_ALIGN, Allocation, lay_out
from motte.compiler.lower.leaves import is_leaf

POINTER: Final = f"@{DATA_STACK_POINTER}"
LIMIT: Final = f"@{DATA_STACK_LIMIT}"
POINTER_DECLARATION: Final = f"{POINTER} = external dso_local global ptr, align 8"
LIMIT_DECLARATION: Final = f"{LIMIT} = external dso_local global ptr, align 8"
UNCHECKED_FRAME: Final = 1 << 14
"""A frame up to this size may be taken without a comparison: many of them fit into the gap."""

_ALLOCA: Final = re.compile(r"^  (%" + NAME + r") = alloca (.*)$")
_AFFECTED: Final = re.compile(r" = alloca |@llvm\.(?:lifetime\.|stacksave|stackrestore)")
_RECORD: Final = re.compile(r"^    #dbg_")
_RETURN: Final = re.compile(r"^  ret\b")
_TAIL_CALL: Final = re.compile(r"^  (?:(%" + NAME + r") = )?tail call ")


def lower_allocations(module: Module, function: Function) -> None:
    """Replace allocas, stack saves and lifetime markers."""
    if function.entry_allocas or function.mentions(" = alloca ", "@llvm.lifetime.", "@llvm.stack"):
        function.lines = _Frame(module, function).lines()


class _Frame:
    """The data-stack frame of one function."""

    def __init__(self, module: Module, function: Function) -> None:
        """Find the allocations that stand in the entry block and have a fixed size: they share one frame."""
        self._module = module
        self._function = function
        self._old = function.fresh("caller")
        self._frame = function.fresh("frame")
        self._label = function.lines[:1] if LABEL.match(function.lines[0]) else []
        self._body = [*function.entry_allocas, *function.lines[len(self._label) :]]
        function.entry_allocas = []
        self._fixed = self._fixed_allocations()
        self._places, self._size = lay_out(self._fixed, self._body, sharing=not returns_twice(module, self._body))
        self._align = max((item.align for item in self._fixed), default=STACK_ALIGN)
        self._uses_stack = bool(self._fixed)
        all_fixed = sum(" = alloca " in line for line in self._body) == len(self._fixed)
        self._is_leaf = bool(self._fixed) and all_fixed and self._size <= UNCHECKED_FRAME and is_leaf(self._body)
        module.require(POINTER_DECLARATION)

    def lines(self) -> list[str]:
        """The function's lines with everything on the data stack."""
        new = [line for old in self._body for line in self._instruction(old)]
        if self._is_leaf:
            new = [*self._prologue(), *new]
        elif self._uses_stack:
            new = [*self._prologue(), *self._with_restores(new)]
        return [*self._label, *new]

    def _fixed_allocations(self) -> list[Allocation]:
        fixed = []
        for line in self._body:
            if LABEL.match(line):
                break
            if " = alloca " in line:
                allocation = self._parse(line)
                if isinstance(allocation.count, int):
                    fixed.append(allocation)
        return fixed

    def _instruction(self, line: str) -> list[str]:
        if not _AFFECTED.search(line):
            return [line]
        if " = alloca " in line:
            return self._allocate(self._parse(line))
        if "@llvm.lifetime." in line:
            return []
        self._uses_stack = True
        call = parse_call(line)
        if call.result is not None:
            return [f"  {call.result} = load ptr, ptr {POINTER}, align 8"]
        return [f"  store ptr {call.arguments[0].value}, ptr {POINTER}, align 8"]

    def _allocate(self, allocation: Allocation) -> list[str]:
        place = self._places.get(allocation.name)
        if place is None:
            self._uses_stack = True
            return self._dynamic(allocation)
        base = self._frame if self._size else self._old
        return [f"  {allocation.name} = getelementptr i8, ptr {base}, i64 {place}{allocation.metadata}"]

    def _parse(self, line: str) -> Allocation:
        match = _ALLOCA.match(line)
        if match is None:
            raise IRTextError(line)
        text, comma, metadata = match.group(2).partition(", !")
        end = type_end(text)
        shape = self._module.types.shape(text[:end])
        count: int | str = 1
        align = shape.align
        for part in split_list(text[end:].removeprefix(",")):
            if part.startswith("align "):
                align = int(part[6:])
            else:
                value = part[(type_end(part) or 0) + 1 :]
                count = int(value) if value.isdigit() else part
        return Allocation(match.group(1), shape.stride, count, align, comma + metadata)

    def _prologue(self) -> list[str]:
        lines = [f"  {self._old} = load ptr, ptr {POINTER}, align 8"]
        if self._size:
            checked = self._size > UNCHECKED_FRAME
            lines += self._take(self._old, self._frame, str(self._size), self._align, checked=checked)
        return lines

    def _dynamic(self, allocation: Allocation) -> list[str]:
        name = self._function.fresh("dynamic")
        if isinstance(allocation.count, int):
            lines = [f"  {name}.bytes = add i64 0, {allocation.count * allocation.stride}"]
        else:
            count_type, _, value = allocation.count.partition(" ")
            lines = [f"  {name}.count = {_to_i64(count_type)} {count_type} {value} to i64"]
            if count_type == "i64":
                lines = [f"  {name}.count = add i64 0, {value}"]
            lines.append(f"  {name}.bytes = mul i64 {name}.count, {allocation.stride}")
        lines.append(f"  {name}.old = load ptr, ptr {POINTER}, align 8")
        lines += self._take(f"{name}.old", allocation.name, f"{name}.bytes", allocation.align, checked=True)
        return lines

    def _take(self, old: str, new: str, size: str, align: int, *, checked: bool) -> list[str]:
        """``new`` = ``old``, aligned, checked against the limit if asked; the pointer goes behind ``size`` bytes."""
        name = self._function.fresh("take")
        lines: list[str] = []
        raw = f"{name}.raw" if checked else new
        if align > STACK_ALIGN:
            lines += self._even(name, old, align, raw)
        else:
            lines.append(f"  {raw} = getelementptr i8, ptr {old}, i64 0")
        if checked:
            lines += self._check(name, raw, new, size)
        if self._is_leaf:
            return lines
        if size.isdigit():
            lines.append(f"  {name}.end = getelementptr i8, ptr {new}, i64 {size}")
        else:
            lines.append(f"  {name}.used = getelementptr i8, ptr {new}, i64 {size}")
            lines += self._even(name, f"{name}.used", STACK_ALIGN, f"{name}.end")
        return [*lines, f"  store ptr {name}.end, ptr {POINTER}, align 8"]

    def _even(self, name: str, pointer: str, align: int, even: str) -> list[str]:
        """``even`` is ``pointer``, or the next multiple of ``align`` above it."""
        self._module.require("declare ptr @llvm.ptrmask.p0.i64(ptr, i64)")
        return [
            f"  {even}.above = getelementptr i8, ptr {pointer}, i64 {align - 1}",
            f"  {even} = call ptr @llvm.ptrmask.p0.i64(ptr {even}.above, i64 {-align})",
        ]

    def _check(self, name: str, raw: str, new: str, size: str) -> list[str]:
        """``new`` is ``raw``, or an address in the gap if the frame would end above the limit: that is touched then,
        else the frame's last byte.
        """
        self._module.require("declare i64 @llvm.umin.i64(i64, i64)")
        self._module.require(LIMIT_DECLARATION)
        return [
            f"  {name}.limit = load ptr, ptr {LIMIT}, align 8",
            f"  {name}.raw.n = ptrtoint ptr {raw} to i64",
            f"  {name}.limit.n = ptrtoint ptr {name}.limit to i64",
            f"  {name}.room = sub i64 {name}.limit.n, {name}.raw.n",
            f"  {name}.wanted = call i64 @llvm.umin.i64(i64 {size}, i64 {1 << 40})",
            f"  {name}.over = icmp sgt i64 {name}.wanted, {name}.room",
            f"  {name}.gap = getelementptr i8, ptr {name}.limit, i64 64",
            f"  {new} = select i1 {name}.over, ptr {name}.gap, ptr {raw}",
            f"  {name}.last.n = add i64 {size}, -1",
            f"  {name}.last = select i1 {name}.over, i64 0, i64 {name}.last.n",
            f"  {name}.touch = getelementptr i8, ptr {new}, i64 {name}.last",
            # A read: an allocation of no bytes ends where another's bytes are.
            f"  {name}.touched = load volatile i8, ptr {name}.touch, align 1",
        ]

    def _with_restores(self, lines: list[str]) -> list[str]:
        """Give the frame back before every return, and before the call that a return hands on.

        ``tail`` promises that the callee does not look at the caller's locals, so the
        frame can go before such a call, which can then still be a jump.
        """
        new: list[str] = []
        for line in lines:
            if _RETURN.match(line):
                call = next((index for index in reversed(range(len(new))) if not _RECORD.match(new[index])), 0)
                place = call if new and _hands_on(new[call], line) else len(new)
                new[place:place] = self._restore()
            new.append(line)
        return new

    def _restore(self) -> list[str]:
        """The caller's pointer is where the frame begins, unless the frame was aligned further."""
        old = self._frame if self._size and self._align <= STACK_ALIGN else self._old
        return [f"  store ptr {old}, ptr {POINTER}, align 8"]


def returns_twice(module: Module, lines: list[str]) -> bool:
    """Whether a function with this body can be jumped back into."""
    groups = module.attributes.containing("returns_twice")
    return bool(groups) and any(
        " call " in line and not groups.isdisjoint(GROUP_REFERENCE.findall(line)) for line in lines
    )


def _to_i64(type_text: str) -> str:
    return "trunc" if int(type_text[1:]) > 64 else "zext"


def _hands_on(line: str, ret: str) -> bool:
    """Whether ``line`` is a tail call whose value, if any, the return after it gives on."""
    if line.startswith("  musttail call ") or " = musttail call " in line:
        return True
    match = _TAIL_CALL.match(line)
    if match is None or "@llvm." in line:
        return False
    return ret.startswith("  ret void") or (
        match.group(1) is not None and ret.split(",", maxsplit=1)[0].endswith(f" {match.group(1)}")
    )
