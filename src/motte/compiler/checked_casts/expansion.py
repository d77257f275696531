"""After optimisation: markers become conversions, with tests where the mode wants them."""

from __future__ import annotations

import re
from typing import Any, Final

import llvmlite.binding as llvm

from motte.compiler.checked_casts.checks import DECLARATIONS, access_check, call_check, cast_check
from motte.compiler.checked_casts.marking import MARKER
from motte.compiler.checked_casts.uses import check_uses
from motte.compiler.ir.module import Module
from motte.compiler.optimise import target_machine
from motte.compiler.options import CompileOptions
from motte.compiler.read import parse

_MARKER_DECLARATION: Final = re.compile(r"^declare .*" + re.escape(MARKER) + r"\(")


def expand_checks(optimised: Any, options: CompileOptions) -> Any:
    """The LLVM module with its tests; the module itself if it has no marker."""
    text = str(optimised)
    if MARKER not in text:
        return optimised
    module = Module(text)
    module.items = [item for item in module.items if not (isinstance(item, str) and _MARKER_DECLARATION.match(item))]
    if options.checked == "cast":
        checks = [cast_check()]
    else:
        for function in module.functions():
            if function.mentions(MARKER):
                check_uses(module, function)
        checks = [access_check(), call_check()]
    for declaration in DECLARATIONS:
        module.require(declaration)
    module.items += checks
    expanded = parse(str(module))
    _inline_checks(expanded, options)
    return expanded


def _inline_checks(module: Any, options: CompileOptions) -> None:
    """The inliner splits the blocks, and gives the test the line of its call."""
    tuning = llvm.create_pipeline_tuning_options(speed_level=0)
    builder = llvm.create_pass_builder(target_machine(options.target(), options.optimization), tuning)
    passes = builder.getModulePassManager()
    passes.add_always_inliner_pass()
    passes.run(module, builder)
