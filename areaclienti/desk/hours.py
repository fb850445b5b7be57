"""When people answer: working hours on Italy's clock, without weekends and public holidays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from areaclienti.settings import GatewaySettings

_LONGEST_REST = 60  # days: far longer than any row of holidays


@dataclass(frozen=True)
class WorkingHours:
    """Open from `opens` to `closes` on the clock of `zone`, on `weekdays` (ISO: 1 is Monday) that are no holiday.

    Italy's public holidays count unless `on_holidays`.
    """

    opens: time
    closes: time
    weekdays: frozenset[int]
    zone: ZoneInfo
    closed_on: frozenset[date] = frozenset()
    on_holidays: bool = False

    def is_open(self, at: datetime) -> bool:
        """Whether somebody answers at that moment."""
        there = at.astimezone(self.zone)
        return self._works_on(there.date()) and self.opens <= there.time() < self.closes

    def next_opening(self, at: datetime) -> datetime:
        """When somebody answers again: the next opening after `at`, on the clock of `zone`.

        Raises ValueError where there is none within two months: every day was declared a holiday.
        """
        there = at.astimezone(self.zone)
        for days in range(_LONGEST_REST):
            day = there.date() + timedelta(days=days)
            opening = datetime.combine(day, self.opens, tzinfo=self.zone)
            if self._works_on(day) and opening > there:
                return opening
        raise ValueError("the desk never opens")

    def _works_on(self, day: date) -> bool:
        is_holiday = day in self.closed_on or (not self.on_holidays and day in _public(day.year))
        return day.isoweekday() in self.weekdays and not is_holiday


def hours_of(settings: GatewaySettings) -> WorkingHours:
    """The hours that the operator set."""
    return WorkingHours(
        settings.desk_opens,
        settings.desk_closes,
        frozenset(settings.desk_weekdays),
        ZoneInfo(settings.desk_timezone),
        frozenset(settings.desk_holidays),
        settings.desk_open_on_holidays,
    )


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def _public(year: int) -> Collection[date]:
    """Italy's public holidays of a year."""
    found: Collection[date] = holidays.country_holidays("IT", years=year).keys()
    return found
