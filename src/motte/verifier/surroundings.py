"""What a function may see of the code around it: names for the targets of calls and tail jumps."""

from collections.abc import Mapping


class Surroundings:
    """What the code around a function consists of, as far as jumps and calls can see it.

    ``stack_arguments`` gives A of every address that a direct call may name, functions and gates
    alike, as offsets from the code's base; ``classes`` gives A of every declared class.
    """

    __slots__ = ("classes", "code", "stack_arguments")

    def __init__(self, code: bytes, stack_arguments: Mapping[int, int], classes: Mapping[int, int]) -> None:
        """All offsets and addresses have passed the checks of their own files."""
        self.code = code
        self.stack_arguments = stack_arguments
        self.classes = classes
