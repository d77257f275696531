"""Supervisors: processes that end are started again, by rules; Erlang/OTP's.

Reading order: ``child`` (what is started, and when again), ``decisions`` (the rules, as functions), ``family`` (the
children, started and stopped in order), ``supervisor`` (the thread that does it, and the methods that users call).
"""

from motte.supervision.child import Child, ChildStatus
from motte.supervision.statistics import SupervisorStatistics
from motte.supervision.supervisor import Supervisor

__all__ = ["Child", "ChildStatus", "Supervisor", "SupervisorStatistics"]
