"""Brackets, quotes and lists of LLVM's textual IR."""

import pytest

from motte.compiler.ir.scan import IRTextError, end_of_bracket, split_list, without_strings


def test_a_list_is_split_only_at_its_own_commas() -> None:
    text = 'ptr byval({ i32, i64 }) %0, <2 x i32> <i32 1, i32 2>, [2 x i8] c"a,", i32 3'
    assert split_list(text) == [
        "ptr byval({ i32, i64 }) %0",
        "<2 x i32> <i32 1, i32 2>",
        '[2 x i8] c"a,"',
        "i32 3",
    ]


@pytest.mark.parametrize("text", ["", "  "])
def test_nothing_is_the_empty_list(text: str) -> None:
    assert split_list(text) == []


def test_brackets_inside_quotes_do_not_count() -> None:
    text = '(ptr @"f)(", i32 1) nounwind'
    assert text[end_of_bracket(text, 0) :] == " nounwind"


def test_an_open_bracket_is_an_error() -> None:
    with pytest.raises(IRTextError, match="unbalanced brackets"):
        end_of_bracket("(i32 1", 0)


def test_blanked_strings_keep_every_position() -> None:
    text = 'section "asm, x" align 4'
    assert without_strings(text) == 'section "______" align 4'
