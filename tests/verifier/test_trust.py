"""The trusted part stands alone: what it imports is all that must be trusted with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import motte.verifier

PACKAGE = Path(motte.verifier.__file__).parent
ALLOWED = ("motte.abi", "motte.errors", "motte.verifier", "iced_x86")


def imported_modules(path: Path) -> set[str]:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            modules.add(node.module or "")
    return modules


def is_allowed(module: str) -> bool:
    return module.split(".", maxsplit=1)[0] in sys.stdlib_module_names or any(
        module == name or module.startswith(f"{name}.") for name in ALLOWED
    )


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_it_imports_facts_the_decoder_and_the_standard_library_only(path: Path) -> None:
    assert {module for module in imported_modules(path) if not is_allowed(module)} == set()


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_it_imports_nothing_by_other_means(path: Path) -> None:
    names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
    assert names.isdisjoint({"__import__", "importlib", "exec", "eval", "compile", "open"})


def test_importing_it_loads_no_other_part() -> None:
    script = "import sys, motte.verifier; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout.split()
    others = ("compiler", "toolchain", "image", "core", "cli")
    assert not [name for name in loaded if name.startswith(tuple(f"motte.{other}" for other in others))]
    assert "llvmlite" not in loaded
    assert "elftools" not in loaded


def test_the_compiler_does_not_import_it() -> None:
    compiler = PACKAGE.parent / "compiler"
    users = [path for path in compiler.rglob("*.py") if any("verifier" in name for name in imported_modules(path))]
    assert users == []
