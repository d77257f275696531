"""What docs/contracts.md shows is what it says, and its rules are the rules."""

import ast
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "contracts.md").read_text()


def names_of_the_example() -> dict[str, Any]:
    example = re.search(r"```python\n(import motte\n.*?)```", PAGE, re.DOTALL)
    assert example
    names: dict[str, Any] = {}
    exec(example[1], names)
    return names


def test_the_example_prints_what_the_page_says_and_has_the_capacity_beside_it() -> None:
    files = names_of_the_example()["files"]
    said = re.search(r"It prints:\n\n(( {4}.*\n)+)", PAGE)
    assert said
    assert files.describe() == re.sub(r"^ {4}", "", said[1], flags=re.MULTILINE).rstrip()
    capacity = re.search(r'^files\.capacity\("server"\) +# (.*)$', PAGE, re.MULTILINE)
    assert capacity
    assert repr(files.capacity("server")) == capacity[1]


def test_the_header_on_the_page_is_that_of_the_example() -> None:
    shown = re.search(r"```c\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    assert shown[1] in names_of_the_example()["files"].header()


def rules_of_python() -> set[str]:
    """The second argument of every BadContract, where it is a text: the others are the core's."""
    calls = [
        node
        for part in ("check", "refusals")
        for node in ast.walk(ast.parse((ROOT / "src" / "motte" / f"contract_{part}.py").read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "BadContract"
    ]
    return {call.args[1].value for call in calls if isinstance(call.args[1], ast.Constant)}


def test_each_rule_that_a_contract_can_break_is_on_the_page() -> None:
    core = re.findall(r'\] = "([a-z-]+)"', (ROOT / "core" / "contracts" / "contract.c").read_text())
    # What Python's descriptions cannot break: they are made from names, and limits are checked where they are written.
    beneath = {"no-memory", "unknown-sender", "message-too-large", "message-twice"}
    table = PAGE[PAGE.index("| rule | what is wrong |") : PAGE.index("### One sender")]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    listed = {rule for row in rows for rule in re.findall(r"`([a-z-]+)`", row)}
    assert listed == rules_of_python() | set(core) - beneath
