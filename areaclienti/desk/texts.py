"""What the desk itself tells customers, in Italian, read from texts.yml."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choices(_Texts):
    """Titles of what a customer may press."""

    resume: str
    call_back: str
    person: str
    ratings: dict[int, str]  # 3 is the best


class Calendar(_Texts):
    """How a day is called."""

    today: str
    tomorrow: str
    day: str
    weekdays: list[str] = Field(min_length=7, max_length=7)
    months: list[str] = Field(min_length=12, max_length=12)


class Texts(_Texts):
    """Every text of the desk."""

    queued: str
    wait_known: str
    wait_one_minute: str
    wait_unknown: str
    closed_now: str
    called_back: str
    noted: str
    still_waiting: str
    closing: str
    claimed: str
    transferred: str
    requeued: str
    resumed: str
    handed_back: str
    wrapped_up: str
    rated: str
    contact_requested: str
    contact_confirmed: str
    contact_refused: str  # for agents, as a note
    contact_not_confirmed: dict[str, str]  # why, by reason or state
    choices: Choices
    calendar: Calendar

    def wait(self, minutes: int | None) -> str:
        """How long it takes; None: nobody knows."""
        if minutes is None:
            return self.wait_unknown
        return self.wait_one_minute if minutes <= 1 else self.wait_known.format(minutes=minutes)

    def opening(self, at: datetime, present: datetime) -> str:
        """A moment of opening as one says it: today, tomorrow, or on what day, and the hour. Both on one clock."""
        days = (at.date() - present.date()).days
        hour = f"{at.hour}:{at.minute:02d}"
        if days <= 1:
            return (self.calendar.tomorrow if days else self.calendar.today).format(hour=hour)
        weekday, month = self.calendar.weekdays[at.weekday()], self.calendar.months[at.month - 1]
        return self.calendar.day.format(weekday=weekday, day=at.day, month=month, hour=hour)


@lru_cache(maxsize=1)
def load_texts() -> Texts:
    """The texts, checked once."""
    content = (Path(__file__).parent / "texts.yml").read_text(encoding="utf-8")
    return Texts.model_validate(yaml.safe_load(content))
