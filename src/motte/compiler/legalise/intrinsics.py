"""Intrinsics that ask about the native stack, or stop the program in a way of their own."""

from __future__ import annotations

import re
from typing import Final

from motte.compiler.ir.calls import Call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.module import Module
from motte.compiler.lower.data_stack import LIMIT, LIMIT_DECLARATION, POINTER, POINTER_DECLARATION
from motte.errors import CompileError

REPLACED_CLUES: Final = ("trap", "address.p0", "returnaddress", "get.dynamic", "get.rounding")
REPLACED: Final = re.compile(
    r"@llvm\.(?:debugtrap|ubsantrap|returnaddress|frameaddress|get\.dynamic\.area\.offset|get\.rounding"
    r"|threadlocal\.address)\b"
)
_TO_NEAREST: Final = 1


def replace_intrinsic(module: Module, function: Function, call: Call) -> list[str]:
    """Instructions in its place."""
    name = call.callee.removeprefix("@llvm.")
    stem = name.partition(".p0")[0].removesuffix(".i64").removesuffix(".i32")
    match stem:
        case "debugtrap" | "ubsantrap":
            module.require("declare void @llvm.trap()")
            value = "call void @llvm.trap()"
        case "frameaddress" if call.arguments[0].value == "0":
            return _depth(module, function, call)
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


def _depth(module: Module, function: Function, call: Call) -> list[str]:
    """As far above the data stack's end as the function is below it: a number that falls while the stack fills.

    Programs that ask for it, interpreters mostly, compare it with one that they had earlier, to see how deep they are,
    and expect of a stack that it grows down.
    """
    module.require(POINTER_DECLARATION)
    module.require(LIMIT_DECLARATION)
    here, end, room = (function.fresh(purpose) for purpose in ("here", "end", "room"))
    return [
        f"  {here} = load ptr, ptr {POINTER}, align 8",
        f"  {end} = load ptr, ptr {LIMIT}, align 8",
        f"  {here}.n = ptrtoint ptr {here} to i64",
        f"  {end}.n = ptrtoint ptr {end} to i64",
        f"  {room} = sub i64 {end}.n, {here}.n",
        f"  {call.result} = getelementptr i8, ptr {end}, i64 {room}",
    ]
