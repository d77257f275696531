"""For keepers that know what is where in one process: what they know would be wrong for another one."""

from motte.keeper import KeptFault


class OneProcess:
    """The process that asked first.

    Its keeper needs no lock: a process waits for one answer before it asks again.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self._identity: int | None = None

    def region_of(self, fault: KeptFault) -> int:
        """The size of the region.  Raises ``ValueError`` for a second process, and for faults outside of regions."""
        if fault.region_size is None:
            raise ValueError("this keeper is one of regions: motte.Region(address, size, keeper)")
        if self._identity is None:
            self._identity = fault.process_identity
        if self._identity != fault.process_identity:
            raise ValueError("this keeper keeps a region of one process: make one for each")
        return fault.region_size
