"""A library in C that nobody trusts, called like Python: arrays in and out, a callback, a crash, an endless loop."""

import ctypes
from pathlib import Path

import motte

WIDTH, HEIGHT = 64, 16


class Statistics(ctypes.Structure):
    """As ``struct statistics`` of filter.c."""

    _fields_ = (("least", ctypes.c_uint8), ("most", ctypes.c_uint8), ("mean", ctypes.c_double))


class CancelledError(Exception):
    """Somebody does not want to wait any longer."""


@motte.host_function
def progress(percent: motte.i32, what: motte.CString) -> None:
    """What the library calls now and then."""
    print(f"{what}: {percent} %")
    if patience < percent:
        raise CancelledError(what)


patience = 100
picture = bytearray((x * 4 + y * 16) % 256 for y in range(HEIGHT) for x in range(WIDTH))

with motte.Machine(memory="64MiB") as machine:
    program = machine.load(Path("filter.c"), motte.BuildOptions(debug=True))
    print("exports", ", ".join(program.exports))
    with machine.spawn(program, start=False, grants={"progress": progress}) as plugin:
        measure, blur = plugin.function("measure"), plugin.function("blur")
        print(measure.__doc__.splitlines()[0])

        found = Statistics()
        measure(picture, len(picture), motte.Out(found))
        print(found.least, found.most, round(found.mean, 2))
        blur(motte.InOut(picture), WIDTH, HEIGHT)
        measure(picture, len(picture), motte.Out(found))
        print(found.least, found.most, round(found.mean, 2))

        patience = 40
        try:
            blur(motte.InOut(picture), WIDTH, HEIGHT)
        except CancelledError as reason:
            print("cancelled:", reason, "- the plugin is", plugin.state)

        try:
            plugin.function("brightest")(bytes(picture), len(picture))
        except motte.GuestFault as fault:
            print(type(fault).__name__, fault.end.backtrace[0].function, fault.end.backtrace[0].line)

    with machine.spawn(program, start=False, grants={"progress": progress}) as plugin:
        try:
            plugin.function("think")(timeout=0.1)
        except motte.Timeout as timeout:
            print(timeout)
