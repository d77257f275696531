"""Sizes that linker and loader both compute, and the limits on them."""

from __future__ import annotations

from motte.abi.layout import CODE_REGION_BASE, CODE_REGION_END, DATA_STACK_GAP, HEAP_END, IMAGE_BASE
from motte.abi.limits import Limits
from motte.errors import LimitReached


def round_up(value: int, alignment: int) -> int:
    """The least multiple of ``alignment`` (a power of two) that is not below ``value``."""
    return (value + alignment - 1) & -alignment


def check_code_size(size: int, limits: Limits, room: int = CODE_REGION_END - CODE_REGION_BASE) -> None:
    """Raises :class:`~motte.errors.LimitReached` if ``size`` bytes of code are too many, or more than there is room."""
    limit = min(limits.code_size, room)
    if size > limit:
        raise LimitReached(f"the code needs {size} bytes; limit code_size is {limit}")


def check_image_end(image_end: int, limits: Limits, heap_end: int = HEAP_END) -> None:
    """Raises :class:`~motte.errors.LimitReached` if the image is too large for its limit or for the window."""
    size = image_end - IMAGE_BASE
    limit = min(limits.program_image, heap_end - DATA_STACK_GAP - IMAGE_BASE)
    if size > limit:
        raise LimitReached(f"the program image needs {size} bytes; limit program_image is {limit}")
