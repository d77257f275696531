"""Generates ``motte_abi.h`` for the C core and its assembly from the facts in this package.

Constants are usable in C (as ``uint64_t``) and in assembly (as plain numbers); enumerations in C only.
"""

from enum import IntEnum, IntFlag

from motte.abi import capabilities, checked_casts, faults, layout
from motte.abi.kernel_calls import KERNEL_CALLS

_OPENING = """\
/* Generated from src/motte/abi: do not edit. */
#ifndef MOTTE_ABI_H
#define MOTTE_ABI_H
#ifdef __ASSEMBLER__
#define MOTTE_CONSTANT(value) value
#else
#include <stdint.h>
#define MOTTE_CONSTANT(value) UINT64_C(value)
#endif
"""

_CLOSING = """\
#endif
#endif
"""


def _constants() -> list[str]:
    return [
        f"#define MOTTE_{name} MOTTE_CONSTANT({getattr(module, name):#x})"
        for module in (layout, capabilities)
        for name in dir(module)
        if name.isupper()
    ]


def _kernel_calls() -> list[str]:
    calls = [f"#define MOTTE_CALL_{call.name.removeprefix('motte_').upper()} {call.index}" for call in KERNEL_CALLS]
    return [*calls, f"#define MOTTE_CALL_COUNT {len(KERNEL_CALLS)}"]


def _gate_claims() -> str:
    """What the verifier is told about gates, for either kind of program: (host address, stack arguments) pairs."""
    plain = ", ".join(f"{{{call.gate_address:#x}, {call.stack_arguments}}}" for call in KERNEL_CALLS)
    reaching = ", ".join(f"{{{call.reaching_gate_address:#x}, {call.stack_arguments}}}" for call in KERNEL_CALLS)
    return f"#define MOTTE_GATE_CLAIMS {{{plain}}}\n#define MOTTE_REACHING_GATE_CLAIMS {{{reaching}}}"


def _enumeration(prefix: str, members: type[IntEnum | IntFlag]) -> list[str]:
    body = [f"    MOTTE_{prefix}_{member.name} = {member.value}," for member in members]
    return [f"enum motte_{prefix.lower()} {{", *body, "};"]


def render() -> str:
    """The header's text, deterministic."""
    lines = [
        *_constants(),
        *_kernel_calls(),
        "#ifndef __ASSEMBLER__",
        _gate_claims(),
        *_enumeration("FAULT", faults.FaultKind),
        *_enumeration("STOP", faults.StopReason),
        *_enumeration("POINTER", checked_casts.PointerUse),
        *_enumeration("MAPPED", checked_casts.MappedRun),
        *_enumeration("ERROR", capabilities.KernelError),
        *_enumeration("CAPABILITY", capabilities.CapabilityKind),
        *_enumeration("RIGHT", capabilities.Right),
        *_enumeration("CLOCK", capabilities.ClockRight),
        *_enumeration("RANDOM", capabilities.RandomRight),
        *_enumeration("MESSAGE", capabilities.MessageFlag),
        "",
    ]
    return _OPENING + "\n".join(lines) + _CLOSING
