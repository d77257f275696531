"""Checked casts: integers that become pointers are tested, at the cast or at the first use.

The problem: C makes pointers out of integers, and a wrong integer is noticed late or never: the window hides its
upper half, and its lower half may hit somebody else's memory.  Honest programs make bad pointers as well,
``(void *)-1`` or a number as a callback's argument, and never use them; so a test at the cast can come too early.

What fails.  Testing what is left *after* optimisation: LLVM folds ``inttoptr(ptrtoint p)``, makes conversions of
its own out of unions and copies, and runs casts that the program did not reach (they have no side effect); and
it loses their source lines.  Testing everything *before*: who dereferences what is known only once locals are
in registers and small functions are inlined.

The answer, in two steps around the optimiser.

* Before it, each conversion that the front end wrote becomes a call of an unknown function, the *marker*, which
  the optimiser can neither drop, move, merge nor speculate, and whose call keeps its line (:mod:`.marking`).
* After it, the calls mean something.  In mode ``cast`` the marker's body is the test.  In mode ``use`` the
  marker is a plain conversion, and the test stands in front of loads, stores, block operations and calls
  whose pointer derives from it (:mod:`.derivation`); it is about the integer that was cast, not about the
  address that is touched, and carries the cast's line (:mod:`.uses`).

A program without such conversions is not changed in any stage.
"""

from motte.compiler.checked_casts.expansion import expand_checks
from motte.compiler.checked_casts.marking import mark_casts

__all__ = ["expand_checks", "mark_casts"]
