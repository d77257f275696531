"""What has to be in the address space of a native program before it is entered.

    0x11000                                                     0x7000_0000           0x7F00_0000
    | constants | data, zeroes | gap | data stack ◄─ | gap | break ─► | code               | gates |

The stack grows down, as the CPU's own: the gap below it is never mapped.  A function is entered as if by a call: the
stack pointer is 8 below a multiple of 16, and the address to return to lies there.  The entry function takes the
initial block in ``rdi``, and in ``rsi`` whether the process is only prepared for calls; it returns if that is so, and
otherwise never, like a confined program's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import DATA_STACK_GAP, NATIVE_CODE_BASE, PAGE_SIZE
from motte.errors import LimitReached
from motte.image.native.artifact import NativeArtifact
from motte.image.plan import DataStack, Segment, window_segments
from motte.image.sizes import round_up

_CODE_FILL: Final = b"\xcc"


@dataclass(frozen=True)
class NativePlan:
    """A native program at its addresses; all of them are window addresses, and host addresses in its process."""

    artifact: NativeArtifact
    code_base: int
    code: bytes
    """Whole pages, to be readable and executable."""
    segments: tuple[Segment, ...]
    """In address order, page-aligned, without the empty ones; sizes need not be whole pages."""
    image_end: int
    entry: int
    """Address of the function that is entered."""
    gates: dict[str, int]
    """Address of the gate of each kernel call that the code uses."""

    @property
    def entry_offset(self) -> int:
        """Of the entry function, in the code."""
        return self.entry - self.code_base

    @property
    def data_stack_variables(self) -> tuple[int, int]:
        """None: the stack is the CPU's."""
        return 0, 0

    def data_stack(self, size: int) -> DataStack:
        """Where a stack of ``size`` bytes goes: whole pages, a gap above the image.

        Raises :class:`~motte.errors.LimitReached` if image and stack leave no room for a heap.
        """
        low = round_up(self.image_end, PAGE_SIZE) + DATA_STACK_GAP
        high = low + round_up(size, PAGE_SIZE)
        if high > NATIVE_CODE_BASE - DATA_STACK_GAP:
            raise LimitReached(
                f"a data stack of {size} bytes ends at {high:#x}, past the code at {NATIVE_CODE_BASE:#x}"
            )
        return DataStack(low, high)

    def function_address(self, index: int) -> int:
        """Of a function by its index, as an exported one's prototype has it."""
        return self.code_base + self.artifact.function_columns[0][index]


def native_plan(artifact: NativeArtifact) -> NativePlan:
    """``artifact`` where it was linked to be."""
    offsets = artifact.function_columns[0]
    blob = artifact.blobs["code"]
    return NativePlan(
        artifact=artifact,
        code_base=NATIVE_CODE_BASE,
        code=bytes(blob) + _CODE_FILL * (artifact.code_size - len(blob)),
        segments=window_segments(artifact),
        image_end=artifact.image_end,
        entry=NATIVE_CODE_BASE + offsets[artifact.entry],
        gates={name: KERNEL_CALL_BY_NAME[name].native_gate_address for name in artifact.imports},
    )
