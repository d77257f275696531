"""Directives: a closed list of line patterns; what matches none of them is refused.

Directives that include files, define macros, repeat, or redirect the assembler are simply not
on the list.  LLVM writes one directive a line, always in the same spelling.
"""

import re
from typing import Final

from motte.compiler.confine.tokens import DIGITS, EXPRESSION, NUMBER, STRING, SYMBOL

NUMBERS: Final = re.compile(rf"\t\.(?:byte|short|long|quad|2byte|4byte|8byte|uleb128|sleb128)[ \t]{NUMBER}")
"""A line of data without symbols: the great majority."""

DATA: Final = re.compile(
    rf"\t\.(?:ascii|asciz|string)\t{STRING}"
    rf"|\t\.(?:zero|space|skip)\t[0-9]+(?:, ?{NUMBER})?"
    rf"|\t\.fill\t[0-9]+, [0-9], {NUMBER}"
    rf"|\t\.byte\t{NUMBER}(?:,{NUMBER})*"
)

VALUE: Final = re.compile(
    rf"(?P<directive>\t\.(?:byte|short|long|quad|2byte|4byte|8byte|uleb128|sleb128)[ \t])"
    rf"(?P<value>{EXPRESSION}(?:-(?P<less>{SYMBOL})(?:[+-][0-9]+)*)?)"
)
"""A line of data that refers to a symbol, or to the distance of two."""

ALIGN: Final = re.compile(r"\t\.p2align\t(?P<power>[0-9]{1,2})(?:, ?(?:0x[0-9a-fA-F]+)?(?:, ?(?P<most>[0-9]+))?)?")

SYMBOL_ATTRIBUTE: Final = re.compile(rf"\t\.(?:globl|weak|hidden|protected|internal|local)\t(?P<symbol>{SYMBOL})")
TYPE: Final = re.compile(rf"\t\.type\t(?P<symbol>{SYMBOL}),@(?P<type>function|object)")
SIZE: Final = re.compile(rf"\t\.size\t(?P<symbol>{SYMBOL}), (?P<size>[0-9]+|\.L[A-Za-z_0-9]+-{SYMBOL})")
COMMON: Final = re.compile(rf"\t\.comm\t(?P<symbol>{SYMBOL}),(?P<size>{DIGITS}),(?P<alignment>{DIGITS})")
ASSIGNMENT: Final = re.compile(
    rf"(?:\t\.set\t(?P<set>{SYMBOL}), ?|(?P<symbol>{SYMBOL}) = )(?P<value>{EXPRESSION}(?:-{SYMBOL})?)"
)
LABEL: Final = re.compile(rf"(?P<symbol>{SYMBOL}):")

LINE_NUMBER: Final = re.compile(
    r"\t\.loc\t[0-9]+ [0-9]+ [0-9]+"
    r"(?: (?:prologue_end|epilogue_begin|basic_block|is_stmt [01]|isa [0-9]+|discriminator [0-9]+))*"
)
SOURCE_FILE: Final = re.compile(rf"\t\.file\t[0-9]+ {STRING}(?: {STRING})?(?: md5 0x[0-9a-f]+)?(?: source {STRING})?")

DROPPED: Final = re.compile(
    rf"\t\.file\t{STRING}|\t\.ident\t{STRING}|\t\.addrsig(?:_sym\t{SYMBOL})?|\t\.cfi_[a-z_]+(?:[ \t][^\"]*)?|"
)
"""Lines that mean nothing to a confined program; the empty line is one."""

GREATEST_ALIGNMENT: Final = 16
"""Largest power of two, as an exponent, that data may be aligned to."""

GREATEST_CODE_ALIGNMENT: Final = 8
