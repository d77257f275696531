"""Runs one WebAssembly module under wasmtime: ``python -m motte.benchmark.wasm_runner [--epoch] MODULE [ARGS…]``.

``--epoch`` turns on epoch interruption: what wasmtime needs to be able to stop a
loop, and so the fair comparison with code that can be stopped anywhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

import wasmtime


def main() -> int:
    """Compile (or take the compiled module from beside the file), run ``_start``, return its exit status."""
    arguments = sys.argv[1:]
    interruptible = arguments[0] == "--epoch"
    if interruptible:
        arguments = arguments[1:]
    configuration = wasmtime.Config()
    configuration.epoch_interruption = interruptible
    engine = wasmtime.Engine(configuration)
    store = wasmtime.Store(engine)
    if interruptible:
        store.set_epoch_deadline(1 << 40)
    wasi = wasmtime.WasiConfig()
    wasi.argv = arguments
    wasi.inherit_stdout()
    wasi.inherit_stderr()
    store.set_wasi(wasi)
    linker = wasmtime.Linker(engine)
    linker.define_wasi()
    instance = linker.instantiate(store, _compiled(engine, Path(arguments[0]), interruptible))
    start = instance.exports(store)["_start"]
    assert isinstance(start, wasmtime.Func)
    try:
        start(store)
    except wasmtime.ExitTrap as stop:
        return int(stop.code)
    return 0


def _compiled(engine: wasmtime.Engine, module: Path, interruptible: bool) -> wasmtime.Module:
    ready = module.with_suffix(".epoch" if interruptible else ".plain")
    if ready.exists():
        return wasmtime.Module.deserialize_file(engine, str(ready))
    compiled = wasmtime.Module.from_file(engine, str(module))
    ready.write_bytes(compiled.serialize())
    return compiled


if __name__ == "__main__":
    sys.exit(main())
