"""Functions of Python's that guests call: what they get, return and raise, and how long they may take."""

import os
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import motte
from calls.conftest import LONG, Plugin


def twice(value: motte.i32) -> motte.i32:
    return 2 * value


@pytest.fixture(params=["call_twice", "call_late"], ids=["on the calling thread", "on a worker"])
def call(request: pytest.FixtureRequest) -> str:
    """The function that calls ``twice``: at once, or after the guest has gone on with a worker."""
    return str(request.param)


def test_a_guest_calls_a_function_of_python(plugin: Plugin, caller: motte.Program, call: str) -> None:
    seen = []

    def noting(value: motte.i32) -> motte.i32:
        seen.append((value, threading.get_ident()))
        return 2 * value

    assert plugin(caller, {"twice": noting}).function(call)(21) == 42
    assert seen == [(21, threading.get_ident())]


def test_every_type_arrives(plugin: Plugin, caller: motte.Program) -> None:
    seen: list[tuple[object, ...]] = []

    def many(  # noqa: PLR0917 (one of each type)
        a: motte.i8, b: motte.u8, c: motte.i16, d: motte.u16, e: motte.i32, f: motte.u32,
        g: motte.i64, h: motte.u64, i: motte.f32, j: motte.f64, k: bool, pointer: motte.Pointer,
    ) -> int:  # fmt: skip
        seen.append((a, b, c, d, e, f, g, h, i, j, k, pointer))
        return -(2**63)

    def multiply(a: motte.f32, b: float) -> float:
        return a * b

    def note(text: motte.CString) -> None:
        seen.append((text,))

    process = plugin(caller, {"many": many, "multiply": multiply, "note": note})
    assert process.function("call_many")() == -(2**63)
    assert process.function("call_multiply")(1.5, -2.0) == -3.0
    process.function("call_note")("grüß ☃")
    process.function("call_note")("x" * 10_000)
    process.function("call_note")(b"\xff")
    process.function("call_note")(None)
    assert seen == [
        (-1, 255, -2, 65535, -3, 4_000_000_000, -5, 2**63, 1.5, 2.5, True, 0x1234),
        ("grüß ☃",),
        ("x" * 10_000,),
        ("\udcff",),
        (None,),
    ]


def test_a_text_that_is_none_is_refused(plugin: Plugin, caller: motte.Program) -> None:
    process = plugin(caller, {"note": lambda_note})
    with pytest.raises(
        motte.RequestError, match=r"^lambda_note: text: the guest passes no text of at most 1048575 bytes$"
    ):
        process.function("note_at")(0x100)
    with pytest.raises(motte.RequestError):
        process.function("call_note")(b"x" * 2_000_000)
    assert process.state == "idle"


def lambda_note(text: motte.CString) -> None:
    del text


@pytest.mark.parametrize("result", [2**31, "text", None, 1.5])
def test_a_result_that_does_not_fit_is_an_exception(
    plugin: Plugin, caller: motte.Program, result: object, call: str
) -> None:
    def wrong(value: motte.i32) -> motte.i32:
        del value
        return result  # type: ignore[return-value]

    with pytest.raises((OverflowError, TypeError), match=r"^wrong: result: "):
        plugin(caller, {"twice": wrong}).function(call)(1)


def test_an_exception_ends_the_call_and_the_process_goes_on(plugin: Plugin, caller: motte.Program, call: str) -> None:
    raised = ValueError("no")

    def refuse(value: motte.i32) -> motte.i32:
        if value == 13:
            raise raised
        return value

    process = plugin(caller, {"twice": refuse})
    function, height = process.function(call), process.function("height")
    before = height()
    for _ in range(3):
        with pytest.raises(ValueError, match=r"^no$") as caught:
            function(13)
        assert caught.value is raised
        assert process.state == "idle"
        assert height() == before
        assert function(14) == 14


def test_functions_call_each_other_through_python(plugin: Plugin, caller: motte.Program) -> None:
    def again(n: motte.i32) -> motte.i32:
        return int(descend(n))

    process = plugin(caller, {"again": again})
    descend = process.function("descend")
    assert [descend(n) for n in range(20)] == list(range(1, 21))
    with pytest.raises(motte.TooDeep, match=r"^descend: more than 32 calls of the same process inside each other$"):
        descend(40)
    assert process.state == "idle"
    assert descend(5) == 6


def test_two_processes_call_each_other(plugin: Plugin, caller: motte.Program) -> None:
    def ping(n: motte.i32) -> motte.i32:
        return int(second(n))

    def pong(n: motte.i32) -> motte.i32:
        return int(first(n))

    first = plugin(caller, {"again": ping}).function("descend")
    second = plugin(caller, {"again": pong}).function("descend")
    assert first(30) == 31


def test_an_exception_passes_through_all_calls(plugin: Plugin, caller: motte.Program) -> None:
    def again(n: motte.i32) -> motte.i32:
        if n == 0:
            raise KeyError("bottom")
        return int(descend(n))

    process = plugin(caller, {"again": again})
    descend, height = process.function("descend"), process.function("height")
    before = height()
    with pytest.raises(KeyError, match="bottom"):
        descend(10)
    assert height() == before
    assert process.state == "idle"


def test_a_longjmp_out_of_a_call_is_a_fault(plugin: Plugin, caller: motte.Program) -> None:
    def jump_out(value: motte.i32) -> motte.i32:
        jump()
        return value

    process = plugin(caller, {"twice": jump_out})
    jump = process.function("jump")
    with pytest.raises(motte.GuestFault, match="longjmp to a frame that is not alive"):
        process.function("keep_place")()


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("wrong_count", ()),
        ("no_function", (0,)),
        ("no_function", (3,)),
        ("no_function", (2**32 - 1,)),
        ("bad_words", (0x100,)),
    ],
)
def test_a_call_of_what_is_not_there_is_a_fault(
    plugin: Plugin, caller: motte.Program, function: str, arguments: tuple[int, ...]
) -> None:
    def many(  # noqa: PLR0917 (one of each type)
        a: motte.i8, b: motte.u8, c: motte.i16, d: motte.u16, e: motte.i32, f: motte.u32,
        g: motte.i64, h: motte.u64, i: motte.f32, j: motte.f64, k: bool, pointer: motte.Pointer,
    ) -> int:  # fmt: skip
        raise AssertionError(a, b, c, d, e, f, g, h, i, j, k, pointer)

    process = plugin(caller, {"twice": twice, "many": many})
    with pytest.raises(motte.GuestFault) as caught:
        process.function(function)(*arguments)
    assert caught.value.end.fault is not None
    assert caught.value.end.fault.kind is motte.FaultKind.KERNEL_CALL_MISUSE


def test_what_was_not_granted_is_named(plugin: Plugin, caller: motte.Program) -> None:
    process = plugin(caller, {"note": lambda_note})
    is_granted = process.function("is_granted")
    assert is_granted("note") == 1
    assert is_granted("twice") == -2
    with pytest.raises(motte.GuestFault, match=r"call of the host's function 'twice', which was not granted"):
        process.function("call_twice")(1)


def test_a_process_that_was_started_calls_them_too(machine: motte.Machine, caller: motte.Program) -> None:
    with machine.spawn(caller, grants={"twice": motte.host_function(twice)}) as process:
        assert process.wait(LONG).returncode == 42


def test_what_is_raised_there_reaches_who_waits(machine: motte.Machine, caller: motte.Program) -> None:
    def refuse(value: motte.i32) -> motte.i32:
        raise ZeroDivisionError(value)

    with machine.spawn(caller, grants={"twice": motte.host_function(refuse)}) as process:
        with pytest.raises(ZeroDivisionError):
            process.wait(LONG)
        assert process.exit_reason == motte.ExitReason.KILLED


def endless(value: motte.i32) -> motte.i32:
    while True:
        value += 1


def stubborn(value: motte.i32) -> motte.i32:
    try:
        return endless(value)
    except BaseException:
        return 0


@pytest.mark.parametrize("function", [endless, stubborn])
def test_a_deadline_fires_in_a_function_of_the_host(
    plugin: Plugin, caller: motte.Program, call: str, function: Callable[..., int]
) -> None:
    process = plugin(caller, {"twice": function})
    with pytest.raises(
        motte.Timeout, match=r"^the call did not return in time: it was in (endless|stubborn), a function"
    ):
        process.function(call)(1, timeout=0.3)
    assert process.state == "idle"
    assert sum(range(100_000)) == 4_999_950_000  # no exception comes later


@pytest.mark.parametrize("function", [endless, stubborn])
def test_time_in_a_function_of_the_host_counts(
    plugin: Plugin, caller: motte.Program, call: str, function: Callable[..., int]
) -> None:
    process = plugin(caller, {"twice": function}, time=0.5)
    with pytest.raises(motte.LimitReached, match="CPU-time limit of 500 ms"):
        process.function(call)(1)
    assert process.statistics().cpu_time >= 0.45


@pytest.fixture
def blocked() -> Iterator[tuple[Callable[..., int], Callable[[], object]]]:
    """A function that waits in the kernel, and what lets it go."""
    read, write = os.pipe()

    def wait(value: motte.i32) -> motte.i32:
        os.read(read, 1)
        return value

    yield wait, lambda: os.write(write, b"x")
    os.close(read)
    os.close(write)


def outcome_in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


def test_nobody_else_waits_past_a_deadline_for_a_function_that_waits_in_the_kernel(
    plugin: Plugin,
    caller: motte.Program,
    call: str,
    blocked: tuple[Callable[..., int], Callable[[], object]],
) -> None:
    wait, let_go = blocked
    process = plugin(caller, {"twice": wait})
    function, height = process.function(call), process.function("height")
    thread, errors = outcome_in_thread(lambda: function(1, timeout=0.3))
    with pytest.raises(motte.Exited, match=r"^height: the process of caller\.c has ended: stopped: killed by the host"):
        while True:
            height()
    assert process.wait(0).reason == motte.StopReason.KILLED
    assert errors == []  # its own thread is still in the kernel
    let_go()
    thread.join()
    (error,) = errors
    assert isinstance(error, motte.Timeout)
    assert str(error) == (
        "the call did not return in time: it was in wait, a function of the host's: its process was ended"
    )


def test_processor_time_ends_in_a_function_that_waits_in_the_kernel(
    plugin: Plugin,
    caller: motte.Program,
    call: str,
    blocked: tuple[Callable[..., int], Callable[[], object]],
) -> None:
    wait, let_go = blocked
    process = plugin(caller, {"twice": wait}, time=0.5)
    thread, errors = outcome_in_thread(lambda: process.function(call)(1))
    assert process.wait(LONG).reason == motte.StopReason.CPU_LIMIT
    assert errors == []
    let_go()
    thread.join()
    (error,) = errors
    assert isinstance(error, motte.LimitReached)


def test_a_call_in_a_function_of_the_host_that_does_not_return_is_interrupted(
    plugin: Plugin, caller: motte.Program, busy: motte.Program
) -> None:
    other = plugin(busy)
    spin = other.function("spin")

    def twice(value: motte.i32) -> motte.i32:
        spin(timeout=0.2)
        return value

    process = plugin(caller, {"twice": twice})
    with pytest.raises(motte.Timeout, match=r"^spin did not return in time"):
        process.function("call_twice")(1)
    assert (process.state, other.state) == ("idle", "exited")


def test_a_wall_limit_and_a_kill_end_it_too(plugin: Plugin, caller: motte.Program, call: str) -> None:
    with pytest.raises(motte.LimitReached, match="wall-time limit"):
        plugin(caller, {"twice": endless}, wall_time=0.5).function(call)(1)
    process = plugin(caller, {"twice": endless})
    killer = threading.Timer(0.3, process.kill)
    killer.start()
    with pytest.raises(motte.Exited, match="killed by the host"):
        process.function(call)(1)
    killer.join()


def test_short_functions_are_charged_as_well(plugin: Plugin, caller: motte.Program) -> None:
    def slow(value: motte.i32) -> motte.i32:
        end = time.perf_counter() + 0.001
        while time.perf_counter() < end:
            pass
        return value

    process = plugin(caller, {"twice": slow})
    process.function("loop")(100)
    assert process.statistics().cpu_time > 0.09


def test_a_forked_child_cannot_go_on_with_the_guest(plugin: Plugin, caller: motte.Program, call: str) -> None:
    children: list[int] = []

    def forks(value: motte.i32) -> motte.i32:
        if not children:
            children.append(os.fork())
        return value

    process = plugin(caller, {"twice": forks})
    function, me = process.function(call), os.getpid()
    try:
        result = function(7)
    except motte.BadState as error:
        os._exit(42 if "has forked" in str(error) and os.getpid() != me else 1)
    except BaseException:
        os._exit(2)
    assert os.getpid() == me
    assert result == 7
    assert os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]) == 42
    assert function(8) == 8


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda value: value, "value: it has no annotation"),
        (lambda *values: None, "values: a guest passes a fixed number of arguments"),
        (lambda: None, "the result: it has no annotation"),
    ],
)
def test_types_must_be_said(function: Callable[..., object], problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        motte.host_function(function)


def test_odd_annotations_are_refused() -> None:
    def wrong(value: dict[str, int]) -> None:
        del value

    def text_back() -> motte.CString:
        return ""

    with pytest.raises(TypeError, match=r"wrong: value: dict\[str, int\] says nothing about what a guest passes"):
        motte.host_function(wrong)
    with pytest.raises(TypeError, match="a text cannot be a result"):
        motte.host_function(text_back)


def test_it_is_a_decorator_and_still_a_function(plugin: Plugin) -> None:
    @motte.host_function
    def half(value: motte.i32) -> motte.i32:
        return value // 2

    assert half(8) == 4
    assert repr(half) == "<motte host function half>"


def test_a_declaration_that_cannot_be_is_refused(machine: motte.Machine) -> None:
    for declaration, problem in (
        ("declare i32 @motte_host.f(i32, ...)", "it takes a variable number of arguments"),
        ("declare <4 x i32> @motte_host.f(i32)", "a value of type <4 x i32> cannot be passed"),
        (f"declare i32 @motte_host.f({', '.join(['i32'] * 17)})", "it takes more than 16 arguments"),
    ):
        with pytest.raises(
            motte.CompileError, match=f"the function f of the host cannot be declared like this: {problem}"
        ):
            machine.load(f"{declaration}\n".encode() + b"define i32 @g() {\n ret i32 0\n}\n")
