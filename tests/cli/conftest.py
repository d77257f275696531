"""TimeAndChance that the command line's tests compile."""

from pathlib import Path

import pytest

PROGRAMS = {
    "status.c": "#include <stdlib.h>\nint main(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 0; }\n",
    "echo.c": (
        "#include <stdio.h>\n#include <stdlib.h>\nextern char **environ;\n"
        "int main(int argc, char **argv) {\n"
        '    for (int i = 0; i < argc; i++) printf("argument %s\\n", argv[i]);\n'
        '    for (char **each = environ; *each; each++) printf("variable %s\\n", *each);\n'
        "    for (int c; (c = getchar()) != EOF;) putchar(c);\n"
        '    fputs("to stderr\\n", stderr);\n'
        "    return 0;\n}\n"
    ),
    "loop.c": "static volatile unsigned turns;\nint main(void) { for (;;) turns++; }\n",
    "null.c": (
        "__attribute__((noinline)) static int value_of(volatile int *pointer) {\n"
        "    return *pointer;\n"
        "}\n"
        "int main(void) { volatile int *volatile nothing = 0; return value_of(nothing); }\n"
    ),
    "abort.c": "#include <stdlib.h>\nint main(void) { abort(); }\n",
    "trap.c": "int main(void) { __builtin_trap(); }\n",
    "divide.c": "int main(void) { volatile int zero = 0; return 100 / zero; }\n",
    "flood.c": '#include <stdio.h>\nint main(void) { for (;;) puts("and so on"); }\n',
    "cast.c": (
        "#include <stdint.h>\n"
        "int main(int argc, char **argv) {\n"
        "    char *text = (char *)((uintptr_t)argc << 40);\n"
        "    return argc > 1 ? *text : text == argv[0];\n"
        "}\n"
    ),
    "sources.c": (
        "#include <stdio.h>\n#include <sys/random.h>\n#include <time.h>\n"
        "int main(int argc, char **argv) {\n"
        "    struct timespec now = {0};\n    unsigned char drawn[8];\n"
        "    int fails = clock_gettime(CLOCK_MONOTONIC, &now), some = getrandom(drawn, 8, 0) == 8;\n"
        '    printf("time %s, ", fails ? "no" : "yes");\n'
        '    printf("milliseconds only %s, random ", now.tv_nsec % 1000000 ? "no" : "yes");\n'
        '    for (int i = 0; some && argc == 1 && i < 8; i++) printf("%02x", drawn[i]);\n'
        '    puts(argc == 1 ? "" : some ? "yes" : "no");\n'
        "    return 0;\n}\n"
    ),
    "broken.c": "int main(void) { return undeclared; }\n",
    "assembly.c": 'int main(void) { __asm__("syscall"); return 0; }\n',
    "unlinked.c": "int missing(void);\nint main(void) { return missing(); }\n",
}


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with all of them."""
    directory = tmp_path_factory.mktemp("programs")
    for name, text in PROGRAMS.items():
        (directory / name).write_text(text)
    return directory
