"""Writes forms_table.h: ``python generate_forms.py SOURCE_ROOT OUTPUT``.

Which instructions exist, and what each of them is, is stated once, in ``motte.verifier`` (``mnemonics``,
``allowlist``) and in the decoder library that it builds on.  Here that becomes a table: for each *opcode* of each
map, the *form* that a choice of prefixes, W, vector length and ModRM selects.  Forms that are refused are in it, too,
with the rule they break; a choice without a form does not decode.

The table says what a form *is*; whether an instruction uses its bits as it must is decided by the C code alone.

The choice is an index into a dense array of cells, the sum of one coordinate times one stride for each dimension;
a dimension that makes no difference to an opcode has stride 0 there, and takes no room.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from types import ModuleType

from form_candidates import DIMENSIONS, Candidate, select
from form_rows import row


def import_motte(source_root: str) -> None:
    """Give ``motte`` to the import system as a bare folder: the package itself needs the core."""
    package = ModuleType("motte")
    package.__path__ = [str(Path(source_root) / "src" / "motte")]
    sys.modules["motte"] = package


def candidates_by_place() -> dict[str, dict[int, list[Candidate]]]:
    """Every form that 64-bit processors know, by map and opcode."""
    from iced_x86 import Code, EncodingKind, OpCodeTableKind

    encodings = {
        EncodingKind.LEGACY: "LEGACY",
        EncodingKind.VEX: "VEX",
        EncodingKind.EVEX: "EVEX",
        EncodingKind.XOP: "XOP",
    }
    tables = {value: name for name, value in vars(OpCodeTableKind).items() if name.isupper()}
    places: dict[str, dict[int, list[Candidate]]] = {}
    for name, code in vars(Code).items():
        if not name.isupper() or not isinstance(code, int) or name == "INVALID":
            continue
        candidate = Candidate(name, code)
        facts = candidate.facts
        if not (facts.mode64 and facts.intel_decoder64 and facts.is_instruction) or facts.decoder_option:
            continue
        # 9b is an instruction of its own.  Where 67 makes another form of an opcode without ModRM, the decoder knows.
        if facts.fwait or facts.address_size == 32:
            continue
        place = f"{encodings[facts.encoding]}_{tables[facts.table]}" if facts.encoding in encodings else "THREE_D_NOW"
        for opcode in range(candidate.opcode, candidate.opcode + (8 if candidate.field("opcode") else 1)):
            # 90 alone is a NOP and no exchange of rax with itself; what REX.B makes of it, the decoder knows.
            if not (opcode == 0x90 and candidate.field("opcode")):
                places.setdefault(place, {}).setdefault(opcode, []).append(candidate)
    return places


class Table:
    """Forms, cells and opcodes, without repetition."""

    def __init__(self) -> None:
        """Form 0, in cell 0, is what does not decode."""
        self.forms: dict[str, int] = {"{.refusal = MOTTE_RULE_D1}": 0}
        self.cells: list[int] = [0]
        self._known: dict[tuple[int, ...], int] = {(0,): 0}

    def opcode(self, candidates: list[Candidate]) -> str:
        """The initialiser of ``struct opcode``."""
        has_modrm = {candidate.has_modrm for candidate in candidates}
        assert len(has_modrm) == 1, [candidate.name for candidate in candidates]
        used = list(_used_dimensions(candidates))
        chosen = {cell: self._form(candidates, cell) for cell in product(*map(range, used))}
        used = [1 if self._is_idle(chosen, axis) else size for axis, size in enumerate(used)]
        cells = tuple(chosen[cell] for cell in product(*map(range, used)))
        if cells not in self._known:
            self._known[cells] = len(self.cells)
            self.cells.extend(cells)
        strides = [0] * len(used)
        step = 1
        for axis in reversed(range(len(used))):
            strides[axis] = step if used[axis] > 1 else 0
            step *= used[axis]
        text = ", ".join(map(str, strides))
        return f"{{.first_cell = {self._known[cells]}, .strides = {{{text}}}, .has_modrm = {int(has_modrm.pop())}}}"

    def _form(self, candidates: list[Candidate], cell: tuple[int, ...]) -> int:
        prefixes, w, length, is_register, reg, rm = cell
        candidate = select(candidates, (prefixes, w, length, is_register, reg, rm))
        return 0 if candidate is None else self.forms.setdefault(row(candidate, bool(is_register)), len(self.forms))

    @staticmethod
    def _is_idle(chosen: dict[tuple[int, ...], int], axis: int) -> bool:
        return all(form == chosen[(*cell[:axis], 0, *cell[axis + 1 :])] for cell, form in chosen.items())


def _used_dimensions(candidates: Iterable[Candidate]) -> Iterator[int]:
    """Sizes of the dimensions that can matter at all for these forms."""
    legacy = all(candidate.is_legacy for candidate in candidates)
    modrm = any(candidate.has_modrm for candidate in candidates)
    matters = (
        *(True, True, not legacy, modrm),
        any(candidate.reg is not None for candidate in candidates),
        any(candidate.rm is not None for candidate in candidates),
    )
    for size, holds in zip(DIMENSIONS, matters, strict=True):
        yield size if holds else 1


def render() -> str:
    """The header's text, deterministic."""
    table = Table()
    maps = []
    for place, by_opcode in sorted(candidates_by_place().items()):
        rows = [f"    [{opcode:#04x}] = {table.opcode(found)}," for opcode, found in sorted(by_opcode.items())]
        maps += [f"static const struct opcode map_{place.lower()}[256] = {{", *rows, "};"]
    cells = table.cells
    return "\n".join(
        (
            "/* Generated by generate_forms.py: do not edit. */",
            "static const struct form forms[] = {",
            *(f"    {form}," for form in table.forms),
            "};",
            f"static const uint16_t cells[{len(cells)}] = {{",
            *("    " + ", ".join(map(str, cells[at : at + 20])) + "," for at in range(0, len(cells), 20)),
            "};",
            *maps,
            "",
        )
    )


def main(source_root: str, output: str) -> None:
    """Render the table from ``source_root/src/motte`` into the file ``output``."""
    import_motte(source_root)
    Path(output).write_text(render())


if __name__ == "__main__":
    main(*sys.argv[1:])
