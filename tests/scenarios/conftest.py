"""The product that scenarios are played on, whatever the channel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.product import SETTINGS
from tests.stack import Stack, running_stack


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A product of its own: a code that expires is really waited for."""
    with running_stack(tmp_path_factory.mktemp("scenarios"), **SETTINGS) as stack:
        yield stack
