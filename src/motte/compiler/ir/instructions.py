"""Operands of plain instructions: ``%result = opcode a, b, c, !metadata``."""

from __future__ import annotations

from motte.compiler.ir.scan import IRTextError, split_list
from motte.compiler.ir.types import type_end


def operands_of(line: str) -> tuple[str, list[str], str]:
    """Result, operands as written, and metadata with its leading comma."""
    result, _, rest = line.strip().partition(" = ")
    rest, comma, metadata = rest.partition(" ")[2].partition(", !")
    return result, split_list(rest), comma + metadata


def typed(operand: str) -> tuple[str, str]:
    """Type and value of ``type value``."""
    end = type_end(operand)
    if end is None:
        raise IRTextError(f"operand without a type: {operand}")
    return operand[:end], operand[end + 1 :]
