"""What one instruction does to the stack or to control: the language between the passes.

``instructions.examine`` reduces each instruction to an *effect*, a tuple ``(kind, first, second)``
that depends on the instruction's bytes alone; the later passes see effects and never operands.
Nearly all instructions are ``PLAIN``, which is one shared object.

============== ======================================== ===============================
kind           first                                    second
============== ======================================== ===============================
NONE           0                                        0
REFUSED        0                                        0
ACCESS         displacement from rsp                    width in bytes
PUSH, POP      0                                        0
ADJUST         bytes by which the height grows          0
CALL           displacement from the instruction's end  0
JUMP, BRANCH   displacement from the instruction's end  0
RETURN, TRAP   0                                        0
TABLE_COMPARE  displacement from r10                    class
TABLE_CALL     displacement from r10                    0
TABLE_JUMP     displacement from r10                    0
INDEX_JUMP     number of the 64-bit index register      address of the table
INDIRECT_CALL  class                                    offset of the trap
INDIRECT_JUMP  class                                    offset of the trap
SWITCH         address of the table                     entries that the mask admits
============== ======================================== ===============================

The last three stand for a whole shape; ``shapes`` makes them from the ones before.
"""

from typing import Final, TypeAlias

NONE: Final = 0
REFUSED: Final = 1
ACCESS: Final = 2
PUSH: Final = 3
POP: Final = 4
ADJUST: Final = 5
CALL: Final = 6
JUMP: Final = 7
BRANCH: Final = 8
RETURN: Final = 9
TRAP: Final = 10
TABLE_COMPARE: Final = 11
TABLE_CALL: Final = 12
TABLE_JUMP: Final = 13
INDEX_JUMP: Final = 14
INDIRECT_CALL: Final = 15
INDIRECT_JUMP: Final = 16
SWITCH: Final = 17

TERMINATORS: Final = frozenset({JUMP, RETURN, TRAP, INDIRECT_JUMP, SWITCH})
"""Kinds after which control never reaches the next instruction."""

Effect: TypeAlias = tuple[int, int, int]

PLAIN: Final[Effect] = (NONE, 0, 0)
"""The effect of an instruction that touches neither the stack nor control."""

REFUSAL: Final[Effect] = (REFUSED, 0, 0)
"""The effect of an instruction that no program may contain; its reason is kept beside it."""
