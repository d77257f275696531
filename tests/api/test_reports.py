"""What a developer is shown: the line of source, the cause, what to do; and nothing that was not to be shown."""

from __future__ import annotations

import json
import traceback
from contextlib import ExitStack
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import motte
from motte.card import Card, Columns, Shown, html_of
from motte.source_lines import SourceLines

WITH_LINES = motte.BuildOptions(debug=True)

LIST = """\
struct node { struct node *next; int value; };
__attribute__((noinline)) static int value_of(struct node *volatile list) {
\treturn 1 + list->value;
}
int main(void) { return value_of(0) + 1; }
"""


def faulty(machine: motte.Machine, path: Path, text: str = LIST, **options: object) -> motte.Process:
    path.write_text(text)
    process = machine.spawn(machine.load(path, WITH_LINES), **options)  # type: ignore[arg-type]
    process.wait(20)
    return process


# --- the line of source ----------------------------------------------------------------------------------------------


def test_a_fault_shows_the_line_and_the_column(machine: motte.Machine, tmp_path: Path) -> None:
    with faulty(machine, tmp_path / "list.c") as process:
        frame = process.wait().backtrace[0]
    assert frame.source == ("return 1 + list->value;", "                 ^")
    assert (frame.line, frame.column) == (3, 19)


def test_no_file_is_shown_that_was_not_named_as_a_source(machine: motte.Machine, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the first\nthe password\nthe third\n" * 3)
    for claim in (str(secret), "secret", str(tmp_path / "list.h")):
        text = f'#line 1 "{claim}"\n{LIST}'
        with faulty(machine, tmp_path / "attack.c", text) as process:
            report = process.report()
        assert report.fault is not None
        assert report.fault.file == claim
        assert all(frame.source == () for frame in report.backtrace)
        assert "password" not in str(report) + json.dumps(report.as_dict()) + process._repr_html_()


def test_a_file_that_was_changed_since_is_not_shown(machine: motte.Machine, tmp_path: Path) -> None:
    source = tmp_path / "list.c"
    source.write_text(LIST)
    program = machine.load(source, WITH_LINES)
    source.write_text("something\nelse\nentirely\n")
    with machine.spawn(program) as process:
        assert process.wait(20).backtrace[0].source == ()


def test_lines_are_cut_around_the_caret_and_escaped(tmp_path: Path) -> None:
    source = tmp_path / "long.c"
    source.write_text("  " + "a" * 300 + "\x1b[31m" + "b" * 300 + "\n\tü = *p;\n")
    lines = SourceLines([source])
    text, caret = lines.shown(str(source), 1, 303)
    assert "\\x1b[31m" in text
    assert "\x1b" not in text
    assert len(text) <= 110
    assert text[caret.index("^")] == "\\"
    assert lines.shown(str(source), 2, 7) == ("ü = *p;", "    ^")
    assert lines.shown(str(source), 2, None) == ("ü = *p;",)
    assert lines.shown(str(source), 99, 1) == ()
    assert lines.shown(None, 1, 1) == ()


def test_lines_of_files_that_are_missing_or_too_large_are_not_read(tmp_path: Path) -> None:
    large = tmp_path / "large.c"
    with large.open("wb") as file:
        file.truncate((16 << 20) + 1)
    assert SourceLines([large]).shown(str(large), 1, 1) == ()
    assert SourceLines([tmp_path / "missing.c", b"bytes"]).shown(str(tmp_path / "missing.c"), 1, 1) == ()
    assert SourceLines([tmp_path]).shown(str(tmp_path), 1, 1) == ()


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_has_cause_place_registers_payers_and_last_output(machine: motte.Machine, tmp_path: Path) -> None:
    text = "#include <stdio.h>\n" + LIST.replace(
        "return value_of(0)", '\n  puts("so far"); fflush(stdout);\n  return value_of(0)'
    )
    bank, meter = machine.bank.sub("10MiB", name="tenant"), machine.meter.sub(budget="9s", name="tenant")
    with faulty(machine, tmp_path / "list.c", text, bank=bank, meter=meter) as process:
        report = process.report()
    shown = str(report)
    place = f"value_of ({tmp_path / 'list.c'}:4)"
    assert shown.startswith(
        f"process {report.identity} of list.c: fault: read through a null pointer, at 0x8, in {place}\n"
        f"  state        exited, status 139\n"
        f"  backtrace    in {place}\n"
        "                   return 1 + list->value;\n"
        "                                    ^\n"
        f"               in main ({tmp_path / 'list.c'}:8)\n"
    )
    assert "  registers    rax " in shown
    assert "  bank         tenant: " in shown
    assert " of 10 MiB used" in shown
    assert "  stdout       so far\n" in shown
    assert shown.endswith("a pointer is null, or a member of something that is")
    assert [line for line in shown.split("\n") if len(line) > 80 and str(tmp_path) not in line] == []
    assert report.registers is not None
    assert report.registers["rdi"] < 1 << 32
    record = json.loads(json.dumps(report.as_dict()))
    assert record["cause"] == "faulted"
    assert record["fault"]["kind"] == "null_page"
    assert record["backtrace"][0]["source"] == list(report.backtrace[0].source)
    assert record["bank"]["name"] == "tenant"
    assert 8 < record["meter"]["left"] < 9
    assert record["output"] == {"stdout": "so far\n"}


def test_a_report_of_a_running_process_says_what_is_known(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "loop.c"), time=None) as process:
        report = process.report()
        assert report.exit is None
        assert (report.backtrace, report.registers, report.advice) == ((), None, ())
        assert report.as_dict()["cause"] is None
        assert report.state in {"ready", "running"}
    with pytest.raises(motte.Closed):
        process.report()
    assert str(process.card()) == f"process {process.identity} of loop.c: closed"


def test_a_report_leaves_what_pipes_hold_to_their_readers(machine: motte.Machine, programs: Path) -> None:
    with machine.spawn(machine.load(programs / "echo.c"), stdout=motte.PIPE) as process:
        process.wait(20)
        assert process.report().output == {}
        assert process.stdout.read().endswith(b"|nothing")


def test_a_report_of_one_that_asks_its_keeper_tells_of_the_fault(machine: motte.Machine, programs: Path) -> None:
    import threading

    asked, go_on = threading.Event(), threading.Event()

    def keeper(fault: motte.KeptFault) -> None:
        asked.set()
        go_on.wait(20)

    with machine.spawn(machine.load(programs / "null.c"), keeper=keeper) as process:
        assert asked.wait(20)
        report = process.report()
        go_on.set()
        process.wait(20)
    assert report.state == "faulted"
    assert report.fault is not None
    assert report.fault.kind is motte.FaultKind.NULL_PAGE
    assert report.registers is not None


def test_a_report_outlives_what_was_given_back(machine: motte.Machine, programs: Path) -> None:
    bank = machine.bank.sub("10MiB")
    process = machine.spawn(machine.load(programs / "loop.c"), bank=bank, time=None)
    bank.destroy()
    report = process.report()
    assert report.exit is not None
    assert report.exit.reason is motte.StopReason.KILLED
    assert (report.bank, report.registers) == (None, None)
    process.close()


@pytest.mark.parametrize(
    ("program", "options", "advice"),
    [
        ("loop.c", {"time": "50ms"}, "more: time= (--time)"),
        ("loop.c", {"time": None, "wall_time": "50ms"}, "more: wall_time= (--wall-time)"),
        ("flood.c", {"output_limit": "64KiB"}, "more: output_limit= (--output-limit)"),
        ("null.c", {}, "no lines: build with debug=True (-g)"),
    ],
)
def test_a_report_says_what_to_do(
    machine: motte.Machine, programs: Path, program: str, options: dict[str, object], advice: str
) -> None:
    with machine.spawn(machine.load(programs / program), **options) as process:  # type: ignore[arg-type]
        process.wait(20)
        assert any(line.startswith(advice) for line in process.report().advice)


# --- exceptions ------------------------------------------------------------------------------------------------------


def test_a_traceback_of_a_compile_error_shows_what_the_compiler_says(machine: motte.Machine, tmp_path: Path) -> None:
    source = tmp_path / "wrong.c"
    source.write_text("int main(void) { return missing; }\n")
    with pytest.raises(motte.CompileError) as caught:
        machine.load(source)
    text = "".join(traceback.format_exception(caught.value))
    assert f"wrong.c does not compile\n{source}:1:25: error: use of undeclared identifier 'missing'\n" in text
    assert text.count("does not compile") == 1


def test_a_traceback_of_a_fault_in_a_called_function_goes_on_with_the_guests_own(
    machine: motte.Machine, tmp_path: Path
) -> None:
    source = tmp_path / "plugin.c"
    source.write_text("int first(const int *numbers) {\n    return 1 + numbers[0];\n}\n")
    with machine.spawn(machine.load(source, WITH_LINES), start=False) as plugin:
        first = plugin.function("first")
        with pytest.raises(motte.GuestFault) as caught:
            first(8)
    text = "".join(traceback.format_exception(caught.value))
    place = f"in first ({source}:2)"
    assert f"{place}\n  {place}\n      return 1 + numbers[0];\n                 ^\n" in text


def test_long_diagnostics_are_cut_in_a_traceback_and_whole_in_the_exception() -> None:
    error = motte.CompileError("it does not compile", "\n".join(f"line {number}" for number in range(100)))
    assert error.__notes__[0].endswith("line 39\n… 60 more lines: .diagnostics")
    assert error.diagnostics.endswith("line 99")
    assert not hasattr(motte.CompileError("short"), "__notes__")


# --- on consoles and in notebooks ------------------------------------------------------------------------------------


def on_console(shown: object) -> str:
    console = Console(file=StringIO(), width=80, force_terminal=False)
    console.print(shown)
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue()


def test_everything_shows_itself_in_80_columns_and_in_notebooks(machine: motte.Machine, tmp_path: Path) -> None:
    bank, meter = machine.bank.sub("10MiB", name="tenant"), machine.meter.sub(budget="9s", name="tenant")
    with faulty(machine, tmp_path / "list.c", bank=bank, meter=meter) as process:
        end = process.wait()
        assert end.fault is not None
        for shown, word in (
            (process, "process"),
            (end, "value_of"),
            (end.fault, "return 1 + list->value;"),
            (machine, "tenant"),
            (machine.bank, "tenant"),
            (meter, "9.000"),
            (process.program.verdict, "ok=True"),
        ):
            assert word in on_console(shown)
            assert max(map(len, on_console(shown).split("\n"))) <= 80
            assert "motte" in shown._repr_html_()  # type: ignore[attr-defined]


def test_trees_are_shown_as_trees(machine: motte.Machine) -> None:
    tenant = machine.bank.sub("10MiB", name="tenant")
    below = tenant.sub("1MiB", name="below")
    lines = str(machine.bank.card()).split("\n")
    assert [line[: line.index(" ", 8)] for line in lines[2:]] == ["  machine", "    tenant", "      below"]
    assert str(below.reduce(motte.BankRestriction.NO_QUERY).card()).startswith("bank below: this handle")
    below.destroy()
    assert str(below.card()) == "bank below: bank 'below' was destroyed"


def test_what_strangers_wrote_is_neither_markup_nor_html() -> None:
    card = Card("[red]<b>", (("[x]", "<script>"),), ("[/]",), Columns(("a",), (("<i>",),)))

    class Stranger(Shown):
        def card(self) -> Card:
            return card

    assert "[red]<b>" in on_console(Stranger())
    for tag in ("<script>", "<b>[", "<i>"):
        assert tag not in html_of(card).replace("<b>[red]&lt;b&gt;", "")
    with pytest.raises(TypeError, match="abstract"):
        Shown()  # type: ignore[abstract]


def test_an_overview_has_the_totals_of_the_roots(machine: motte.Machine, programs: Path) -> None:
    tenant, meter = machine.bank.sub(name="tenant"), machine.meter.sub(name="tenant")
    program = machine.load(programs / "waiter.c")
    before = machine.bank.used
    with ExitStack() as stack:
        for _ in range(3):
            process = stack.enter_context(machine.spawn(program, bank=tenant, meter=meter, time=None))
            process.suspend()
            while process.state in ("ready", "running"):  # it is interrupted, and its turn is counted until it stops
                pass
        overview = machine.overview()
        assert overview.memory == machine.bank.used
        assert overview.cpu_time == machine.meter.used
        own = [look for look in overview.banks if look.name == "tenant"]
        assert [(look.used, look.processes, look.depth) for look in own] == [(tenant.used, 3, 1)]
        together = sum(look.memory for look in overview.processes)
        assert 0 <= together - (machine.bank.used - before) < 3 * 4096  # a process's own sum is rounded up
        assert sum(look.cpu_time for look in overview.processes) == pytest.approx(machine.meter.used, abs=1e-7)
        assert json.loads(json.dumps(overview.as_dict()))["memory"] == overview.memory
