"""The compiler's process: reads a request from its private directory, leaves the objects there.

Run by :mod:`motte.compiler.parent`, under limits.  Progress goes, a line each, to
the descriptor that the environment names.
"""

from __future__ import annotations

import json
import os
import traceback
from functools import partial
from pathlib import Path
from typing import Any

from motte.compiler.options import CompileOptions
from motte.compiler.parent import REQUEST_FILE, RESULT_FILE
from motte.compiler.pipeline import compile_unit
from motte.compiler.unit import CompileRequest
from motte.errors import CompileError
from motte.toolchain.sandbox import PROGRESS_DESCRIPTOR_VARIABLE


def main(private: str) -> None:
    """Serve the one request of this process."""
    directory = Path(private)
    try:
        result: dict[str, Any] = {"units": _compile_all(directory)}
    except CompileError as error:
        result = {"error": str(error), "diagnostics": error.diagnostics, "native_only": error.native_only}
    (directory / RESULT_FILE).write_text(json.dumps(result))


def _compile_all(directory: Path) -> list[dict[str, Any]]:
    results = []
    for number, unit in enumerate(json.loads((directory / REQUEST_FILE).read_text())):
        modules = tuple((directory / file).read_bytes() for file in unit["modules"])
        name = unit["name"]
        request = CompileRequest(name, modules, CompileOptions.from_json(unit["options"]), unit["stage"])
        try:
            done = compile_unit(request, partial(_report, name))
        except CompileError as error:
            raise CompileError(f"{name}: {error}", error.diagnostics, native_only=error.native_only) from error
        except Exception as error:
            diagnostics = traceback.format_exc()
            raise CompileError(
                f"{name}: the compiler made an error of its own, please report it: {error}", diagnostics
            ) from error
        for part, content in enumerate(done.objects):
            (directory / f"{number}.{part}.object").write_bytes(content)
        results.append({"objects": len(done.objects), "required_features": done.required_features})
    return results


def _report(name: str, what: str) -> None:
    descriptor = os.environ.get(PROGRESS_DESCRIPTOR_VARIABLE)
    if descriptor is not None:
        os.write(int(descriptor), f"{name}: {what}\n".encode())
