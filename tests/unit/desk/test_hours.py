"""When people answer, on Italy's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from areaclienti.desk.hours import WorkingHours
from areaclienti.desk.texts import load_texts
from areaclienti.settings import GatewaySettings

ROME = ZoneInfo("Europe/Rome")
HOURS = WorkingHours(time(9), time(18), frozenset(range(1, 6)), ROME, frozenset({date(2026, 12, 7)}))


def rome(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ROME)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (rome(11, 23, 9), True),
        (rome(11, 23, 8, 59), False),
        (rome(11, 23, 17, 59), True),
        (rome(11, 23, 18), False),
        (rome(11, 21, 10), False),  # Saturday
        (rome(6, 2, 10), False),  # Festa della Repubblica
        (rome(4, 6, 10), False),  # Pasquetta, which moves
        (rome(12, 7, 10), False),  # Sant'Ambrogio, set by the operator
        (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), True),  # summer time: nine in Rome
        (datetime(2026, 1, 7, 8, 0, tzinfo=UTC), True),  # winter time
        (datetime(2026, 1, 7, 7, 0, tzinfo=UTC), False),
    ],
)
def test_open_on_working_days_between_the_hours(moment: datetime, is_open: bool) -> None:
    assert HOURS.is_open(moment) is is_open


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (rome(11, 23, 8), rome(11, 23, 9)),
        (rome(11, 23, 18), rome(11, 24, 9)),
        (rome(11, 20, 19), rome(11, 23, 9)),  # Friday evening
        (rome(12, 4, 19), rome(12, 9, 9)),  # a patron saint's Monday, then the Immacolata
        (rome(12, 24, 19), rome(12, 28, 9)),
        (rome(3, 27, 19), rome(3, 30, 9)),  # over the night when clocks go forward
    ],
)
def test_the_next_opening_skips_weekends_and_holidays(moment: datetime, opening: datetime) -> None:
    assert HOURS.next_opening(moment) == opening


def test_an_opening_is_told_as_one_says_it() -> None:
    texts = load_texts()
    assert texts.opening(rome(11, 23, 9), rome(11, 23, 7)) == "oggi alle 9:00"
    assert texts.opening(rome(11, 24, 9), rome(11, 23, 19)) == "domani alle 9:00"
    assert texts.opening(rome(12, 9, 9), rome(12, 4, 19)) == "mercoledì 9 dicembre alle 9:00"


@pytest.mark.parametrize(
    "wrong",
    [
        {"desk_opens": "18:00"}, {"desk_weekdays": [0]}, {"desk_weekdays": []}, {"desk_timezone": "Europe/Atlantis"},
    ],
)  # fmt: skip
def test_hours_that_make_no_sense_are_refused_at_the_start(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(_env_file=None, engine_key="k" * 16, identity_gateway_key="k" * 16, **wrong)
