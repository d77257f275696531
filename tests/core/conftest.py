"""One fixture for all tests of the core."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.snippets import Workshop


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    workshop = Workshop()
    yield workshop
    workshop.close()
