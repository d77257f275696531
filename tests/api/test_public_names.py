"""What ``motte`` exports: complete, documented, and loaded only when it is used."""

import ast
import builtins
import collections.abc
import inspect
import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import motte
import motte.keepers
import motte.testing


def test_every_public_name_is_there_and_documented() -> None:
    for name in motte.__all__:
        value = getattr(motte, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_the_lists_of_names_agree() -> None:
    assert sorted(motte.__all__) == sorted([*motte._HOME, "__version__"])
    assert dir(motte) == sorted(motte.__all__)


def test_each_name_has_one_home() -> None:
    """Whatever is public is so under one name in one module; aliases of other people's types are not meant."""
    homes: dict[int, list[str]] = {}
    for module in (motte, motte.keepers, motte.testing):
        for name in module.__all__:
            value = getattr(module, name)
            if getattr(value, "__module__", "").startswith("motte") or isinstance(value, type | motte.Seed):
                homes.setdefault(id(value), []).append(f"{module.__name__}.{name}")
    assert [names for names in homes.values() if len(names) > 1] == []
    assert set(motte.__all__).isdisjoint({*motte.keepers.__all__, *motte.testing.__all__})


def test_a_module_that_defines_a_public_name_is_the_one_it_comes_from() -> None:
    """No detours: what is imported in two steps would have two homes in the package itself."""
    for name, module in motte._HOME.items():
        value = getattr(motte, name)
        if inspect.isclass(value) and value.__module__ not in {"motte", "motte.core._core"}:
            package = value.__module__.rpartition(".")[0]
            assert module in {value.__module__, package}, (name, module, value.__module__)


def test_the_package_tells_what_is_in_it() -> None:
    """``help(motte)`` lists all names by what they are for, each once."""
    listed = re.search(r"^  one run.*?(?=\n\n)", motte.__doc__ or "", re.MULTILINE | re.DOTALL)
    assert listed is not None
    names = [word.strip(";") for line in listed[0].split("\n") for word in line[16:].split()]
    assert sorted(names) == sorted(name for name in motte.__all__ if name != "__version__")


def test_what_public_methods_return_is_public() -> None:
    """Who is handed an object can name its type; ``Card`` is for showing, ``Linked`` a base of whoever can end."""
    known = {*motte.__all__, "Card", "Linked", *dir(builtins), *dir(typing), *dir(collections.abc)}
    defined = {path.stem: path for path in Path(motte.__file__).parent.glob("*.py")}
    classes = {
        node.name
        for path in defined.values()
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    hidden = set()
    for name in motte.__all__:
        for attribute, value in vars(getattr(motte, name)).items() if inspect.isclass(getattr(motte, name)) else ():
            function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if attribute.startswith("_") or "For the package" in (inspect.getdoc(function) or ""):
                continue
            returned = getattr(function, "__annotations__", {}).get("return", "")
            text = returned if isinstance(returned, str) else getattr(returned, "__name__", str(returned))
            hidden |= {f"{name}.{attribute}: {word}" for word in re.findall(r"\w+", text) if word in classes - known}
    assert sorted(hidden) == []


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'motte' has no attribute 'nonsense'"):
        _ = motte.nonsense  # type: ignore[attr-defined]


def test_importing_motte_imports_nothing_else_of_it() -> None:
    program = "import sys, motte; print(*(name for name in sys.modules if name.startswith('motte.')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_every_error_has_the_one_base() -> None:
    for name in ("BadState", "Closed", "CompileError", "InternalError", "LimitReached", "Refused", "Timeout"):
        assert issubclass(getattr(motte, name), motte.MotteError)
