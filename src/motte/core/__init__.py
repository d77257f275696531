"""The only door to C: thin typed objects over ``motte.core._core``.

Reading order: :class:`CodeRegion` (where code is verified and becomes executable), :class:`Image` (the
window that its processes begin with), :class:`Process` (one run of it), :class:`Bank` (what pays for its
pages), :class:`Scheduler` and :class:`Meter` (who runs it, and how long), :class:`Trace` (what the
scheduler did), ``records`` (what is told about processes).

Sizes are bytes unless a name says pages; times are nanoseconds.  Importing this package reserves the
addresses for code and installs signal handlers; it never fails on a host that cannot run guests.
There, ``host_features()["problem"]`` says why, and creating a region raises
:class:`motte.errors.Unsupported`.
"""

from motte.core._core import (
    NOWHERE,
    Bank,
    Capability,
    Completions,
    ContractAutomaton,
    Function,
    HostFunction,
    InOut,
    Meter,
    MeterSimulation,
    Out,
    Pipe,
    PrepaidMessage,
    Quota,
    Scheduler,
    Terms,
    Trace,
    Tree,
    Uses,
    begin_select,
    block,
    channel,
    conversation,
    host_features,
    select,
    service,
    source,
)
from motte.core.contract import ContractRefusal, MessageLimits, compile_contract
from motte.core.image import Image
from motte.core.process import Process, spawn, spawn_from
from motte.core.records import Answer, Ask, Event, HostFeatures, Question, Statistics, StopRecord
from motte.core.region import CodeRegion
from motte.core.verification import CoreVerdict, verify_claims

__all__ = [
    "NOWHERE",
    "Answer",
    "Ask",
    "Bank",
    "Capability",
    "CodeRegion",
    "Completions",
    "ContractAutomaton",
    "ContractRefusal",
    "CoreVerdict",
    "Event",
    "Function",
    "HostFeatures",
    "HostFunction",
    "Image",
    "InOut",
    "MessageLimits",
    "Meter",
    "MeterSimulation",
    "Out",
    "Pipe",
    "PrepaidMessage",
    "Process",
    "Question",
    "Quota",
    "Scheduler",
    "Statistics",
    "StopRecord",
    "Terms",
    "Trace",
    "Tree",
    "Uses",
    "begin_select",
    "block",
    "channel",
    "compile_contract",
    "conversation",
    "host_features",
    "select",
    "service",
    "source",
    "spawn",
    "spawn_from",
    "verify_claims",
]
