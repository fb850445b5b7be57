"""What customers write comes to Chatwoot in order and once, with a summary, and a team sees it open or resolved."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from areaclienti.desk.chatwoot import outbound
from areaclienti.desk.chatwoot.links import Patience
from areaclienti.desk.routing import Belonging
from areaclienti.gateway.db.chatwoot import ChatwootLink
from areaclienti.gateway.db.desk import Handover
from tests.contract.chatwoot.conftest import QUICK, Office
from tests.contract.chatwoot.standin import BOT_ID, OWN_ID


async def test_a_customer_who_waits_is_seen_with_all_that_was_said(office_anywhere: Office) -> None:
    office = office_anywhere
    await office.asks("buongiorno")
    await office.says("sono Mario Rossi")
    await office.works()
    chatwoot = office.chatwoot
    assert chatwoot.said("incoming") == ["buongiorno", "sono Mario Rossi"]
    assert "Ti metto in contatto con una persona" in chatwoot.said("outgoing")[0]
    assert "Scelte: Torna all'assistente" in chatwoot.said("outgoing")[0]
    (note,) = chatwoot.said("outgoing", private=True)
    assert "Motivo: il cliente ha chiesto una persona" in note and "Registrazione ferma a: recapito" in note
    assert (chatwoot.only.status, chatwoot.only.labels, chatwoot.only.team) == ("open", ["chiede-persona"], 4)
    (contact,) = chatwoot.contacts.values()
    assert contact.is_proven and contact.name.startswith("Cliente ") and "chat del sito" in contact.name
    assert await office.replies() == [], "nothing of ours comes back as an agent's line"


async def test_the_own_agency_s_team_gets_its_customer(office: Office) -> None:
    await office.asks()
    handover = await office.world.handover_of(office.conversation_id)

    def place(session) -> None:  # type: ignore[no-untyped-def]
        office.world.router.place(session, session.get_one(Handover, handover.id), Belonging("C1", "A1"))

    await office.world.write(place)
    await office.works()
    assert office.chatwoot.only.team == 3


async def test_what_is_written_while_somebody_answers_follows_at_once(office: Office) -> None:
    await office.brought()
    office.chatwoot.assigns(11)
    await office.works()
    for text in ("uno", "due", "tre"):
        await office.says(text)
        office.world.hub.ledger_grew(office.conversation_id)
    await office.works()
    assert office.chatwoot.said("incoming")[1:] == ["uno", "due", "tre"]


async def test_the_summary_tells_checks_and_outcomes_and_no_value(office: Office) -> None:
    office.summary = {
        "checks": [
            {"check": "match", "outcome": "no_customer", "at": "2026-11-23T09:05:00+00:00"},
            {"check": "identification", "outcome": "name_differs", "at": "2026-11-23T09:06:00+00:00"},
        ],
        "identified": True, "consultant_name": "Anna Neri", "agency_name": "Agenzia di Ferrara",
        "username_masked": "mar***@p***.it", "customer_type": "persona",
    }  # fmt: skip
    await office.brought()
    (note,) = office.chatwoot.said("outgoing", private=True)
    assert "10:05 riconoscimento: nessun cliente con questi dati" in note
    assert "codice fiscale o partita IVA: il nome non coincide" in note
    assert "Consulente: Anna Neri. Agenzia: Agenzia di Ferrara." in note
    assert "mar***" not in note


@pytest.mark.parametrize("step", ["contacts", "conversations", "/messages", "labels", "assignments"])
@pytest.mark.parametrize("fault", ["lost", "500", "unreachable", "429"])
async def test_what_goes_wrong_once_at_any_step_loses_and_doubles_nothing(
    office: Office, step: str, fault: str
) -> None:
    office.chatwoot.answers = [(f"POST {_PATHS[step]}", fault)]
    await office.asks("buongiorno")
    await office.says("secondo")
    office.world.passes(seconds=1)
    for _ in range(3):
        await office.works(1)
        _forget_waits(office)
    await office.works()
    assert office.chatwoot.answers == [], "it did go wrong"
    assert office.chatwoot.said("incoming") == ["buongiorno", "secondo"]
    assert len(office.chatwoot.said("outgoing", private=True)) == 1
    assert len(office.chatwoot.contacts) == len(office.chatwoot.conversations) == 1
    assert Counter(office.chatwoot.said("outgoing")).most_common(1)[0][1] == 1


_PATHS = {
    "contacts": "/public/api/v1/inboxes/inbox-identifier-1234/contacts",
    "conversations": "/public",
    "/messages": "/public",
    "labels": "/api/v1",
    "assignments": "/api/v1",
}


def _forget_waits(office: Office) -> None:
    """Time goes by until it is tried again."""
    for timer in office.adapter._workers._timers.values():
        timer.cancel()
    office.adapter._workers._timers.clear()
    office.adapter._paused_until = 0.0


@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_every_single_answer_may_be_lost(office: Office, number: int) -> None:
    """The messages of a handover, one after the other: each was made, and its answer did not come."""
    await office.asks("buongiorno")
    await office.says("secondo")
    taken = 0

    def lose(what: str) -> str | None:
        nonlocal taken
        if what.startswith("POST") and what.endswith("/messages"):
            taken += 1
            return "lost" if taken == number + 1 else None
        return None

    office.chatwoot._fault = lose  # type: ignore[method-assign]
    for _ in range(3):
        await office.works(1)
        _forget_waits(office)
    await office.works()
    assert taken >= 4
    assert office.chatwoot.said("incoming") == ["buongiorno", "secondo"]
    assert len(office.chatwoot.said("outgoing")) == 1
    assert len(office.chatwoot.said("outgoing", private=True)) == 1


async def test_a_server_that_is_slow_is_not_sent_the_same_again_meanwhile(office: Office) -> None:
    """The request is still under way there when we give up: only when it can't be any more is it sent again."""
    office.adapter = office.another(
        Patience(lease=QUICK.lease, proof=timedelta(seconds=60), told_after=QUICK.told_after)
    )
    await office.asks("buongiorno")
    office.chatwoot.answers = [("/messages", "504")]  # a proxy's, while Chatwoot works on
    await office.works(1)
    _forget_waits(office)
    await office.works(1)
    assert office.chatwoot.said("incoming") == [], "it waits"
    link = await _link(office)
    assert link.posting == "line-1" and link.sent_seq == 0
    contact = office.chatwoot.contacts[link.identifier]
    office.chatwoot._say(office.chatwoot.only, "buongiorno", "incoming", {"id": contact.id, "type": "contact"})
    _forget_waits(office)
    await office.works()
    assert office.chatwoot.said("incoming") == ["buongiorno"], "and what came late was the one"


async def test_the_control_that_trusts_echo_id_says_it_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that sends again under the same echo_id, instead of looking, doubles what the customer said."""

    async def never_looks(self: outbound.Outbound, link: object, key: str) -> None:
        return None

    monkeypatch.setattr(outbound.Outbound, "_found", never_looks)
    await office.asks("buongiorno")
    office.chatwoot.answers = [("/messages", "lost")]
    await office.works(1)
    _forget_waits(office)
    await office.works()
    assert office.chatwoot.said("incoming") == ["buongiorno", "buongiorno"]


async def test_lines_of_our_own_desk_and_of_the_assistant_are_said_by_its_bot(office: Office) -> None:
    office.adapter = office.another(chatwoot_bot_id=BOT_ID)
    await office.brought()
    agent = await office.world.agent()
    handover = await office.placed()
    await office.world.operations.claim(handover, agent)
    epoch = (await office.world.conversation_row(office.conversation_id)).epoch
    await office.world.operations.reply(handover, agent, "desk-1", "Buongiorno, sono Giulia", epoch)
    await office.works()
    lines = [one for one in office.chatwoot.only.messages if one["message_type"] == 1 and not one["private"]]
    assert {one["sender"]["type"] for one in lines} == {"agent_bot"}
    assert "Buongiorno, sono Giulia" in office.chatwoot.said("outgoing")
    assert await office.replies() == ["Buongiorno, sono Giulia"], "and it does not come back"


async def test_a_server_that_keeps_no_source_ids_brings_no_echo_back(office: Office) -> None:
    office.chatwoot.keeps_source_ids = False
    await office.brought()
    office.chatwoot.assigns(11)
    await office.works()
    office.chatwoot.writes(11, "Eccomi")
    await office.works()
    assert await office.replies() == ["Eccomi"]
    assert {one["sender"]["id"] for one in office.chatwoot.only.messages if one["message_type"] == 1} == {OWN_ID, 11}


async def test_who_goes_on_with_the_assistant_is_resolved_at_chatwoot(office: Office) -> None:
    await office.brought()
    await office.world.press(office.conversation_id, "Torna all'assistente")
    await office.works()
    assert office.chatwoot.only.status == "resolved"
    assert office.chatwoot.said("incoming")[-1] == "Torna all'assistente"
    assert "il cliente continua con l'assistente" in office.chatwoot.said("outgoing", private=True)[-1]
    await office.says("e questo è per l'assistente")
    await office.works()
    assert "e questo è per l'assistente" not in office.chatwoot.said("incoming"), "agents get what is for them alone"


async def test_who_asks_again_comes_back_in_the_same_conversation_with_what_was_said_between(office: Office) -> None:
    await office.brought()
    office.chatwoot.assigns(11)
    await office.works()
    office.chatwoot.resolves("torna-assistente")
    await office.works()
    assert await office.owner() == "bot"
    await office.says("non ci riesco")
    office.world.passes(minutes=5)
    await office.world.ask_for_person(office.conversation_id, "not_recognised")
    await office.placed()
    await office.works()
    assert office.chatwoot.only.status == "open" and office.chatwoot.only.assignee is None
    assert office.chatwoot.only.labels == ["non-riconosciuto"], "what agents said by labels was said once"
    assert "non ci riesco" in office.chatwoot.said("incoming")
    assert await office.owner() == "queued"


async def test_a_conversation_that_was_deleted_there_is_brought_anew(office: Office) -> None:
    await office.brought()
    office.chatwoot.conversations.clear()
    office.chatwoot.contacts.clear()
    await office.says("ci siete?")
    await office.works(2)
    _forget_waits(office)
    await office.works()
    assert office.chatwoot.said("incoming") == ["voglio parlare con una persona", "ci siete?"]


async def test_while_the_token_is_refused_nothing_is_lost_and_operators_see_it(office: Office) -> None:
    office.chatwoot.token = "another"
    await office.asks("buongiorno")
    await office.works()
    assert office.adapter.health() == {"sending": "paused", "reason": "token"}
    asked = len(office.chatwoot.requests)
    await office.works()
    assert len(office.chatwoot.requests) == asked, "it is not asked without end"
    office.chatwoot.token = "api-access-token-for-tests"
    _forget_waits(office)
    await office.works()
    assert office.adapter.health() is None
    assert office.chatwoot.said("incoming") == ["buongiorno"]


async def test_who_waits_while_chatwoot_is_down_is_told_once_and_stays(office: Office) -> None:
    office.chatwoot.is_down = True
    await office.asks("buongiorno")
    await office.works(1)
    told = len(await office.told())
    office.world.passes(seconds=30)
    for _ in range(3):
        _forget_waits(office)
        await office.works(1)
    assert len(await office.told()) == told + 1
    assert "il tuo posto in coda resta" in (await office.told())[-1].lower()
    assert await office.owner() == "queued"
    office.chatwoot.is_down = False
    _forget_waits(office)
    await office.works()
    assert office.chatwoot.said("incoming") == ["buongiorno"]


async def test_two_gateways_on_one_database_say_everything_once(office_anywhere: Office) -> None:
    office = office_anywhere
    other = office.another()
    await office.asks("buongiorno")
    for text in ("uno", "due", "tre", "quattro"):
        await office.says(text)
    for _ in range(4):
        await office.adapter.sweep()
        await other.sweep()
        await office.adapter.settle()
        await other.settle()
        _forget_waits(office)
    await office.works()
    await other.stop()
    assert office.chatwoot.said("incoming") == ["buongiorno", "uno", "due", "tre", "quattro"]
    assert len(office.chatwoot.conversations) == 1


async def _link(office: Office) -> ChatwootLink:
    return await office.world.read(lambda session: session.get_one(ChatwootLink, office.conversation_id))
