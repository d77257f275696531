"""First stage: refuse what cannot be confined, by name, and bring the rest into one plain form."""

from __future__ import annotations

from motte.compiler.accept.functions import normalise_functions
from motte.compiler.accept.globals import normalise_global
from motte.compiler.accept.metadata import normalise_metadata
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions


def accept(text: str, options: CompileOptions) -> Module:
    """The module in plain form, or :class:`CompileError` naming the construct, the function and the line."""
    module = Module(text)
    public = None if options.internalize is None else frozenset(options.internalize)
    module.items = [item for item in module.items if not (isinstance(item, str) and item.startswith(("$", "source_f")))]
    normalise_functions(module, public, options.debug)
    for index, item in enumerate(module.items):
        if isinstance(item, str) and item.startswith("@"):
            module.items[index] = normalise_global(item, public, options.debug)
    normalise_metadata(module, options.debug)
    return module
