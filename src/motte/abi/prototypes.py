"""How prototypes of exported functions are written down: letters for what registers carry."""

from typing import Final

SECTION: Final = ".motte.prototypes"
"""Of a confined object: lines of JSON, each ended by a NUL."""

LONGEST_PROTOTYPE: Final = 8192
"""Bytes of such a line; a function with a longer one is not exported."""

SIZES: Final = {
    code: pair
    for pair, unknown in (("bB", ""), ("hH", ""), ("iI", "k"), ("qQ", "K"))
    for code in (*pair, *unknown)
}
"""For each letter of an integer, those of its size: signed, unsigned."""

PARAMETER_CODES: Final = frozenset((*SIZES, *"?fdP"))
"""Integers by size and sign (``k`` and ``K``: of unknown sign), a truth value, numbers, an address."""

RESULT_CODES: Final = PARAMETER_CODES | {"v"}
"""The same, and nothing."""
