"""Confined objects → artifact → load plan: pure data, maps nothing, runs nothing.

Reading order: ``objects`` (what comes in), ``linker`` (every pass by name), ``encoding`` (what is
stored), ``artifact`` (what is read back), ``plan`` (what the verifier and the core are given).
"""

from motte.image.artifact import Artifact, Location, SegmentSummary
from motte.image.linker import link
from motte.image.plan import DataStack, LoadPlan, Segment, load_plan
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
