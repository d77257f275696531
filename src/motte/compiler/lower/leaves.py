"""Functions that call nothing, so that nobody else takes frames while they run.

Such a function may use the data stack above the pointer without moving it, as
native leaf functions use the red zone.  An instruction counts as a call if code
generation may turn it into one: large block operations, remainders of reals, some
atomic operations, division of 128-bit integers, conversions of half-precision reals,
and all intrinsics that are not known to be instructions.
"""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.types import WIDE_INTEGER

_INSTRUCTIONS: Final = (
    "assume lifetime umin umax smin smax abs fabs copysign ctpop ctlz cttz bswap bitreverse fshl fshr ptrmask prefetch "
    "expect trap experimental.noalias.scope.decl sadd.with.overflow uadd.with.overflow ssub.with.overflow "
    "usub.with.overflow smul.with.overflow umul.with.overflow sadd.sat uadd.sat ssub.sat usub.sat sqrt minnum maxnum "
    "masked.load masked.store vector.reduce.add vector.reduce.or vector.reduce.and vector.reduce.xor "
    "vector.reduce.smax vector.reduce.smin vector.reduce.umax vector.reduce.umin x86.sse2.mfence"
)
_INSTRUCTION_CALL: Final = re.compile(
    r"call [^@\"]*@llvm\.(?:" + "|".join(map(re.escape, _INSTRUCTIONS.split())) + r")[.(]"
)
_BLOCK: Final = re.compile(r"call void @llvm\.(memset|memcpy|memmove)\..*, i64 (\d+), i1 false\)")
_INLINE_BYTES: Final = {"memset": 128, "memcpy": 64, "memmove": 64}
"""What the weakest CPU still does with loads and stores; where code has to be small, these are calls by now."""
_HIDDEN_CALL: Final = re.compile(r"= frem |\batomic|= cmpxchg |\bi128\b|\bhalf\b|\bbfloat\b|\b" + WIDE_INTEGER + r"\b")


def is_leaf(lines: list[str]) -> bool:
    """Whether no instruction is, or becomes, a call."""
    return not any((" call " in line and _is_call(line)) or _HIDDEN_CALL.search(line) for line in lines)


def _is_call(line: str) -> bool:
    block = _BLOCK.search(line)
    if block is not None:
        return int(block.group(2)) > _INLINE_BYTES[block.group(1)]
    return not _INSTRUCTION_CALL.search(line)
