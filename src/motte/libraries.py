"""A C library as if it were a Python module: its functions are attributes, and it lives in a process of its own.

    parser = motte.library("cJSON.c", memory="64MiB")
    root = parser.cJSON_Parse(text)
    shown = parser.cJSON_Print(root)
    print(parser.memory.string(shown).decode())
    parser.free(shown)

What a pointer that comes back points to is in that process: it is passed on as the number that it is, and
:attr:`Library.memory` reads it.  If a call ends the process (a fault, a limit) everything in it is gone, and so is the
library; :meth:`Library.restart` begins anew.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from motte.build_options import BuildOptions
from motte.core import Function
from motte.image.names import printable
from motte.machine import Machine
from motte.quantities import Size
from motte.translation import Source

if TYPE_CHECKING:
    from types import TracebackType

    from motte.process import Process
    from motte.process_memory import Memory
    from motte.program import Program


class Library:
    """Functions of a guest, as attributes; made by :func:`motte.library`.

        with motte.library("checksum.c", memory="16MiB") as checksum:
            checksum.adler(b"Wikipedia", 9)

    ``dir()`` lists them, ``help(library.name)`` shows the prototype of one; ``library["close"]`` is the function of
    that name where an attribute of the library's own hides it.  ``malloc``, ``calloc``, ``realloc`` and ``free`` are
    always there.  Calls may come from any thread, one at a time is served.  It is a context manager.
    """

    def __init__(self, machine: Machine, program: "Program", spawn: "Callable[[], Process]") -> None:
        """``machine`` is the library's own, with this program in it."""
        self._machine = machine
        self._program = program
        self._spawn = spawn
        self._lock = threading.Lock()  # what is bound is the process's
        self._process = spawn()

    def __getattr__(self, name: str) -> Function:
        """The function ``name``, bound once.  Raises ``AttributeError`` for one that is not exported."""
        if name.startswith("__"):
            raise AttributeError(name)
        process = self._process
        try:
            function = process.function(name)
        except LookupError as error:
            raise AttributeError(str(error), name=name, obj=self) from None
        with self._lock:
            if process is self._process:
                self.__dict__[name] = function
        return function

    def __getitem__(self, name: str) -> Function:
        """The function ``name``, whatever it is called.  Raises ``LookupError`` for one that is not exported."""
        return self._process.function(name)

    __iter__ = None  # what can be asked for a name is not a sequence for that; dir() lists the names

    def __dir__(self) -> list[str]:
        """The library's functions, too."""
        return sorted({*super().__dir__(), *self._program.exports})

    @property
    def process(self) -> "Process":
        """Where it lives: its memory, its statistics, and how it ended if it has."""
        return self._process

    @property
    def memory(self) -> "Memory":
        """What pointers point to: ``library.memory.string(address)``; :class:`motte.Memory`."""
        return self._process.memory

    def restart(self) -> None:
        """Begin anew in a fresh process; what was bound before refers to the one that is gone."""
        with self._lock:
            process = self._spawn()
            old, self._process = self._process, process
            for name in [name for name, value in self.__dict__.items() if isinstance(value, Function)]:
                del self.__dict__[name]  # and nothing else, whatever the program calls its functions
        old.close()

    def close(self) -> None:
        """End its process, and release everything; harmless when repeated."""
        self._machine.close()

    def __enter__(self) -> "Library":
        """The library itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """For people."""
        return f"<Library {printable(self._program.name)}: {len(self._program.exports)} functions>"


def library(source: Source, *, options: BuildOptions | None = None, memory: Size = "256MiB", **spawn: Any) -> Library:
    """Compile ``source`` if needed, verify it, and start a process whose functions can be called.

    ``source`` and ``options`` are those of :meth:`motte.Machine.load`, ``memory`` is all that the library may use, and
    ``spawn`` are further options of :meth:`motte.Machine.spawn`, ``time`` for instance: processor time for all calls
    together.

    Raises what loading and spawning raise.
    """
    machine = Machine(memory=memory, workers=1)
    try:
        program = machine.load(source, options)
        return Library(machine, program, lambda: machine.spawn(program, start=False, **spawn))
    except BaseException:
        machine.close()
        raise
