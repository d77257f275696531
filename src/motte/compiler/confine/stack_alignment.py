"""Leaf functions whose frame LLVM did not keep a multiple of eight.

The native stack moves in whole words.  LLVM keeps to that wherever a function makes calls, but a leaf with
one 4-byte spill slot says ``subq $4, %rsp``.  Such a frame is rounded up: the slots keep their distance
from the stack pointer, and what lies above the frame (saved registers, incoming arguments)
moves away by the padding.
"""

import re

from motte.compiler.confine.function import Function
from motte.compiler.confine.items import TABLE_JUMP, Item

_STACK_OPERAND = re.compile(r"(?<![\w.$)])(-?[0-9]*)\(%rsp\)")
_STACK_IMMEDIATE = re.compile(r"\$(-?[0-9]+), %rsp")


def round_up_odd_frame(function: Function, before: list[int | None]) -> None:
    """Rewrite the items of ``function`` if its frame is odd; ``before`` are their stack heights."""
    odd = [position for position, item in enumerate(function.items) if item.stack_change % 8]
    if not odd:
        return
    sizes = {abs(function.items[position].stack_change) for position in odd}
    if len(sizes) != 1:
        raise function.error("the native stack moves by several odd amounts", odd[0])
    size = sizes.pop()
    frame_heights = {height for height in before if height is not None and height % 8}
    if len(frame_heights) != 1:
        raise function.error("the native stack moves on within an odd frame", odd[0])
    jump = next((place for place, item in enumerate(function.items) if _jumps_through_stack(item)), None)
    if jump is not None:
        raise function.error("a jump through the native stack in a function with an odd frame", jump)
    padding = -size % 8
    for position, item in enumerate(function.items):
        height = before[position]
        if position in odd:
            function.items[position] = _resized(item, padding)
        elif height is not None and height % 8 and "(%rsp)" in item.text:
            function.items[position] = _moved(item, size, padding)


def _jumps_through_stack(item: Item) -> bool:
    return item.kind == TABLE_JUMP and item.source.endswith("(%rsp)")


def _resized(item: Item, padding: int) -> Item:
    change = item.stack_change + (padding if item.stack_change > 0 else -padding)
    instruction = f"\tsubq\t${change}, %rsp" if change > 0 else f"\taddq\t${-change}, %rsp"
    if not _STACK_IMMEDIATE.search(item.text):
        instruction = f"\tleaq\t{-change}(%rsp), %rsp"
    return Item(item.kind, instruction, item.source, stack_change=change)


def _moved(item: Item, size: int, padding: int) -> Item:
    def moved(operand: re.Match[str]) -> str:
        displacement = int(operand.group(1) or "0")
        return f"{displacement + padding if displacement >= size else displacement}(%rsp)"

    text = _STACK_OPERAND.sub(moved, item.text)
    return Item(item.kind, text, item.source, stack_change=item.stack_change, target=item.target, memory=item.memory)
