"""The table of contents: every check of the verifier, in the order in which it is made."""

from motte.abi import layout
from motte.verifier.claims import ClaimedCode, ClaimedJumpTable
from motte.verifier.findings import Findings
from motte.verifier.functions import FunctionDecoder
from motte.verifier.heights import HeightWalk
from motte.verifier.placement import check_placement
from motte.verifier.surroundings import Surroundings
from motte.verifier.tables import check_extents, check_function_table, claimed_traps, read_jump_table
from motte.verifier.verdict import Verdict, VerifiedCode


class Verification:
    """One run of the verifier: the checks in order, and what they have found."""

    def __init__(self, claimed: ClaimedCode) -> None:
        """Check everything."""
        # Our own copies, taken before the first check: what is verified cannot change behind it.
        self._claimed, self._code, self._tables = claimed, bytes(claimed.code), bytes(claimed.tables)
        self._findings = Findings()
        self._functions = 0
        self._instructions = 0
        self._class_traps: set[int] = set()
        self._call_sites: list[tuple[int, int, int]] = []
        self._run()

    def _run(self) -> None:
        """Claims, and where tables lie; then function by function; the function table last."""
        claimed, code, tables, findings = self._claimed, self._code, self._tables, self._findings
        if not check_placement(claimed, code, tables, findings) or not check_extents(claimed, tables, findings):
            return
        stack_arguments = {address - claimed.base: size for address, size in claimed.gates.items()}
        stack_arguments.update((function.offset, function.stack_arguments) for function in claimed.functions)
        traps = self._check_functions(Surroundings(code, stack_arguments, claimed.classes))
        if not findings.full:
            check_function_table(claimed, tables, stack_arguments, traps, findings)

    def _check_functions(self, surroundings: Surroundings) -> set[int]:
        """Check all functions; those claimed traps that are traps."""
        claimed, findings = self._claimed, self._findings
        mask = ((1 << claimed.function_table_log2) - 1) * layout.FUNCTION_TABLE_ENTRY_SIZE
        reaches = claimed.reaches_blocks == 1
        decoder = FunctionDecoder(self._code, claimed.function_table, mask, findings, reaches_blocks=reaches)
        wanted = claimed_traps(claimed, self._tables)
        traps: set[int] = set()
        claims_of: dict[int, list[ClaimedJumpTable]] = {}
        for table in claimed.jump_tables:
            claims_of.setdefault(table.owner, []).append(table)
        for index, claim in enumerate(claimed.functions):
            found_before = len(findings)
            function = decoder.decode(claim)
            self._functions += 1
            self._instructions += len(function.starts)
            traps |= function.traps & wanted
            jump_tables = {
                table.address: read_jump_table(table, claimed, self._tables, function, findings)
                for table in claims_of.get(index, ())
            }
            # A function with a refused instruction has no heights worth speaking of.
            if len(findings) == found_before:
                walk = HeightWalk(function, jump_tables, surroundings, findings)
                walk.run()
                self._class_traps |= walk.class_traps
                self._call_sites += ((offset, index, height) for offset, height in walk.call_sites())
            if findings.full:
                break
        return traps

    def verdict(self) -> Verdict:
        """The answer."""
        claimed = self._claimed
        violations = self._findings.in_order()
        if violations:
            return Verdict(violations, self._functions, self._instructions)
        verified = VerifiedCode(
            base=claimed.base,
            code=self._code,
            tables_base=claimed.tables_base,
            tables=self._tables,
            trap_offsets=frozenset(self._class_traps),
            entry_offsets=frozenset(claimed.functions[index].offset for index in claimed.entries),
            call_sites=tuple(sorted(self._call_sites)),
        )
        return Verdict(violations, self._functions, self._instructions, verified)
