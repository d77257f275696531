"""The site: it can be built, nothing on it leads nowhere, and every public name has one place."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import motte
from documentation.pages import ROOT

DOCUMENTED = re.compile(r"^\.\. auto(?:class|exception|function|data):: motte\.(\w+)$", re.MULTILINE)


def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-E",
        "-d",
        tmp_path / "read",
        "-c",
        ROOT / "docs",
    ]
    done = subprocess.run(
        [*command, "-b", "html", ROOT, tmp_path / "site"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Python 3.11" in (tmp_path / "site" / "README.html").read_text()


def test_every_public_name_is_in_the_reference_once() -> None:
    pages = [page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md")]
    documented = Counter(name for page in pages for name in DOCUMENTED.findall(page))
    assert [name for name, count in documented.items() if count > 1] == []
    assert sorted(documented) == sorted(name for name in motte.__all__ if name != "__version__")
