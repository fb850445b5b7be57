"""Made-up histories of conversations: how they are written as the gateway does, and how one counts them slowly."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from areaclienti.gateway.db.desk import Handover, HandoverEvent
from areaclienti.gateway.figures import Fact
from areaclienti.gateway.journeys import note
from areaclienti.gateway.ledger import begun

# A Monday in summer, at noon in Rome: no history gets near midnight.
START = datetime(2026, 7, 6, 10, 0, tzinfo=UTC)
AGENCIES = ("AG1", "AG2", None)
WAY = {
    "persona": ("customer_type", "name", "contact", "password", "privacy_notice"),
    "azienda": ("customer_type", "company_name", "contact", "password", "privacy_notice"),
}
ENDS = {
    "known": ("verification_code", "done"),
    "unknown": ("recheck", "contact", "tax_code", "choose_contact", "verification_code", "done"),
}


@dataclass(frozen=True)
class Passed:
    """One handover of a history; `let_go` None: still with the person, or never was."""

    reason: str
    agency: str | None
    called_back: bool
    wait: int | None  # seconds until somebody came
    handling: int | None
    outcome: str | None  # None: it is open
    rating: int | None


@dataclass(frozen=True)
class History:
    """One conversation: the day on which it began, and all that happened in it."""

    day: int
    channel: str
    steps: tuple[str, ...]
    hours_quiet: int
    closed: bool
    handovers: tuple[Passed, ...]

    @property
    def date(self) -> date:
        return (START + timedelta(days=self.day)).date()


@st.composite
def handover(draw: st.DrawFn, is_open: bool) -> Passed:
    wait = draw(st.none() | st.integers(0, 9_000))
    handling = draw(st.integers(0, 20_000)) if wait is not None and not is_open else None
    outcome = None if is_open else draw(st.sampled_from(["solved", "referred", "abandoned", "resumed", "handed_back"]))
    return Passed(
        reason=draw(st.sampled_from(["requested", "not_recognised", "codes_spent", "no_mobile"])),
        agency=draw(st.sampled_from(AGENCIES)),
        called_back=draw(st.booleans()),
        wait=wait,
        handling=handling,
        outcome=outcome,
        rating=draw(st.none() | st.integers(1, 3)) if handling is not None else None,
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    way = (*WAY[draw(st.sampled_from(sorted(WAY)))], *ENDS[draw(st.sampled_from(sorted(ENDS)))])
    steps = list(way[: draw(st.integers(1, len(way)))])
    if draw(st.booleans()):  # a step back, or a stop
        steps += [draw(st.sampled_from([*steps, "idle", "handover"]))]
    ended = draw(st.lists(handover(False), max_size=2))
    still = draw(st.lists(handover(True), max_size=1))
    return History(
        day=draw(st.integers(0, 4)),
        channel=draw(st.sampled_from(["web", "whatsapp"])),
        steps=tuple(steps),
        hours_quiet=draw(st.sampled_from([0, 2])),
        closed=draw(st.booleans()),
        handovers=(*ended, *still),
    )


def summer(count: int, chance: random.Random) -> list[History]:
    """So many conversations of the days from 6 July on, the way they may go."""
    made = []
    for _ in range(count):
        kind = chance.choices(["persona", "azienda"], [4, 1])[0]
        way = (*WAY[kind], *ENDS[chance.choices(["known", "unknown"], [4, 1])[0]])
        gets = next((place for place in range(1, len(way)) if chance.random() < 0.075), len(way))
        steps = way[:gets]
        handovers: tuple[Passed, ...] = ()
        if gets < len(way) and chance.random() < 0.5:
            reason = (
                "not_recognised" if "tax_code" in steps else chance.choice(["requested", "codes_spent", "requested"])
            )
            wait = int(chance.lognormvariate(4.6, 0.8)) if chance.random() < 0.85 else None
            handling = int(chance.lognormvariate(6, 0.7)) if wait is not None else None
            outcome = "resumed" if wait is None else chance.choice(["solved", "solved", "handed_back", "referred"])
            rating = chance.choice([None, 1, 2, 3, 3, 3]) if wait is not None else None
            agency = chance.choice(["AG1", None])
            handovers = (Passed(reason, agency, False, wait, handling, outcome, rating),)
        channel = chance.choices(["web", "whatsapp"], [3, 1])[0]
        made.append(History(chance.randrange(25), channel, steps, 2, True, handovers))
    return made


def write(session: Session, history: History, at: datetime) -> str:
    """Put it into the ledger as it stands at the moment `at`; the conversation's id."""
    conversation = begun(session, history.channel, None, "csrf")
    conversation.created_at = START + timedelta(days=history.day)
    for step in history.steps:
        conversation.step = step
        note(session, conversation, step)
    conversation.updated_at = at - timedelta(hours=history.hours_quiet, minutes=1)
    conversation.closed_at = conversation.updated_at if history.closed else None
    session.flush()
    for place, passed in enumerate(history.handovers):
        _write_handover(session, conversation.id, passed, START + timedelta(days=history.day, hours=place), place)
    session.flush()
    return conversation.id


def _write_handover(session: Session, conversation_id: str, passed: Passed, queued_at: datetime, place: int) -> None:
    claimed_at = None if passed.wait is None else queued_at + timedelta(seconds=passed.wait)
    let_go_at = (
        claimed_at + timedelta(seconds=passed.handling)
        if claimed_at is not None and passed.handling is not None
        else None
    )
    handover = Handover(
        id=uuid4().hex,
        conversation_id=conversation_id,
        reason=passed.reason,
        resume_step="contact",
        resume_expects="email_or_mobile",
        level="agency" if passed.agency else "pool",
        agency_code=passed.agency,
        state="queued" if passed.outcome is None else "ended",
        queued_at=queued_at,
        claimed_at=claimed_at,
        ended_at=None if passed.outcome is None else queued_at + timedelta(days=1),
        outcome=passed.outcome,
        rating=passed.rating,
    )
    session.add(handover)
    session.flush()
    changes = [("bot", "callback" if passed.called_back else "queued", queued_at)]
    if claimed_at is not None:
        changes.append((changes[-1][1], "human", claimed_at))
    if let_go_at is not None:
        changes.append(("human", "wrap_up", let_go_at))
    for epoch, (before, after, at) in enumerate(changes):
        session.add(
            HandoverEvent(
                handover_id=handover.id, conversation_id=conversation_id, who="desk", from_owner=before,
                to_owner=after, epoch=100 * place + epoch, reason="made up", at=at,
            )
        )  # fmt: skip


def slow_count(
    all_of_them: Collection[History],
    *,
    first: date,
    last: date,
    channel: str | None = None,
    agency: str | None = None,
    erased: Collection[int] = (),
) -> Counter[Fact]:
    """What happened, told history by history. Of those at the places `erased` nothing goes on."""
    facts: list[Fact] = []
    for place, one in enumerate(all_of_them):
        if not first <= one.date <= last or channel not in (None, one.channel):
            continue
        kind = (one.channel, branch_of(one))
        placed = [passed.agency for passed in one.handovers if passed.agency is not None]
        if agency is None or placed[-1:] == [agency]:
            for figure, bucket in _of_registration(one, is_erased=place in erased):
                facts.append(Fact(one.date if figure == "reached" else None, *kind, figure, bucket))
        for passed in one.handovers:
            if agency in (None, passed.agency):
                facts += [Fact(None, *kind, *what) for what in _of_handover(passed)]
    return Counter(facts)


def branch_of(one: History) -> str:
    if {"recheck", "tax_code", "choose_contact"} & set(one.steps):
        return "section_c"
    if "company_name" in one.steps:
        return "azienda"
    return "persona" if "name" in one.steps else "unknown"


def _of_registration(one: History, is_erased: bool) -> list[tuple[str, str]]:
    asked = [step for step in one.steps if step not in ("idle", "handover")]
    ever = set(asked)
    stages = {
        "opened": True,
        "started": bool(ever - {"customer_type"}),
        "recognised": bool(ever & {"choose_contact", "verification_code", "done"}),
        "code": bool(ever & {"verification_code", "done"}),
        "account": "done" in ever,
    }
    found = [("reached", stage) for stage, is_reached in stages.items() if is_reached]
    if not stages["started"] or stages["account"]:
        return found
    waits = any(passed.outcome is None for passed in one.handovers)
    if not is_erased and (waits or (one.hours_quiet == 0 and not one.closed)):
        return [*found, ("in_progress", asked[-1])]
    return [*found, ("lost", asked[-1]), *([("lost_with_person", asked[-1])] if one.handovers else [])]


def _of_handover(passed: Passed) -> list[tuple[str, str]]:
    found = [("reason", passed.reason)]
    if passed.outcome is not None:
        found += [("outcome", passed.outcome), ("answered", "no" if passed.wait is None else "yes")]
    if passed.rating is not None:
        found.append(("rating", str(passed.rating)))
    if passed.wait is not None:
        found.append(("callback_wait" if passed.called_back else "wait", _on_grid(passed.wait)))
    if passed.handling is not None:
        found.append(("handling", _on_grid(passed.handling)))
    return found


def _on_grid(seconds: int) -> str:
    """To five seconds, from five minutes on to half a minute, from an hour on to five minutes."""
    for limit, grid in ((300, 5), (3_600, 30)):
        if seconds < limit:
            return str(seconds - seconds % grid)
    return str(seconds - seconds % 300)
