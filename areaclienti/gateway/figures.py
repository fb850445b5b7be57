"""Counts what became of conversations: those that are kept, and those that were erased and left only sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, exists, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.db.figures import DailySum, Journey
from areaclienti.gateway.db.models import Conversation

STAGES: Final = ("opened", "started", "recognised", "code", "account")  # each of them implies those before
QUIET: Final = timedelta(hours=1)  # whoever said nothing for so long has left, as far as figures go
NO_AGENCY: Final = ""
_OVER: Final = ("wrap_up", "ended")  # of a handover: the person is done, or nobody came
_OF_A_SUM: Final = ("day", "channel", "branch", "agency_code", "figure", "bucket")


class Fact(NamedTuple):
    """Something that happened in a conversation, and of which kind that one was.

    `day` is the one on which the conversation began; `branch` persona, azienda, section_c (whoever was not recognised
    at first, of both) or unknown. By `figure`, `bucket` is:

    - reached: each of STAGES that was passed;
    - lost: the step at which a registration that was begun stopped for good; lost_with_person: the same, where a
      person was asked for; in_progress: the step of one that goes on;
    - reason, outcome, rating: of a handover; answered: yes or no, when it ended;
    - wait, callback_wait, handling: seconds (`rounded`) until a person came, where the customer waited and where he
      was to be called back, and until that person was done.
    """

    day: date
    channel: str
    branch: str
    figure: str
    bucket: str


@dataclass(frozen=True)
class Wanted:
    """Which conversations are counted: begun from `first` to `last`, both included; all channels and agencies where
    None. Of an agency are conversations that came to it.
    """

    first: date
    last: date
    channel: str | None = None
    agency_code: str | None = None


def counted(session: Session, wanted: Wanted, at: datetime) -> Counter[Fact]:
    """All that happened, as it stands at the moment `at`."""
    begun = [Journey.day >= wanted.first, Journey.day <= wanted.last]
    if wanted.channel is not None:
        begun.append(Journey.channel == wanted.channel)
    of_journeys, of_handovers = list(begun), list(begun)
    if wanted.agency_code is not None:
        placed = _last_placed()
        came = select(placed.c.conversation_id).where(placed.c.agency_code == wanted.agency_code)
        of_journeys.append(Journey.conversation_id.in_(came))
        of_handovers.append(Handover.agency_code == wanted.agency_code)
    facts: Counter[Fact] = Counter()
    for _, fact, count in (
        *_journeys(session, of_journeys, at, by_agency=False),
        *_handovers(session, of_handovers),
        *_sums(session, wanted),
    ):
        facts[fact] += count
    return facts


def fold(session: Session, conversation_ids: Collection[str]) -> None:
    """Add conversations that are about to be erased to the daily sums; they are locked, and erased in the same
    transaction, or they would count twice.
    """
    sums: Counter[tuple[str, Fact]] = Counter()
    for agency, fact, count in (
        *_journeys(session, [Journey.conversation_id.in_(conversation_ids)], None, by_agency=True),
        *_handovers(session, [Journey.conversation_id.in_(conversation_ids)]),
    ):
        sums[agency, fact] += count
    if not sums:
        return
    # in one order, or two gateways that erase would wait for each other
    rows = [fact._asdict() | {"agency_code": agency, "count": sums[agency, fact]} for agency, fact in sorted(sums)]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    for row in rows:
        insert = dialect.insert(DailySum).values(row)
        add = {"count": DailySum.count + insert.excluded.count}
        session.execute(insert.on_conflict_do_update(index_elements=_OF_A_SUM, set_=add))


def rounded(seconds: float) -> int:
    """Seconds as they are counted: the finer the shorter, so that sums stay few and the median stays true."""
    grid = 5 if seconds < 300 else 30 if seconds < 3600 else 300
    return int(seconds // grid * grid)


Counts = Iterable[tuple[str, Fact, int]]  # agency, what, how often


def _journeys(session: Session, which: list[ColumnElement[bool]], at: datetime | None, *, by_agency: bool) -> Counts:
    """`at` None: nothing of them goes on."""
    stages = ((Journey.account_at, 4), (Journey.code_at, 3), (Journey.recognised_at, 2), (Journey.started_at, 1))
    columns: list[ColumnElement[Any]] = [
        Journey.day.label("day"),
        Journey.channel.label("channel"),
        _branch().label("branch"),
        case(*((moment.is_not(None), stage) for moment, stage in stages), else_=0).label("stage"),
        Journey.step.label("step"),
        Journey.conversation_id.in_(select(Handover.conversation_id)).label("with_person"),
        (_goes_on(at) if at is not None else literal(False)).label("goes_on"),
    ]
    each = select(*columns).where(*which)
    if by_agency:
        placed = _last_placed()
        each = each.add_columns(func.coalesce(placed.c.agency_code, NO_AGENCY).label("agency"))
        each = each.select_from(Journey).outerjoin(placed, placed.c.conversation_id == Journey.conversation_id)
    else:
        each = each.add_columns(literal(NO_AGENCY).label("agency"))
    for day, channel, branch, stage, step, with_person, goes_on, agency, count in session.execute(_grouped(each)):

        def fact(figure: str, bucket: str, of: tuple[date, str, str] = (day, channel, branch)) -> Fact:
            return Fact(*of, figure, bucket)

        for passed in STAGES[: stage + 1]:
            yield agency, fact("reached", passed), count
        if stage in (0, len(STAGES) - 1):
            continue
        yield agency, fact("in_progress" if goes_on else "lost", step), count
        if with_person and not goes_on:
            yield agency, fact("lost_with_person", step), count


def _grouped(each: Select[Any]) -> Select[Any]:
    rows = each.subquery()
    return select(*rows.c, func.count()).group_by(*rows.c)


def _branch() -> ColumnElement[str]:
    return case((Journey.section_c, "section_c"), else_=func.coalesce(Journey.customer_type, "unknown"))


def _goes_on(at: datetime) -> ColumnElement[bool]:
    """Whether somebody is still there: the customer lately, or a person who has it or is waited for."""
    lately = select(Conversation.id).where(
        Conversation.erased_at.is_(None), Conversation.updated_at > at - QUIET, Conversation.closed_at.is_(None)
    )
    with_person = select(Handover.conversation_id).where(Handover.ended_at.is_(None))
    return or_(Journey.conversation_id.in_(lately), Journey.conversation_id.in_(with_person))


def _last_placed() -> Subquery:
    """Each conversation that came to an agency, with the one that it came to last."""
    later = aliased(Handover)
    came_later = or_(
        later.queued_at > Handover.queued_at, and_(later.queued_at == Handover.queued_at, later.id > Handover.id)
    )
    is_not_last = exists().where(
        later.conversation_id == Handover.conversation_id, later.agency_code.is_not(None), came_later
    )
    return (
        select(Handover.conversation_id, Handover.agency_code)
        .where(Handover.agency_code.is_not(None), ~is_not_last)
        .subquery()
    )


def _handovers(session: Session, which: list[ColumnElement[bool]]) -> Counts:
    hands = (
        select(
            HandoverEvent.handover_id,
            func.max(case((HandoverEvent.from_owner == "human", HandoverEvent.at))).label("let_go_at"),
            func.max(case((HandoverEvent.to_owner == "callback", 1), else_=0)).label("called_back"),
        )
        .join(Handover, Handover.id == HandoverEvent.handover_id)
        .join(Journey, Journey.conversation_id == Handover.conversation_id)
        .where(*which)
        .group_by(HandoverEvent.handover_id)
        .subquery()
    )
    query = (
        select(
            func.coalesce(Handover.agency_code, NO_AGENCY),
            Journey.day,
            Journey.channel,
            _branch(),
            Handover.reason,
            Handover.state,
            Handover.outcome,
            Handover.rating,
            Handover.queued_at,
            Handover.claimed_at,
            hands.c.let_go_at,
            hands.c.called_back,
        )
        .join(Journey, Journey.conversation_id == Handover.conversation_id)
        .outerjoin(hands, hands.c.handover_id == Handover.id)
        .where(*which)
    )
    for row in session.execute(query):
        agency, day, channel, branch, reason, state, outcome, rating, queued_at, claimed_at, let_go_at, called_back = (
            row
        )
        happened = [("reason", reason)]
        if outcome is not None:
            happened.append(("outcome", outcome))
        if rating is not None:
            happened.append(("rating", str(rating)))
        if claimed_at is not None:
            wait = rounded((claimed_at - queued_at).total_seconds())
            happened.append(("callback_wait" if called_back else "wait", str(wait)))
        if state in _OVER:
            happened.append(("answered", "no" if claimed_at is None else "yes"))
            if claimed_at is not None and let_go_at is not None:
                happened.append(("handling", str(rounded((let_go_at - claimed_at).total_seconds()))))
        for figure, bucket in happened:
            yield agency, Fact(day, channel, branch, figure, bucket), 1


def _sums(session: Session, wanted: Wanted) -> Counts:
    query = select(
        DailySum.day, DailySum.channel, DailySum.branch, DailySum.figure, DailySum.bucket, func.sum(DailySum.count)
    ).where(DailySum.day >= wanted.first, DailySum.day <= wanted.last)
    if wanted.channel is not None:
        query = query.where(DailySum.channel == wanted.channel)
    if wanted.agency_code is not None:
        query = query.where(DailySum.agency_code == wanted.agency_code)
    grouped = query.group_by(DailySum.day, DailySum.channel, DailySum.branch, DailySum.figure, DailySum.bucket)
    for day, channel, branch, figure, bucket, count in session.execute(grouped):
        yield NO_AGENCY, Fact(day, channel, branch, figure, bucket), int(count)
