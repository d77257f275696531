"""A client that uses all that ``motte`` exports, as people write it; checked, never run.

Strict type checkers read this file as they read the code of users: whatever they cannot follow there, they say here.
"""

# pyright: strict

import asyncio
from collections.abc import Iterable
from ctypes import Structure, c_int
from pathlib import Path

import motte


class Point(Structure):
    """What a guest's function is given a pointer to."""

    _fields_ = (("x", c_int), ("y", c_int))


# --- programs and processes -------------------------------------------------------------------------------------------


def run_programs() -> int:
    """From the shortest way to one's own machine."""
    done: motte.Completed = motte.run("filter.c", ["-v"], stdin=b"text", memory="64MiB", time="2s")
    if done.fault is not None:
        fault: motte.Fault = done.fault
        frames: tuple[motte.Frame, ...] = fault.backtrace
        kind: motte.FaultKind = fault.kind
        print(kind, fault.text, len(frames))
    options = motte.BuildOptions(debug=True, define=["X=1"], include=[Path("include")])
    with motte.Machine(memory="1GiB", workers=2) as machine:
        program: motte.Program = machine.load("filter.c", options)
        verdict: motte.Verdict = program.verdict
        violations: tuple[motte.Violation, ...] = verdict.violations
        statistics: motte.MachineStatistics = machine.statistics()
        with machine.spawn(program, ["a"], stdout=motte.CAPTURE, stderr=motte.STDOUT, stdin=motte.PIPE) as process:
            writer: motte.Writer | None = process.stdin if isinstance(process.stdin, motte.Writer) else None
            if writer is not None:
                writer.write(b"line\n")
            end: motte.Exit = process.wait(timeout="1s")
            usage: motte.Usage = end.usage
            report: motte.Report = process.report()
            memory: motte.Memory = process.memory
            reason: motte.ExitReason | None = process.exit_reason
            print(report, memory.read(0x1000, 16), reason, usage.cpu_time + usage.wall_time, end.reason)
        print(violations, statistics.processes, motte.__version__)
        return 0 if end.reason is motte.StopReason.EXITED else 1


async def run_in_loop(machine: motte.Machine, program: motte.Program) -> bytes:
    """Waiting without holding up anybody."""
    done: motte.Completed = await motte.run_async("filter.c", stdout=motte.DISCARD)
    async with machine.spawn(program, stdin=motte.PIPE, stdout=motte.PIPE) as process:
        end: motte.Exit = await process
        number: int = await process.call_async("add", 1, b=2, timeout=1.0)
    print(done.returncode, end, number)
    return done.stdout


# --- calls ------------------------------------------------------------------------------------------------------------


@motte.host_function
def log(level: motte.i32, text: motte.CString) -> motte.i32:
    """What a guest calls."""
    print(text)
    return level


@motte.host_function
def everything(  # noqa: PLR0917 (one of each type)
    a: motte.i8, b: motte.u8, c: motte.i16, d: motte.u16, e: motte.u32, f: motte.i64, g: motte.u64, h: motte.f32,
    at: motte.Pointer,
) -> motte.f64:  # fmt: skip
    """One parameter of each type."""
    return float(a + b + c + d + e + f + g + at) + h


@motte.sandboxed("checksum.c", memory="16MiB", time="1s")
def checksum(data: bytes, size: int) -> int:
    """The signature is this one's."""
    raise NotImplementedError


def call_functions(machine: motte.Machine, program: motte.Program) -> int:
    """Bound functions, and those of fresh processes."""
    granted: motte.HostFunction = log
    plugin = machine.spawn(program, start=False, grants={"log": granted, "everything": everything})
    add: motte.Function = plugin.function("add", "int add(int a, int b)")
    point, filled = Point(1, 2), bytearray(8)
    plugin.function("move")(motte.InOut(point), motte.Out(filled), timeout=1.0)
    try:
        result: int = add(a=1, b=2)
    except motte.GuestFault as error:
        fault_end: motte.Exit = error.end
        print(fault_end)
        raise
    with machine.pool(program, warm=4) as pool, motte.library("cjson.c", memory="64MiB") as library:
        statistics: motte.PoolStatistics = pool.statistics()
        used_pool: motte.Pool = pool
        used_library: motte.Library = library
        parse: motte.Function = library.cJSON_Parse
        print(statistics.ready, used_pool, used_library, parse("{}"))
    sandboxed: motte.Sandboxed[[bytes, int], int] = checksum
    digest: int = sandboxed(b"data", 4)
    return result + digest


async def call_in_loop(add: motte.Function) -> int:
    """Awaited calls keep their types where they have some."""
    digest: int = await checksum.call_async(b"data", size=4)
    one, other = await asyncio.gather(add.call_async(1, 2), add.call_async(a=1, b=2, timeout=2.0))
    return int(one) + int(other) + digest


# --- memory and time --------------------------------------------------------------------------------------------------


def pay(machine: motte.Machine, program: motte.Program) -> None:
    """Banks, meters, and what is kept with them."""
    bank: motte.SpaceBank = machine.bank.sub("64MiB", name="tenant")
    reduced: motte.SpaceBank = bank.reduce(motte.BankRestriction.NO_DESTROY)
    bank_statistics: motte.BankStatistics = bank.statistics()
    meter: motte.Meter = machine.meter.sub(weight=2, name="tenant")
    meter_statistics: motte.MeterStatistics = meter.statistics()
    constructor: motte.Constructor = machine.constructor(program)

    def keep(request: motte.BankRequest) -> bool:
        return request.size < request.bank.available if request.bank.available is not None else False

    bank.keeper = keep
    resources = motte.Resources(bank, meter)
    print(reduced, bank_statistics.used, meter_statistics.used, constructor, resources.bank)
    grants = {"random": motte.Seed(1), "timers": motte.HostService.TIMERS, "maker": constructor}
    machine.spawn(program, bank=bank, meter=meter, grants=grants).close()


def repair(fault: motte.KeptFault) -> motte.Resume | motte.Skip | motte.Kill | motte.Later:
    """All that a keeper can answer."""
    if fault.in_call:
        return motte.Later()
    if fault.address is None:
        return motte.Skip()
    return motte.Kill() if fault.region_size is None else fault.supply(bytes(4096))


def keep(machine: motte.Machine, program: motte.Program) -> None:
    """A process that is kept, with a region of its own."""
    region = motte.Region(0x7000_0000, "1MiB", repair)
    machine.spawn(program, keeper=repair, regions=[region]).close()


# --- messages ---------------------------------------------------------------------------------------------------------


def send(machine: motte.Machine, contract: motte.Contract) -> bytes:
    """Channels, what is sent through them, and what is agreed on."""
    sender, receiver = machine.channel(capacity=4)
    to: motte.Sender = sender
    source: motte.Receiver = motte.select([receiver], timeout="1s")
    message: motte.Message = source.receive()
    reply: motte.ReplyCapability = message.take_reply()
    capability: motte.Capability = to.restrict(motte.Right.SEND)
    kind: motte.CapabilityKind = capability.kind
    block: motte.Block = machine.exchange.allocate("1MiB")
    exchange: motte.Exchange = machine.exchange
    capacity: motte.ContractCapacity = contract.capacity("client")
    print(reply, kind, block, exchange, capacity.messages, motte.ContractMessage("!", size=8))
    return message.data


def agree(machine: motte.Machine) -> motte.ConversationEnd:
    """A contract, and a conversation under it."""
    try:
        contract = motte.Contract(
            messages={"ask": "!", "answer": motte.ContractMessage("?", size=8)},
            states={"idle": {"ask": "asked"}, "asked": {"answer": "idle"}},
            initial="idle",
            final=["idle"],
        )
    except motte.BadContract as error:
        print(error)
        raise
    client, server = machine.conversation(contract)
    try:
        client.send("ask")
    except motte.ContractViolation:
        server.close()
    forwarder: motte.Forwarder = machine.forwarder(client)
    forwarder.cut()
    return client


async def select_in_loop(receivers: list[motte.Receiver]) -> motte.Receiver:
    """The one that has something."""
    return await motte.select_async(receivers, timeout=1.0)


# --- who watches whom -------------------------------------------------------------------------------------------------


def supervise(machine: motte.Machine, program: motte.Program) -> None:
    """Links, monitors, supervisors."""
    observer: motte.Observer = machine.observer("me")
    process: motte.Process = machine.spawn(program)

    def down(told: motte.Down) -> None:
        print(told.reason, told.exit)

    monitor: motte.Monitor = process.monitor(down)
    with motte.Supervisor(machine, [motte.Child("one", program)]) as supervisor:
        statuses: Iterable[motte.ChildStatus] = supervisor.children()
        statistics: motte.SupervisorStatistics = supervisor.statistics()
        print([status.id for status in statuses], statistics.active)
    monitor.cancel()
    observer.end(motte.ExitReason.NORMAL)
    process.close()


def handle(signal: motte.ExitSignal) -> str:
    """What an observer receives."""
    return str(signal.reason)


# --- what can be seen -------------------------------------------------------------------------------------------------


def watch(machine: motte.Machine, path: Path) -> list[str]:
    """Events, traces, the whole at one moment."""
    overview: motte.Overview = machine.overview()
    recording: motte.Recording = machine.record(path)
    recording.close()
    seen: list[str] = []
    with machine.trace() as trace:
        used: motte.Trace = trace
        records: list[motte.TraceRecord] = used.take()
        seen += [record.kind.name for record in records if record.kind is not motte.TraceKind.LENT]
    return [*seen, str(overview)]


async def follow(machine: motte.Machine) -> motte.TraceRecord | None:
    """Records as they come."""
    events: motte.TraceEvents = machine.events()
    async for record in events:
        return record
    return None


# --- files and streams ------------------------------------------------------------------------------------------------


def keep_files(machine: motte.Machine, program: motte.Program) -> dict[str, bytes]:
    """Directories of the host and of memory."""
    tree = motte.FileTree({"a.txt": b"text"}, limit="1MiB")
    directories: list[motte.Directory] = [motte.Directory("data", "/data", read_only=True), tree.at("/tree")]
    machine.spawn(program, directories=directories, stdout=motte.lines(print)).close()
    process = machine.spawn(program, stdout=motte.PIPE)
    if isinstance(process.stdout, motte.Reader):
        reader: motte.Reader = process.stdout
        line: bytes = reader.readline()
        print(line)
    return tree.files()


async def talk(reader: motte.AsyncReader, writer: motte.AsyncWriter) -> list[bytes]:
    """A process's pipes in a loop."""
    await writer.write(b"question\n")
    return [line async for line in reader]


# --- what can go wrong ------------------------------------------------------------------------------------------------


def explain(error: motte.MotteError) -> str:  # noqa: PLR0911 (one for each family)
    """Every exception is of one family."""
    match error:
        case motte.CompileError():
            return error.diagnostics
        case motte.Refused():
            return str(error.verdict)
        case motte.LimitReached():
            return str(error.bank)
        case motte.Timeout() | motte.Exited() | motte.Closed() | motte.BadState() | motte.Unsupported():
            return "later"
        case motte.InvalidCap() | motte.NoAccess() | motte.NotOwner() | motte.PeerClosed() | motte.Full():
            return "not this way"
        case motte.Sealed() | motte.TooDeep() | motte.UnknownRequest() | motte.RequestError() | motte.KeeperCycle():
            return "not at all"
        case motte.InternalError():
            return "never"
        case _:
            return str(error)


def launch(machine: motte.Machine, bitcode: bytes) -> motte.Program:
    """Programs that guests bring."""
    with machine.launcher(size="1MiB") as launcher:
        used: motte.Launcher = launcher
        return used.load(bitcode)
