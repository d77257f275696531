"""The page about scheduling tells of tests that exist."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "scheduling.md"


def test_each_test_file_that_the_page_names_exists() -> None:
    for name in re.findall(r"`(test_\w+\.py)`", PAGE.read_text()):
        assert (Path(__file__).parent / name).exists(), name
