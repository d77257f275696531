"""Mode ``use``: the first dereference of what a cast made is tested, on every path.

What counts: loads, stores and atomic operations; block operations of more than no bytes; masked accesses with a
lane that is on; calls *of* the pointer, and calls that pass it where the callee may read it at once
(``dereferenceable``: a reference of C++).  What does not: comparing it, computing with it, converting it back,
storing, passing or returning it.  A pointer that leaves the function in this way is an ordinary pointer there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from motte.compiler.checked_casts.checks import ACCESS_CHECK, CALL_CHECK
from motte.compiler.checked_casts.derivation import Derivation, names_in, without_marker
from motte.compiler.checked_casts.paths import Check, PassedChecks, result_of
from motte.compiler.ir.calls import CALL_LINE, Call, parse_call
from motte.compiler.ir.functions import Function
from motte.compiler.ir.instructions import typed
from motte.compiler.ir.module import Module
from motte.compiler.ir.scan import NAME, split_list
from motte.compiler.ir.types import sequence

_ACCESS: Final = re.compile(
    r"^  (?:%" + NAME + r" = )?"
    r"(?:load |store |(?:atomicrmw (?:volatile )?\w+|cmpxchg (?:weak )?(?:volatile )?) *ptr (?P<pointer>%"
    + NAME
    + r"), )"
)
_POINTER: Final = re.compile(r"ptr (%" + NAME + r")")
_BLOCK: Final = re.compile(r"@llvm\.(memcpy|memmove|memset)\.")
_NESTED_LOOPS: Final = 3
"""Out of how many loops a test may move."""
_PROCESSORS_OWN: Final = "@llvm.x86."
_MASKED: Final = re.compile(r"@llvm\.masked\.(?:load|store|expandload|compressstore)\.")


def check_uses(module: Module, function: Function) -> None:
    """Insert the tests, and make the markers plain conversions."""
    derivation = Derivation(function)
    wanted = [_wanted(derivation, line) for line in function.lines]
    after = [derivation.lines_after(index) for index in range(len(function.lines))]
    computed = [
        [name for each in (line, *joins) for name in result_of(each)]
        for line, joins in zip(function.lines, after, strict=True)
    ]
    passed = PassedChecks(function.lines, wanted, computed)
    for _ in range(_NESTED_LOOPS):
        for place, check in passed.earlier():
            wanted[place].append(check)
        passed = PassedChecks(function.lines, wanted, computed)
    lines: list[str] = []
    for index, line in enumerate(function.lines):
        for check in wanted[index]:
            if not passed.include(index, check):
                lines += _test(module, function, check)
        lines += [without_marker(line), *after[index]]
    function.lines = lines


def _test(module: Module, function: Function, check: Check) -> list[str]:
    if not check.amount:
        return [f"  call void {check.test}(i64 {check.integer}){check.location}"]
    amount_type, amount = typed(check.amount)
    nothing, integer = function.fresh("nothing"), function.fresh("touched")
    lines = [f"  {nothing} = icmp eq {amount_type} {amount}, 0"]
    if amount_type.startswith("<"):
        some = function.fresh("some")
        reduction = f"@llvm.vector.reduce.or.v{sequence(amount_type)[0]}i1"
        module.require(f"declare i1 {reduction}({amount_type})")
        lines = [f"  {some} = call i1 {reduction}({amount_type} {amount})", f"  {nothing} = xor i1 {some}, true"]
    return [
        *lines,
        f"  {integer} = select i1 {nothing}, i64 0, i64 {check.integer}",
        f"  call void {check.test}(i64 {integer}){check.location}",
    ]


def _wanted(derivation: Derivation, line: str) -> list[Check]:
    """The tests in front of a line, without repetition."""
    if derivation.pointers.isdisjoint(names_in(line)):
        return []
    checks = [
        Check(integer, location, test, amount)
        for pointer, test, amount in _dereferences(line)
        for location, integer in derivation.origins(pointer).items()
    ]
    return list(dict.fromkeys(checks))


def _dereferences(line: str) -> Iterator[tuple[str, str, str]]:
    """Each pointer that a line dereferences, the test that it needs, and the amount that may be zero."""
    access = _ACCESS.match(line)
    if access is not None:
        yield access["pointer"] or _address(line[access.end() :]), ACCESS_CHECK, ""
    elif CALL_LINE.match(line):
        call = parse_call(line)
        yield call.callee, CALL_CHECK, ""
        amount = _amount(call)
        for argument in call.arguments:
            if argument.type == "ptr" and (amount is not None or argument.attribute("dereferenceable")):
                yield argument.value, ACCESS_CHECK, amount or ""


def _address(operands: str) -> str:
    """The address of a load or a store: what follows the type, or the value, that is moved."""
    found = _POINTER.match(split_list(operands)[1])
    return found.group(1) if found else ""


def _amount(call: Call) -> str | None:
    """How much a block operation touches, if that may be nothing; ``None`` for other calls, and if it is nothing."""
    if _BLOCK.match(call.callee):
        amount = call.arguments[2]
    elif _MASKED.match(call.callee):
        amount = next(argument for argument in call.arguments if argument.type.endswith("x i1>"))
    else:
        return "" if call.callee.startswith(_PROCESSORS_OWN) else None
    if amount.value in ("0", "zeroinitializer"):
        return None
    return f"{amount.type} {amount.value}" if amount.value.startswith("%") else ""
