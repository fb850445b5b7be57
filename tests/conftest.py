"""Fixtures that every test may use: the running product, and the tools that some tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.needs import needs
from tests.stack import Stack, running_stack

__all__ = ["needs"]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product, started once for all tests of this process, with the demo customers."""
    with running_stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the browser."""
    return needs("chromium")


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """URL of an empty PostgreSQL database."""
    return needs("postgres")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """URL of a Redis server."""
    return needs("redis")


@pytest.fixture(scope="session")
def axe_script() -> str:
    """Path of axe-core's browser script."""
    return needs("axe")
