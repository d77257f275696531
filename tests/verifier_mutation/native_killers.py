"""The same for the verifier in C: a mutant is compiled, and asked what the tests ask."""

from __future__ import annotations

import ctypes
import mmap
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enumeration.encodings import TOTAL, sample
from enumeration.native_verifier import OPINION, WINDOW, compile_command, generate_headers, sources
from motte.verifier import ClaimedCode
from verifier_mutation.evidence import Question
from verifier_mutation.killers import Evidence
from verifier_mutation.native_mutants import NativeMutant

SAMPLED = 500_000
"""Encodings of the whole space that a mutant is asked about."""

DETAILED, LOOKED_UP = 8, 400
"""Every so many-th question is asked in detail, for so many offsets."""

_C = ctypes.CDLL(None)

U32, U64, POINTER = ctypes.c_uint32, ctypes.c_uint64, ctypes.c_void_p


class _Function(ctypes.Structure):
    _fields_ = (("offset", U32), ("size", U32), ("stack_arguments", U32))


class _Pair(ctypes.Structure):
    """A gate, or a class."""

    _fields_ = (("key", U32), ("stack_arguments", U32))


class _JumpTable(ctypes.Structure):
    _fields_ = (("address", U32), ("entries", U32), ("owner", U32))


class _Claims(ctypes.Structure):
    _fields_ = (
        *(("base", U64), ("code", POINTER), ("code_size", U64)),
        *(("tables_base", U64), ("tables", POINTER), ("tables_size", U64)),
        *(("function_table", U32), ("function_table_log2", U32), ("reaches_blocks", U32)),
        *(("functions", POINTER), ("function_count", U64), ("gates", POINTER), ("gate_count", U64)),
        *(("classes", POINTER), ("class_count", U64), ("jump_tables", POINTER), ("jump_table_count", U64)),
        *(("entries", POINTER), ("entry_count", U64)),
    )


class _Verdict(ctypes.Structure):
    _fields_ = (
        *(("rule", ctypes.c_int), ("offset", ctypes.c_int64), ("instruction_count", U64)),
        *(("class_traps", ctypes.POINTER(U32)), ("class_trap_count", U64)),
        *(("call_sites", ctypes.POINTER(U32 * 3)), ("call_site_count", U64)),
    )


@dataclass
class NativeQuestion:
    """Claims as the verifier in C takes them, what keeps them alive, and its decision about them."""

    question: Question
    claims: _Claims
    kept: list[object]
    in_detail: bool = False
    decision: tuple[object, ...] = ()


class NativeEvidence:
    """The verifier in C as it is: its objects, to be linked with a mutant's, and what it says."""

    def __init__(self, evidence: Evidence, folder: Path) -> None:
        self.folder, self._linked = folder, 0
        generate_headers(folder)
        for source in sources():
            subprocess.run([*compile_command(folder), "-c", str(source), "-o", str(self._object(source))], check=True)
        codes = [*evidence.opinions, *sample(0, TOTAL, TOTAL // SAMPLED | 1)]
        self.windows = b"".join(code.ljust(WINDOW, b"\0") for code in codes)
        self.available = bytes(map(len, codes))
        self.questions = [asked for question in evidence.questions for asked in _marshalled(question)]
        library = ctypes.CDLL(str(self.link({})))
        self.opinions = judged(library, self)
        for number, asked in enumerate(self.questions):
            asked.in_detail = number % DETAILED == 0
            asked.decision = decide(library, asked)
            assert _is_that_of_python(library, asked), f"the structures of {__file__} are not those of verify.h"

    def _object(self, source: Path) -> Path:
        return self.folder / f"{source.stem}.o"

    def link(self, replaced: dict[Path, Path]) -> Path:
        """The library with some objects replaced; each time another file, because loaders remember their names."""
        self._linked += 1
        library = self.folder / f"linked{self._linked}.so"
        objects = [str(replaced.get(source, self._object(source))) for source in sources()]
        subprocess.run([*compile_command(self.folder), "-shared", *objects, "-o", str(library)], check=True)
        return library

    def compiled(self, mutant: NativeMutant) -> Path | None:
        """The library with a mutant in it, or ``None`` if that does not compile."""
        text, made = self.folder / "mutant.c", self.folder / "mutant.o"
        text.write_text(mutant.source)
        command = [*compile_command(self.folder), "-w", "-c", str(text), "-o", str(made)]
        done = subprocess.run(command, check=False, capture_output=True)
        return self.link({mutant.path: made}) if done.returncode == 0 else None


def _marshalled(question: Question) -> list[NativeQuestion]:
    claimed = question.claimed
    kept: list[object] = []

    def array(kind: type[ctypes.Structure] | type[ctypes.c_uint32], rows: Sequence[tuple[int, ...]]) -> int | None:
        made = (kind * len(rows))(*(row if kind is not U32 else row[0] for row in rows))
        kept.append(made)
        return ctypes.addressof(made) if rows else None

    def text(of: bytes | memoryview) -> int | None:
        """A copy that ends where an inaccessible page begins."""
        whole = -(-len(of) // mmap.PAGESIZE) * mmap.PAGESIZE
        pages = mmap.mmap(-1, whole + mmap.PAGESIZE)
        pages[whole - len(of) : whole] = bytes(of)
        first = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        assert _C.mprotect(ctypes.c_void_p(first + whole), mmap.PAGESIZE, 0) == 0
        kept.append(pages)
        return first + whole - len(of) if len(of) else None

    if not _fits(claimed):
        return []
    claims = _Claims(
        *(claimed.base, text(claimed.code), len(claimed.code)),
        *(claimed.tables_base, text(claimed.tables), len(claimed.tables)),
        *(claimed.function_table, claimed.function_table_log2, claimed.reaches_blocks),
        array(_Function, [(one.offset, one.size, one.stack_arguments) for one in claimed.functions]),
        len(claimed.functions),
        *(array(_Pair, list(claimed.gates.items())), len(claimed.gates)),
        *(array(_Pair, list(claimed.classes.items())), len(claimed.classes)),
        array(_JumpTable, [(one.address, one.entries, one.owner) for one in claimed.jump_tables]),
        len(claimed.jump_tables),
        *(array(U32, [(entry,) for entry in claimed.entries]), len(claimed.entries)),
    )
    return [NativeQuestion(question, claims, kept)]


def _fits(claimed: ClaimedCode) -> bool:
    """Whether the claims are numbers that the verifier in C can be told at all."""
    narrow = [
        *(claimed.function_table, claimed.function_table_log2),
        *(value for one in claimed.functions for value in (one.offset, one.size, one.stack_arguments)),
        *(value for pair in (*claimed.gates.items(), *claimed.classes.items()) for value in pair),
        *(value for one in claimed.jump_tables for value in (one.address, one.entries, one.owner)),
        *claimed.entries,
    ]
    wide = (claimed.base, claimed.tables_base)
    return all(0 <= value < 1 << 32 for value in narrow) and all(0 <= value < 1 << 64 for value in wide)


def _is_that_of_python(library: ctypes.CDLL, asked: NativeQuestion) -> bool:
    rule, violations = asked.decision[1], asked.question.verdict.violations
    library.motte_rule_name.restype = ctypes.c_char_p
    return library.motte_rule_name(rule).decode() == (violations[0].rule if violations else "")


def decide(library: ctypes.CDLL, asked: NativeQuestion) -> tuple[object, ...]:
    """All that a verdict of the verifier in C says; in detail, also what can be found with it."""
    verdict = _Verdict()
    status = library.motte_verify(ctypes.byref(asked.claims), ctypes.byref(verdict))
    if verdict.rule:
        decision: tuple[object, ...] = (status, verdict.rule, verdict.offset)
    else:
        traps = verdict.class_traps[: verdict.class_trap_count]
        sites = [tuple(site) for site in verdict.call_sites[: verdict.call_site_count]]
        places = _found(library, asked.claims) if asked.in_detail else []
        decision = (status, 0, verdict.instruction_count, traps, sites, places)
    library.motte_verdict_release(ctypes.byref(verdict))
    return decision


def _found(library: ctypes.CDLL, claims: _Claims) -> list[object]:
    """Places of the first offsets."""
    found: list[object] = []
    for offset in range(min(claims.code_size, LOOKED_UP)):
        place = (U32 * 4)()
        status = library.motte_find_place(ctypes.byref(claims), U64(offset), place)
        found.append((status, tuple(place) if status == 0 else None))
    return found


def judged(library: ctypes.CDLL, evidence: NativeEvidence) -> bytes:
    """What the door says about all encodings, as it stands in memory."""
    found = b""
    for reaches_blocks in (False, True):
        opinions = ctypes.create_string_buffer(len(evidence.available) * OPINION)
        library.judge_many(evidence.windows, evidence.available, U64(len(evidence.available)), reaches_blocks, opinions)
        found += opinions.raw
    return found


def attempt_on(library: Path, evidence: NativeEvidence) -> str:
    """What kills a compiled mutant, or nothing."""
    loaded = ctypes.CDLL(str(library))
    for asked in evidence.questions:
        if decide(loaded, asked) != asked.decision:
            return asked.question.source
    opinions = judged(loaded, evidence)
    if opinions == evidence.opinions:
        return ""
    place = next(
        at
        for at in range(0, len(opinions), OPINION)
        if opinions[at : at + OPINION] != evidence.opinions[at : at + OPINION]
    )
    return f"encoding {evidence.windows[place // OPINION * WINDOW % len(evidence.windows) :][:15].hex(' ')}"
