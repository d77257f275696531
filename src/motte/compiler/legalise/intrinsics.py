"""Intrinsics that ask about the native stack, or stop the program in a way of their own."""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.calls import Call
from motte.compiler.ir.module import Module
from motte.compiler.lower.data_stack import POINTER, POINTER_DECLARATION
from motte.errors import CompileError

REPLACED_CLUES: Final = ("trap", "address.p0", "returnaddress", "get.dynamic", "get.rounding")
REPLACED: Final = re.compile(
    r"@llvm\.(?:debugtrap|ubsantrap|returnaddress|frameaddress|get\.dynamic\.area\.offset|get\.rounding"
    r"|threadlocal\.address)\b"
)
_TO_NEAREST: Final = 1


def replace_intrinsic(module: Module, call: Call) -> list[str]:
    """An instruction in its place."""
    name = call.callee.removeprefix("@llvm.")
    stem = name.partition(".p0")[0].removesuffix(".i64").removesuffix(".i32")
    match stem:
        case "debugtrap" | "ubsantrap":
            module.require("declare void @llvm.trap()")
            value = "call void @llvm.trap()"
        case "frameaddress" if call.arguments[0].value == "0":  # where the function's locals are
            module.require(POINTER_DECLARATION)
            value = f"load ptr, ptr {POINTER}, align 8"
        case "frameaddress" | "returnaddress":  # nothing is known of callers, and no address of code exists
            value = "getelementptr i8, ptr null, i64 0"
        case "get.dynamic.area.offset":
            value = f"add {call.result_type} 0, 0"
        case "get.rounding":  # the rounding mode is fixed
            value = f"add {call.result_type} 0, {_TO_NEAREST}"
        case "threadlocal.address":
            value = f"getelementptr i8, ptr {call.arguments[0].value}, i64 0"
        case _:
            raise CompileError(f"intrinsic {call.callee[1:]} is not accepted")
    return [f"  {call.result} = {value}" if call.result else f"  {value}"]
