"""New contacts at the desk, on the real identity: who may ask, who may decide, and that the registration goes on."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select, text

from areaclienti.desk.scope import Role
from areaclienti.gateway import retention
from areaclienti.gateway.db.desk import DeskAgent, DeskNote, Handover
from areaclienti.gateway.db.desk_access import DeskAudit
from areaclienti.gateway.db.desk_contacts import ContactRequest
from areaclienti.gateway.db.models import Base
from areaclienti.gateway.identity_client import IdentityUnavailable
from areaclienti.gateway.ledger import locked
from tests.unit.desk.web.agency_office import NEW, Office, office

__all__ = ["office"]

MASKED = "nuo*****@po**.example"


def done(answer: httpx.Response) -> str:
    """What the page says it did, where it leads on to the list."""
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["fatto"][0]


async def test_asked_for_and_confirmed_the_registration_goes_on_by_itself(office: Office) -> None:
    assert (await office.asks()).json() == {"outcome": "requested", "masked": MASKED}
    assert any(MASKED in line for line in await office.texts())
    request, bruno = await office.request(), await office.colleague()
    assert MASKED in await office.page(bruno)
    office.engine.expect("verification_code", "code")
    assert done(await office.confirms(bruno, request.id)) == "confirmed"
    await office.desk.app.state.services.runner.settle()
    last = office.engine.turns[-1]
    back = {"step": "choose_contact", "settled": ["new_contact"], "missing": []}
    assert (last.intent, last.entities) == ("hand_back", back)
    assert await office.owner() == "bot"
    used = await office.world.actions(f"/v1/registrations/{office.registration}/new-contact", {}, office.conversation)
    assert used.json()["challenge"]["masked_destination"] == MASKED


async def test_whoever_asked_does_not_decide_nor_see_it_again(office: Office) -> None:
    await office.asks()
    request = await office.request()
    assert (await office.confirms(office.anna, request.id)).status_code == 403
    shown = await office.post(office.anna, request.id, "mostra", motivo="compare_document")
    assert shown.status_code == 403 and NEW not in shown.text
    assert "serve un’altra persona" in await office.page(office.anna)
    assert (await office.request()).state == "requested"


@pytest.mark.parametrize(
    ("roles", "agency", "status"),
    [
        (("agente",), "A2", 404),
        (("supervisore",), "A2", 404),
        # The conversation has come to the pool, which sees it, and decides about no agency's customer.
        (("agente",), None, 403),
        (("supervisore",), None, 403),
        (("auditor",), "A1", 403),
    ],
)
async def test_nobody_but_the_customer_s_agency_decides(
    office: Office, roles: tuple[Role, ...], agency: str | None, status: int
) -> None:
    await office.asks()
    request = await office.request()
    stranger = await office.colleague("Zoe Riva", *roles, agency=agency)
    for answer in (
        await office.confirms(stranger, request.id),
        await office.post(stranger, request.id, "mostra", motivo="compare_document"),
    ):
        assert answer.status_code == status and NEW not in answer.text
    assert (MASKED in await office.page(stranger)) is (status == 403)
    assert (await office.request()).state == "requested"


async def test_passed_on_to_another_agency_its_people_get_nothing_and_decide_nothing(office: Office) -> None:
    await office.asks()
    request = await office.request()
    thief = await office.colleague("Tito Ladri", agency="A2")
    accomplice = await office.colleague("Ugo Ladri", agency="A2")

    def passed_on(session: Any) -> None:
        found = session.get_one(Handover, office.handover)
        found.agency_code, found.agent_id = "A2", thief.who.agent_id

    await office.write(passed_on)
    assert (await office.asks("ladro@posta.example", thief)).json() == {"outcome": "not_possible", "masked": None}
    assert (await office.confirms(accomplice, request.id)).status_code == 404
    assert (await office.request()).state == "requested"


async def test_a_revoked_colleague_decides_nothing(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    await office.write(lambda session: setattr(session.get_one(DeskAgent, bruno.who.agent_id), "active", False))
    assert (await office.confirms(bruno, request.id)).status_code == 404
    assert (await office.request()).state == "requested"


async def test_revoked_while_identity_was_away_his_decision_is_taken_back(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    office.identity.down = True
    assert (await office.confirms(bruno, request.id)).status_code == 503
    await office.write(lambda session: setattr(session.get_one(DeskAgent, bruno.who.agent_id), "active", False))
    office.identity.down = False
    await settle_late(office)
    assert (await office.request()).state == "requested"


async def test_a_decision_whose_answer_was_lost_is_finished_by_itself_and_once(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    office.identity.lost = {"/decision"}
    assert (await office.confirms(bruno, request.id)).status_code == 503
    assert await office.owner() == "human", "nothing was done on a guess"
    office.identity.lost = set()
    for _ in range(2):
        await settle_late(office)
    await office.desk.app.state.services.runner.settle()
    assert (await office.request()).state == "confirmed"
    assert [turn.intent for turn in office.engine.turns].count("hand_back") == 1


async def settle_late(office: Office) -> None:
    """Errands, as if the decisions under way were old."""

    def older(session: Any) -> None:
        for one in session.scalars(select(ContactRequest).where(ContactRequest.state == "deciding")):
            one.decided_at -= timedelta(seconds=20)

    await office.write(older)
    await office.desk.app.state.services.desk.errands.go()


async def test_of_many_who_decide_at_once_one_does_and_the_assistant_is_asked_once(office: Office) -> None:
    await office.asks()
    request = await office.request()
    people = [await office.colleague(f"Collega {n}") for n in range(6)]
    answers = await asyncio.gather(
        *((office.confirms if n % 2 else office.refuses)(who, request.id) for n, who in enumerate(people))
    )
    won = [n for n, answer in enumerate(answers) if answer.status_code == 303]
    assert len(won) == 1 and {answer.status_code for answer in answers} == {303, 409}
    decided = await office.request()
    assert (decided.decided_by, decided.state) == (
        people[won[0]].who.agent_id, "confirmed" if won[0] % 2 else "refused",
    )  # fmt: skip
    await office.desk.app.state.services.runner.settle()
    assert [turn.intent for turn in office.engine.turns].count("hand_back") == won[0] % 2


async def test_refused_whoever_asked_reads_why_and_the_customer_stays_with_him(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    assert done(await office.refuses(bruno, request.id)) == "refused"
    [note] = await office.read(lambda session: session.scalars(select(DeskNote)).all())
    assert MASKED in note.text and "scritto male" in note.text
    assert await office.owner() == "human"


async def test_shown_in_full_only_with_a_reason_and_on_record(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    assert NEW not in await office.page(bruno)
    without = await office.post(bruno, request.id, "mostra", motivo="")
    assert without.status_code == 422 and NEW not in without.text
    shown = await office.post(bruno, request.id, "mostra", motivo="compare_document")
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store") and NEW in shown.text
    rows = await office.read(lambda session: session.scalars(select(DeskAudit)).all())
    done_by = {(row.who, row.action, row.reason_code) for row in rows}
    assert (bruno.who.agent_id, "revealed", "compare_document") in done_by
    assert (office.anna.who.agent_id, "contact_requested", request.id) in done_by


async def test_the_contact_stands_nowhere_in_the_gateway(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    await office.post(bruno, request.id, "mostra", motivo="compare_document")
    await office.confirms(bruno, request.id)
    await office.desk.app.state.services.runner.settle()

    def everything(session: Any) -> str:
        return "".join(
            str(session.execute(text(f"SELECT * FROM {table.name}")).all()) for table in Base.metadata.sorted_tables
        )

    kept = await office.read(everything)
    assert MASKED in kept and NEW not in kept
    assert NEW not in str([turn.model_dump() for turn in office.engine.turns])


@pytest.mark.parametrize("contact", ["non lo so", "06 1234567"])
async def test_what_is_no_contact_is_refused(office: Office, contact: str) -> None:
    answer = await office.asks(contact)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")


async def test_only_who_has_the_conversation_asks(office: Office) -> None:
    bruno = await office.colleague()
    assert (await office.asks(who=bruno)).status_code == 403
    zoe = await office.colleague("Zoe Riva", agency="A2")
    assert (await office.asks(who=zoe)).status_code == 404


async def test_for_who_was_not_identified_nothing_is_registered(office: Office) -> None:
    await office.world.actions(
        f"/v1/registrations/{office.registration}/recheck",
        {"customer_type": "persona", "given_name": "Ada", "family_name": "Blu", "contact": "ada@posta.example"},
        office.conversation,
    )
    assert (await office.asks()).json() == {"outcome": "not_identified", "masked": None}
    assert "Non c’è nessun recapito" in await office.page(office.anna)


async def test_nobody_s_forged_page_decides(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    form = {"decisione": "confirm", "motivo": "called_on_file"}
    answer = await bruno.http.post(
        f"/desk/recapiti/{request.id}/decisione", data=form, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert (await office.request()).state == "requested"


async def test_confirmed_after_the_customer_went_back_to_the_assistant_it_goes_on_there(office: Office) -> None:
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    assert (await office.anna.ask("POST", f"/handovers/{office.handover}/release")).status_code == 204
    await office.presses("Torna all'assistente")
    await office.desk.app.state.services.runner.settle()
    assert done(await office.confirms(bruno, request.id)) == "confirmed"
    await office.desk.app.state.services.runner.settle()
    assert office.engine.turns[-1].entities["settled"] == ["new_contact"]


async def test_erasing_the_conversation_erases_its_requests(office: Office) -> None:
    await office.asks()
    services = office.desk.app.state.services

    def closed(session: Any) -> None:
        retention.close(session, locked(session, office.conversation))

    await office.write(closed)
    await retention.erase(services.database, services.engine, [office.conversation], rewrite=False)
    assert await office.read(lambda session: session.scalars(select(ContactRequest)).all()) == []


# ---- the e-mail to the agency ----


async def called_back(office: Office) -> None:
    """The customer whom Anna gave back is to be called back."""
    await office.anna.ask("POST", f"/handovers/{office.handover}/release")

    def waits(session: Any) -> None:
        found = session.get_one(Handover, office.handover)
        found.state = "callback"

    await office.write(waits)


async def test_the_agency_is_told_once_that_somebody_is_to_be_called_back(office: Office) -> None:
    await called_back(office)
    errands = office.desk.app.state.services.desk.errands
    for _ in range(3):
        await errands.go()
    told = [message for message in await office.world.mail() if "/desk/conversazioni/" in message["text"]]
    assert [message["to"] for message in told] == ["ferrara@agenzia.example"]
    assert office.handover in told[0]["text"] and "Mario" not in told[0]["text"]


async def test_while_identity_is_away_the_e_mail_waits(office: Office) -> None:
    await called_back(office)
    errands = office.desk.app.state.services.desk.errands
    office.identity.down = True
    with pytest.raises(IdentityUnavailable):
        await errands.go()
    office.identity.down, office.identity.lost = False, {"/agency-notices"}
    with pytest.raises(IdentityUnavailable):
        await errands.go()
    office.identity.lost = set()
    await errands.go()
    told = [message for message in await office.world.mail() if "/desk/conversazioni/" in message["text"]]
    assert len(told) == 1
