"""Conversations on products that are set otherwise: strict, without a desk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import yaml

from tests.scenarios.model import CHANNELS, FOLDER, ChannelName, Scenario
from tests.scenarios.product import SETTINGS
from tests.scenarios.theatre import Theatre
from tests.stack import running_stack

OTHERWISE: Mapping[str, Mapping[str, str]] = {"strict": {"strict_uniformity": "true"}, "without_desk": {"desk": "off"}}
SCENARIOS = {
    name: [
        Scenario.model_validate({**data, "source": name})
        for data in yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    ]
    for name in OTHERWISE
}
ALL = [(name, scenario) for name, scenarios in SCENARIOS.items() for scenario in scenarios]


@pytest.fixture(scope="module", params=OTHERWISE)
def theatres(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[ChannelName, Theatre]]:
    """One product for each setting; each channel has customers of its own."""
    name = request.param
    with running_stack(tmp_path_factory.mktemp(name), **(SETTINGS | OTHERWISE[name])) as stack:
        theatres = {
            channel: Theatre(stack, first_number=100 * place, channel=channel) for place, channel in enumerate(CHANNELS)
        }
        for theatre in theatres.values():
            theatre.announce(SCENARIOS[name])
        yield theatres
        for theatre in theatres.values():
            theatre.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("theatres", "scenario"), ALL, ids=[scenario.id for _, scenario in ALL], indirect=["theatres"], scope="module"
)
def test_scenario_of_another_setting(
    scenario: Scenario, channel: ChannelName, theatres: dict[ChannelName, Theatre]
) -> None:
    failure = theatres[channel].outcome(scenario)
    if isinstance(failure, AssertionError):
        pytest.fail(str(failure), pytrace=False)
    if failure is not None:
        raise failure


@pytest.mark.timeout(300)
def test_no_secret_stands_where_it_may_not(theatres: dict[ChannelName, Theatre]) -> None:
    assert [leak for theatre in theatres.values() for leak in theatre.leaks()] == []
