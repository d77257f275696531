"""Third stage: LLVM's optimiser, whole-module, for the target CPU."""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm

from motte.compiler.ir.types import TRIPLE
from motte.compiler.options import CompileOptions, Target


@cache
def prepare_llvm() -> None:
    """Register the code generators, for confined code unless something else is chosen."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()
    choose_code_generation(native=False)


def choose_code_generation(*, native: bool) -> None:
    """Set what exists only for the whole process: for all that it generates from now on."""
    # A table of 256 entries needs only a zero-extended byte as its index check; larger switches become trees.
    entries = 0xFFFF_FFFF if native else 256
    llvm.set_option("motte", f"-max-jump-table-size={entries}")
    # A rarely called function stays in .text: lines and inlined calls are told of one section.
    llvm.set_option("motte", "-profile-guided-section-prefix=false")


def target_machine(target: Target, optimization: int) -> Any:
    """LLVM's description of the CPU; addresses are absolute 32-bit values that the linker assigns."""
    prepare_llvm()
    return llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu=target.cpu, features=target.features, opt=optimization, reloc="static", codemodel="small"
    )


def optimise(module: Any, options: CompileOptions) -> None:
    """Run the standard pipeline of the chosen level on an LLVM module, in place."""
    tuning = llvm.create_pipeline_tuning_options(speed_level=options.optimization)
    tuning.loop_vectorization = tuning.slp_vectorization = options.optimization >= 2
    tuning.loop_interleaving = tuning.loop_unrolling = options.optimization >= 1
    builder = llvm.create_pass_builder(target_machine(options.target(), options.optimization), tuning)
    passes = builder.getModulePassManager()
    if options.optimization == 0:
        passes.add_always_inliner_pass()
        passes.add_sroa_pass()
    passes.run(module, builder)
