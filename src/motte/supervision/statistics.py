"""What a supervisor says of itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SupervisorStatistics:
    """A supervisor at one moment.

    For example:

        print(supervisor.statistics().restarts)
    """

    children: int
    active: int
    """Children that live; the others have ended in order, or wait for another try to start them."""

    supervisors: int
    """Of the active ones."""

    restarts: int
    """Starts, of any child, after the first one."""
