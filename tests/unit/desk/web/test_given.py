"""What the customer said who he is: masked for who reads, in full for who answers him, on record each time."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from areaclienti.desk.given import FIELDS, REASONS
from areaclienti.gateway.db.desk_access import DeskAudit
from tests.unit.desk.web.conftest import Desk, Person
from tests.unit.gateway.doubles import Engine

GIVEN = {
    "customer_type": "persona", "given_name": "Anna Maria", "family_name": "Bianchi", "company_name": None,
    "contact": "anna.bianchi@posta.example",
}  # fmt: skip


async def revealed(desk: Desk) -> list[tuple[str | None, str | None, str | None]]:
    """What the audit says of it: who, with which handover, field and reason."""
    query = select(DeskAudit).where(DeskAudit.action == "revealed").order_by(DeskAudit.id)
    served = desk.app.state.services
    rows = await served.database.read(lambda session: list(session.scalars(query)))
    return [(row.who, row.handover_id, row.reason_code) for row in rows]


async def show(person: Person, card: dict[str, Any], field: str = "contact", reason: str = "call_customer") -> Any:
    return await person.ask("POST", f"/handovers/{card['id']}/given/{field}", {"reason": reason})


@pytest.fixture
async def giulia(desk: Desk, engine: Engine) -> Person:
    engine.given = dict(GIVEN)
    await desk.customer()
    return await desk.agent()


async def test_everybody_who_reads_it_sees_masks(desk: Desk, giulia: Person) -> None:
    card = await giulia.takes()
    for person in (giulia, await desk.agent("Aldo Gallo", "auditor"), await desk.agent("Marco Riva")):
        answer = await person.ask("GET", f"/handovers/{card['id']}/given")
        assert answer.json() == {
            "customer_type": "persona",
            "fields": [
                {"field": "name", "masked": "A***** M***** B*****"},
                {"field": "contact", "masked": "ann*****@po**.example"},
            ],
        }
    assert await revealed(desk) == []


async def test_who_answers_sees_one_value_and_it_is_on_record(desk: Desk, giulia: Person) -> None:
    card = await giulia.takes()
    assert "reveal" in card["may"]
    answer = await show(giulia, card)
    assert answer.json() == {"value": "anna.bianchi@posta.example", "seconds": 30}
    assert (await show(giulia, card, "name", "compare_document")).json()["value"] == "Anna Maria Bianchi"
    who = giulia.who.agent_id
    assert await revealed(desk) == [
        (who, card["id"], "contact.call_customer"), (who, card["id"], "name.compare_document"),
    ]  # fmt: skip


async def test_nobody_else_sees_it_and_nothing_is_on_record(desk: Desk, giulia: Person) -> None:
    marco, aldo = await desk.agent("Marco Riva"), await desk.agent("Aldo Gallo", "auditor")
    stranger = await desk.agent("Paolo Neri", agency="AG-9")
    [waiting] = await giulia.cards()
    assert (await show(giulia, waiting)).status_code == 403  # he has not taken it
    card = await giulia.takes()
    assert [(await show(one, card)).status_code for one in (marco, aldo, stranger)] == [403, 403, 404]
    assert await revealed(desk) == []


async def test_a_supervisor_sees_it_of_his_own_agency_alone(desk: Desk, giulia: Person) -> None:
    card = await giulia.takes()
    assert (await show(await desk.agent("Elena Sarti", "supervisore"), card)).status_code == 200
    assert (await giulia.ask("POST", f"/handovers/{card['id']}/transfer", {"agency_code": "AG-9"})).status_code == 204
    nearby = await desk.agent("Rosa Leone", "supervisore", agency="AG-9")
    above = await desk.agent("Ugo Alto", "supervisore")
    assert [(await show(one, card)).status_code for one in (nearby, above)] == [200, 403]


async def test_once_it_is_given_back_or_over_nobody_sees_it(desk: Desk, giulia: Person) -> None:
    card = await giulia.takes()
    answer = await giulia.ask("POST", f"/handovers/{card['id']}/hand-back", {"step": "contact"})
    assert answer.status_code == 204
    assert (await show(giulia, card)).status_code == 403
    assert (await show(await desk.agent("Elena Sarti", "supervisore"), card)).status_code == 409
    assert await revealed(desk) == []


@pytest.mark.parametrize(
    ("field", "reason", "status"),
    [
        ("password", "call_customer", 422),
        ("tax_code", "call_customer", 422),
        ("contact", "curiosity", 422),
        ("company_name", "call_customer", 404),  # he gave none
    ],
)
async def test_what_is_no_field_or_no_reason_shows_nothing(
    desk: Desk, giulia: Person, field: str, reason: str, status: int
) -> None:
    assert (await show(giulia, await giulia.takes(), field, reason)).status_code == status
    assert await revealed(desk) == []


async def test_of_a_company_its_name_counts_not_a_person_s(desk: Desk, giulia: Person, engine: Engine) -> None:
    engine.given |= {"customer_type": "azienda", "company_name": "Rossi Impianti S.r.l.", "contact": "+393331234567"}
    card = await giulia.takes()
    found = (await giulia.ask("GET", f"/handovers/{card['id']}/given")).json()["fields"]
    assert found == [
        {"field": "company_name", "masked": "R***** I***** S*****"}, {"field": "contact", "masked": "333 ****567"},
    ]  # fmt: skip


async def test_while_the_engine_is_away_it_says_so_and_nothing_is_on_record(
    desk: Desk, giulia: Person, engine: Engine
) -> None:
    card = await giulia.takes()
    engine.ready = False
    for answer in (await giulia.ask("GET", f"/handovers/{card['id']}/given"), await show(giulia, card)):
        assert (answer.status_code, answer.json()["code"]) == (503, "engine_unavailable")
    assert await revealed(desk) == []
    engine.ready = True
    assert (await show(giulia, card)).status_code == 200


async def test_a_field_and_its_reason_fit_the_record() -> None:
    column = DeskAudit.__table__.c.reason_code.type
    assert max(len(f"{field}.{reason}") for field in FIELDS for reason in REASONS) <= column.length  # type: ignore[attr-defined]
