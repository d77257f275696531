"""First stage: refuse what cannot be confined, by name, and bring the rest into one plain form.

Native code is refused what no program of Motte may contain, and keeps its assembly.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.accept.barriers import assembly_texts, names_in, replace_barriers
from motte.compiler.accept.forbidden import refuse_forbidden
from motte.compiler.accept.functions import normalise_calls, normalise_functions
from motte.compiler.accept.globals import normalise_global
from motte.compiler.accept.long_double import refuse_long_doubles_of_libc
from motte.compiler.accept.metadata import normalise_metadata
from motte.compiler.accept.symbols import plain_symbols
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.prototypes import exported_functions, prototypes_of

_DROPPED: Final = re.compile(r"\$|source_filename = |@llvm\.global\.annotations = ")
"""Comdats (their functions keep the linkage that says the same), the file's name, annotations."""


def accept(text: str, options: CompileOptions) -> Module:
    """The module in plain form, or :class:`CompileError` naming the construct, the function and the line."""
    refuse_forbidden(text, native=options.native)
    module = Module(plain_symbols(text))
    if options.native:
        refuse_long_doubles_of_libc(module)
    exported = exported_functions(module, options) if options.is_of_a_program else []
    module.prototypes = prototypes_of(module, exported)
    public = None
    if options.internalize is not None:
        used = names_in(assembly_texts(module)) if options.native else ()
        public = frozenset((*options.internalize, *used, *(function.header.name[1:] for function in exported)))
    module.items = [item for item in module.items if not (isinstance(item, str) and _DROPPED.match(item))]
    if not options.native:
        replace_barriers(module)
        normalise_calls(module)
    normalise_functions(module, public, options)
    for index, item in enumerate(module.items):
        if isinstance(item, str) and item.startswith("@"):
            module.items[index] = normalise_global(item, public, options.debug)
    normalise_metadata(module, options.debug)
    return module
