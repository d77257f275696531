"""``python -m motte`` is the ``motte`` command."""

from motte.cli import main

main()
