"""Counts what became of conversations: those that are kept, and those that were erased and left only sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    SQLColumnExpression,
    String,
    Subquery,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.db.figures import DailySum, Journey
from areaclienti.gateway.db.models import Conversation

STAGES: Final = ("opened", "started", "recognised", "code", "account")  # each of them implies those before
QUIET: Final = timedelta(hours=1)  # whoever said nothing for so long has left, as far as figures go
FEWEST_FOR_TIMES: Final = 5  # of fewer times no median
NO_AGENCY: Final = ""
_OVER: Final = ("wrap_up", "ended")  # of a handover: the person is done, or nobody came
_KINDS: Final = ("reason", "outcome", "rating", "answered")
_TIMES: Final = ("wait", "callback_wait", "handling")
_OF_A_SUM: Final = ("day", "channel", "branch", "agency_code", "figure", "bucket")


class Fact(NamedTuple):
    """Something that happened in a conversation, and of which kind that one was.

    `day` is the one on which the conversation began, told of `reached` alone; `branch` persona, azienda, section_c
    (whoever was not recognised at first, of both) or unknown. By `figure`, `bucket` is:

    - reached: each of STAGES that was passed;
    - lost: the step at which a registration that was begun stopped for good; lost_with_person: the same, where a
      person was asked for; in_progress: the step of one that goes on;
    - reason, outcome, rating: of a handover; answered: yes or no, when it ended;
    - wait, callback_wait, handling: seconds until a person came, where the customer waited and where he
      was to be called back, and until that person was done; counted the finer the shorter (`_grid`), so that sums
      stay few.
    """

    day: date | None
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
        *_reached(session, of_journeys, by_agency=False),
        *_stopped(session, of_journeys, at, Detail(by_day=False, by_agency=False)),
        *_handovers(session, of_handovers, Detail(by_day=False, by_agency=False)),
        *_sums(session, wanted),
    ):
        facts[fact] += count
    return facts


def fold(session: Session, conversation_ids: Collection[str]) -> None:
    """Add conversations that are about to be erased to the daily sums; they are locked, and erased in the same
    transaction, or they would count twice.
    """
    these, detail = [Journey.conversation_id.in_(conversation_ids)], Detail(by_day=True, by_agency=True)
    sums: Counter[tuple[str, Fact]] = Counter()
    for agency, fact, count in (
        *_reached(session, these, by_agency=True),
        *_stopped(session, these, None, detail),
        *_handovers(session, these, detail, conversation_ids),
    ):
        sums[agency, fact] += count
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    # in one order, or two gateways that erase would wait for each other
    for agency, fact in sorted(sums):
        row = fact._asdict() | {"agency_code": agency, "count": sums[agency, fact]}
        insert = dialect.insert(DailySum).values(row)
        add = {"count": DailySum.count + insert.excluded.count}
        session.execute(insert.on_conflict_do_update(index_elements=_OF_A_SUM, set_=add))


def quantile(times: Counter[int], per_hundred: int) -> int | None:
    """The smallest of the times that so many of a hundred don't exceed; None of too few."""
    count = times.total()
    if count < FEWEST_FOR_TIMES:
        return None
    place = ceil(count * per_hundred / 100)
    for seconds in sorted(times):
        place -= times[seconds]
        if place <= 0:
            return seconds
    raise AssertionError("a quantile is one of the times")


Counts = Iterable[tuple[str, Fact, int]]  # agency, what, how often


class Detail(NamedTuple):
    """By what facts are told apart, beside channel and branch."""

    by_day: bool
    by_agency: bool

    def tells(self, column: str) -> bool:
        """Whether rows differ by it. What is the same in all is not grouped by: it costs as much as what is not."""
        return {"day": self.by_day, "agency": self.by_agency}.get(column, True)


def _reached(session: Session, which: Sequence[ColumnElement[bool]], *, by_agency: bool) -> Counts:
    agency, agencies = _agency_of_journey(by_agency)
    # in the order of the index `journeys_counted`: read as it lies there, nothing has to be sorted
    kind = (Journey.day, Journey.channel, Journey.section_c, Journey.customer_type)
    passed = (Journey.started_at, Journey.recognised_at, Journey.code_at, Journey.account_at)
    columns: list[SQLColumnExpression[Any]] = [agency, *kind, func.count(), *(func.count(moment) for moment in passed)]
    query = select(*columns).select_from(Journey).where(*which).group_by(*kind)
    if agencies is not None:
        query = query.outerjoin(agencies, agencies.c.conversation_id == Journey.conversation_id).group_by(agency)
    for row in session.execute(query):
        branch = "section_c" if row.section_c else row.customer_type or "unknown"
        for stage, count in zip(STAGES, row[1 + len(kind) :], strict=True):
            if count:
                yield row[0], Fact(row.day, row.channel, branch, "reached", stage), count


def _stopped(session: Session, which: Sequence[ColumnElement[bool]], at: datetime | None, detail: Detail) -> Counts:
    """`at` None: nothing of them goes on."""
    agency, agencies = _agency_of_journey(detail.by_agency)
    columns: dict[str, SQLColumnExpression[Any]] = {
        "agency": agency,
        "day": Journey.day if detail.by_day else null(),
        "channel": Journey.channel,
        "branch": _branch(),
        "step": Journey.step,
        "with_person": Journey.conversation_id.in_(select(Handover.conversation_id)),
        "goes_on": _goes_on(at) if at is not None else false(),
    }
    told = {name: column for name, column in columns.items() if detail.tells(name) and (name != "goes_on" or at)}
    each: Any = select(*(column.label(name) for name, column in told.items())).select_from(Journey)
    if agencies is not None:
        each = each.outerjoin(agencies, agencies.c.conversation_id == Journey.conversation_id)
    rows = each.where(*which, Journey.account_at.is_(None), Journey.started_at.is_not(None)).subquery()
    same = {name: column for name, column in columns.items() if name not in told}  # in all rows
    shown = [rows.c[name] if name in told else same[name] for name in columns]
    grouped: Select[Any] = select(*shown, func.count()).select_from(rows).group_by(*rows.c)
    for of_agency, day, channel, branch, step, with_person, goes_on, count in session.execute(grouped):
        yield of_agency, Fact(day, channel, branch, "in_progress" if goes_on else "lost", step), count
        if with_person and not goes_on:
            yield of_agency, Fact(day, channel, branch, "lost_with_person", step), count


def _agency_of_journey(by_agency: bool) -> tuple[ColumnElement[str], Subquery | None]:
    """The agency that the conversation came to last, and what is to be joined for it."""
    if not by_agency:
        return literal(NO_AGENCY), None
    placed = _last_placed()
    return func.coalesce(placed.c.agency_code, NO_AGENCY), placed


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


def _handovers(
    session: Session,
    which: Sequence[ColumnElement[bool]],
    detail: Detail,
    conversation_ids: Collection[str] | None = None,
) -> Counts:
    """`conversation_ids`: of no others are there any among `which`."""
    hands = _hands(conversation_ids)
    of_each: dict[str, SQLColumnExpression[Any]] = {
        "agency": func.coalesce(Handover.agency_code, NO_AGENCY),
        "day": Journey.day,
        "channel": Journey.channel,
        "branch": _branch(),
    }
    told = {name: column for name, column in of_each.items() if detail.tells(name)}
    waited = _Second(Handover.claimed_at) - _Second(Handover.queued_at)
    was_called = hands.c.called_back == 1
    each = (
        select(
            *(column.label(name) for name, column in told.items()),
            Handover.reason.label("reason"),
            Handover.outcome.label("outcome"),
            cast(Handover.rating, String).label("rating"),
            case((Handover.state.not_in(_OVER), null()), (Handover.claimed_at.is_(None), "no"), else_="yes").label(
                "answered"
            ),
            case((was_called, null()), else_=waited).label("wait"),
            case((was_called, waited)).label("callback_wait"),
            case((Handover.state.in_(_OVER), _Second(hands.c.let_go_at) - _Second(Handover.claimed_at))).label(
                "handling"
            ),
        )
        .join(Journey, Journey.conversation_id == Handover.conversation_id)
        .outerjoin(hands, hands.c.handover_id == Handover.id)
        .where(*which)
        .cte("each_handover")
        .prefix_with("MATERIALIZED")  # seconds are made of moments once, however often they are looked at
    )
    same = {"agency": literal(NO_AGENCY), "day": null()}
    shown = [each.c[name] if name in told else same[name] for name in of_each]
    apart = [each.c[name] for name in told]
    kinds = [each.c[figure] for figure in _KINDS]  # few together: one pass counts them all
    parts = [
        select(*shown, *kinds, null().label("time"), null().label("bucket"), func.count()).group_by(*apart, *kinds)
    ]
    for figure in _TIMES:
        nothing, bucket = [null() for _ in _KINDS], _grid(each.c[figure])
        counted_once = select(*shown, *nothing, literal(figure), cast(bucket, String), func.count())
        parts.append(counted_once.where(each.c[figure].is_not(None)).group_by(*apart, bucket))
    for of_agency, day, channel, branch, *found, time, bucket_, count in session.execute(union_all(*parts)):
        for figure, value in ((time, bucket_), *zip(_KINDS, found, strict=True)):
            if value is not None:
                yield of_agency, Fact(day, channel, branch, figure, value), count


def _hands(conversation_ids: Collection[str] | None) -> Subquery:
    """When a person let each handover go, and whether it was to be called back; of those where either happened."""
    handover_id: SQLColumnExpression[str] = HandoverEvent.handover_id
    if conversation_ids is None:
        # all are read: in SQLite quicker as they lie than in the order of the handovers, by an index
        handover_id = cast(handover_id, String)
    query: Any = select(
        handover_id.label("handover_id"),
        func.max(case((HandoverEvent.from_owner == "human", HandoverEvent.at))).label("let_go_at"),
        func.max(case((HandoverEvent.to_owner == "callback", 1), else_=0)).label("called_back"),
    ).where(or_(HandoverEvent.from_owner == "human", HandoverEvent.to_owner == "callback"))
    if conversation_ids is not None:
        query = query.where(HandoverEvent.conversation_id.in_(conversation_ids))
    found: Subquery = query.group_by(handover_id).subquery()
    return found


def _grid(seconds: ColumnElement[int]) -> ColumnElement[int]:
    """So many seconds to 5, from 5 minutes on to 30, from an hour on to 300."""
    fine, middling, coarse = (seconds - seconds % size for size in (5, 30, 300))
    return case((seconds < 300, fine), (seconds < 3600, middling), else_=coarse)


class _Second(FunctionElement[int]):
    """The whole second of a moment, since 1970."""

    inherit_cache = True
    type = Integer()


@compiles(_Second)
def _second_on_servers(element: _Second, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **options)})) AS INTEGER)"


@compiles(_Second, "sqlite")
def _second_in_files(element: _Second, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **options)}) AS INTEGER)"


def _sums(session: Session, wanted: Wanted) -> Counts:
    day = case((DailySum.figure == "reached", DailySum.day))
    what = (day, DailySum.channel, DailySum.branch, DailySum.figure, DailySum.bucket)
    query = select(*what, func.sum(DailySum.count)).where(DailySum.day >= wanted.first, DailySum.day <= wanted.last)
    if wanted.channel is not None:
        query = query.where(DailySum.channel == wanted.channel)
    if wanted.agency_code is not None:
        query = query.where(DailySum.agency_code == wanted.agency_code)
    for row in session.execute(query.group_by(*what)):
        yield NO_AGENCY, Fact(row[0], row[1], row[2], row[3], row[4]), int(row[5])
