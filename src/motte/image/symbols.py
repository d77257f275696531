"""Who defines each name: user objects, archive members, the linker itself, or nobody.

The rules are those of every ELF linker, because C libraries are written for them:

* A strong definition beats a common one, which beats a weak one; of equals the first wins,
  except that two strong ones in the same place are an error that names both.
* An archive member is pulled in when something needs a name that nobody defines yet.  A weak
  reference needs nothing.
* What the user defines always wins over a library, even if the library's member comes along
  for another name.

This runs after code generation: the optimiser adds calls of its own (``memset``, ``exp2`` …).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, Protocol, TypeVar

from motte.errors import CompileError
from motte.image.elf import LOCAL, SECTION_COMMON, SECTION_UNDEFINED, WEAK
from motte.image.names import printable
from motte.image.objects import InputObject
from motte.image.sections import SectionKind

AnyObject = TypeVar("AnyObject", bound=InputObject)


class Library(Protocol):
    """An archive of confined objects with an index of the names that they define."""

    def members_defining(self, symbol: str) -> Sequence[str]:
        """Members that define ``symbol``, in the archive's order; empty if none does."""

    def object(self, member: str) -> bytes:
        """The confined object of a member."""


class Definition(NamedTuple):
    """A defined name: its object's number, its symbol's number there, and how strong it is."""

    object_number: int
    symbol_number: int
    strength: int


STRONG = 3
COMMON = 2
WEAKLY = 1


@dataclass(slots=True)
class CommonBlock:
    """A tentative definition, merged over all objects; bytes."""

    size: int
    alignment: int


@dataclass(slots=True)
class Resolution(Generic[AnyObject]):
    """The objects of a program in link order, and who defines each global name."""

    objects: list[AnyObject] = field(default_factory=list)
    definitions: dict[str, Definition] = field(default_factory=dict)
    commons: dict[str, CommonBlock] = field(default_factory=dict)
    """Every name that has a tentative definition; used if ``definitions`` says ``COMMON``."""


class Wanted(NamedTuple):
    """What a kind of program is linked with besides what its objects mention."""

    roots: Sequence[str]
    """Needed in any case."""
    with_exports: Sequence[str]
    """Needed if the objects export functions, and a library has it."""
    provided: Mapping[str, object]
    """The linker's own names: nobody has to define them."""


def resolve(
    objects: Iterable[tuple[str, bytes]],
    libraries: Sequence[Library],
    wanted: Wanted,
    read: Callable[[str, bytes], AnyObject],
) -> Resolution[AnyObject]:
    """All objects that the program needs, as ``read`` gives them, with every name that some object defines.

    Raises :class:`~motte.errors.CompileError` for malformed objects, duplicate definitions, and (all at once) names
    that nobody defines.
    """
    return _Resolver(libraries, wanted.provided, read).run(objects, wanted)


class _Resolver(Generic[AnyObject]):
    def __init__(
        self, libraries: Sequence[Library], provided: Mapping[str, object], read: Callable[[str, bytes], AnyObject]
    ) -> None:
        self.libraries = libraries
        self.provided = provided
        self.read = read
        self.resolution: Resolution[AnyObject] = Resolution()
        self.user_objects = 0
        self.wanted: deque[str] = deque()
        self.wanted_by: dict[str, list[str]] = {}
        self.duplicates: list[str] = []

    def run(self, objects: Iterable[tuple[str, bytes]], wanted: Wanted) -> Resolution[AnyObject]:
        for name, data in objects:
            self._add(self.read(name, data))
        self.user_objects = len(self.resolution.objects)
        for root in wanted.roots:
            self._want(root, "the start of every program")
        if any(SectionKind.PROTOTYPES in each.kinds for each in self.resolution.objects):
            for name in wanted.with_exports:
                if any(library.members_defining(name) for library in self.libraries):
                    self._want(name, "who calls its functions from outside")
        missing = []
        while self.wanted:
            name = self.wanted.popleft()
            if name not in self.resolution.definitions and not self._pull(name) and name not in self.provided:
                missing.append(name)
        if self.duplicates:
            raise CompileError(f"defined twice: {self.duplicates[0]}", "\n".join(self.duplicates))
        if missing:
            raise undefined_error(missing, self.wanted_by)
        return self.resolution

    def _pull(self, name: str) -> bool:
        for library in self.libraries:
            members = library.members_defining(name)
            if members:
                self._add(self.read(members[0], library.object(members[0])))
                if name not in self.resolution.definitions:
                    raise CompileError(
                        f"library member {printable(members[0])} does not define {printable(name)} as its index says"
                    )
                return True
        return False

    def _add(self, new: AnyObject) -> None:
        number = len(self.resolution.objects)
        self.resolution.objects.append(new)
        for symbol_number, symbol in enumerate(new.elf.symbols):
            if symbol.binding == LOCAL:
                continue
            if symbol.section == SECTION_UNDEFINED:
                if symbol.binding != WEAK:
                    self._want(symbol.name, new.name)
                continue
            strength = WEAKLY if symbol.binding == WEAK else STRONG
            if symbol.section == SECTION_COMMON:
                strength = COMMON
                self._merge_common(symbol.name, symbol.size, symbol.value)
            self._define(symbol.name, Definition(number, symbol_number, strength))

    def _define(self, name: str, new: Definition) -> None:
        old = self.resolution.definitions.get(name)
        if old is not None and old.strength == new.strength == STRONG:
            # Two libraries, or two user objects; a user's definition merely shadows a library's.
            if self._from_library(old) == self._from_library(new):
                objects = self.resolution.objects
                first, second = objects[old.object_number].name, objects[new.object_number].name
                self.duplicates.append(f"{printable(name)} (in {printable(first)} and in {printable(second)})")
            return
        if old is None or new.strength > old.strength:
            self.resolution.definitions[name] = new

    def _from_library(self, definition: Definition) -> bool:
        return 0 < self.user_objects <= definition.object_number

    def _merge_common(self, name: str, size: int, alignment: int) -> None:
        block = self.resolution.commons.setdefault(name, CommonBlock(0, 1))
        block.size = max(block.size, size)
        block.alignment = max(block.alignment, alignment)

    def _want(self, name: str, by: str) -> None:
        users = self.wanted_by.setdefault(name, [])
        if not users:
            self.wanted.append(name)
        users.append(by)


_NO_UNWINDING = "C++ exceptions are not supported: compile with -fno-exceptions"
_NO_PROCESSES = "a guest cannot create processes or threads this way"

HINTS: Mapping[str, str] = {
    "main": "the program has no main function",
    **dict.fromkeys(("fork", "_Fork", "vfork", "clone", "pthread_create", "posix_spawn"), _NO_PROCESSES),
    **dict.fromkeys(("__cxa_throw", "__cxa_begin_catch", "__gxx_personality_v0", "_Unwind_Resume"), _NO_UNWINDING),
    **dict.fromkeys(("dlopen", "dlsym"), "programs are linked statically: nothing can be loaded later"),
}
"""What to tell people about names that they are likely to miss."""

HINTS_BY_PREFIX: Mapping[str, str] = {
    **dict.fromkeys(("_Zn", "_Zd"), "C++ operators new and delete are not in the guest library: define them"),
    "_Z": "a C++ name that no source defines; the guest's libc++ has no exceptions, run-time types or threads",
}
"""The same for families of names; the first that fits counts."""

_USERS_SHOWN = 3


def undefined_error(missing: Sequence[str], wanted_by: Mapping[str, Sequence[str]]) -> CompileError:
    """One error for all undefined names, each with who refers to it and a hint where we know one."""
    lines = []
    for name in missing:
        users = list(dict.fromkeys(wanted_by[name]))
        shown = ", ".join(printable(user) for user in users[:_USERS_SHOWN])
        more = f" and {len(users) - _USERS_SHOWN} more" if len(users) > _USERS_SHOWN else ""
        hint = HINTS.get(name) or next((text for start, text in HINTS_BY_PREFIX.items() if name.startswith(start)), "")
        remark = f" ({hint})" if hint else ""
        lines.append(f"undefined: {printable(name)}, needed by {shown}{more}{remark}")
    summary = lines[0] if len(lines) == 1 else f"{len(lines)} undefined names: " + ", ".join(map(printable, missing))
    return CompileError(summary, "\n".join(lines))
