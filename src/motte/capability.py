"""Capabilities: who may do what with which object.

A capability leads to one object of a machine (an end of a channel, a service, somebody who waits for an answer) and
says what its holder may do with it.  Guests hold them by number, in tables of the core's; Python holds them as objects
of these classes.  A process has those that it was granted, and those that came to it in messages: nothing else.

Rights only shrink: :meth:`Capability.restrict` makes a copy that can do less, and whatever was given away can be made
invalid for all its holders at once (:meth:`Capability.revoke`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, Final, Self, TypeVar

from motte.abi.capabilities import GRANT_NAME, CapabilityKind, Right
from motte.errors import InvalidCap
from motte.expected import expect
from motte.unique import Unique

if TYPE_CHECKING:
    from types import TracebackType

    from motte.core import Capability as CoreCapability
    from motte.exchange import Block
    from motte.host_functions import HostFunction
    from motte.population import Population

_ALL_RIGHTS: Final = (1 << 32) - 1


class Capability(Unique):
    """A capability that Python code holds; made by :meth:`motte.Machine.channel`, or received in a message.

        sender, receiver = machine.channel()
        process = machine.spawn(program, grants={"log": sender})
        sender.revoke()                              # it leads nowhere any more, wherever it has gone

    Two are equal if they lead to the same object, whatever they may do with it.  Safe to use from several threads.  It
    is a context manager: leaving it closes it.

    Operations raise ``InvalidCap`` once it was revoked, used up, or what it leads to is gone; ``NoAccess`` for what it
    does not allow; ``Closed`` after ``close()``, or once it has moved away in a message.
    """

    __slots__ = ("__weakref__", "core")

    _by_kind: ClassVar[dict[CapabilityKind, type["Capability"]]] = {}

    def __init__(self, core: "CoreCapability") -> None:
        """For the package: takes over what the core holds."""
        self.core = core

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def kind(self) -> CapabilityKind:
        """What it leads to."""
        return CapabilityKind(self.core.fields()[0])

    @property
    def rights(self) -> Right:
        """What it allows."""
        return Right(self.core.fields()[1])

    @property
    def badge(self) -> int:
        """The number that receivers see with every message sent with it; 0: none."""
        return self.core.fields()[2]

    @property
    def weak(self) -> bool:
        """Whether everything that is fetched through it is weak, too: to be looked at, and not to be changed."""
        return self.core.fields()[3]

    @property
    def valid(self) -> bool:
        """Whether it can be used now."""
        return self.core.fields()[4]

    # --- giving away -------------------------------------------------------------------------------------------------

    def copy(self) -> Self:
        """Another one that may do the same.  Raises ``NoAccess`` without the right ``COPY``."""
        return self.restrict()

    def restrict(self, rights: Right | int = _ALL_RIGHTS, *, badge: int = 0, weak: bool = False) -> Self:
        """A copy that may do what both this one and ``rights`` allow.

        ``badge`` marks it and all its copies, so that who receives can tell its clients apart: that needs the right
        ``BADGE``, which the copy has not any more.  With ``weak`` the copy is weak; of a weak one all copies are.
        """
        return type(self)(self.core.restrict(int(rights) & _ALL_RIGHTS, badge, weak))

    def check_grantable(self) -> None:
        """For the package: raises what a grant of it would."""
        self.copy().close()

    def revoke(self, badge: int | None = None) -> None:
        """Make all other capabilities to the same object invalid, whoever holds them; or all with this ``badge``.

        What was sent with them before arrives.  Needs the right ``REVOKE``.
        """
        if badge == 0:
            raise ValueError("badge: 0 stands for none; got 0")
        self.core.revoke(badge or 0)

    # --- the end -----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Give it up; harmless when repeated.  Threads that wait through it get ``InvalidCap``."""
        self.core.close()

    def __enter__(self) -> Self:
        """The capability itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        """Close."""
        self.close()

    def __eq__(self, other: object) -> bool:
        """Whether it leads to the same object."""
        return isinstance(other, Capability) and self.core.identity == other.core.identity

    def __hash__(self) -> int:
        """Of the object."""
        return hash(self.core.identity)

    def __repr__(self) -> str:
        """For people; never raises."""
        try:
            kind, rights, badge, weak, valid = self.core.fields()
        except Exception:
            return f"<{type(self).__name__} {self.core.identity}, closed>"
        words = [Right(rights).name or "nothing", *([f"badge {badge}"] if badge else []), *(["weak"] if weak else [])]
        state = "" if valid else ", invalid"
        return f"<{type(self).__name__} {self.core.identity} {CapabilityKind(kind).name}: {', '.join(words)}{state}>"


Class = TypeVar("Class", bound=type[Capability])


def represents(*kinds: CapabilityKind) -> Callable[[Class], Class]:
    """For the package: what is received of these kinds is an object of the decorated class."""

    def register(decorated: Class) -> Class:
        Capability._by_kind.update(dict.fromkeys(kinds, decorated))
        return decorated

    return register


def capability_of(core: "CoreCapability") -> Capability:
    """For the package: what the core holds, as an object of the class that its kind has."""
    kind = CapabilityKind(core.fields()[0])
    return Capability._by_kind.get(kind, Capability)(core)


def cores_of(capabilities: Iterable[Capability], blocks: "Iterable[Block]" = ()) -> "tuple[CoreCapability, ...]":
    """For the package: what is given to the core, the blocks last.  Raises ``TypeError`` for anything else."""
    found, moving = tuple(capabilities), tuple(blocks)
    if not found and not moving:
        return ()
    from motte.exchange import Block

    for each in found:
        if not isinstance(each, Capability) or isinstance(each, Block):
            raise TypeError(f"capabilities: expected objects of motte.Capability; got {type(each).__name__}")
    for each in moving:
        if not isinstance(each, Block):
            raise TypeError(f"blocks: expected objects of motte.Block; got {type(each).__name__}")
    if len({id(each) for each in moving if not each.frozen}) < sum(not each.frozen for each in moving):
        raise InvalidCap("blocks: one of them is there twice, and can go once only")
    return (*(each.core for each in found), *(each.to_be_sent() for each in moving))


Grants = tuple[tuple[str, "CoreCapability"], ...]
"""As the core takes them."""

ProcessGrants = tuple[tuple[str, "CoreCapability | HostFunction"], ...]
"""With functions of the host, which only a process that the host makes can have."""


def checked_process_grants(grants: Mapping[str, object], population: "Population") -> ProcessGrants:
    """The same as :func:`checked_grants`, and functions of the host."""
    from motte.host_functions import HostFunction

    expect("grants", grants, Mapping)
    functions = {name: value for name, value in grants.items() if isinstance(value, HostFunction)}
    check_names(functions)
    others = {name: value for name, value in grants.items() if name not in functions}
    return (*checked_grants(others, population), *functions.items())


def check_names(grants: Mapping[str, object]) -> None:
    """Raises ``TypeError`` and ``ValueError`` for names that nothing can be granted by."""
    expect("grants", grants, Mapping)
    for name in grants:
        if not isinstance(name, str):
            raise TypeError(f"grants: a name is a str; got {type(name).__name__}")
        if not 0 < len(name.encode()) < GRANT_NAME or "\0" in name:
            raise ValueError(f"grants: a name has 1 to {GRANT_NAME - 1} bytes, none of them NUL; got {name!r}")


def checked_grants(grants: Mapping[str, object], population: "Population") -> Grants:
    """For a process of this machine: names, and capabilities to what they stand for.

    Raises ``TypeError``, ``ValueError``, ``Closed``, ``InvalidCap`` and ``NoAccess``, before anything is made.
    """
    check_names(grants)
    return tuple((name, _granted(name, value, population)) for name, value in grants.items())


def _granted(name: str, value: object, population: "Population") -> "CoreCapability":
    if isinstance(value, Capability):
        if not population.is_of_this_machine(value.core):
            raise ValueError(f"grants: {name!r} is a capability of another machine")
        value.check_grantable()
        return value.core
    from motte.services.offering import capability_of as capability_of_object

    offered = capability_of_object(population.services, value)
    if offered is None:
        raise TypeError(f"grants: {name!r} is nothing that a process can be granted: {type(value).__name__}")
    return offered
