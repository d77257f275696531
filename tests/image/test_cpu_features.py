"""CPU features by name."""

from __future__ import annotations

from pathlib import Path

import llvmlite.binding as llvm

from motte.compiler.options import CompileOptions
from motte.image.cpu_features import LEVELS, features_of_flags


def flags_of_this_host() -> list[str]:
    text = Path("/proc/cpuinfo").read_text()
    return text.partition("flags")[2].partition("\n")[0].split()


def test_this_host_has_every_feature_that_the_compiler_uses_on_it() -> None:
    host = features_of_flags(flags_of_this_host())
    assert set(CompileOptions(cpu="native").target().required) <= host


def test_features_and_levels_agree_with_llvm_about_this_host() -> None:
    known_to_llvm = {name for name, present in dict(llvm.get_host_cpu_features()).items() if present}
    host = features_of_flags(flags_of_this_host())
    assert host - LEVELS.keys() <= known_to_llvm


def test_every_generic_cpu_of_the_compiler_is_a_level() -> None:
    for cpu in ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4"):
        assert CompileOptions(cpu=cpu).target().required == (cpu,)
        assert cpu in LEVELS


def test_a_host_without_one_feature_of_a_level_lacks_the_level() -> None:
    flags = set(flags_of_this_host())
    assert "x86-64-v3" not in features_of_flags(flags - {"fma"})
    assert "x86-64-v2" not in features_of_flags(flags - {"pni"})
    assert features_of_flags([]) == frozenset()
