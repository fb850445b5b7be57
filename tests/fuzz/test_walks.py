"""A short walk in each run of the tests, with two guards taken away as its control; `make fuzz` walks far longer."""

from __future__ import annotations

import pytest

from tests.fuzz.mutants import MUTANTS
from tests.fuzz.walks import notice, walk

STEPS = 1_000


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_asked_in_whatever_order_the_rules_hold(seed: int) -> None:
    assert walk(STEPS, seed) >= STEPS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mutant", ["any_code", "references_of_everybody"])
def test_a_walk_notices_when_a_guard_is_missing(mutant: str) -> None:
    assert mutant in MUTANTS
    assert notice(mutant, 3_000) is not None
