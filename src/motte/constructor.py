"""Constructors: sealed recipes for processes, as KeyKOS and EROS have them.

A recipe is a program, the capabilities that each of its products begins with, and a keeper.  Once it is sealed nobody
can change it, not even who made it.  So whoever wants a product can ask beforehand what its products could reach
(:meth:`Constructor.holes`), without trusting the maker and without showing the product anything: if there are no holes,
all that a product could ever tell anybody goes through what its client hands to it.

A product runs wholly on its client's bank and meter.
"""

import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from motte.abi.limits import DEFAULT_LIMITS
from motte.bank import SpaceBank
from motte.capability import checked_grants
from motte.errors import LimitReached, Sealed
from motte.initial_strings import argument_strings, environment_strings
from motte.keeping import keeping_of
from motte.process_making import make_process, start_process
from motte.run_limits import run_limits
from motte.streams import CAPTURE, streams_of

if TYPE_CHECKING:
    from motte.bank_tree import Account
    from motte.capability import Grants
    from motte.core import Capability as CoreCapability
    from motte.initial_strings import Argument
    from motte.keeper import Keeper
    from motte.meter import Meter
    from motte.population import Population
    from motte.process import Process
    from motte.program import Program
    from motte.quantities import Duration
    from motte.streams import Input, Output

INGREDIENTS_LIMIT: Final = 64
"""Capabilities in one recipe, at most."""

_ALL_RIGHTS: Final = (1 << 32) - 1


class Constructor:
    """A recipe; made by ``Machine.constructor``.  Safe to use from several threads."""

    def __init__(self, population: "Population", program: "Program") -> None:
        """Of ``program``, with nothing in it."""
        self._population = population
        self.program = program
        self._lock = threading.Lock()
        self._ingredients: dict[str, CoreCapability] = {}
        self._keeper: Keeper | None = None
        self._sealed = False
        self._products: weakref.WeakSet[Process] = weakref.WeakSet()

    # --- the maker's part --------------------------------------------------------------------------------------------

    def insert(self, name: str, granted: object) -> None:
        """Each product will find a copy of this by ``name``: whatever could be granted to a process.

        Raises ``Sealed``, ``ValueError`` for a name that is there or that no grant can have, ``TypeError`` for what
        cannot be granted, ``LimitReached`` beyond 64.
        """
        ((_, capability),) = checked_grants({name: granted}, self._population)
        self.insert_core(name, capability)

    def insert_core(self, name: str, capability: "CoreCapability") -> None:
        """For the package: the same for what the core holds."""
        copy = capability.restrict(_ALL_RIGHTS, 0, False)
        with self._changing():
            if name in self._ingredients:
                raise ValueError(f"insert: {name!r} is there already")
            if len(self._ingredients) >= INGREDIENTS_LIMIT:
                raise LimitReached(f"a recipe has {INGREDIENTS_LIMIT} capabilities at most")
            self._ingredients[name] = copy

    def keep(self, keeper: "Keeper | None") -> None:
        """Who is asked about faults of the products.  Raises ``Sealed`` and ``TypeError``."""
        keeping_of(keeper, ())
        with self._changing():
            self._keeper = keeper

    def seal(self) -> None:
        """From now on it stays as it is; harmless when repeated."""
        with self._lock:
            self._sealed = True

    # --- the client's part -------------------------------------------------------------------------------------------

    @property
    def sealed(self) -> bool:
        """Whether it stays as it is."""
        return self._sealed

    def holes(self) -> tuple[str, ...]:
        """The names of what products could use to talk to anybody but their client; the keeper's is ``(keeper)``.

        A program is none, nor is a sealed constructor without holes: neither can be changed by who uses it.  Everything
        else is: this host does not know what becomes of a message.  Of one that is not sealed, it is what there is now.
        """
        from motte.services.confinement import holes_of

        return holes_of(self._population.services, self)

    def is_confined(self) -> bool:
        """Whether it is sealed, and there are no holes."""
        return self._sealed and not self.holes()

    def create(
        self,
        args: "Iterable[Argument]" = (),
        *,
        bank: SpaceBank,
        meter: "Meter",
        env: "Mapping[str, str] | None" = None,
        grants: "Mapping[str, object] | None" = None,
        start: bool = True,
        stdin: "Input" = None,
        stdout: "Output" = CAPTURE,
        stderr: "Output" = CAPTURE,
        time: "Duration" = DEFAULT_LIMITS.cpu_time,
    ) -> "Process":
        """A product, which draws from a bank of its own below ``bank``, and uses ``meter``.

        It finds what is in the recipe, and ``grants``, under names that the recipe does not use.  If anything fails,
        its bank is destroyed with all that was bought from it: the client's has what it had.  Otherwise as
        ``Machine.spawn``; raises ``Sealed`` if the recipe is *not* sealed: nobody knows yet what it makes.
        """
        population = self._population
        granted = self.with_recipe(checked_grants(grants, population) if grants else ())
        arguments = argument_strings(self.program.argument, args)
        environment = environment_strings(env) if env else ()
        meter = population.own_meter(meter)

        def make(account: "Account") -> "Process":
            limits = run_limits(
                memory=account.effective_limit,
                time=time,
                extra_time=None,
                wall_time=None,
                stack=DEFAULT_LIMITS.native_stack,
                data_stack=DEFAULT_LIMITS.data_stack,
                output_limit=DEFAULT_LIMITS.output,
                open_files=DEFAULT_LIMITS.open_files,
                backtrace=DEFAULT_LIMITS.backtrace,
                processes=DEFAULT_LIMITS.processes,
                isolation=population.isolation,
            )
            streams = streams_of(population.scheduler, stdin, stdout, stderr)
            keeping = keeping_of(self._keeper, ())
            product = make_process(
                population, account, meter, self.program, limits, keeping, arguments, environment, streams, (), granted
            )
            if start:
                start_process(product)
            return product

        return self.made(bank.account_to_draw_from(population.banks), make)

    def verify(self, process: object) -> bool:
        """Whether it is a product of this constructor: of nothing else is it true."""
        return process in self._products

    # --- parts -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with self._lock:
            if self._sealed:
                raise Sealed("the constructor is sealed")
            yield

    # --- for the package ---------------------------------------------------------------------------------------------

    def contents(self) -> "tuple[Grants, bool]":
        """What is in it, and whether there is a keeper."""
        with self._lock:
            return tuple(self._ingredients.items()), self._keeper is not None

    @property
    def keeper(self) -> "Keeper | None":
        """Who is asked about faults of the products."""
        return self._keeper

    def with_recipe(self, grants: "Grants") -> "Grants":
        """What a product finds.  Raises ``ValueError`` for a name that is in the recipe, too, and ``Sealed``."""
        with self._lock:
            if not self._sealed:
                raise Sealed("a constructor makes nothing before it is sealed")
            for name, _ in grants:
                if name in self._ingredients:
                    raise ValueError(f"grants: {name!r} is in the recipe")
            return (*self._ingredients.items(), *grants)

    def made(self, account: "Account", make: "Callable[[Account], Process]") -> "Process":
        """A product in a bank of its own, which ends with it, or if ``make`` fails."""
        banks = self._population.banks
        own = banks.sub(account, None, None, private=True)
        try:
            product = make(own)
        except BaseException:
            banks.discard_private(own)
            raise
        self._products.add(product)
        return product
