"""The conversations of the strict setting, on a product that has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from tests.scenarios.model import CHANNELS, FOLDER, ChannelName, Scenario
from tests.scenarios.product import SETTINGS
from tests.scenarios.theatre import Theatre
from tests.stack import running_stack

SCENARIOS = [
    Scenario.model_validate({**data, "source": "strict"})
    for data in yaml.safe_load((FOLDER / "strict.yml").read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def theatres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[ChannelName, Theatre]]:
    """One product; each channel has customers of its own."""
    with running_stack(tmp_path_factory.mktemp("strict"), strict_uniformity="true", **SETTINGS) as stack:
        theatres = {
            channel: Theatre(stack, first_number=100 * place, channel=channel) for place, channel in enumerate(CHANNELS)
        }
        for theatre in theatres.values():
            theatre.announce(SCENARIOS)
        yield theatres
        for theatre in theatres.values():
            theatre.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
def test_scenario_of_the_strict_setting(
    scenario: Scenario, channel: ChannelName, theatres: dict[ChannelName, Theatre]
) -> None:
    failure = theatres[channel].outcome(scenario)
    if isinstance(failure, AssertionError):
        pytest.fail(str(failure), pytrace=False)
    if failure is not None:
        raise failure


@pytest.mark.timeout(300)
def test_no_secret_of_the_strict_setting_stands_where_it_may_not(theatres: dict[ChannelName, Theatre]) -> None:
    assert [leak for theatre in theatres.values() for leak in theatre.leaks()] == []
