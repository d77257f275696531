"""Names of CPU features: what artifacts say they need, and what the kernel says a host has.

Artifacts use LLVM's names (``avx2``, ``sse4.1``) or, for portable code, a level of the x86-64
ABI (``x86-64-v3``), which stands for a set of them.  The kernel's ``flags`` line uses names of its own.
Only features that confined code can use appear here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_KERNEL_NAMES: Final = {
    "64bit": "lm",
    "avx512bf16": "avx512_bf16",
    "avx512bitalg": "avx512_bitalg",
    "avx512vbmi2": "avx512_vbmi2",
    "avx512vnni": "avx512_vnni",
    "avx512vpopcntdq": "avx512_vpopcntdq",
    "bmi": "bmi1",
    "crc32": "sse4_2",
    "lzcnt": "abm",
    "pclmul": "pclmulqdq",
    "prfchw": "3dnowprefetch",
    "sha": "sha_ni",
    "sse3": "pni",
    "sse4.1": "sse4_1",
    "sse4.2": "sse4_2",
}
"""LLVM's name → the kernel's, where they differ."""

_SAME_NAMES: Final = (
    *("adx", "aes", "avx", "avx2", "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512ifma", "avx512vbmi"),
    *("avx512vl", "bmi2", "cmov", "cx16", "cx8", "f16c", "fma", "gfni", "movbe", "popcnt", "sse", "sse2", "ssse3"),
    *("vaes", "vpclmulqdq"),
)

_LEVEL_1: Final = frozenset(("64bit", "cmov", "cx8", "sse", "sse2"))
_LEVEL_2: Final = _LEVEL_1 | {"cx16", "popcnt", "sse3", "sse4.1", "sse4.2", "ssse3"}
_LEVEL_3: Final = _LEVEL_2 | {"avx", "avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"}
_LEVEL_4: Final = _LEVEL_3 | {"avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512vl"}

LEVELS: Final = {"x86-64": _LEVEL_1, "x86-64-v2": _LEVEL_2, "x86-64-v3": _LEVEL_3, "x86-64-v4": _LEVEL_4}
"""The features that each level stands for."""


def features_of_flags(flags: Iterable[str]) -> frozenset[str]:
    """The features, and the levels, of a CPU with these kernel ``flags`` (as in ``/proc/cpuinfo``).

    >>> sorted(features_of_flags(["lm", "cmov", "cx8", "sse", "sse2", "pni", "fxsr"]))
    ['64bit', 'cmov', 'cx8', 'sse', 'sse2', 'sse3', 'x86-64']
    """
    present = frozenset(flags)
    kernel_names = {**dict(zip(_SAME_NAMES, _SAME_NAMES, strict=True)), **_KERNEL_NAMES}
    features = {name for name, kernel_name in kernel_names.items() if kernel_name in present}
    return frozenset(features | {level for level, needed in LEVELS.items() if needed <= features})
