"""Whether this is a child of a fork, where nothing of what its parent has made lives: no thread, no window, no guest.

Locks of the parent's may be held there for ever, by threads that do not exist.  So this is asked before any is taken.
"""

import os

_generation = 0


def generation() -> int:
    """A number that changes in each child of a fork."""
    return _generation


def _begin_another() -> None:
    global _generation  # noqa: PLW0603 (it is this process's)
    _generation += 1


os.register_at_fork(after_in_child=_begin_another)
