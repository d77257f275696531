"""How prototypes of exported functions are written down: letters for what registers carry."""

from typing import Final

SECTION: Final = ".motte.prototypes"
"""Of a confined object: lines of JSON, each ended by a NUL."""

LONGEST_PROTOTYPE: Final = 8192
"""Bytes of such a line; a function with a longer one cannot be called from outside, and its line says so."""

_PAIRS: Final = (("b", "B", ""), ("h", "H", ""), ("i", "I", "k"), ("q", "Q", "K"))

SIZES: Final = {code: (signed, unsigned) for signed, unsigned, either in _PAIRS for code in (signed, unsigned, *either)}
"""For each letter of an integer, those of its size: signed, unsigned."""

PARAMETER_CODES: Final = frozenset((*SIZES, *"?fdP"))
"""Integers by size and sign (``k`` and ``K``: of unknown sign), a truth value, numbers, an address."""

VECTOR_CODES: Final = frozenset("fd")
"""Those that travel in vector registers."""

RESULT_CODES: Final = PARAMETER_CODES | {"v"}
"""The same, and nothing."""
