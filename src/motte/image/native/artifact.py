"""An artifact of native code as a value: read, and checked for consistency.

What its code does is checked by nobody: it may only run where an OS process isolates it.
"""

from __future__ import annotations

from motte.abi.kernel_calls import KERNEL_CALL_BY_NAME
from motte.abi.layout import NATIVE_CODE_BASE, NATIVE_GATE_BASE
from motte.abi.limits import DEFAULT_LIMITS, Limits
from motte.errors import Refused
from motte.image.manifest import Manifest, read_manifest
from motte.image.names import printable
from motte.image.records import columns
from motte.image.sizes import check_code_size, check_image_end
from motte.image.stored import StoredProgram


class NativeArtifact(StoredProgram):
    """A consistent artifact of native code.  Immutable; holds views of the bytes it was read from."""

    def __init__(self, manifest: Manifest, limits: Limits) -> None:
        """Use :meth:`read`."""
        super().__init__(manifest)
        self._check_sizes(limits)
        self._check_gates()

    @classmethod
    def read(cls, data: bytes | memoryview, limits: Limits = DEFAULT_LIMITS) -> NativeArtifact:
        """The artifact in ``data``.

        Raises :class:`~motte.errors.Refused` with the first inconsistency, and if its code is confined;
        :class:`~motte.errors.LimitReached` if it is consistent but larger than ``limits`` allow.
        """
        manifest = read_manifest(memoryview(data).cast("B"))
        if manifest.kind != "native":
            raise Refused("artifact: its code is confined, and for addresses that only a window has")
        return cls(manifest, limits)

    def _check_sizes(self, limits: Limits) -> None:
        check_code_size(len(self.blobs["code"]), limits, NATIVE_GATE_BASE - NATIVE_CODE_BASE)
        check_image_end(self.image_end, limits, NATIVE_CODE_BASE)

    def _check_gates(self) -> None:
        """The code has the addresses of gates in it, and kernel calls may be numbered anew."""
        (claimed_gates,) = columns(self.blobs["gates"], 1)
        if len(claimed_gates) != len(self.imports):
            raise Refused(f"artifact: {len(claimed_gates)} gates where {len(self.imports)} belong")
        for name, claimed_gate in zip(self.imports, claimed_gates, strict=True):
            if claimed_gate != KERNEL_CALL_BY_NAME[name].native_gate_address:
                raise Refused(f"artifact: calls {printable(name)} where this Motte has another gate: link it again")
