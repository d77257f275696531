"""Symbol resolution: who defines a name, what is pulled in, and what people are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from image.confined_objects import assemble, function, program
from motte.abi.limits import DEFAULT_LIMITS, Limits
from motte.errors import CompileError, LimitReached
from motte.image import Artifact, link


class Archive:
    """A library whose index is given outright."""

    def __init__(self, members: Mapping[str, bytes], index: Mapping[str, Sequence[str]]) -> None:
        self.members = members
        self.index = index
        self.read: list[str] = []

    def members_defining(self, symbol: str) -> Sequence[str]:
        return self.index.get(symbol, ())

    def object(self, member: str) -> bytes:
        self.read.append(member)
        return self.members[member]


def linked(*objects: bytes, libraries: Sequence[Archive] = (), limits: Limits = DEFAULT_LIMITS) -> Artifact:
    named = [(f"{number}.o", data) for number, data in enumerate(objects)]
    return Artifact.read(link(named, libraries, limits=limits, cpu_features=()))


def names(artifact: Artifact) -> list[str]:
    return artifact.function_names


def call_target(artifact: Artifact, caller: str) -> str:
    """The function that the ``call`` at the start of ``caller`` goes to."""
    offset = artifact.function_columns[0][names(artifact).index(caller)]
    code = artifact.blobs["code"]
    assert code[offset] == 0xE8
    target = artifact.function_at(offset + 5 + int.from_bytes(code[offset + 1 : offset + 5], "little", signed=True))
    assert target is not None
    return names(artifact)[target]


def test_a_call_reaches_the_function_of_another_object() -> None:
    artifact = linked(program(start="call callee\nret"), assemble(function("callee")))
    assert call_target(artifact, "__motte_start") == "callee"


def test_only_needed_members_are_pulled_in_and_each_once() -> None:
    archive = Archive(
        {
            "a": assemble(function("alpha", "call beta\nret")),
            "b": assemble(function("beta", "call alpha\nret")),
            "c": assemble(function("gamma")),
        },
        {"alpha": ["a"], "beta": ["b"], "gamma": ["c"]},
    )
    artifact = linked(program(start="call alpha\nret"), libraries=[archive])
    assert archive.read == ["a", "b"]
    assert names(artifact) == ["__motte_start", "alpha", "beta", "__motte_trap"]


def test_earlier_libraries_and_earlier_members_win() -> None:
    first = Archive({"x": assemble(function("shared")), "y": b"not read"}, {"shared": ["x", "y"]})
    second = Archive({"z": b"not read"}, {"shared": ["z"]})
    linked(program(start="call shared\nret"), libraries=[first, second])
    assert (first.read, second.read) == (["x"], [])


def test_the_users_definition_wins_over_a_member_that_comes_along_for_another_name() -> None:
    member = assemble(function("wanted", "call printf\nret") + function("printf", "nop\nret"))
    archive = Archive({"m": member}, {"wanted": ["m"], "printf": ["m"]})
    artifact = linked(program(function("printf"), start="call wanted\nret"), libraries=[archive])
    assert call_target(artifact, "wanted") == "printf"
    called = artifact.function_columns[0][names(artifact).index("printf")]
    assert artifact.blobs["code"][called] == 0xC3


def test_a_strong_definition_replaces_a_weak_one_wherever_it_stands() -> None:
    weak = assemble(function("chosen", "nop\nret", binding="weak"))
    strong = assemble(function("chosen", "ret"))
    for order in ((weak, strong), (strong, weak)):
        artifact = linked(program(start="call chosen\nret"), *order)
        code, (offset, *_) = artifact.blobs["code"], artifact.function_columns[0]
        destination = offset + 5 + int.from_bytes(code[offset + 1 : offset + 5], "little", signed=True)
        assert code[destination] == 0xC3


def test_of_two_weak_definitions_the_first_wins() -> None:
    first, second = (assemble(function("inline", body, binding="weak")) for body in ("nop\nret", "ret"))
    artifact = linked(program(start="call inline\nret"), first, second)
    code = artifact.blobs["code"]
    assert code[5 + int.from_bytes(code[1:5], "little")] == 0x90


def test_a_weak_reference_pulls_nothing_in() -> None:
    archive = Archive({"m": assemble(function("optional"))}, {"optional": ["m"]})
    linked(program(".weak optional\n", start="call optional\nret"), libraries=[archive])
    assert archive.read == []


def test_a_call_of_an_absent_weak_function_goes_to_the_trap() -> None:
    artifact = linked(program(".weak optional\n", start="call optional\nret"))
    assert call_target(artifact, "__motte_start") == "__motte_trap"
    assert bytes(artifact.blobs["code"][-2:]) == b"\x0f\x0b"


def test_common_symbols_share_one_block_of_the_largest_size_and_alignment() -> None:
    small = assemble(".comm shared, 8, 8\n.data\n.globl a\na: .quad shared\n")
    large = assemble(".comm shared, 400, 64\n.data\n.globl b\nb: .quad shared\n")
    artifact = linked(program(), small, large)
    writable = artifact.blobs["writable"]
    first, second = (int.from_bytes(writable[place : place + 8], "little") for place in (16, 24))
    assert first == second and first % 64 == 0
    assert artifact.image_end >= first + 400


def test_a_definition_replaces_a_common_symbol() -> None:
    tentative = assemble(".comm shared, 400, 64\n.data\n.quad shared\n")
    definite = assemble(".data\n.globl shared\nshared: .quad 7\n")
    artifact = linked(program(), tentative, definite)
    address = int.from_bytes(artifact.blobs["writable"][16:24], "little")
    assert artifact.blobs["writable"][address - artifact.writable_base] == 7


def test_kernel_calls_become_imports_in_order_of_use() -> None:
    artifact = linked(program(start="call motte_syscall\ncall motte_exit\ncall motte_syscall\nret"))
    assert artifact.imports == ("motte_syscall", "motte_exit")
    assert artifact.gate_calls == [(1, 6, 11), (0, 1, 0)]


def test_duplicate_definitions_are_an_error_that_names_both_places() -> None:
    with pytest.raises(CompileError, match=r"^defined twice: twice \(in 1\.o and in 2\.o\)$"):
        linked(program(), assemble(function("twice")), assemble(function("twice")))


def test_all_undefined_names_are_listed_with_who_needs_them_and_a_hint() -> None:
    user = program(function("f", "call vfork\ncall nowhere\nret"), start="call nowhere\nret")
    with pytest.raises(CompileError, match="2 undefined names: ") as caught:
        linked(user, assemble(function("g", "call nowhere\nret")))
    assert sorted(caught.value.diagnostics.splitlines()) == [
        "undefined: nowhere, needed by 0.o, 1.o",
        "undefined: vfork, needed by 0.o (a guest cannot create processes or threads this way)",
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("main", "the program has no main function"),
        ("__cxa_throw", "C++ exceptions are not supported: compile with -fno-exceptions"),
        ("_Znwm", "C++ operators new and delete are not in the guest library: define them"),
        (
            "_ZN3foo3barEv",
            "a C++ name that no source defines; the guest's libc++ has no exceptions, run-time types or threads",
        ),
        ("fork", "a guest cannot create processes or threads this way"),
    ],
)
def test_a_name_that_people_are_likely_to_miss_comes_with_a_hint(name: str, hint: str) -> None:
    with pytest.raises(CompileError) as caught:
        linked(program(start=f"call {name}\nret"))
    assert str(caught.value) == f"undefined: {name}, needed by 0.o ({hint})"


def test_hostile_symbol_names_are_escaped_in_errors() -> None:
    with pytest.raises(CompileError, match=r"undefined: evil\\x1b\[2J, needed by 0\.o$"):
        linked(program(start='call "evil\x1b[2J"\nret'))


def test_a_program_needs_its_entry_and_the_data_stack_variables() -> None:
    with pytest.raises(CompileError) as caught:
        linked(assemble(function("f")))
    assert caught.value.diagnostics.splitlines() == [
        f"undefined: {name}, needed by the start of every program"
        for name in ("__motte_start", "__motte_data_stack_pointer", "__motte_data_stack_limit")
    ]


def test_an_entry_that_is_no_function_or_takes_stack_arguments_is_refused() -> None:
    for name in ("f", "__motte_data_stack_limit"):
        with pytest.raises(CompileError, match=f"entry {name} must be a function without stack arguments"):
            link(
                [("p.o", program(function("f", stack_arguments=8)))],
                [],
                entry=name,
                limits=DEFAULT_LIMITS,
                cpu_features=(),
            )


def test_a_read_only_data_stack_variable_is_refused() -> None:
    text = ".section .rodata\n.globl __motte_data_stack_pointer, __motte_data_stack_limit\n"
    text += "__motte_data_stack_pointer: .quad 0\n__motte_data_stack_limit: .quad 0\n" + function("__motte_start")
    with pytest.raises(CompileError, match="__motte_data_stack_pointer must be a writable 64-bit variable"):
        linked(assemble(text))


def test_the_linkers_reserved_names_cannot_be_defined() -> None:
    with pytest.raises(CompileError, match=r"object 0\.o: defines __motte_function_table"):
        linked(program(".data\n.globl __motte_function_table\n__motte_function_table: .quad 0\n"))


def test_a_library_whose_index_lies_is_an_error_and_not_an_endless_loop() -> None:
    archive = Archive({"m": assemble(function("other"))}, {"wanted": ["m"]})
    with pytest.raises(CompileError, match="library member m does not define wanted as its index says"):
        linked(program(start="call wanted\nret"), libraries=[archive])


def test_linking_is_deterministic() -> None:
    objects = [("a.o", program(function("f", "movl $g, %eax\nret"), function("g")))]
    first, second = (
        link(objects, [], limits=DEFAULT_LIMITS, cpu_features=order, metadata={"b": "1", "a": "2"})
        for order in (("x", "y"), ("y", "x"))
    )
    assert first == second


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(code_size=64), "the code needs .* limit code_size is 64"),
        (Limits(program_image=8192), "the program image needs .* limit program_image is 8192"),
    ],
)
def test_limits_on_code_and_image_are_named(limits: Limits, text: str) -> None:
    large = program(function("f", "nop\n" * 100 + "ret"), ".bss\n.zero 8192\n")
    with pytest.raises(LimitReached, match=text):
        linked(large, limits=limits)
    linked(large)


def test_an_image_that_leaves_no_room_below_the_heaps_end_is_refused_whatever_the_limits() -> None:
    with pytest.raises(LimitReached, match="limit program_image is 2146365440"):
        linked(program(".bss\n.zero 0x7ff00000\n"), limits=Limits(program_image=1 << 40))
