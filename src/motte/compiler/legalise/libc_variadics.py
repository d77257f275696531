"""Variadic functions of the C library that a program may call without a prototype.

C before 2023 lets a function be declared ``int open();``.  The call then carries
no hint that the callee is variadic, and the definition is in another object, so
the number of named parameters has to be known by name.
"""

from __future__ import annotations

from typing import Final

NAMED_PARAMETERS: Final = {
    **dict.fromkeys(("printf", "scanf", "wprintf", "wscanf", "err", "warn", "errx", "warnx", "syscall", "ulimit"), 1),
    **dict.fromkeys(("fprintf", "sprintf", "dprintf", "fscanf", "sscanf", "asprintf", "fwprintf", "fwscanf"), 2),
    **dict.fromkeys(("swscanf", "syslog", "open", "open64", "fcntl", "ioctl", "execl", "execle", "execlp"), 2),
    **dict.fromkeys(("snprintf", "swprintf", "openat", "openat64"), 3),
}
