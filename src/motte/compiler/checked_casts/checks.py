"""The test itself, as LLVM functions that are inlined wherever they are called.

The guest remembers a few stretches of mapped memory; an integer in one of them (or one past the end) passes after two
loads and a comparison, and null passes.  Anything else is the kernel call's to decide, which does not come back if
the integer is bad.
"""

from __future__ import annotations

from typing import Final

from motte.abi.checked_casts import MAPPED_RUNS, MappedRun, PointerUse
from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.compiler.checked_casts.marking import MARKER

_KERNEL_CALL: Final = f"@{KERNEL_CALL_BY_NAME['motte_check_pointer'].name}"
_RUNS: Final = f"@{MAPPED_RUNS}"
_RUN_SIZE: Final = 16

ACCESS_CHECK: Final = "@.motte.check.access"
CALL_CHECK: Final = "@.motte.check.call"

DECLARATIONS: Final = (
    f"{_RUNS} = external dso_local global [{len(MappedRun)} x {{ i64, i64 }}], align 8",
    f"declare dso_local void {_KERNEL_CALL}(i64, i32, ptr)",
)
_ORDER: Final = (MappedRun.HEAP, MappedRun.MAPPING, MappedRun.IMAGE)
"""The heap first: most pointers that programs make of integers point there."""


def cast_check() -> str:
    """The marker's meaning where the cast itself is tested."""
    return _function(
        MARKER, PointerUse.CAST, "ptr", ["  %pointer = inttoptr i64 %integer to ptr", "  ret ptr %pointer"]
    )


def access_check() -> str:
    """``void (i64)``: before a read or a write."""
    return _function(ACCESS_CHECK, PointerUse.ACCESS, "void", ["  ret void"])


def call_check() -> str:
    """``void (i64)``: before a call.  Function pointers lie in none of the remembered stretches."""
    header = f"define internal void {CALL_CHECK}(i64 %integer) alwaysinline nounwind {{"
    return "\n".join([header, _ask(PointerUse.CALL), "  ret void", "}"])


def _function(name: str, use: PointerUse, result: str, ending: list[str]) -> str:
    lines = [f"define internal {result} {name}(i64 %integer) alwaysinline nounwind {{", "  br label %look.0"]
    for number, run in enumerate(_ORDER):
        lines += _look(number, run)
    number = len(_ORDER)
    return "\n".join(
        [
            *lines,
            f"look.{number}:",
            "  %null = icmp eq i64 %integer, 0",
            "  br i1 %null, label %passed, label %ask",
            "ask:",
            _ask(use),
            "  br label %passed",
            "passed:",
            *ending,
            "}",
        ]
    )


def _look(number: int, run: MappedRun) -> list[str]:
    at = _RUN_SIZE * run.value
    return [
        f"look.{number}:",
        f"  %start.{number} = load i64, ptr getelementptr (i8, ptr {_RUNS}, i64 {at}), align 8",
        f"  %size.{number} = load i64, ptr getelementptr (i8, ptr {_RUNS}, i64 {at + 8}), align 8",
        f"  %offset.{number} = sub i64 %integer, %start.{number}",
        f"  %inside.{number} = icmp ule i64 %offset.{number}, %size.{number}",
        f"  br i1 %inside.{number}, label %passed, label %look.{number + 1}",
    ]


def _ask(use: PointerUse) -> str:
    """Not merged with other calls: its line is the cast's."""
    return f"  call void {_KERNEL_CALL}(i64 %integer, i32 {use.value}, ptr {_RUNS}) cold nomerge nounwind"
