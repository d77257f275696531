"""Puts a system call, 0f 05, in the place of an artifact's first instruction."""

import sys
from pathlib import Path

MAGIC_SIZE = 8
path = Path(sys.argv[1])
content = bytearray(path.read_bytes())
manifest_size = int.from_bytes(content[MAGIC_SIZE : MAGIC_SIZE + 4], "little")
code = MAGIC_SIZE + 4 + manifest_size
content[code : code + 2] = b"\x0f\x05"
path.write_bytes(content)
