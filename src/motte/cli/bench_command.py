"""``motte bench``: hands over to the benchmarks, which parse their own arguments."""

import importlib

import click


@click.command("bench", context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[code|kernel|calls|verify] [OPTIONS]")
def bench_command(arguments: tuple[str, ...]) -> int:
    """Measure: motte bench code compares kernels and real programs with native code and wasmtime.

    motte bench kernel measures processes: calls, switches, starts, preemption, shares, limits, memory.

    motte bench calls compares calls between Python and compiled code, and pools, with ctypes, cffi and wasmtime.

    motte bench verify FILE measures how fast an artifact is verified and loaded.
    """
    status: int = importlib.import_module("motte.benchmark.main").main(list(arguments))
    return status
