"""What there is once: a copy would give the same thing back twice."""

from typing import Never


class Unique:
    """Cannot be copied, and not be pickled for another process."""

    __slots__ = ()

    def __reduce__(self) -> Never:
        """Raise ``TypeError``."""
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled: what it stands for is there once")
