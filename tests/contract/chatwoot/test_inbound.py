"""What agents do at Chatwoot reaches the customer once, in order, and only from who has the conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot import intake
from areaclienti.desk.chatwoot.links import Patience
from areaclienti.desk.routing import PASSED_FOR
from areaclienti.gateway.db.chatwoot import ChatwootMessage
from tests.contract.chatwoot.conftest import QUICK, Office

PASSED = PASSED_FOR.total_seconds()


async def answering(office: Office) -> None:
    """Giulia has it."""
    await office.brought()
    office.chatwoot.assigns(11)
    await office.works()
    assert await office.owner() == "human"


async def test_whom_it_is_assigned_to_has_it_and_the_customer_reads_the_name(office_anywhere: Office) -> None:
    office = office_anywhere
    await answering(office)
    assert (await office.told())[-1] == "Ora ti risponde Giulia Conti."
    office.chatwoot.writes(11, "Buongiorno, la aiuto io")
    await office.works()
    assert await office.replies() == ["Buongiorno, la aiuto io"]
    assert "Buongiorno, la aiuto io" not in office.chatwoot.said("incoming")
    assert office.chatwoot.said("outgoing").count("Buongiorno, la aiuto io") == 1


async def test_who_answers_without_assigning_takes_it(office: Office) -> None:
    await office.brought()
    office.chatwoot.writes(12, "Eccomi")
    await office.works()
    assert (await office.told())[-1] == "Ora ti risponde Marco Riva."
    assert await office.replies() == ["Eccomi"] and office.chatwoot.only.assignee == 12


async def test_private_notes_never_reach_the_customer(office: Office) -> None:
    await answering(office)
    office.chatwoot.writes(11, "cliente difficile", private=True)
    await office.works()
    assert await office.replies() == []
    stored = await office.world.read(lambda session: session.query(ChatwootMessage).count())
    assert stored == 0, "nor is it kept"


async def test_repeated_deliveries_change_nothing(office: Office) -> None:
    await answering(office)
    office.chatwoot.holds_webhooks = True
    for text in ("uno", "due"):
        office.chatwoot.writes(11, text)
    await office.chatwoot.release(times=3)
    await office.adapter.settle()
    office.chatwoot.holds_webhooks = False
    await office.works()
    assert await office.replies() == ["uno", "due"]


async def test_deliveries_in_the_wrong_order_are_read_in_the_right_one(office: Office) -> None:
    await answering(office)
    office.chatwoot.holds_webhooks = True
    for number in range(6):
        office.chatwoot.writes(11, f"{number}")
    await office.chatwoot.release(backwards=True)
    await office.adapter.settle()
    assert await office.replies() == [f"{number}" for number in range(6)]


async def test_what_no_webhook_told_is_read_all_the_same(office: Office) -> None:
    """Chatwoot delivers to an API inbox once, and never again."""
    await answering(office)
    office.chatwoot.deliver = None
    office.chatwoot.writes(11, "si sente?")
    office.adapter._patience = Patience(look=timedelta(0))
    await office.works()
    assert await office.replies() == ["si sente?"]


async def test_a_message_that_comes_to_light_late_is_not_skipped(office: Office) -> None:
    """Ids are given before the commit: a smaller one may be seen after a greater one."""
    await answering(office)
    office.chatwoot.deliver = None
    office.adapter._patience = Patience(look=timedelta(0))
    office.chatwoot.writes(11, "prima")
    office.chatwoot.writes(11, "seconda")
    late = office.chatwoot.only.messages.pop(-2)
    await office.works()
    assert await office.replies() == ["seconda"]
    office.chatwoot.only.messages.insert(-1, late)
    await office.works()
    assert await office.replies() == ["seconda", "prima"]


async def test_while_chatwoot_can_t_be_asked_its_webhooks_are_enough(office: Office) -> None:
    await answering(office)
    office.chatwoot.holds_webhooks = True
    for text in ("uno", "due"):
        office.chatwoot.writes(11, text)
    office.chatwoot.token = "another"
    await office.chatwoot.release()
    await office.adapter.settle()
    assert await office.replies() == ["uno", "due"]


async def test_the_control_without_dedupe_says_it_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """An adapter that knows neither deliveries nor messages again says to the customer what it is told."""
    said = 0

    def takes_all(session: Session, conversation_id: str, messages, own) -> int:  # type: ignore[no-untyped-def]
        nonlocal said
        for one in messages:
            said += 1
            session.add(
                ChatwootMessage(conversation_id=conversation_id, message_id=one.id * 1000 + said, agent=one.sender.id,
                                agent_name=one.sender.name, text=one.text, has_files=False, state="pending")
            )  # fmt: skip
        return 1

    await answering(office)
    monkeypatch.setattr(intake, "keep", takes_all)
    monkeypatch.setattr(intake, "_is_first", lambda *_: True)
    office.chatwoot.holds_webhooks = True
    office.chatwoot.writes(11, "uno")
    office.chatwoot.is_down = True
    await office.chatwoot.release(times=2)
    await office.adapter.settle()
    assert await office.replies() == ["uno", "uno"]


async def test_who_does_not_have_it_is_told_that_it_was_not_sent(office: Office) -> None:
    await answering(office)
    message = office.chatwoot.writes(12, "mi intrometto")
    await office.works()
    assert await office.replies() == []
    assert message["status"] == "failed"
    assert "in carico a Giulia Conti" in message["external_error"]


async def test_given_to_a_colleague_the_customer_reads_the_new_name(office: Office) -> None:
    await answering(office)
    office.chatwoot.assigns(12)
    await office.works()
    office.chatwoot.writes(12, "ora ci sono io")
    await office.works()
    assert (await office.told())[-1] == "Ora ti risponde Marco Riva."
    assert await office.replies() == ["ora ci sono io"]


async def test_given_back_it_waits_again(office: Office) -> None:
    await answering(office)
    office.chatwoot.assigns(None)
    await office.works()
    assert await office.owner() == "queued"
    assert (await office.told())[-1].startswith("Ti passo a un'altra persona")


@pytest.mark.parametrize(
    ("labels", "owner", "turn"),
    [
        ((), "wrap_up", None),
        (("inviato-in-agenzia",), "wrap_up", None),
        (("torna-assistente",), "bot", {"step": "contact", "settled": [], "missing": []}),
        (("riparti-dal-nome", "chiarita-domanda"), "bot", {"step": "name", "settled": ["question"], "missing": []}),
    ],
)
async def test_resolving_ends_it_or_gives_it_back_as_the_labels_say(
    office: Office, labels: tuple[str, ...], owner: str, turn: dict[str, object] | None
) -> None:
    await answering(office)
    office.chatwoot.resolves(*labels)
    await office.works()
    assert await office.owner() == owner
    (handover,) = await office.world.handovers_of(office.conversation_id)
    outcome = {(): "solved", ("inviato-in-agenzia",): "referred"}.get(labels, "handed_back")
    assert handover.outcome == outcome
    turns = await office.world.turns(office.conversation_id)
    assert [one.entities for one in turns if one.intent == "hand_back"] == ([turn] if turn else [])


async def test_a_call_back_that_is_resolved_without_a_word_is_over(office: Office) -> None:
    await office.brought()
    await office.world.press(office.conversation_id, "Torna all'assistente")
    office.world.now = office.world.now.replace(hour=3)
    office.world.passes(days=1)
    await office.world.ask_for_person(office.conversation_id)
    await office.world.press(office.conversation_id, "Fatevi sentire")
    await office.placed()
    await office.works()
    assert sorted(office.chatwoot.only.labels) == ["chiede-persona", "da-richiamare"]
    assert "essere richiamato" in office.chatwoot.said("outgoing", private=True)[-1]
    office.chatwoot.resolves("risolto")
    await office.works()
    assert await office.owner() == "wrap_up"


async def test_what_is_written_after_the_end_is_marked_as_not_sent(office: Office) -> None:
    await answering(office)
    office.chatwoot.resolves("torna-assistente")
    await office.works()
    message = office.chatwoot.writes(11, "ah, un'altra cosa")
    await office.works()
    assert await office.replies() == []
    assert message["status"] == "failed" and "non è più con te" in message["external_error"]


async def test_a_secret_of_the_customer_that_an_agent_writes_is_not_said(office: Office) -> None:
    await answering(office)
    message = office.chatwoot.writes(11, "confermi che il codice fiscale è RSSMRA80A01H501U?")
    await office.works()
    assert await office.replies() == []
    assert message["status"] == "failed" and "non si scrivono" in message["external_error"]


async def test_an_attachment_does_not_pass_silently(office: Office) -> None:
    await answering(office)
    message = office.chatwoot.writes(11, "", files=True)
    await office.works()
    assert message["status"] == "failed" and "allegati" in message["external_error"]


async def test_a_long_message_comes_in_parts(office: Office) -> None:
    await answering(office)
    office.chatwoot.writes(11, "\n".join(["parola " * 100] * 10))
    await office.works()
    parts = await office.replies()
    assert len(parts) > 1 and all(len(part) <= 2000 for part in parts)
    assert " ".join(" ".join(parts).split()) == " ".join(["parola"] * 1000)


async def test_an_agent_who_is_gone_leaves_the_customer_in_the_queue(office: Office) -> None:
    await answering(office)
    office.chatwoot.people[11].availability = "offline"
    office.world.passes(seconds=61)
    await office.adapter.look_at_agents()
    await office.world.rounds.go()
    assert await office.owner() == "queued"
    assert (await office.told())[-1].startswith("La persona che ti seguiva non è più collegata.")
    await office.placed()
    await office.works()
    assert office.chatwoot.only.assignee is None, "and agents see that it waits"


async def test_an_agent_who_is_there_keeps_what_he_has(office: Office) -> None:
    await answering(office)
    for _ in range(4):
        office.world.passes(seconds=30)
        await office.adapter.look_at_agents()
        await office.world.rounds.go()
    assert await office.owner() == "human"


async def test_chatwoot_down_the_customer_is_told_and_it_goes_on_where_it_stood(office: Office) -> None:
    await answering(office)
    office.chatwoot.is_down = True
    await office.says("ci siete?")
    office.world.passes(seconds=61)
    await office.adapter.look_at_agents()
    await office.world.rounds.go()
    assert await office.owner() == "queued"
    assert (await office.told())[-1].startswith("La persona che ti seguiva non è più collegata.")
    await office.placed()
    office.chatwoot.is_down = False
    await office.adapter.look_at_agents()
    office.adapter._patience = Patience(look=timedelta(0), lease=QUICK.lease, proof=QUICK.proof)
    await office.works()
    assert "ci siete?" in office.chatwoot.said("incoming")
    assert await office.owner() == "human", "Giulia is there, and it is still assigned to her"


async def test_who_is_assigned_but_not_there_has_it_not_yet(office: Office) -> None:
    office.chatwoot.people[11].availability = "offline"
    await office.adapter.look_at_agents()
    await office.brought()
    office.chatwoot.assigns(11)
    await office.works()
    assert await office.owner() == "queued"


async def test_an_older_resolved_does_not_end_what_came_after(office: Office) -> None:
    """A webhook that was held up somewhere tells of the handover before."""
    await answering(office)
    office.chatwoot.holds_webhooks = True
    office.chatwoot.resolves("torna-assistente")
    late, office.chatwoot.webhooks = office.chatwoot.webhooks, []
    office.chatwoot.holds_webhooks = False
    office.adapter._patience = Patience(look=timedelta(0), lease=QUICK.lease, proof=QUICK.proof)
    await office.works()
    assert await office.owner() == "bot"
    office.world.passes(minutes=5)
    await office.world.ask_for_person(office.conversation_id)
    await office.placed()
    await office.works()
    office.chatwoot.token = "another"  # nobody can be asked whether it is still so
    office.chatwoot.webhooks = late
    await office.chatwoot.release()
    await office.adapter.settle()
    assert await office.owner() == "queued"


async def test_whom_chatwoot_names_is_no_agent_of_our_desk_s_sign_in(office: Office) -> None:
    await answering(office)
    handover = await office.world.handover_of(office.conversation_id)
    assert handover.agent_id == "chatwoot-11"

    def look(session: Session) -> tuple[str, str | None]:
        from areaclienti.gateway.db.desk import DeskAgent

        agent = session.get_one(DeskAgent, "chatwoot-11")
        return agent.email, agent.password_hash

    assert await office.world.read(look) == ("chatwoot-11@chatwoot.invalid", None)
