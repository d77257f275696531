"""Confined objects → artifact → load plan: pure data, maps nothing, runs nothing.

Reading order: ``objects`` (what comes in), ``linker`` (every pass by name), ``encoding`` (what is
stored), ``artifact`` (what is read back), ``plan`` (what the verifier and the core are given).
"""

from typing import TYPE_CHECKING, Any

from motte.image.artifact import Artifact
from motte.image.plan import DataStack, LoadPlan, Segment, load_plan
from motte.image.stored import Location, SegmentSummary

if TYPE_CHECKING:
    from motte.image.linker import link
    from motte.image.symbols import Library

__all__ = [
    "Artifact",
    "DataStack",
    "Library",
    "LoadPlan",
    "Location",
    "Segment",
    "SegmentSummary",
    "link",
    "load_plan",
]


def __getattr__(name: str) -> Any:
    """The linker's names, imported when first used: programs that are only loaded never need it."""
    if name in ("Library", "link"):
        from motte.image import linker

        return getattr(linker, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
