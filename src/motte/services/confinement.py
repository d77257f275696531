"""What the products of a recipe could talk to.

Deny by default.  What is not known to be harmless is a way out: a channel, of course; a meter or a bank, whose figures
others can see; a launcher, whose cache is faster for what somebody has compiled before; a capability that can be
redirected later.  A program is harmless, and so is a sealed recipe without ways out of its own: neither can be changed
by who uses it.  Nor does anybody learn who looks at a clock, or draws random numbers: how far one has come in the
numbers of a seed is known to oneself alone.

Recipes may contain one another, in circles too, and there may be many of them: each is looked at once.
"""

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from motte.services.constructor import ConstructorService
from motte.services.program import ProgramService

if TYPE_CHECKING:
    from motte.constructor import Constructor
    from motte.core import Capability
    from motte.services.server import Server

KEEPER_HOLE: Final = "(keeper)"
"""What the keeper is called, who sees everything that a product does."""

_OUTSIDE: Final = "outside"


def holes_of(server: "Server", constructor: "Constructor") -> tuple[str, ...]:
    """The names of the ways out."""
    leads: dict[Constructor, dict[str, Constructor | str | None]] = {}
    contained_in: defaultdict[Constructor | str, list[Constructor]] = defaultdict(list)
    pending = [constructor]
    while pending:
        recipe = pending.pop()
        if recipe in leads:
            continue
        leads[recipe] = _leads(server, recipe)
        for lead in leads[recipe].values():
            if lead is not None:
                contained_in[lead].append(recipe)
                if not isinstance(lead, str):
                    pending.append(lead)
    leaky: set[Constructor | str] = set()
    reached: list[Constructor | str] = [_OUTSIDE]
    while reached:
        place = reached.pop()
        if place not in leaky:
            leaky.add(place)
            reached += contained_in[place]
    return tuple(name for name, lead in leads[constructor].items() if lead in leaky)


def _leads(server: "Server", recipe: "Constructor") -> "dict[str, Constructor | str | None]":
    """Where each capability of a recipe leads: outside, to another recipe, or nowhere."""
    ingredients, kept = recipe.contents()
    leads = {name: _lead(server, capability) for name, capability in ingredients}
    return {**leads, KEEPER_HOLE: _OUTSIDE} if kept else leads


def _lead(server: "Server", capability: "Capability") -> "Constructor | str | None":
    if server.population.is_source(capability):
        return None
    served = server.served_by(capability)
    if isinstance(served, ProgramService):
        return None
    if isinstance(served, ConstructorService) and served.constructor.sealed:
        return served.constructor
    return _OUTSIDE
