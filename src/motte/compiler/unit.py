"""What a compilation is asked for, and what it gives; no LLVM in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from motte.compiler.options import CompileOptions

Stage = Literal["accepted", "optimised", "lowered", "assembly", "confined", "object"]
"""Where to stop: the module as accepted, after optimisation, as given to the code generator (all text);
the code generator's assembly; confined assembly; or the objects."""

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)


@dataclass(frozen=True, slots=True)
class CompileRequest:
    """Modules to link into one unit; each is LLVM bitcode or text."""

    name: str
    modules: tuple[bytes, ...]
    options: CompileOptions
    stage: Stage = "object"


@dataclass(frozen=True, slots=True)
class ConfinedUnit:
    """One unit as confined relocatable ELF files: one, or several if its code generation was divided.

    For a stage before ``object``, the text of that stage instead.  All files of a unit go into the link
    together; symbols that were local to the unit and that the parts share have names of their own.
    """

    name: str
    objects: tuple[bytes, ...]
    required_features: tuple[str, ...]
    """CPU features that the code may use."""
