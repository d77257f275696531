"""The table of contents: every check of the verifier, in the order in which it is made."""

from motte.abi import layout
from motte.verifier.claims import ClaimedCode
from motte.verifier.findings import Findings
from motte.verifier.functions import FunctionDecoder
from motte.verifier.heights import HeightWalk, Surroundings
from motte.verifier.placement import check_placement
from motte.verifier.tables import JumpTable, check_function_table, check_jump_table, read_jump_tables
from motte.verifier.verdict import _VERIFY_ONLY, Verdict, VerifiedCode


def verify(claimed: ClaimedCode) -> Verdict:
    """Decide whether ``claimed`` obeys every rule of the confinement specification.

    Never raises for what the code or the claims say; ``TypeError`` if a claim has not its declared
    type.  Takes time linear in the size of code and tables.
    """
    # Our own copies, taken before the first check: what is verified cannot change behind it.
    code, tables = bytes(claimed.code), bytes(claimed.tables)
    verification = _Verification(claimed, code, tables)
    verification.run()
    return verification.verdict()


class _Verification:
    """One run of the verifier: the checks in order, and what they have found so far."""

    def __init__(self, claimed: ClaimedCode, code: bytes, tables: bytes) -> None:
        self._claimed = claimed
        self._code = code
        self._tables = tables
        self._findings = Findings()
        self._instructions = 0
        self._functions = 0
        self._all_traps: set[int] = set()
        self._class_traps: set[int] = set()
        self._stack_arguments: dict[int, int] = {}

    def run(self) -> None:
        """Placement first; then the tables' extents; then function by function; the function table last."""
        claimed, findings = self._claimed, self._findings
        if not check_placement(claimed, self._code, self._tables, findings):
            return
        jump_tables = read_jump_tables(claimed, self._tables, findings)
        if len(findings) != 0:
            return
        self._stack_arguments = {address - claimed.base: size for address, size in claimed.gates.items()}
        self._stack_arguments.update((function.offset, function.stack_arguments) for function in claimed.functions)
        self._check_functions(jump_tables)
        if not findings.full:
            check_function_table(claimed, self._tables, self._stack_arguments, self._all_traps, findings)

    def _check_functions(self, jump_tables: dict[int, JumpTable]) -> None:
        claimed, findings = self._claimed, self._findings
        mask = ((1 << claimed.function_table_log2) - 1) * layout.FUNCTION_TABLE_ENTRY_SIZE
        decoder = FunctionDecoder(self._code, claimed.function_table, mask, findings)
        surroundings = Surroundings(self._code, self._stack_arguments, claimed.classes, jump_tables)
        tables_of: dict[int, list[JumpTable]] = {}
        for table in jump_tables.values():
            tables_of.setdefault(table.owner, []).append(table)
        for index, claim in enumerate(claimed.functions):
            found_before = len(findings)
            function = decoder.decode(claim)
            self._functions += 1
            self._instructions += len(function.starts)
            self._all_traps |= function.traps
            for table in tables_of.get(index, ()):
                check_jump_table(table, claimed.tables_base, function.units, findings)
            # A function with a refused instruction has no heights worth speaking of.
            if len(findings) == found_before:
                HeightWalk(index, function, surroundings, findings, self._class_traps).run()
            if findings.full:
                return

    def verdict(self) -> Verdict:
        """The answer; the only place where a ``VerifiedCode`` comes into being."""
        violations = self._findings.in_order()
        verified = None
        if not violations:
            traps = frozenset(self._class_traps)
            verified = VerifiedCode(_VERIFY_ONLY, self._claimed, self._code, self._tables, traps)
        return Verdict(violations, self._functions, self._instructions, verified)
