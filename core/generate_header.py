"""Writes motte_abi.h: ``python generate_header.py SOURCE_ROOT OUTPUT``.

At build time nothing that the package depends on is installed, and the core itself does not exist yet.  So
``motte`` is given to the import system as a bare folder: ``motte.abi`` is imported, ``motte/__init__.py`` is not.
"""

import sys
from pathlib import Path
from types import ModuleType


def main(source_root: str, output: str) -> None:
    """Render the header from ``source_root/src/motte/abi`` into the file ``output``."""
    package = ModuleType("motte")
    package.__path__ = [str(Path(source_root) / "src" / "motte")]
    sys.modules["motte"] = package
    from motte.abi import header

    Path(output).write_text(header.render())


if __name__ == "__main__":
    main(*sys.argv[1:])
