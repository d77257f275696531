"""What it costs the core to start an empty C program, to see its end, and to release it: ``make bench-core``."""

import ctypes
import statistics
import sys

from motte.abi.limits import DEFAULT_LIMITS
from motte.core import NOWHERE, Bank, Terms, _core
from motte.machine import Machine

BATCHES = 2000


def main() -> None:
    """One at a time and a hundred at once: the least and the median of many batches, in microseconds for one."""
    loop = ctypes.PyDLL(_core.__file__).spawn_loop
    loop.argtypes, loop.restype = [ctypes.py_object, ctypes.c_uint32], ctypes.c_uint64
    terms = Terms(native_stack=1 << 20, cpu_ns=None, wall_ns=None, output_limit=None, open_files=64)
    with Machine(memory=None, workers=1) as machine:
        program = machine.load(sys.argv[1])
        image = program.acquire(DEFAULT_LIMITS.data_stack)
        streams = (NOWHERE, NOWHERE, NOWHERE)
        arguments = (image, terms, (b"empty",), (), Bank(None), 0, machine.meter.core, streams, (), None)
        loop(arguments, 100)
        for at_once in (1, 100):
            times = [loop(arguments, at_once) / at_once / 1000 for _ in range(BATCHES)]
            print(f"{at_once:>4} at once: {min(times):.2f} µs each, median {statistics.median(times):.2f}")
        program.release()


main()
