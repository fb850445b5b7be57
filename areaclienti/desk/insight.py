"""What supervisors and auditors ask about all conversations: figures of a period, lists of what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from sqlalchemy.orm import Session

from areaclienti.desk import agents
from areaclienti.desk.hours import utc_now
from areaclienti.desk.operations import Forbidden, Unknown
from areaclienti.desk.report import CHANNELS, Report, report_of
from areaclienti.desk.scope import Action, Who, may, overall
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.figures import Wanted, counted
from areaclienti.gateway.journeys import WALL_CLOCK

PeriodName = Literal["today", "7", "30", "chosen"]
LONGEST: Final = timedelta(days=366)


class BadPeriod(ValueError):
    """The days make no period: `reason` is `missing`, `backwards` or `too_long`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Period:
    """Days, both included, on the wall clock."""

    name: PeriodName
    first: date
    last: date


def period_of(name: PeriodName, first: date | None, last: date | None, at: datetime) -> Period:
    """The period as it was asked for at the moment `at`. Raises BadPeriod."""
    today = at.astimezone(WALL_CLOCK).date()
    if name == "today":
        return Period(name, today, today)
    if name != "chosen":
        return Period(name, today - timedelta(days=int(name) - 1), today)
    if first is None or last is None:
        raise BadPeriod("missing")
    if last < first:
        raise BadPeriod("backwards")
    if last - first > LONGEST:
        raise BadPeriod("too_long")
    return Period(name, first, last)


class Insight:
    """Every method raises Unknown for an agent who is not active, Forbidden for what his roles don't have."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._clock = clock

    def present(self) -> datetime:
        """The moment that periods count from."""
        return self._clock()

    async def report(self, agent_id: str, period: Period, channel: str | None) -> Report:
        """The figures of a period: of his agency's conversations, of all where he has none.

        Raises ValueError for a channel that there is not.
        """
        if channel is not None and channel not in CHANNELS:
            raise ValueError("not a channel")

        def work(session: Session) -> Report:
            who = entitled(session, agent_id, "figures")
            wanted = Wanted(period.first, period.last, channel, who.agency_code)
            return report_of(counted(session, wanted, self._clock()), period.first, period.last)

        return await self._database.read(work)


def entitled(session: Session, agent_id: str, action: Action) -> Who:
    """The agent, who may do that with all that he sees. Raises Unknown, Forbidden."""
    agent = session.get(DeskAgent, agent_id)
    if agent is None or not agent.active:
        raise Unknown
    who = agents.who(agent)
    if not may(who, action, overall(who)):
        raise Forbidden
    return who
