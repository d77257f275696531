"""Contracts for people, and for guests written in C."""

from typing import TYPE_CHECKING

from motte.contract_terms import SIDES, ContractMessage
from motte.quantities import format_size

if TYPE_CHECKING:
    from motte.contract import Contract


def describe(contract: "Contract") -> str:
    """A line for each state, and one about the queues."""
    width = max(map(len, contract.states))
    lines = [f"contract {contract.name}, from {contract.initial}"]
    for state, exits in contract.states.items():
        ways = ", ".join(f"{message} -> {following}" for message, following in exits.items())
        sender = contract.sender(state)
        lines.append(f"  {state:{width}}  {f'{sender} sends {ways}' if sender else 'final'}")
    queued = []
    for side in SIDES:
        messages, size = contract.capacity(side)
        queued.append(f"{messages} message{'s' * (messages != 1)} ({format_size(size)}) of the {side}")
    lines.append(f"  queued at most: {', '.join(queued)}")
    return "\n".join(lines)


def render_header(contract: "Contract") -> str:
    """A header of C with an ``enum`` of the tags; names are the contract's and the message's, in capitals."""
    prefix = contract.name.upper()
    width = max(map(len, contract.messages), default=0)
    about = "\n".join(f" * {line}".rstrip() for line in describe(contract).splitlines())
    constants = "\n".join(
        f"    {prefix}_{name.upper():{width}} = {contract.tags[name]}, /* {_in_words(message)} */"
        for name, message in contract.messages.items()
    )
    enumeration = f"enum {contract.name}_tag {{\n{constants}\n}};\n" if constants else ""
    return f"/* Written by motte.Contract.header: tags of messages.\n *\n{about}\n */\n#pragma once\n\n{enumeration}"


def _in_words(message: ContractMessage) -> str:
    parts = (
        (message.size_limit, "byte", "bytes"),
        (message.capabilities, "capability", "capabilities"),
        (message.blocks, "block", "blocks"),
    )
    carried = [f"{count} {one if count == 1 else many}" for count, one, many in parts if count]
    return f"by the {message.sender}; {'at most ' + ', '.join(carried) if carried else 'empty'}"
