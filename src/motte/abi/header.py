"""Generates ``motte_abi.h`` for the C core from the facts in this package.

Run by the build: ``python -m motte.abi.header OUTPUT``.
"""

import sys
from pathlib import Path

from motte.abi import faults, layout
from motte.abi.kernel_calls import KERNEL_CALLS


def _constants() -> list[str]:
    names = [name for name in dir(layout) if name.isupper()]
    return [f"#define MOTTE_{name} UINT64_C({getattr(layout, name):#x})" for name in names]


def _enumeration(prefix: str, members: type) -> list[str]:
    body = [f"    MOTTE_{prefix}_{member.name} = {member.value}," for member in members]  # type: ignore[attr-defined]
    return [f"enum motte_{prefix.lower()} {{", *body, "};"]


def render() -> str:
    """The header's text, deterministic."""
    calls = [f"    MOTTE_CALL_{call.name.removeprefix('motte_').upper()} = {call.index}," for call in KERNEL_CALLS]
    lines = [
        "/* Generated from src/motte/abi by motte.abi.header: do not edit. */",
        "#ifndef MOTTE_ABI_H",
        "#define MOTTE_ABI_H",
        "#include <stdint.h>",
        *_constants(),
        *_enumeration("FAULT", faults.FaultKind),
        *_enumeration("STOP", faults.StopReason),
        "enum motte_kernel_call {",
        *calls,
        f"    MOTTE_CALL_COUNT = {len(KERNEL_CALLS)},",
        "};",
        "#endif",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render())
