"""Function attributes: the numbered groups at a module's end, and who refers to them.

LLVM shares one group between all functions and call sites with equal attributes,
so changing one user's attributes means giving it a group of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

GROUP_LINE: Final = re.compile(r"^attributes #(\d+) = \{(.*)\}$")
GROUP_REFERENCE: Final = re.compile(r" #(\d+)\b")
_ATTRIBUTE: Final = re.compile(r'"[^"]*"(?:="[^"]*")?|[a-z_]+(?:\([^)]*\)|=\d+)?')


def split_attributes(text: str) -> list[str]:
    """The attributes of one group, each as written."""
    return _ATTRIBUTE.findall(text)


def attribute_name(attribute: str) -> str:
    """``memory(none)`` → ``memory``; ``"a"="b"`` → ``"a"``."""
    return re.split(r"[(=]", attribute, maxsplit=1)[0]


class AttributeGroups:
    """All groups of a module, by number."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Read the ``attributes #n = { … }`` lines."""
        self._groups = {
            match.group(1): tuple(split_attributes(match.group(2)))
            for line in lines
            if (match := GROUP_LINE.match(line))
        }
        self._numbers = {attributes: number for number, attributes in self._groups.items()}

    def __getitem__(self, number: str) -> tuple[str, ...]:
        """The attributes of a group, as written."""
        return self._groups[number]

    def containing(self, attribute: str) -> frozenset[str]:
        """The numbers of the groups that have this attribute."""
        return frozenset(number for number, group in self._groups.items() if attribute in group)

    def lines(self) -> list[str]:
        """The groups as LLVM writes them."""
        return [f"attributes #{number} = {{ {' '.join(group)} }}" for number, group in self._groups.items()]

    def change_all(self, change: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        """Apply ``change`` to every group, keeping the numbers."""
        self._groups = {number: change(group) for number, group in self._groups.items()}
        self._numbers = {attributes: number for number, attributes in self._groups.items()}

    def number_of(self, attributes: tuple[str, ...]) -> str:
        """The group with exactly these attributes, made if there is none."""
        number = self._numbers.get(attributes)
        if number is None:
            number = str(max((int(known) for known in self._groups), default=-1) + 1)
            self._groups[number] = attributes
            self._numbers[attributes] = number
        return number

    def without(self, suffix: str, *names: str) -> str:
        """A header's or call's suffix, referring to a group that lacks the attributes called ``names``."""
        match = GROUP_REFERENCE.search(suffix)
        if match is None:
            return suffix
        group = self._groups[match.group(1)]
        kept = tuple(attribute for attribute in group if attribute_name(attribute) not in names)
        if kept == group:
            return suffix
        reference = f" #{self.number_of(kept)}" if kept else ""
        return f"{suffix[: match.start()]}{reference}{suffix[match.end() :]}"
