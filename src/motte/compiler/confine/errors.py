"""How the confiner says no, and where."""

from motte.errors import CompileError


class Unconfinable(Exception):  # noqa: N818 - internal: the driver turns it into a ConfineError with its place
    """A rule has no confined form for what it was given; the message is the reason."""


class ConfineError(CompileError):
    """The assembly of one function cannot be confined.

    ``function`` is the symbol ("" outside functions), ``line`` the 1-based line of the assembly text (0 if
    it is the text as a whole), ``instruction`` that line's text, ``reason`` the cause alone.
    """

    def __init__(self, reason: str, *, function: str = "", line: int = 0, instruction: str = "") -> None:
        """The message names the function, the line, the reason and the instruction."""
        parts = [function, f"assembly line {line}" if line else "assembly", reason, instruction.strip()]
        super().__init__(": ".join(filter(None, parts)))
        self.reason = reason
        self.function = function
        self.line = line
        self.instruction = instruction
