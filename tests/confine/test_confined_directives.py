"""Lines that are not instructions: a closed list, whatever their strings and names contain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confine.confined_program import confined_body, facts, function
from motte.compiler.confine import ConfineError, confine


def data_lines(*lines: str, section: str = "\t.data") -> list[str]:
    """What becomes of lines in a data section."""
    text = confine("\n".join([section, *lines, ""]), {})
    confined = text.split("\n")
    return confined[confined.index(section) + 1 : confined.index('\t.section\t.motte.tables,"a",@progbits')]


@pytest.mark.parametrize("line", [
    "\t.byte\t255", "\t.byte\t1,2,3", "\t.short\t-1", "\t.long\t0x40200000", "\t.quad\t-9223372036854775808",
    "\t.zero\t24", "\t.zero\t64,48", "\t.fill\t3, 8, 0x1", '\t.asciz\t"text"',
    '\t.ascii\t"\\"\\\\\\000 # ; .incbin"', "\t.quad\tsymbol", "\t.quad\tsymbol+8", "\t.long\tsymbol-4",
    '\t.quad\t"odd name"', "name:", '"odd: name":', "\t.globl\tname", "\t.weak\tname", "\t.hidden\tname",
    "\t.type\tname,@object", "\t.size\tname, 8", "alias = name", "alias = name+8", "\t.set\talias, name",
])  # fmt: skip
def test_ordinary_data_passes(line: str) -> None:
    assert data_lines(line) == [line]


@pytest.mark.parametrize("line", [
    '\t.file\t"a.c"', '\t.ident\t"clang # \\" .incbin"', "\t.addrsig", "\t.addrsig_sym\tname",
    "\t.cfi_startproc", "", "# comment", "\t.cfi_def_cfa_offset 16",
    '\t.section\t".note.GNU-stack","",@progbits',
])  # fmt: skip
def test_what_means_nothing_to_a_program_is_dropped(line: str) -> None:
    assert data_lines(line) == []


@pytest.mark.parametrize("line", [
    '\t.incbin\t"/etc/passwd"', '\t.include\t"/etc/passwd"', "\t.macro\tm", "\t.rept\t1000000000",
    "\t.irp\tx,1,2", "\t.org\t4096", "\t.pushsection\t.text", "\t.popsection", "\t.previous",
    "\t.subsection\t1", "\t.code32", "\t.intel_syntax noprefix", "\t.symver\ta,b@c",
    "\t.reloc\t0, R_X86_64_64, x", "\t.weakref\ta,b", "\t.bundle_align_mode\t5", "\t.if\t1", "\t.quad\ta@GOT",
    "\t.quad\ta-b-c", "\t.asciz\t\"a\", \"b\"", '\t.asciz\t"a"; .incbin "b"', '\t.asciz\t"a', "\t.zero\tsymbol",
    "\t.type\tx,@tls_object", "\t.type\tx,@gnu_indirect_function", "\t.p2align\t17", "\t.balign\t4",
    "\t.nonsense", "movl\t%eax, %ebx", "\tmovl\t%eax, %ebx", " .quad 1", "\t.quad 1\t; .quad 2",
    "\t.comm\tx,8,3", "x: .incbin \"a\"", "0:", ".quad\t1", "\t.section\t.tdata,\"awT\",@progbits",
    '\t.section\t"evil\\n.incbin","aw",@progbits', "\t.section\tmine,\"aw\",@progbits",
    "\t.section\t.eh_frame,\"a\",@progbits", '\t.section\t.data,"aw",@progbits,unique,1',
    "__motte_function_table:", "__motte_function_table_mask = 16", ".Lmotte_trap0_0:",
    '"__motte_function_table":', "\t.comm\t__motte_jump_table.0,8,8",
])  # fmt: skip
def test_any_other_line_is_refused_at_its_place(line: str) -> None:
    with pytest.raises(ConfineError) as error:
        data_lines("\t.long\t1", line)
    assert (error.value.line, error.value.function) == (3, "")
    assert error.value.instruction == line


@pytest.mark.parametrize("character", ["\r", "\0", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "é"])
def test_characters_that_could_be_line_ends_elsewhere_are_refused(character: str) -> None:
    with pytest.raises(ConfineError, match=r"character .* in line 2 of the assembly"):
        confine(f'\t.data\n\t.asciz\t"a{character}b"\n', {})


QUOTED = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)


@given(QUOTED, QUOTED)
def test_no_quoted_text_changes_how_the_lines_around_it_are_read(name: str, text: str) -> None:
    lines = (f"\t.globl\t{name}", f"{name}:", f"\t.ascii\t{text}", f"\t.quad\t{name}+8", "\t.long\t7")
    assert data_lines(*(f"{line} # {text}" for line in lines)) == list(lines)


@given(QUOTED)
def test_quoted_names_in_code_stay_names(name: str) -> None:
    body = f"\tmovl\t{name}(%rip), %eax\n\tcallq\t{name}\n\tleaq\t{name}+1(%rip), %rsi\n\tjmp\t{name}\n"
    assert confined_body(body) == [
        f"\tmovl\t%gs:{name}(,%eiz), %eax",
        f"\tcallq\t{name}",
        f"\tmovl\t${name}+1, %esi",
        f"\tjmp\t{name}",
    ]


KNOWN_STARTS = ("\t.quad\t", "\t.ascii\t", "\t.section\t", "\tmovl\t", "\tcallq\t", "\t.set\t", "", "\t", "\t.")
PUNCTUATION = st.text(st.sampled_from('%$()*,.:;#"\\@{}+- \tabcrspx01'), max_size=25)


@given(st.sampled_from(KNOWN_STARTS), PUNCTUATION)
def test_what_is_emitted_was_understood(start: str, rest: str) -> None:
    """Whatever is accepted contains none of the characters that separate statements, outside quotes and comments."""
    try:
        text = confine(function("f", f"\tretq\n{start}{rest}\n"), facts("f"))
    except ConfineError:
        return
    for line in text.split("\n"):
        outside = "".join(part for number, part in enumerate(line.replace('\\"', "").split('"')) if number % 2 == 0)
        assert ";" not in outside
        assert "incbin" not in outside


CONSTANT = '\t.section\t.rodata,"a",@progbits'


@pytest.mark.parametrize(("name", "switch"), [
    (".rodata.str1.1", CONSTANT),
    (".rodata.cst8", CONSTANT),
    (".data.rel.ro", CONSTANT),
    (".data.x", "\t.data"),
    (".bss.y", "\t.bss"),
    (".text.unlikely.", "\t.text"),
    (".init_array.7", '\t.section\t.init_array.7,"aw",@init_array'),
    (".ctors", '\t.section\t.ctors,"aw",@progbits'),
    (".debug_str", '\t.section\t.debug_str,"MS",@progbits,1'),
    (".debug_info", '\t.section\t.debug_info,"",@progbits'),
])  # fmt: skip
def test_sections_are_canonical_whatever_their_flags(name: str, switch: str) -> None:
    assert confine(f'\t.section\t{name},"aMSwx",@progbits,1\n', {}).split("\n")[2] == switch


def test_common_storage_becomes_a_weak_definition() -> None:
    assert data_lines("\t.comm\tx,12,8") == [
        "\t.weak\tx", "\t.bss", "\t.p2align\t3", "x:", "\t.zero\t12", "\t.size\tx, 12", "\t.data",
    ]  # fmt: skip


@pytest.mark.parametrize(("lines", "reason"), [
    (["g:"], "label not accepted inside a function"),
    (["\t.size\tg, .Lfunc_end0-g"], "a function inside another one"),
    (["\t.org\t5"], "directive not accepted"),
    (["\t.long\t5"], "directive not accepted"),
    (["\t.p2align\t9"], "alignment not accepted"),
])  # fmt: skip
def test_a_function_holds_nothing_but_code(lines: list[str], reason: str) -> None:
    with pytest.raises(ConfineError) as error:
        confined_body("\n".join(["\tnop", *lines, "\tretq"]))
    assert error.value.reason == reason


@pytest.mark.parametrize(("text", "reason"), [
    ("\t.type\tg,@function\ng:\n\tretq\n", "nothing is known of the function g"),
    ("\t.type\tf,@function\nf:\n\tretq\n", "a function does not end"),
    ("\tretq\n", "directive not accepted"),
    ("g:\n", "a label in code that is no function"),
    ("\t.data\n\t.quad\t.Ltmp7\n", ".Ltmp7 is used as data but is no label of a function"),
])  # fmt: skip
def test_code_outside_functions_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfineError) as error:
        confine(text, facts("f"))
    assert error.value.reason == reason


def test_line_numbers_stay_where_they_are() -> None:
    lines = ['\t.file\t1 "a \\" b" "c.c" md5 0x00ff', "\t.loc\t1 3 5 prologue_end is_stmt 0 discriminator 2"]
    assert confined_body("\n".join([*lines, "\tretq"])) == [*lines, "\tretq"]
