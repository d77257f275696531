"""The list in docs/spec is the list of the verifier: the same encodings, operands and attributes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from enumeration.accepted_forms import accepted_forms
from enumeration.listing import Form, forms

HERE = Path(__file__).parent


def _merged(form: Form) -> Form:
    """Without the attributes that a line states once for all its sizes."""
    drop = {"er", "sae"} if form.size in (128, 256) else set()
    return Form(**{**vars(form), "attributes": form.attributes - drop})


def test_the_pages_list_exactly_the_forms_that_the_verifier_accepts() -> None:
    listed = [_merged(form) for form in forms()]
    accepted = [_merged(form) for form in accepted_forms()]
    assert len(set(listed)) == len(listed), "a form is listed twice"
    assert sorted(map(repr, set(accepted) ^ set(listed))) == []
    assert len(listed) > 3000


INDEPENDENT = ("listing", "reading", "specification", "whole_specification", "writing", "encodings")
STANDARD = {"__future__", "collections", "dataclasses", "functools", "itertools", "math", "pathlib", "re", "typing"}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_specification_imports_nothing_of_the_project_and_no_decoder(name: str) -> None:
    imports = list(ast.walk(ast.parse((HERE / f"{name}.py").read_text())))
    imported = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    packages = {module.partition(".")[0] for module in imported}
    assert packages <= {*STANDARD, "enumeration"}
    assert {module.partition(".")[2] for module in imported if module.startswith("enumeration")} <= set(INDEPENDENT)
