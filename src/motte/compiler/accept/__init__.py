"""First stage: refuse what cannot be confined, by name, and bring the rest into one plain form."""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.accept.barriers import replace_barriers
from motte.compiler.accept.forbidden import refuse_forbidden
from motte.compiler.accept.functions import normalise_calls, normalise_functions
from motte.compiler.accept.globals import normalise_global
from motte.compiler.accept.metadata import normalise_metadata
from motte.compiler.accept.symbols import plain_symbols
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.prototypes import exported_functions, prototypes_of

_DROPPED: Final = re.compile(r"\$|source_filename = |@llvm\.global\.annotations = ")
"""Comdats (their functions keep the linkage that says the same), the file's name, annotations."""


def accept(text: str, options: CompileOptions) -> Module:
    """The module in plain form, or :class:`CompileError` naming the construct, the function and the line."""
    refuse_forbidden(text)
    module = Module(plain_symbols(text))
    exported = exported_functions(module, options) if options.is_of_a_program else []
    module.prototypes = prototypes_of(module, exported)
    public = None
    if options.internalize is not None:
        public = frozenset((*options.internalize, *(function.header.name[1:] for function in exported)))
    module.items = [item for item in module.items if not (isinstance(item, str) and _DROPPED.match(item))]
    replace_barriers(module)
    normalise_functions(module, public, options.debug)
    normalise_calls(module)
    for index, item in enumerate(module.items):
        if isinstance(item, str) and item.startswith("@"):
            module.items[index] = normalise_global(item, public, options.debug)
    normalise_metadata(module, options.debug)
    return module
