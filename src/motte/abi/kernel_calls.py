"""The kernel calls: functions that a guest calls directly, each through its gate."""

from dataclasses import dataclass
from typing import Final

from motte.abi.layout import GATE_BASE, GATE_STRIDE, NATIVE_GATE_BASE, REACHING_GATE_BASE


@dataclass(frozen=True, slots=True)
class KernelCall:
    """One kernel call: its gate's index, its C name, and its incoming stack bytes (A)."""

    index: int
    name: str
    stack_arguments: int = 0

    @property
    def gate_address(self) -> int:
        """Host address of the gate: the only code outside its program that a guest may call."""
        return GATE_BASE + self.index * GATE_STRIDE

    @property
    def reaching_gate_address(self) -> int:
        """The same for programs that reach checked blocks: they have gates of their own, and no others."""
        return REACHING_GATE_BASE + self.index * GATE_STRIDE

    @property
    def native_gate_address(self) -> int:
        """Where a native program calls it, in its own address space."""
        return NATIVE_GATE_BASE + self.index * GATE_STRIDE

    def gate(self, reaches_blocks: bool) -> int:
        """The gate that such a program calls."""
        return self.reaching_gate_address if reaches_blocks else self.gate_address


KERNEL_CALLS: Final = (
    # void motte_exit(int status): never returns.
    KernelCall(0, "motte_exit"),
    # long motte_syscall(long number, long a, long b, long c, long d, long e)
    KernelCall(1, "motte_syscall"),
    # long motte_syscall6(long number, const long arguments[6])
    KernelCall(2, "motte_syscall6"),
    # int motte_setjmp(long buffer[8]): the guest library's, as the last thing that its setjmp does.
    KernelCall(3, "motte_setjmp"),
    # void motte_longjmp(const long buffer[8], int value): never returns to its caller.
    KernelCall(4, "motte_longjmp"),
    # void motte_check_pointer(unsigned long integer, int use, struct run mapped[3]): made by the compiler only.
    KernelCall(5, "motte_check_pointer"),
    # Capabilities and messages: see guest/include/motte.h.
    KernelCall(6, "motte_grant"),
    KernelCall(7, "motte_cap_copy"),
    KernelCall(8, "motte_cap_drop"),
    KernelCall(9, "motte_cap_restrict"),
    KernelCall(10, "motte_cap_revoke"),
    KernelCall(11, "motte_cap_kind"),
    KernelCall(12, "motte_channel_create"),
    KernelCall(13, "motte_send"),
    KernelCall(14, "motte_receive"),
    KernelCall(15, "motte_call"),
    KernelCall(16, "motte_reply"),
    KernelCall(17, "motte_reply_receive"),
    KernelCall(18, "motte_select"),
    KernelCall(19, "motte_notify"),
    KernelCall(20, "motte_cap_forward"),
    KernelCall(21, "motte_cap_retarget"),
    KernelCall(22, "motte_block_alloc"),
    KernelCall(23, "motte_block_map"),
    KernelCall(24, "motte_block_unmap"),
    KernelCall(25, "motte_block_size"),
    KernelCall(26, "motte_block_split"),
    KernelCall(27, "motte_block_freeze"),
    KernelCall(28, "motte_block_free"),
    KernelCall(29, "motte_block_alloc_checked"),
    KernelCall(30, "motte_block_open"),
    KernelCall(31, "motte_block_copy"),
    # int motte_host_find(const char *name)
    KernelCall(32, "motte_host_find"),
    # long motte_host_call(unsigned long function, long a, long b, long c, long d, long e)
    KernelCall(33, "motte_host_call"),
)

KERNEL_CALL_BY_NAME: Final = {call.name: call for call in KERNEL_CALLS}
