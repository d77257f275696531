"""LLVM's assembly text → assembly that stays inside its window.

Nothing here is trusted: the verifier reads the bytes that come out in the end.  But what is emitted is put
together from recognised tokens only, and what is not recognised is an error with its place.

Reading order: ``driver`` (lines), ``instructions`` and ``operands`` (one line), ``flow`` (one
function) and its passes ``indirect_calls``, ``jump_tables``, ``heights``, ``layout``.
"""

from motte.compiler.confine.driver import confine
from motte.compiler.confine.errors import ConfineError
from motte.compiler.confine.items import FunctionFacts

__all__ = ["ConfineError", "FunctionFacts", "confine"]
