"""One fixture for all tests of the core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.snippets import Workshop


@pytest.fixture
def workshop(request: pytest.FixtureRequest) -> Iterator[Workshop]:
    reaching = "reaching" in request.fixturenames and request.getfixturevalue("reaching")
    workshop = Workshop(reaching=reaching)
    yield workshop
    workshop.close()


_REACHING = pytest.param(
    True, id="reaching", marks=pytest.mark.beside("checked blocks are reached through the host's own address space")
)


@pytest.fixture(params=[pytest.param(False, id="plain"), _REACHING])
def reaching(request: pytest.FixtureRequest) -> bool:
    """For tests of what holds for both kinds of programs: those that reach checked blocks have gates of their own."""
    return bool(request.param)
