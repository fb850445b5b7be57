"""Every scenario is one test; they are played side by side on one product, and its sinks are searched at the end."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.scenarios.generate import generated_scenarios
from tests.scenarios.model import Scenario, written_scenarios
from tests.scenarios.sinks import codes_found_in, found_in
from tests.scenarios.theatre import Theatre
from tests.stack import Stack

EVERY = [*written_scenarios(), *generated_scenarios()]
SCENARIOS = [scenario for scenario in EVERY if scenario.is_for("web")]


@pytest.fixture(scope="session")
def theatre(product: Stack, request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """All chosen scenarios, begun at once. Under xdist each process plays only what it is given."""
    theatre = Theatre(product)
    if "PYTEST_XDIST_WORKER" not in os.environ:
        chosen = [item.callspec.params.get("scenario") for item in request.session.items if hasattr(item, "callspec")]
        theatre.announce([scenario for scenario in chosen if isinstance(scenario, Scenario)])
    yield theatre
    theatre.close()


@pytest.mark.timeout(900)  # the first test waits for the product, and each for those before it
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenario(scenario: Scenario, theatre: Theatre) -> None:
    failure = theatre.outcome(scenario)
    if isinstance(failure, AssertionError):
        pytest.fail(str(failure), pytrace=False)
    if failure is not None:
        raise failure


@pytest.mark.timeout(900)
def test_no_secret_of_any_scenario_stands_in_ledger_engine_store_or_logs(theatre: Theatre, product: Stack) -> None:
    if not theatre.passwords:
        pytest.skip("no scenario was chosen")
    assert theatre.leaks() == []
    # The same searches find what may stand there: contacts in the chat, codes in the mailbox.
    assert {"gateway.db", "engine.db"} <= set(found_in(product.var, theatre.contacts))
    assert "identity.db" in codes_found_in(product.var, theatre.codes, also_identity=True)


def test_scenarios_have_names_of_their_own() -> None:
    ids = [scenario.id for scenario in EVERY]
    assert len(ids) == len(set(ids))


def test_hardly_any_scenario_is_for_one_channel_alone() -> None:
    assert [scenario.id for scenario in EVERY if not scenario.is_for("whatsapp")] == []
    for_whatsapp = {scenario.source.split("/")[0] for scenario in EVERY if not scenario.is_for("web")}
    assert for_whatsapp == {"whatsapp"}
