"""Native objects → artifact of kind native → load plan: for programs that an OS process isolates, and nothing else.

Their code is not verified, and may do whatever the CPU and the process's kernel let it.  So such an artifact is refused
wherever an artifact is verified, and only who asks for it by this package's names gets its plan.

All addresses are known when it is linked: the window begins at host address 0, the code at ``NATIVE_CODE_BASE``, and
the gate of each kernel call has its place.

Reading order: ``objects``, ``layout``, ``relocation``, ``linker``, ``artifact``, ``plan``.
"""

from typing import TYPE_CHECKING, Any

from motte.image.native.artifact import NativeArtifact
from motte.image.native.plan import NativePlan, native_plan

if TYPE_CHECKING:
    from motte.image.native.linker import link_native

__all__ = ["NativeArtifact", "NativePlan", "link_native", "native_plan"]


def __getattr__(name: str) -> Any:
    """The linker, imported when first used: programs that are only loaded never need it."""
    if name == "link_native":
        from motte.image.native.linker import link_native

        return link_native
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
