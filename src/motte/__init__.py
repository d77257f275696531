"""Motte: a secure virtual machine for LLVM code, at native speed and under hard limits.

    import motte
    done = motte.run("wordcount.c", ["-l"], stdin=b"a\\nb\\n", memory="16MiB", time=2.0)
    done.returncode, done.stdout, done.stderr, done.fault, done.usage

    with motte.Machine(memory="1GiB") as machine:
        program = machine.load("filter.c")
        with machine.spawn(program, ["x"], stdin=b"…") as process:
            exit = process.wait(timeout=5)                    # or: exit = await process

Every name that users need is here, and only here, but for the ready keepers (``motte.keepers``) and what makes
schedules and supervisors testable (``motte.testing``).  Other modules are the package's own.

  one run       run run_async Completed BuildOptions Directory FileTree Seed
  streams       CAPTURE DISCARD PIPE STDOUT lines Reader Writer AsyncReader AsyncWriter
  machines      Machine MachineStatistics Overview Program Process Memory Pool PoolStatistics
  calls         library Library sandboxed Sandboxed Function InOut Out host_function HostFunction CString Pointer
                i8 i16 i32 i64 u8 u16 u32 u64 f32 f64
  ends          Exit StopReason Fault FaultKind Frame Usage Report ExitReason
  memory        SpaceBank BankStatistics BankRestriction BankRequest Resources
  time          Meter MeterStatistics
  keepers       KeptFault Region Resume Skip Kill Later
  links         Monitor Down ExitSignal Observer Supervisor Child ChildStatus SupervisorStatistics
  messages      Capability CapabilityKind Right Sender Receiver ReplyCapability Message Forwarder select select_async
  contracts     Contract ContractMessage ContractCapacity ConversationEnd
  blocks        Exchange Block
  services      HostService Launcher Constructor
  verification  Verdict Violation
  traces        Trace TraceEvents TraceKind TraceRecord Recording
  errors        MotteError; CompileError Refused Unsupported InternalError Closed BadState BadContract InvalidCap
                NoAccess UnknownRequest RequestError LimitReached Full Timeout PeerClosed ContractViolation NotOwner
                Sealed KeeperCycle TooDeep Exited GuestFault

Each is loaded when it is first used, because a command that runs a cached program has a few milliseconds for all its
imports.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from motte.abi.capabilities import CapabilityKind, Right
    from motte.abi.faults import FaultKind, StopReason
    from motte.async_pipes import AsyncReader, AsyncWriter
    from motte.bank import SpaceBank
    from motte.bank_terms import BankRequest, BankRestriction, BankStatistics
    from motte.build_options import BuildOptions
    from motte.capability import Capability
    from motte.channel import Receiver, Sender, select, select_async
    from motte.completed import Completed
    from motte.constructor import Constructor
    from motte.contract import Contract
    from motte.contract_terms import ContractCapacity, ContractMessage
    from motte.conversation import ConversationEnd
    from motte.core import Function, InOut, Out
    from motte.directories import Directory
    from motte.errors import (
        BadContract,
        BadState,
        Closed,
        CompileError,
        ContractViolation,
        Exited,
        Full,
        GuestFault,
        InternalError,
        InvalidCap,
        KeeperCycle,
        LimitReached,
        MotteError,
        NoAccess,
        NotOwner,
        PeerClosed,
        Refused,
        RequestError,
        Sealed,
        Timeout,
        TooDeep,
        UnknownRequest,
        Unsupported,
    )
    from motte.exchange import Block, Exchange
    from motte.exit import Exit, Fault, Usage
    from motte.exit_reason import ExitReason
    from motte.file_tree import FileTree
    from motte.forwarder import Forwarder
    from motte.frame import Frame
    from motte.host_functions import (
        CString,
        HostFunction,
        Pointer,
        f32,
        f64,
        host_function,
        i8,
        i16,
        i32,
        i64,
        u8,
        u16,
        u32,
        u64,
    )
    from motte.keeper import KeptFault, Kill, Later, Region, Resume, Skip
    from motte.launcher import Launcher
    from motte.libraries import Library, library
    from motte.linked import Down, Monitor
    from motte.links import ExitSignal
    from motte.machine import Machine, MachineStatistics
    from motte.message import Message, ReplyCapability
    from motte.meter import Meter, MeterStatistics
    from motte.observer import Observer
    from motte.overview import Overview
    from motte.pipes import Reader, Writer
    from motte.pool import Pool, PoolStatistics
    from motte.process import Process
    from motte.process_memory import Memory
    from motte.program import Program
    from motte.report import Report
    from motte.resources import Resources
    from motte.running import run, run_async
    from motte.sandboxing import Sandboxed, sandboxed
    from motte.services.offering import HostService
    from motte.stream_pumps import lines
    from motte.streams import CAPTURE, DISCARD, PIPE, STDOUT
    from motte.supervision import Child, ChildStatus, Supervisor, SupervisorStatistics
    from motte.time_and_chance import Seed
    from motte.trace import Trace, TraceKind, TraceRecord
    from motte.trace_events import TraceEvents
    from motte.verifier import Verdict, Violation
    from motte.watching import Recording

__version__ = "0.1.0"

__all__ = [
    "CAPTURE",
    "DISCARD",
    "PIPE",
    "STDOUT",
    "AsyncReader",
    "AsyncWriter",
    "BadContract",
    "BadState",
    "BankRequest",
    "BankRestriction",
    "BankStatistics",
    "Block",
    "BuildOptions",
    "CString",
    "Capability",
    "CapabilityKind",
    "Child",
    "ChildStatus",
    "Closed",
    "CompileError",
    "Completed",
    "Constructor",
    "Contract",
    "ContractCapacity",
    "ContractMessage",
    "ContractViolation",
    "ConversationEnd",
    "Directory",
    "Down",
    "Exchange",
    "Exit",
    "ExitReason",
    "ExitSignal",
    "Exited",
    "Fault",
    "FaultKind",
    "FileTree",
    "Forwarder",
    "Frame",
    "Full",
    "Function",
    "GuestFault",
    "HostFunction",
    "HostService",
    "InOut",
    "InternalError",
    "InvalidCap",
    "KeeperCycle",
    "KeptFault",
    "Kill",
    "Later",
    "Launcher",
    "Library",
    "LimitReached",
    "Machine",
    "MachineStatistics",
    "Memory",
    "Message",
    "Meter",
    "MeterStatistics",
    "Monitor",
    "MotteError",
    "NoAccess",
    "NotOwner",
    "Observer",
    "Out",
    "Overview",
    "PeerClosed",
    "Pointer",
    "Pool",
    "PoolStatistics",
    "Process",
    "Program",
    "Reader",
    "Receiver",
    "Recording",
    "Refused",
    "Region",
    "ReplyCapability",
    "Report",
    "RequestError",
    "Resources",
    "Resume",
    "Right",
    "Sandboxed",
    "Sealed",
    "Seed",
    "Sender",
    "Skip",
    "SpaceBank",
    "StopReason",
    "Supervisor",
    "SupervisorStatistics",
    "Timeout",
    "TooDeep",
    "Trace",
    "TraceEvents",
    "TraceKind",
    "TraceRecord",
    "UnknownRequest",
    "Unsupported",
    "Usage",
    "Verdict",
    "Violation",
    "Writer",
    "__version__",
    "f32",
    "f64",
    "host_function",
    "i8",
    "i16",
    "i32",
    "i64",
    "library",
    "lines",
    "run",
    "run_async",
    "sandboxed",
    "select",
    "select_async",
    "u8",
    "u16",
    "u32",
    "u64",
]

_NAMES_BY_MODULE = {
    "motte.abi.capabilities": ("CapabilityKind", "Right"),
    "motte.abi.faults": ("FaultKind", "StopReason"),
    "motte.async_pipes": ("AsyncReader", "AsyncWriter"),
    "motte.bank": ("SpaceBank",),
    "motte.bank_terms": ("BankRequest", "BankRestriction", "BankStatistics"),
    "motte.build_options": ("BuildOptions",),
    "motte.capability": ("Capability",),
    "motte.channel": ("Receiver", "Sender", "select", "select_async"),
    "motte.completed": ("Completed",),
    "motte.constructor": ("Constructor",),
    "motte.contract": ("Contract",),
    "motte.contract_terms": ("ContractCapacity", "ContractMessage"),
    "motte.conversation": ("ConversationEnd",),
    "motte.core": ("Function", "InOut", "Out"),
    "motte.directories": ("Directory",),
    "motte.errors": (
        "BadContract",
        "BadState",
        "Closed",
        "CompileError",
        "ContractViolation",
        "Exited",
        "Full",
        "GuestFault",
        "InternalError",
        "InvalidCap",
        "KeeperCycle",
        "LimitReached",
        "MotteError",
        "NoAccess",
        "NotOwner",
        "PeerClosed",
        "Refused",
        "RequestError",
        "Sealed",
        "Timeout",
        "TooDeep",
        "UnknownRequest",
        "Unsupported",
    ),
    "motte.exchange": ("Block", "Exchange"),
    "motte.file_tree": ("FileTree",),
    "motte.forwarder": ("Forwarder",),
    "motte.exit": ("Exit", "Fault", "Usage"),
    "motte.frame": ("Frame",),
    "motte.exit_reason": ("ExitReason",),
    "motte.host_functions": (
        "CString",
        "HostFunction",
        "Pointer",
        "f32",
        "f64",
        "host_function",
        "i8",
        "i16",
        "i32",
        "i64",
        "u8",
        "u16",
        "u32",
        "u64",
    ),
    "motte.keeper": (
        "KeptFault",
        "Kill",
        "Later",
        "Region",
        "Resume",
        "Skip",
    ),
    "motte.launcher": ("Launcher",),
    "motte.libraries": ("Library", "library"),
    "motte.linked": ("Down", "Monitor"),
    "motte.links": ("ExitSignal",),
    "motte.meter": (
        "Meter",
        "MeterStatistics",
    ),
    "motte.machine": ("Machine", "MachineStatistics"),
    "motte.message": ("Message", "ReplyCapability"),
    "motte.observer": ("Observer",),
    "motte.overview": ("Overview",),
    "motte.pipes": ("Reader", "Writer"),
    "motte.pool": ("Pool", "PoolStatistics"),
    "motte.process": ("Process",),
    "motte.process_memory": ("Memory",),
    "motte.program": ("Program",),
    "motte.report": ("Report",),
    "motte.resources": ("Resources",),
    "motte.running": ("run", "run_async"),
    "motte.sandboxing": ("Sandboxed", "sandboxed"),
    "motte.services.offering": ("HostService",),
    "motte.stream_pumps": ("lines",),
    "motte.streams": ("CAPTURE", "DISCARD", "PIPE", "STDOUT"),
    "motte.time_and_chance": ("Seed",),
    "motte.supervision": ("Child", "ChildStatus", "Supervisor", "SupervisorStatistics"),
    "motte.trace": ("Trace", "TraceKind", "TraceRecord"),
    "motte.trace_events": ("TraceEvents",),
    "motte.verifier": ("Verdict", "Violation"),
    "motte.watching": ("Recording",),
}

_HOME = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it."""
    if name not in _HOME:
        raise AttributeError(f"module 'motte' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
