"""Control transfers: direct ones pass, indirect ones are only recognised here."""

import re
from typing import Final

from motte.compiler.confine.errors import Unconfinable
from motte.compiler.confine.items import (
    BLOCK,
    BRANCH,
    CALL,
    END,
    JUMP,
    MEMORY_JUMP,
    REGISTER_CALL,
    REGISTER_JUMP,
    Item,
)
from motte.compiler.confine.mnemonics import CONDITION
from motte.compiler.confine.operands import parse_operands
from motte.compiler.confine.registers import PARTS
from motte.compiler.confine.tokens import SYMBOL

# LLVM writes @PLT on calls that it adds itself (memcpy), even in static code.
_DIRECT = re.compile(rf"({SYMBOL})(?:@PLT)?")
_REGISTER = re.compile(r"\*%(r[a-z0-9]+)")

_CALLS: Final = frozenset({"call", "callq"})
_ENDS: Final = frozenset({"ret", "retq", "ud2"})
_BRANCH: Final = re.compile(rf"j{CONDITION}")
_CONTROL: Final = re.compile(rf"jmpq?|callq?|retq?|ud2|ud1l|j{CONDITION}")


def is_control(mnemonic: str) -> bool:
    """Whether :func:`control_item` is responsible for ``mnemonic``."""
    return _CONTROL.fullmatch(mnemonic) is not None


def control_item(mnemonic: str, operand: str, line: str) -> Item:
    """The item of a control transfer; ``operand`` is the text after the mnemonic."""
    if mnemonic in _ENDS:
        if operand:
            raise Unconfinable("this form has no operand")
        return Item(END, f"\t{mnemonic}", line)
    if mnemonic == "ud1l":
        # The trap of undefined-behaviour checks, which tells its reason in an operand.
        return Item(END, "\tud2", line)
    direct = _DIRECT.fullmatch(operand)
    if direct is not None:
        return _direct(mnemonic, direct.group(1), line)
    if not operand.startswith("*") or _BRANCH.fullmatch(mnemonic):
        raise Unconfinable("target not understood")
    return _indirect(mnemonic, operand, line)


def _direct(mnemonic: str, target: str, line: str) -> Item:
    local = target if target.startswith(".L") else ""
    text = f"\t{mnemonic}\t{target}"
    if mnemonic in _CALLS:
        return Item(CALL, text, line)
    if _BRANCH.fullmatch(mnemonic):
        return Item(BRANCH, text, line, target=local)
    return Item(JUMP, text, line, target=local) if local else Item(END, text, line)


def _indirect(mnemonic: str, operand: str, line: str) -> Item:
    register = _REGISTER.fullmatch(operand)
    if register is not None:
        if register.group(1) not in PARTS:
            raise Unconfinable("an indirect transfer through this register")
        return Item(REGISTER_CALL if mnemonic in _CALLS else REGISTER_JUMP, "", line, target=register.group(1))
    operands = parse_operands(operand[1:])
    if (
        mnemonic in _CALLS
        or len(operands) != 1
        or operands[0].memory is None
        or operands[0].text
        or (operands[0].memory.segment == BLOCK)
    ):
        raise Unconfinable("an indirect call whose target is not in a register (its class is not known)")
    return Item(MEMORY_JUMP, "", line, memory=operands[0].memory)
