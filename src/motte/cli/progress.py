"""Progress of long work on a terminal, and silence anywhere else."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_UNCOUNTED: Final = ""

ProgressCallback = Callable[[str, int, int], None]
"""Called with what is being done, how many parts of it are done, and how many there are (0: nobody knows)."""


@contextmanager
def progress_on_terminal() -> Iterator[ProgressCallback | None]:
    """A callback that draws a bar on standard error; ``None`` where that is not a terminal.

    Nothing is imported or drawn before the first call, so work that is quick or cached shows nothing.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    bars = _Bars()
    try:
        yield bars.update
    finally:
        bars.close()


class _Bars:
    """One bar for each kind of work that can be counted, one line for the rest; gone when all is done."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def update(self, what: str, done: int, total: int) -> None:
        progress = self._progress or self._start()
        kind = what if total else _UNCOUNTED
        if kind not in self._tasks:
            self._tasks[kind] = progress.add_task(what, total=total or None, count="")
        count = f"{done}/{total}" if total else ""
        progress.update(self._tasks[kind], description=what, completed=done, total=total or None, count=count)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()

    def _start(self) -> "Progress":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), transient=True)
        self._progress.start()
        return self._progress
