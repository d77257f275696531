"""Names in objects that the compiler, the linker and the guest runtime agree on."""

from typing import Final

ENTRY: Final = "__motte_start"
"""Where the core enters a program: ``void __motte_start(void *block)``, in the guest runtime."""

DATA_STACK_POINTER: Final = "__motte_data_stack_pointer"
DATA_STACK_LIMIT: Final = "__motte_data_stack_limit"
"""64-bit variables of the guest runtime; the core sets both before it enters the program."""

FUNCTION_TABLE: Final = "__motte_function_table"
"""Host address of a program's function table; only code names it."""

FUNCTION_TABLE_MASK: Final = "__motte_function_table_mask"
"""The immediate that keeps a function pointer inside the table."""

HOST_FUNCTION_PREFIX: Final = "motte_host."
"""Of the symbols by which a guest declares functions of the host; what follows is the name that they are granted by."""
