"""The intrinsics that a module may call, by name; every other one is refused.

A name matches with its type suffixes (``llvm.umin.i64``), so the list has stems.
Those of x86 come in families; their members that read or change the CPU's state,
write through an unnamed segment, or take a vector of addresses are taken out.
"""

from __future__ import annotations

import re
from typing import Final

_MEMORY: Final = (
    "memcpy memmove memset lifetime.start lifetime.end invariant.start invariant.end launder.invariant.group "
    "strip.invariant.group prefetch masked.load masked.store masked.gather masked.scatter masked.expandload "
    "masked.compressstore ptrmask objectsize threadlocal.address stacksave stackrestore get.dynamic.area.offset "
    "returnaddress frameaddress va_start va_copy va_end"
)
_CONTROL: Final = (
    "trap debugtrap ubsantrap expect expect.with.probability assume donothing sideeffect is.constant ssa.copy "
    "experimental.noalias.scope.decl var.annotation ptr.annotation annotation allow.runtime.check fake.use "
    "dbg.value dbg.declare dbg.label dbg.assign"
)
_INTEGERS: Final = (
    "abs smax smin umax umin scmp ucmp bitreverse bswap ctpop ctlz cttz fshl fshr sadd.with.overflow "
    "uadd.with.overflow ssub.with.overflow usub.with.overflow smul.with.overflow umul.with.overflow sadd.sat uadd.sat "
    "ssub.sat usub.sat sshl.sat ushl.sat smul.fix umul.fix"
)
_REALS: Final = (
    "sqrt pow powi sin cos tan asin acos atan atan2 sinh cosh tanh sincos exp exp2 exp10 log log2 log10 ldexp frexp "
    "modf fma fmuladd fabs copysign floor ceil trunc rint nearbyint round roundeven lround llround lrint llrint minnum "
    "maxnum minimum maximum minimumnum maximumnum canonicalize is.fpclass fptosi.sat fptoui.sat convert.to.fp16 "
    "convert.from.fp16 arithmetic.fence get.rounding experimental.constrained"
)
_VECTORS: Final = (
    "vector.reduce vector.insert vector.extract vector.reverse vector.interleave2 vector.deinterleave2 "
    "get.active.lane.mask stepvector"
)
_X86: Final = (
    "x86.sse x86.sse2 x86.sse3 x86.ssse3 x86.sse41 x86.sse42 x86.avx x86.avx2 x86.avx512 x86.avx512bf16 x86.bmi "
    "x86.fma x86.pclmulqdq x86.aesni x86.vcvtps2ph x86.vcvtph2ps x86.addcarry x86.subborrow x86.sha1msg1 x86.sha1msg2 "
    "x86.sha1nexte x86.sha1rnds4 x86.sha256msg1 x86.sha256msg2 x86.sha256rnds2 x86.vgf2p8affineqb "
    "x86.vgf2p8affineinvqb x86.vgf2p8mulb"
)
_ALLOWED: Final = frozenset(" ".join((_MEMORY, _CONTROL, _INTEGERS, _REALS, _VECTORS, _X86)).split())
_TAKEN_OUT: Final = (
    *("x86.sse.ldmxcsr", "x86.sse.stmxcsr", "x86.sse2.clflush", "x86.sse2.maskmov", "x86.sse3.monitor"),
    *("x86.sse3.mwait", "x86.avx2.gather", "x86.avx512.gather", "x86.avx512.scatter", "x86.avx512.mask.gather"),
    *("x86.avx512.mask.scatter", "x86.avx512.gatherpf", "x86.avx512.scatterpf"),
)
_NATIVE: Final = (
    "readcyclecounter", "readsteadycounter", "set.rounding", "get.fpenv", "set.fpenv", "reset.fpenv", "get.fpmode",
    "set.fpmode", "reset.fpmode", "addressofreturnaddress", "sponentry", "clear_cache",
)  # fmt: skip
"""Beside all of x86, but for matrices in registers, which a process has to ask its kernel for."""
_OF_MATRICES: Final = re.compile(r"x86\.(?:t(?!bm)|cast\.|ldtilecfg|sttilecfg)")


def is_allowed(name: str) -> bool:
    """Whether ``name`` (without ``@llvm.``) may be called."""
    if any(name.startswith(stem) for stem in _TAKEN_OUT):
        return False
    stem = name
    while stem:
        if stem in _ALLOWED:
            return True
        stem = stem.rpartition(".")[0]
    return False


def is_allowed_natively(name: str) -> bool:
    """Whether ``name`` may be called by native code, though confined code may not."""
    return name.startswith(_NATIVE) or (name.startswith("x86.") and _OF_MATRICES.match(name) is None)
