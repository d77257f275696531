"""Files that no file system of the host knows of, and directories of the host's that cannot be filled."""

import tempfile
from pathlib import Path

import motte

with motte.Machine() as machine:
    program = machine.load("report.c")

    tree = motte.FileTree({"in/a.txt": b"one two three", "in/b.txt": b"four"}, limit="256KiB")
    done = machine.run(program, directories=[tree.at("/data")])
    print("in memory:", done.stdout.decode().strip())
    print(sorted(tree), tree["out/report.txt"])

    del tree["out/big"]
    tree["in/c.txt"] = b"five six"
    print("without the big file it takes", "less" if tree.used < 32_000 else "more", "than 32 kB")

    # The same for reading only: nothing can be written, not even for a moment.
    done = machine.run(program, directories=[tree.at("/data", read_only=True)])
    print("read-only:", done.stderr.decode().strip())

    # A directory of the host's, to which 256 KiB may be added, in at most ten files.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in").mkdir()
        (Path(folder) / "in/a.txt").write_text("one two")
        granted = motte.Directory(folder, "/data", quota="256KiB", max_files=10)
        done = machine.run(program, directories=[granted])
        print("on the host:", done.stdout.decode().strip())
        print((Path(folder) / "out/report.txt").read_text().strip(), granted.added)
