"""Parts of a module: together they are the module, and no local name of it meets another unit's."""

import re

import llvmlite.binding as llvm
import pytest

from compiler_ir.stages import legalised
from motte.compiler import partition
from motte.compiler.ir.module import Module
from motte.compiler.options import CompileOptions
from motte.compiler.pipeline import compile_unit
from motte.compiler.read import parse
from motte.compiler.unit import CompileRequest

PROGRAM = CompileOptions(optimization=2, cpu="x86-64-v3", internalize=("main",))
UNIT = b"the unit's bitcode"
FILLER = "\n".join(f"  %n{n} = add i32 %x, {n}" for n in range(120))
TEXT = f"""
@counter = internal global i32 5
@greeting = private unnamed_addr constant [14 x i8] c"first@example\\00"
@table = internal constant [2 x ptr] [ptr @first, ptr @second]
@labels = internal constant [1 x ptr] [ptr blockaddress(@second, %there)]
@other = internal alias i32 (i32), ptr @first
@llvm.used = appending global [1 x ptr] [ptr @kept], section "llvm.metadata"
declare void @use(ptr)
define i32 @first(i32 %x) {{
{FILLER}
  call void @use(ptr null)
  call void @use(ptr null)
  call void @use(ptr null)
  call void @use(ptr @greeting)
  %c = load i32, ptr @counter
  %r = call i32 @small(i32 %c)
  ret i32 %r
}}
define i32 @small(i32 %x) {{
  %y = mul i32 %x, 3
  store i32 %y, ptr @counter
  ret i32 %y
}}
define i32 @kept(i32 %x) {{
  ret i32 %x
}}
define i32 @second(i32 %x) {{
{FILLER}
  call void @use(ptr @greeting)
  %l = load ptr, ptr @labels
  indirectbr ptr %l, [label %there]
there:
  %r = call i32 @small(i32 %x)
  %q = call i32 @other(i32 %r)
  ret i32 %q
}}
define i32 @main() {{
  %f = load ptr, ptr @table
  %r = call i32 %f(i32 1)
  ret i32 %r
}}
"""


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(partition, "LINES_OF_TWO_PARTS", 1)
    return partition.parts_of(Module(legalised(TEXT, PROGRAM)), UNIT)


def defined(text: str) -> set[str]:
    return {
        match.group(1) for match in re.finditer(r"^define (?!available_externally).*?@([\w.]+)\(", text, re.MULTILINE)
    }


def plain(name: str) -> str:
    return name.partition(".part.")[0]


def test_a_small_module_is_one_part() -> None:
    assert len(partition.parts_of(Module(legalised(TEXT, PROGRAM)), UNIT)) == 1


def test_every_function_is_defined_in_exactly_one_part(parts: list[str]) -> None:
    assert len(parts) == 2
    names = [sorted(map(plain, defined(part))) for part in parts]
    assert sorted(names[0] + names[1]) == ["first", "kept", "main", "second", "small"]
    assert all(names)


def test_each_part_is_a_valid_module_and_together_they_link(parts: list[str]) -> None:
    whole = parse(parts[0])
    whole.link_in(parse(parts[1]))
    whole.verify()
    missing = {function.name for function in whole.functions if function.is_declaration}
    assert missing == {"use"}


def test_a_shared_local_symbol_gets_a_name_of_its_own(parts: list[str]) -> None:
    shared = {name for part in parts for name in re.findall(r"@([\w.]+\.part\.[0-9a-f]{12})\b", part)}
    assert {plain(name) for name in shared} >= {"counter", "small"}
    assert "main" in defined("\n".join(parts))


def test_a_small_function_is_visible_to_the_other_part_for_inlining(parts: list[str]) -> None:
    home = next(number for number, part in enumerate(parts) if "small" in map(plain, defined(part)))
    assert re.search(r"^define available_externally dso_local i32 @small\.part\.", parts[1 - home], re.MULTILINE)


def test_a_table_of_labels_stays_with_its_function(parts: list[str]) -> None:
    home = next(part for part in parts if "second" in map(plain, defined(part)))
    assert re.search(r"^@labels\S* = .*constant \[1 x ptr\] \[ptr blockaddress\(@second", home, re.MULTILINE)


def test_a_string_that_mentions_a_name_is_not_changed(parts: list[str]) -> None:
    assert all('c"first@example\\00"' in part for part in parts)


def test_the_same_module_gives_the_same_parts(parts: list[str]) -> None:
    assert partition.parts_of(Module(legalised(TEXT, PROGRAM)), UNIT) == parts


def test_nothing_local_is_left_undefined(parts: list[str]) -> None:
    for part in parts:
        module = llvm.parse_assembly(part)
        module.verify()
        external = {item.name for item in [*module.functions, *module.global_variables] if item.is_declaration}
        assert all(".part." in name or name in ("use", "main") or name.startswith("llvm.") for name in external), (
            external
        )


def test_a_divided_unit_is_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "LINES_OF_TWO_PARTS", 1)
    request = CompileRequest("unit", (TEXT.encode(),), PROGRAM)
    first, second = (compile_unit(request, lambda what: None) for _ in range(2))
    assert len(first.objects) == 2
    assert first.objects == second.objects


def test_what_another_part_wants_is_not_dropped_by_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "LINES_OF_TWO_PARTS", 1)
    text = (
        f"define linkonce_odr i32 @shared(i32 %x) noinline {{\n{FILLER}\n  ret i32 %x\n}}\n"
        f"define i32 @user(i32 %x) {{\n{FILLER}\n  %r = call i32 @shared(i32 %x)\n  ret i32 %r\n}}\n"
    )
    first, second = partition.parts_of(Module(legalised(text)), UNIT)
    assert "define weak_odr dso_local i32 @shared(" in first
    assert "declare dso_local i32 @shared(" in second


def test_an_alias_of_an_alias_is_declared_as_the_function_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partition, "LINES_OF_TWO_PARTS", 1)
    text = (
        "@value = global i32 1\n@near = alias i32, ptr @value\n@far = alias i32, ptr @near\n"
        "@once = alias i32 (i32), ptr @base\n@twice = alias i32 (i32), ptr @once\n"
        f"define i32 @base(i32 %x) noinline {{\n{FILLER}\n  store i32 %x, ptr @far\n  ret i32 %x\n}}\n"
        f"define i32 @user(i32 %x) {{\n{FILLER}\n  %r = call i32 @twice(i32 %x)\n"
        "  %s = load i32, ptr @far\n  %t = add i32 %r, %s\n  ret i32 %t\n}\n"
    )
    first, second = partition.parts_of(Module(legalised(text)), UNIT)
    for part in (first, second):
        llvm.parse_assembly(part).verify()
    assert "declare dso_local i32 @twice(" in second
    assert "@far = external dso_local global i32" in second
