"""What ``motte`` exports: complete, documented, and loaded only when it is used."""

import inspect
import subprocess
import sys

import pytest

import motte


def test_every_public_name_is_there_and_documented() -> None:
    for name in motte.__all__:
        value = getattr(motte, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name


def test_the_lists_of_names_agree() -> None:
    assert sorted(motte.__all__) == sorted([*motte._HOME, "__version__"])
    assert dir(motte) == sorted(motte.__all__)


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
