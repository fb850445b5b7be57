"""Fixtures that every test may use: the running product, and the tools that some tests need; how property tests run."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.needs import needs
from tests.stack import Stack, running_stack

__all__ = ["needs"]

# On a crowded machine a slow example says nothing about the rule. CI judges a commit: the same examples each time.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("REQUIRE_ALL") == "1" else "desk")


def pytest_collection_finish() -> None:
    """Keep all modules and collected tests out of every later garbage collection: nothing of them ever is garbage."""
    gc.collect()
    gc.freeze()


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
