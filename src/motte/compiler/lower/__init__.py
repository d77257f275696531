"""After optimisation: what code generation would put on the native stack, or leave without a check."""

from __future__ import annotations

from motte.compiler.function_classes import FunctionClasses
from motte.compiler.ir.attributes import attribute_name
from motte.compiler.ir.module import Module
from motte.compiler.lower.blocks import lower_block_memory
from motte.compiler.lower.data_stack import lower_allocations
from motte.compiler.lower.function_addresses import FunctionAddresses
from motte.compiler.lower.indirect_calls import IndirectCalls
from motte.compiler.lower.instructions import Instructions
from motte.compiler.lower.memory import lower_block_operations
from motte.compiler.lower.signatures import Signatures
from motte.compiler.lower.traps import trap_unreachable


def _without_memory_facts(group: tuple[str, ...]) -> tuple[str, ...]:
    """Every function may now move the data stack's pointer, whatever it did before."""
    return tuple(item for item in group if attribute_name(item) not in ("memory", "speculatable")) or ("nounwind",)


def lower(module: Module, classes: FunctionClasses) -> None:
    """Rewrite the optimised module in place."""
    module.attributes.change_all(_without_memory_facts)
    signatures = Signatures(module, classes.convention)
    instructions = Instructions(module)
    addresses = FunctionAddresses(module)
    indirect_calls = IndirectCalls(module, classes)
    module.require("declare void @llvm.trap()")
    signatures.declarations()
    for function in module.functions():
        signatures.function(function)
        instructions.rewrite(function)
        addresses.rewrite(function)
        lower_block_memory(module, function)
        lower_block_operations(module, function)
        trap_unreachable(function)
        indirect_calls.tag(function)
        lower_allocations(module, function)
    indirect_calls.add_module_flag()
