"""Sizes that linker and loader both compute, and the limits on them."""

from __future__ import annotations

from motte.abi.layout import DATA_STACK_GAP, HEAP_END, IMAGE_BASE
from motte.abi.limits import Limits
from motte.errors import LimitReached


def round_up(value: int, alignment: int) -> int:
    """The least multiple of ``alignment`` (a power of two) that is not below ``value``."""
    return (value + alignment - 1) & -alignment


def check_code_size(size: int, limits: Limits) -> None:
    """Raises :class:`~motte.errors.LimitReached` if ``size`` bytes of code are too many."""
    if size > limits.code_size:
        raise LimitReached(f"the code needs {size} bytes; limit code_size is {limits.code_size}")


def check_image_end(image_end: int, limits: Limits) -> None:
    """Raises :class:`~motte.errors.LimitReached` if the image is too large for its limit or for the window."""
    size = image_end - IMAGE_BASE
    limit = min(limits.program_image, HEAP_END - DATA_STACK_GAP - IMAGE_BASE)
    if size > limit:
        raise LimitReached(f"the program image needs {size} bytes; limit program_image is {limit}")
