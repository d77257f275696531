"""Binding and calling: what is exported, what a signature says, how a call ends."""

import gc
import inspect
import pydoc
import re
import sys
from pathlib import Path

import pytest

import motte
from calls.conftest import Plugin


def test_a_function_is_called_like_any_other(plugin: Plugin, library: motte.Program) -> None:
    add = plugin(library).function("add")
    assert add(2, 3) == 5
    assert add(b=3, a=2) == 5
    assert add(2, b=3, timeout=5) == 5
    assert callable(add)
    assert repr(add) == "<motte function add>"


def test_help_shows_the_prototype_in_c(plugin: Plugin, library: motte.Program) -> None:
    add = plugin(library).function("add")
    assert add.__name__ == "add"
    assert add.__doc__.startswith("int add(int a, int b)\n")
    assert str(inspect.signature(add)) == "(a: int, b: int, *, timeout: float | None = None) -> int"
    assert "int add(int a, int b)" in pydoc.plain(pydoc.render_doc(add))
    weigh = plugin(library).function("weigh").__doc__
    assert "double weigh(int8_t a, double b, uint16_t c, float d, int64_t e," in weigh
    assert plugin(library).function("norm").__doc__.startswith("double norm(const struct point *point)\n")


def test_without_debug_information_the_types_of_llvm_have_to_do(machine: motte.Machine, plugin: Plugin) -> None:
    source = b"""define i32 @mix(i8 signext %a, i16 zeroext %b, i64 %c, float %d, ptr %e) {
        %r = trunc i64 %c to i32
        ret i32 %r
    }"""
    program = machine.load(source)
    mix = plugin(program).function("mix")
    assert mix.__doc__.startswith("int32_t mix(int8_t, uint16_t, int64_t, float, void *)\n")
    assert mix(-128, 65535, 7, 1.5, None) == 7
    assert inspect.signature(mix).parameters["parameter_5"].annotation == int | str | bytes | None
    with pytest.raises(OverflowError, match=r"^mix: parameter_2: -1 does not fit into uint16$"):
        mix(0, -1, 0, 0.0, 0)


def test_names_that_are_alike_or_no_names_in_python_do_without(
    machine: motte.Machine, plugin: Plugin, tmp_path: Path
) -> None:
    source = tmp_path / "names.c"
    source.write_text(
        "int mixed(int parameter_2, int, int in, int timeout) { return parameter_2 + 10 * in + 100 * timeout; }\n"
    )
    mixed = plugin(machine.load(source, motte.BuildOptions(debug=True))).function("mixed")
    assert str(inspect.signature(mixed)) == "(parameter_2: int, parameter_2_: int, in: int, /, timeout: int) -> int"
    assert mixed(1, 0, 2, timeout=3) == 321
    assert mixed(1, parameter_2_=0, timeout=3, **{"in": 2}) == 321
    doubled = plugin(machine.load(source)).function("mixed", "int mixed(int a, int a, int b, int b)")
    assert list(inspect.signature(doubled).parameters) == ["a", "parameter_2", "b", "parameter_4", "timeout"]


def test_a_function_whose_prototype_is_too_long_says_so(machine: motte.Machine, plugin: Plugin, tmp_path: Path) -> None:
    source = tmp_path / "long.c"
    parameters = ", ".join(f"int {'x' * 60}{number}" for number in range(200))
    source.write_text(f"int wide({parameters}) {{ return {'x' * 60}0; }}\n")
    program = machine.load(source, motte.BuildOptions(debug=True))
    assert "wide" in program.exports
    with pytest.raises(TypeError, match=r"^wide: its prototype takes \d+ bytes, and 8192 is the most$"):
        plugin(program).function("wide")


def test_a_prototype_can_be_given(machine: motte.Machine, plugin: Plugin) -> None:
    program = machine.load(b"define i64 @same(i64 %a) {\n ret i64 %a\n}\n")
    assert plugin(program).function("same")(2**64 - 1) == -1
    same = plugin(program).function("same", "uint64_t same(uint64_t value);")
    assert same(value=2**64 - 1) == 2**64 - 1
    with pytest.raises(OverflowError, match=r"same: value: -1 does not fit into uint64"):
        same(-1)
    with pytest.raises(
        ValueError, match=r"^int same\(long a, struct s \*p, unsigned char, double \*d\): the function takes other"
    ):
        plugin(program).function("same", "int same(long a, struct s *p, unsigned char, double d[4])")
    with pytest.raises(ValueError, match=r"^double same\(double\): the function takes other parameters: int64_t same"):
        plugin(program).function("same", "double same(double)")


@pytest.mark.parametrize(
    "declaration", ["nonsense", "int f(thing x)", "int f(int", "void f(void x)", "struct s f(int)"]
)
def test_a_prototype_that_cannot_be_is_refused(plugin: Plugin, library: motte.Program, declaration: str) -> None:
    with pytest.raises(ValueError, match="not a "):
        plugin(library).function("add", declaration)


def test_a_library_exports_its_external_functions(library: motte.Program) -> None:
    assert {"add", "weigh", "moved", "total"} <= set(library.exports)
    assert "hidden" not in library.exports
    assert not library.has_main


def test_what_cannot_be_called_says_why(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    with pytest.raises(TypeError, match=r"^total: it takes a variable number of arguments$"):
        process.function("total")
    with pytest.raises(TypeError, match=r"^moved: it takes or returns a structure by value: pass a pointer to it$"):
        process.function("moved")
    with pytest.raises(LookupError, match=r"^library\.c exports no function 'ad': did you mean 'add'\?$"):
        process.function("ad")


def test_a_program_with_main_exports_what_is_marked_or_all_if_asked(
    machine: motte.Machine, plugin: Plugin, tmp_path: object
) -> None:
    source = tmp_path / "both.c"  # type: ignore[operator]
    source.write_text(
        "#include <motte.h>\nint one(void) { return 1; }\nMOTTE_EXPORT int two(void) { return 2; }\n"
        "int main(void) { return one(); }\n"
    )
    program = machine.load(source)
    assert program.has_main
    assert program.exports == ("two",)
    assert plugin(program).function("two")() == 2
    whole = machine.load(source, exports=True)
    assert whole.exports == ("one", "two")
    assert plugin(whole).function("one")() == 1
    with machine.spawn(whole) as process:
        assert process.wait(30).returncode == 1
    source.write_text("int one(void) { return 1; }\nint main(void) { return one(); }\n")
    with pytest.raises(
        LookupError, match=re.escape("those marked MOTTE_EXPORT are exported, or all with load(…, exports=True)")
    ):
        plugin(machine.load(source)).function("one")


def test_constructors_run_once_and_before_the_first_call(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    assert process.state == "created"
    constructions = process.function("constructions")
    assert process.state == "idle"
    process.function("add")
    assert constructions() == constructions() == 1


def test_a_library_cannot_be_started(machine: motte.Machine, plugin: Plugin, library: motte.Program) -> None:
    with pytest.raises(motte.BadState, match=r"^library\.c has no main function"):
        plugin(library).start()
    with pytest.raises(motte.BadState, match=r"^library\.c has no main function"):
        machine.spawn(library)


def test_a_process_is_either_started_or_called(machine: motte.Machine, plugin: Plugin, caller: motte.Program) -> None:
    def twice(value: motte.i32) -> motte.i32:
        return 2 * value

    started = machine.spawn(caller, grants={"twice": motte.host_function(twice)})
    with pytest.raises(motte.BadState, match="was started before"):
        started.function("call_twice")
    assert started.wait(30).returncode == 42
    started.close()
    process = plugin(caller, {"twice": twice})
    process.function("call_twice")
    with pytest.raises(motte.BadState, match="was started before"):
        process.start()


def test_what_failed_to_be_opened_is_not_opened_again(machine: motte.Machine, library: motte.Program) -> None:
    with machine.spawn(library, start=False, stdout=lambda data: None, time="1ns") as process:
        with pytest.raises(motte.LimitReached):
            process.function("add")
        with pytest.raises(motte.BadState, match="was started before"):
            process.function("add")


def test_a_fault_is_raised_with_its_backtrace_and_ends_the_process(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    read_at, add = process.function("read_at"), process.function("add")
    with pytest.raises(
        motte.GuestFault, match=r"read_at: fault: read through a null pointer, at 0x0, in read_at"
    ) as caught:
        read_at(None)
    assert caught.value.end == process.wait()
    assert [frame.function for frame in caught.value.end.backtrace] == ["read_at"]
    with pytest.raises(motte.Exited, match=r"^add: the process of library\.c has ended: fault: read through a null"):
        add(1, 2)


def test_a_keeper_may_repair_a_fault_and_the_call_goes_on(plugin: Plugin, library: motte.Program) -> None:
    asked = []

    def keeper(fault: motte.KeptFault) -> motte.Skip:
        asked.append(fault.address)
        return motte.Skip()

    process = plugin(library, keeper=keeper)
    process.function("read_at")(0x4)
    assert asked == [4]
    assert process.function("add")(2, 3) == 5


def test_ways_to_end_in_a_call(plugin: Plugin, busy: motte.Program) -> None:
    with pytest.raises(motte.Exited, match=r"^leave: the process has exited with status 3$"):
        plugin(busy).function("leave")(3)
    with pytest.raises(motte.GuestFault, match=r"^give_up: stopped: abort\(\)"):
        plugin(busy).function("give_up")()


def test_after_close_calls_are_refused(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    add = process.function("add")
    process.close()
    with pytest.raises(motte.Closed):
        add(1, 2)
    with pytest.raises(motte.Closed):
        process.function("add")


def test_a_deep_recursion_has_the_stack_of_any_process(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    recurse = process.function("recurse")
    assert recurse(1000) == recurse(20_000) - 19_000 == 1000
    with pytest.raises(motte.GuestFault, match="stack overflow"):
        recurse(10**7)


def test_a_function_may_print_wait_and_sleep(plugin: Plugin, busy: motte.Program) -> None:
    process = plugin(busy)
    assert process.function("say")("hello") == 6
    assert process.function("nap")(2) == 2
    process.kill()
    assert process.wait(30)
    assert process.stdout == b"hello\n"


def test_a_function_may_wait_for_a_message(machine: motte.Machine, plugin: Plugin, busy: motte.Program) -> None:
    sender, receiver = machine.channel(capacity=4)
    with sender, receiver:
        receive = plugin(busy, grants={"in": receiver}).function("receive")
        sender.send(b"12345")
        assert receive() == 5
        with pytest.raises(motte.Timeout):
            receive(timeout=0.05)


def test_wrong_numbers_of_arguments_are_refused(plugin: Plugin, library: motte.Program) -> None:
    add = plugin(library).function("add")
    with pytest.raises(TypeError, match=r"^add takes 2 arguments, and 1 was given$"):
        add(1)
    with pytest.raises(TypeError, match=r"^add takes 2 arguments, and 3 were given$"):
        add(1, 2, 3)
    with pytest.raises(TypeError, match=r"^add: b is missing$"):
        add(a=1)
    with pytest.raises(TypeError, match=r"^add: 'a' is given twice$"):
        add(1, a=1)
    with pytest.raises(TypeError, match=r"^add has no parameter 'c'$"):
        add(1, c=1)
    with pytest.raises(ValueError, match=r"^timeout: more than 0 seconds, or None$"):
        add(1, 2, timeout=0)


def test_a_function_keeps_what_it_needs_and_nothing_else(plugin: Plugin, library: motte.Program) -> None:
    process = plugin(library)
    before = sys.getrefcount(process)
    functions = [process.function("add") for _ in range(100)]
    assert functions[50](1, 2) == 3
    del functions
    gc.collect()
    assert sys.getrefcount(process) == before
