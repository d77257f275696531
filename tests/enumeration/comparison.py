"""One encoding put before everybody: the specification, the verifiers, the canonical encoder, the decoders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from enumeration.judges import Opinion
from enumeration.known_differences import Settlement
from enumeration.specification import NOPS, Judgement, judge
from enumeration.writing import write

MAX_EXAMPLES = 5


class Verifier(Protocol):
    """Says of single instructions whether they may stand in a program."""

    name: str

    def opinions(self, codes: list[bytes]) -> Iterable[Opinion]:
        """One for each code."""


class Decoder(Protocol):
    """Reads what was accepted; an empty text if it reads the same as the specification."""

    name: str
    settlement: Settlement

    def differences(self, accepted: list[tuple[bytes, Judgement]]) -> Iterator[tuple[bytes, str]]:
        """The encodings that are read otherwise, and how."""


@dataclass
class Report:
    """Counts, and of each kind of disagreement how many and a few examples."""

    compared: int = 0
    accepted: int = 0
    forms: set[str] = field(default_factory=set)
    rules: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    disagreements: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, code: bytes, text: str) -> None:
        """Record that somebody disagrees about ``code``."""
        self.disagreements[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append(f"{code.hex(' ')}: {text}")

    def merge(self, other: Report) -> None:
        """Add what another process found."""
        self.compared += other.compared
        self.accepted += other.accepted
        self.forms |= other.forms
        self.rules += other.rules
        self.known += other.known
        self.disagreements += other.disagreements
        for kind, examples in other.examples.items():
            self.examples[kind] = (self.examples.get(kind, []) + examples)[:MAX_EXAMPLES]


def compare(codes: list[bytes], verifiers: list[Verifier], decoders: list[Decoder], report: Report) -> None:
    """Add to ``report`` what everybody says about ``codes``."""
    judgements = [judge(code) for code in codes]
    report.compared += len(codes)
    opinions = [list(verifier.opinions(codes)) for verifier in verifiers]
    for verifier, said in zip(verifiers, opinions, strict=True):
        for code, judgement, opinion in zip(codes, judgements, said, strict=True):
            difference = _difference(judgement, opinion)
            if difference:
                report.add(f"{verifier.name}: {difference[0]}", code, difference[1])
    for code, judgement, *said_of_it in zip(codes, judgements, *opinions, strict=True):
        if len(set(said_of_it)) > 1 and not _names_of_the_unlisted(judgement, {one.rule for one in said_of_it}):
            report.add("the verifiers among themselves", code, str(said_of_it))
    accepted: dict[bytes, Judgement] = {}
    for code, judgement in zip(codes, judgements, strict=True):
        report.rules["+".join(sorted(judgement.broken)) or "accepted"] += 1
        if not judgement.broken:
            accepted[code[: judgement.length]] = judgement
    report.accepted += len(accepted)
    for encoding, judgement in accepted.items():
        if encoding in NOPS:
            continue
        report.forms.add(repr(judgement.form))
        if write(judgement) != encoding:
            report.add("canonical encoding", encoding, write(judgement).hex(" "))
    for decoder in decoders:
        for encoding, text in decoder.differences(list(accepted.items())):
            report.add(f"{decoder.name}: {text.partition(':')[0]}", encoding, text)
        report.known += decoder.settlement.taken()


def _names_of_the_unlisted(judgement: Judgement, rules: set[str]) -> bool:
    """Whether it is only open if an instruction that is not listed is none of any processor, or which."""
    return judgement.broken >= {"D1", "D5"} and rules <= {"D1", "D5", "M6"}


def _difference(judgement: Judgement, opinion: Opinion) -> tuple[str, str] | None:
    broken = sorted(judgement.broken)
    if bool(opinion.rule) != bool(broken):
        return "verdict", f"{broken or 'accepted'}, but {opinion.rule or 'accepted'}"
    if broken:
        return None if opinion.rule in broken else ("rule", f"{broken}, but refused for {opinion.rule}")
    if judgement.length != opinion.length:
        return "length", f"{judgement.length}, but {opinion.length}"
    if judgement.effect != opinion.effect:
        return "effect", f"{judgement.effect}, but {opinion.effect}"
    return None
