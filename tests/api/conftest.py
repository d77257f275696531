"""Small guests that the tests of the Python package run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import core_builds
import motte

if core_builds.IN_USE in os.environ:  # what is preloaded is here already, and too large for the compilers' children
    os.environ.pop("LD_PRELOAD", None)

PROGRAMS = {
    "status.c": "#include <stdlib.h>\nint main(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 0; }\n",
    "cat.c": (
        "#include <stdio.h>\n"
        "int main(void) {\n"
        "    char block[65536];\n"
        "    for (size_t size; (size = fread(block, 1, sizeof block, stdin)) > 0;) fwrite(block, 1, size, stdout);\n"
        "    return 0;\n}\n"
    ),
    "loop.c": (
        '#include <unistd.h>\nint main(void) { write(1, "ready", 5); for (;;) { volatile int turn = 0; turn++; } }\n'
    ),
    "waiter.c": "#include <unistd.h>\nint main(void) { for (;;) sleep(1000); }\n",
    "flood.c": (
        "#include <string.h>\n#include <unistd.h>\n"
        "int main(void) {\n"
        "    static char block[1 << 20];\n"
        "    memset(block, 'x', sizeof block);\n"
        "    for (int i = 0; i < 64; i++)\n"
        "        for (int done = 0; done < 1 << 20;) done += write(1 + i % 2, block + done, (1 << 20) - done);\n"
        "    return 0;\n}\n"
    ),
    "null.c": (
        "__attribute__((noinline)) static int value_of(volatile int *pointer) {\n"
        "    return *pointer;\n"
        "}\n"
        "int main(void) { volatile int *volatile nothing = 0; return value_of(nothing); }\n"
    ),
    "memory.c": (
        "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
        "static char *volatile latest;\n"
        "int main(void) {\n"
        "    int count = 0;\n"
        "    for (; (latest = malloc(1 << 20)) != NULL; count++) memset(latest, 1, 1 << 20);\n"
        '    printf("%d\\n", count);\n'
        "    return 0;\n}\n"
    ),
    "echo.c": (
        "#include <stdio.h>\n#include <stdlib.h>\n"
        "int main(int argc, char **argv) {\n"
        '    for (int i = 0; i < argc; i++) printf("%s|", argv[i]);\n'
        '    printf("%s", getenv("NAME") ? getenv("NAME") : "nothing");\n'
        "    return 0;\n}\n"
    ),
}


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all of them."""
    directory = tmp_path_factory.mktemp("guests")
    for name, text in PROGRAMS.items():
        (directory / name).write_text(text)
    return directory


@pytest.fixture
def machine() -> Iterator[motte.Machine]:
    """A machine that must be empty again at the end."""
    with motte.Machine(memory="256MiB") as machine:
        yield machine
        for_processes = machine.statistics()
        assert for_processes.processes == 0, "the test left processes behind"


@pytest.fixture
def status(machine: motte.Machine, programs: Path) -> motte.Program:
    """Exits with its first argument."""
    return machine.load(programs / "status.c")
