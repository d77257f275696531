"""The example on the page runs, and gives what the page says."""

import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "scheduling.md"


def test_the_example_on_the_page_gives_the_figure_beside_it() -> None:
    text = PAGE.read_text()
    example = re.search(r"```python\n(.*?)```", text, re.DOTALL)
    assert example
    names: dict[str, Any] = {}
    exec(example[1], names)
    said = re.search(r"^plugin\.used +# ([0-9,]+) ticks", text, re.MULTILINE)
    assert said
    assert names["plugin"].used == int(said[1].replace(",", ""))


def test_each_test_file_that_the_page_names_exists() -> None:
    for name in re.findall(r"`(test_\w+\.py)`", PAGE.read_text()):
        assert (Path(__file__).parent / name).exists(), name
