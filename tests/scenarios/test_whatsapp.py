"""Scenarios over WhatsApp: both stories, section C, one of every folder, and those that only WhatsApp has.

All of them are played by `make scenarios CHANNEL=whatsapp`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scenarios.model import Scenario, written_scenarios
from tests.scenarios.theatre import Theatre
from tests.stack import Stack

FIRST_NUMBER = 10_000  # the web chat's customers, on the same product, have those below
WANTED = (
    "happy_path/persona::one fact at a time",
    "happy_path/azienda::a company, one fact at a time",
    "not_recognised/recheck_and_tax_code::sure of the data, identified by codice fiscale",
)
EVERY = [scenario for scenario in written_scenarios() if scenario.is_for("whatsapp")]
_FIRST_OF_FOLDER = {scenario.source.split("/")[0]: scenario for scenario in reversed(EVERY)}
SCENARIOS = [
    scenario
    for scenario in EVERY
    if scenario.source.startswith("whatsapp/")
    or scenario.id.startswith(WANTED)
    or scenario in _FIRST_OF_FOLDER.values()
]


@pytest.fixture(scope="module")
def whatsapp(product: Stack, request: pytest.FixtureRequest) -> Iterator[Theatre]:
    """The chosen scenarios, begun at once."""
    theatre = Theatre(product, first_number=FIRST_NUMBER, channel="whatsapp")
    chosen = [item.callspec.params.get("on_whatsapp") for item in request.session.items if hasattr(item, "callspec")]
    theatre.announce([scenario for scenario in chosen if isinstance(scenario, Scenario)])
    yield theatre
    theatre.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("on_whatsapp", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenario_on_whatsapp(on_whatsapp: Scenario, whatsapp: Theatre) -> None:
    failure = whatsapp.outcome(on_whatsapp)
    if isinstance(failure, AssertionError):
        pytest.fail(str(failure), pytrace=False)
    if failure is not None:
        raise failure


@pytest.mark.timeout(900)
def test_no_secret_of_whatsapp_stands_in_ledger_outbox_engine_store_or_logs(whatsapp: Theatre) -> None:
    if not whatsapp.passwords:
        pytest.skip("no scenario was chosen")
    assert whatsapp.leaks() == []


def test_what_is_played_over_whatsapp_holds_both_stories_and_section_c() -> None:
    for wanted in WANTED:
        assert [scenario.id for scenario in SCENARIOS if scenario.id.startswith(wanted)], wanted
