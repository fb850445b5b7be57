"""The page of figures and its files: who gets which, with numbers that are a slow count's."""

from __future__ import annotations

import csv
import io
import random
from datetime import date

import pytest
from sqlalchemy.orm import Session

from areaclienti.gateway.db.desk import DeskAgent
from tests.unit.desk.web.conftest import Desk, Person
from tests.unit.gateway.histories import START, History, slow_count, summer, write

JULY = "periodo=scelta&dal=2026-07-01&al=2026-07-31"
FIRST, LAST = date(2026, 7, 1), date(2026, 7, 31)


@pytest.fixture
async def made(desk: Desk) -> list[History]:
    """Sixty conversations of July."""
    found = summer(60, random.Random(3))

    def work(session: Session) -> None:
        for one in found:
            write(session, one, START)

    await desk.app.state.services.database.write(work)
    return found


async def file(person: Person, table: str, query: str = JULY) -> list[list[str]]:
    answer = await person.http.get(f"/desk/andamento/{table}.csv?{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment;")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";"))


@pytest.mark.parametrize("role", ["supervisore", "auditor"])
@pytest.mark.parametrize("agency", [None, "AG1"])
async def test_who_watches_sees_his_own_and_nothing_else(
    desk: Desk, made: list[History], role: str, agency: str | None
) -> None:
    person = await desk.agent("Paola Greco", role, agency=agency)  # type: ignore[arg-type]
    facts = slow_count(made, first=FIRST, last=LAST, agency=agency)
    started = sum(count for fact, count in facts.items() if fact.figure == "reached" and fact.bucket == "started")
    reasons = sum(count for fact, count in facts.items() if fact.figure == "reason")
    assert reasons > 0 and 0 < started < len(made)
    assert (await file(person, "funnel"))[1][:2] == ["Hanno iniziato", str(started)]
    assert sum(int(row[1]) for row in (await file(person, "reasons"))[1:]) == reasons
    page = await person.http.get(f"/desk/andamento?{JULY}")
    assert page.status_code == 200 and f"{started} hanno iniziato" in page.text
    assert ("arrivate alla tua Agenzia" in page.text) is (agency is not None)


async def test_agents_have_no_figures(desk: Desk, made: list[History]) -> None:
    person = await desk.agent("Giulia Conti", "agente")
    for path in ("/desk/andamento", "/desk/andamento/funnel.csv"):
        assert (await person.http.get(path)).status_code == 404


async def test_who_was_revoked_has_none_either(desk: Desk, made: list[History]) -> None:
    person = await desk.agent("Paola Greco", "supervisore")

    def revoke(session: Session) -> None:
        session.get_one(DeskAgent, person.who.agent_id).active = False

    await desk.app.state.services.database.write(revoke)
    assert (await person.http.get("/desk/andamento")).status_code == 404


async def test_a_channel_is_counted_alone(desk: Desk, made: list[History]) -> None:
    person = await desk.agent("Paola Greco", "supervisore")
    rows = {row[0]: row[1:] for row in (await file(person, "by_channel", f"{JULY}&canale=whatsapp"))[1:]}
    facts = slow_count(made, first=FIRST, last=LAST, channel="whatsapp")
    started = sum(count for fact, count in facts.items() if fact.figure == "reached" and fact.bucket == "started")
    assert rows["WhatsApp"][0] == str(started) and rows["Chat sul sito"][0] == "0"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("periodo=scelta", "servono tutte e due le date"),
        ("periodo=scelta&dal=ieri&al=oggi", "servono tutte e due le date"),
        ("periodo=scelta&dal=2026-07-31&al=2026-07-01", "viene prima di quella di inizio"),
        ("periodo=scelta&dal=2020-07-31&al=2026-07-01", "più lungo di un anno"),
    ],
)
async def test_a_period_that_is_none_is_explained(desk: Desk, query: str, said: str) -> None:
    person = await desk.agent("Paola Greco", "supervisore")
    answer = await person.http.get(f"/desk/andamento?{query}")
    assert answer.status_code == 422 and said in answer.text


async def test_there_are_no_other_files(desk: Desk) -> None:
    person = await desk.agent("Paola Greco", "supervisore")
    assert (await person.http.get("/desk/andamento/everything.csv")).status_code == 422
