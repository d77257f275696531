"""What all tests share: long ones run only when asked for."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked long (make test-long)")

    parser.addoption(
        "--isolation", default="fault", help="where the guests of all tests run that do not say it themselves"
    )


def pytest_configure(config: pytest.Config) -> None:
    isolation = config.getoption("--isolation")
    if isolation != "fault":
        import motte
        from motte import core

        motte.Machine.__init__.__kwdefaults__["isolation"] = isolation
        motte.run.__kwdefaults__["isolation"] = isolation
        core.spawn_from.__kwdefaults__["in_cell"] = True


def _skip_where_placement_differs(items: list[pytest.Item]) -> None:
    """Each has its reason, and docs/isolation.md lists them."""
    for item in items:
        if marker := item.get_closest_marker("beside"):
            item.add_marker(pytest.mark.skip(reason=f"in this OS process only: {marker.args[0]}"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--isolation") != "fault":
        _skip_where_placement_differs(items)
    if config.getoption("--long"):
        return
    # By the marker, not by the keyword: that may be the name of a folder on the way here.
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]
