"""The way of a conversation to a person and back: what is written, who may write, what the engine is asked."""

from __future__ import annotations

import pytest

from areaclienti.desk.operations import Forbidden, Stale, To, Unknown
from areaclienti.gateway.engine_client import BotMessage, TurnAnswer
from areaclienti.gateway.ledger import ChoiceExpired, ConversationClosed
from areaclienti.gateway.texts import load_texts
from areaclienti.gateway.turns import TurnQueue
from tests.unit.desk.world import World

RESUME, CALL_BACK = "Torna all'assistente", "Fatevi sentire"


async def owners(world: World, conversation_id: str) -> list[str]:
    """Every owner that the conversation has had, by its events."""
    events = await world.events(conversation_id)
    assert [event.from_owner for event in events[1:]] == [event.to_owner for event in events[:-1]]
    assert [event.epoch for event in events] == list(range(1, len(events) + 1))
    return [event.to_owner for event in events]


async def test_in_working_hours_the_customer_is_queued_and_told(world: World) -> None:
    conversation_id = await world.conversation("password", "secret:password")
    await world.ask_for_person(conversation_id, "requested", "password")
    handover = await world.handover_of(conversation_id)
    conversation = await world.conversation_of(handover.id)
    assert (conversation.owner, conversation.step, conversation.expects) == ("queued", "handover", "text")
    assert (handover.state, handover.reason, handover.resume_step) == ("queued", "requested", "password")
    [line] = await world.messages(conversation_id)
    assert line.author == "system" and "Ti risponde appena si libera" in line.text
    assert [choice["title"] for choice in line.choices] == [RESUME]


async def test_the_wait_is_told_when_enough_customers_were_answered_lately(world: World) -> None:
    agent = await world.agent(capacity=9)
    for _ in range(3):
        handover_id = await world.waiting()
        await world.place(handover_id)
        world.passes(minutes=4)
        await world.set_agent(agent, seen_at=world.now)
        await world.operations.claim(handover_id, agent)
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    [line] = await world.messages(conversation_id)
    assert "Di solito rispondiamo entro 4 minuti." in line.text


async def test_who_prefers_the_assistant_goes_on_where_the_registration_stood(world: World) -> None:
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    await world.press(conversation_id, RESUME)
    assert await owners(world, conversation_id) == ["queued", "bot"]
    [turn] = await world.turns(conversation_id)
    assert (turn.intent, turn.entities) == ("hand_back", {"step": "contact", "settled": [], "missing": []})
    assert (turn.state, turn.epoch) == ("pending", 2)
    handover = await world.handover_of(conversation_id)
    assert (handover.state, handover.outcome) == ("ended", "resumed")


async def test_outside_working_hours_the_assistant_stays_until_the_customer_has_chosen(world: World) -> None:
    world.passes(hours=10)
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    assert await owners(world, conversation_id) == []
    [line] = await world.messages(conversation_id)
    assert "tornano domani alle 9:00" in line.text
    assert [choice["title"] for choice in line.choices] == [RESUME, CALL_BACK]
    await world.press(conversation_id, CALL_BACK)
    assert await owners(world, conversation_id) == ["callback"]
    handover = await world.handover_of(conversation_id)
    assert (handover.state, handover.reason, handover.resume_step) == ("callback", "requested", "contact")
    assert (await world.turns(conversation_id)) == []


async def test_who_is_to_be_called_back_can_go_on_with_the_assistant(world: World) -> None:
    world.passes(hours=10)
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    await world.press(conversation_id, CALL_BACK)
    await world.ledger.say(conversation_id, "client-1", "text", "quando mi chiamate?", None)
    assert "lo leggerà chi ti richiama" in (await world.messages(conversation_id))[-1].text
    assert await world.turns(conversation_id) == []
    await world.press(conversation_id, RESUME)
    assert await owners(world, conversation_id) == ["callback", "bot"]
    assert [turn.intent for turn in await world.turns(conversation_id)] == ["hand_back"]


async def test_a_call_back_is_claimed_like_any_other(world: World) -> None:
    world.passes(hours=10)
    conversation_id = await world.conversation()
    await world.ask_for_person(conversation_id)
    await world.press(conversation_id, CALL_BACK)
    await world.rounds.go()
    agent = await world.agent()
    [card] = await world.operations.waiting(agent)
    assert (card.owner, card.may_claim) == ("callback", True)
    await world.operations.claim(card.handover.id, agent)
    assert await owners(world, conversation_id) == ["callback", "human"]


async def test_while_a_person_has_it_the_engine_hears_nothing(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    for number, text in enumerate(("buongiorno", "/restart", "/stop", '/give_secret{"password":"x"}')):
        await world.ledger.say(conversation.id, f"client-{number}", "text", text, None)
    assert await world.turns(conversation.id) == []
    assert (await world.conversation_of(handover_id)).owner == "human"
    with pytest.raises(ChoiceExpired):
        await world.press(conversation.id, RESUME)


async def test_a_turn_that_was_under_way_when_it_was_queued_says_nothing_afterwards(world: World) -> None:
    conversation_id = await world.conversation()
    await world.ledger.say(conversation_id, "client-1", "text", "mario.rossi@example.it", None)
    turns = TurnQueue(world.database, world.customers)
    under_way = await turns.next(conversation_id)
    assert under_way is not None
    await world.ask_for_person(conversation_id)
    before = len(await world.messages(conversation_id))
    answer = TurnAnswer(messages=[BotMessage(text="tardi")], step="password", expects="secret:password")
    await turns.answer(under_way, answer)
    assert len(await world.messages(conversation_id)) == before
    assert [turn.state for turn in await world.turns(conversation_id)] == ["dropped"]


async def test_a_turn_begun_before_a_handover_and_answered_after_the_hand_back_is_dropped(world: World) -> None:
    conversation_id = await world.conversation()
    await world.ledger.say(conversation_id, "client-1", "text", "mario.rossi@example.it", None)
    turns = TurnQueue(world.database, world.customers)
    under_way = await turns.next(conversation_id)
    assert under_way is not None
    await world.ask_for_person(conversation_id)
    await world.press(conversation_id, RESUME)
    await turns.answer(under_way, TurnAnswer(messages=[BotMessage(text="tardi")], step="contact", expects="text"))
    assert "tardi" not in [message.text for message in await world.messages(conversation_id)]
    assert [(turn.intent, turn.state) for turn in await world.turns(conversation_id)] == [
        (None, "dropped"), ("hand_back", "pending"),
    ]  # fmt: skip


async def test_the_one_who_has_it_replies_once_for_a_client_id(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    for _ in range(2):
        seq = await world.operations.reply(handover_id, agent, "agent-message-1", "Buongiorno!", conversation.epoch)
    lines = await world.messages(conversation.id)
    assert [(line.author, line.text) for line in lines[-2:]] == [
        ("system", "Ora ti risponde Giulia Conti."), ("agent", "Buongiorno!"),
    ]  # fmt: skip
    assert lines[-1].seq == seq
    assert (await world.handover(handover_id)).first_reply_at == world.now


async def test_nobody_else_replies_and_nobody_under_an_old_epoch(world: World) -> None:
    agent, other = await world.agent("Giulia Conti"), await world.agent("Marco Sala")
    supervisor = await world.agent("Sara Neri", "supervisore")
    handover_id = await world.human(agent)
    epoch = (await world.conversation_of(handover_id)).epoch
    with pytest.raises(Forbidden):
        await world.operations.reply(handover_id, other, "agent-message-1", "ciao", epoch)
    with pytest.raises(Stale) as stale:
        await world.operations.reply(handover_id, agent, "agent-message-2", "ciao", epoch - 1)
    assert stale.value.epoch == epoch
    await world.operations.force_take(handover_id, supervisor)
    with pytest.raises(Forbidden):
        await world.operations.reply(handover_id, agent, "agent-message-3", "ciao", epoch)
    with pytest.raises(ValueError):
        await world.operations.reply(handover_id, supervisor, "agent-message-4", "  ", epoch + 1)
    conversation = await world.conversation_of(handover_id)
    assert "agent" not in [message.author for message in await world.messages(conversation.id)]
    assert await owners(world, conversation.id) == ["queued", "human", "human"]


async def test_handed_back_the_assistant_begins_with_what_was_settled(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    await world.ledger.say(conversation.id, "client-1", "text", "il mio numero di polizza è 4711", None)
    await world.operations.hand_back(handover_id, agent, "password", ["contact", "name"], ["password"])
    [turn] = await world.turns(conversation.id)
    assert turn.intent == "hand_back", "and nothing of what was written"
    assert turn.entities == {"step": "password", "settled": ["contact", "name"], "missing": ["password"]}
    assert world.woken == [conversation.id]
    handover = await world.handover(handover_id)
    assert (handover.state, handover.outcome, handover.agent_id) == ("ended", "handed_back", agent)
    assert await owners(world, conversation.id) == ["queued", "human", "bot"]


@pytest.mark.parametrize(("step", "settled"), [("handover", []), ("nowhere", []), ("contact", ["mario@example.it"])])
async def test_only_steps_and_codes_go_with_a_hand_back(world: World, step: str, settled: list[str]) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    with pytest.raises(ValueError):
        await world.operations.hand_back(handover_id, agent, step, settled)
    assert (await world.conversation_of(handover_id)).owner == "human"


async def test_closed_it_is_rated_and_ends_after_the_wrap_up(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    await world.operations.close(handover_id, agent, "solved")
    await world.press(conversation.id, "In parte")
    assert (await world.messages(conversation.id))[-1].text.startswith("Grazie")
    await world.operations.note(handover_id, agent, "richiamare giovedì")
    world.passes(seconds=601)
    await world.set_agent(agent, seen_at=world.now)
    await world.rounds.go()
    handover = await world.handover(handover_id)
    assert (handover.state, handover.outcome, handover.rating) == ("ended", "solved", 2)
    assert await owners(world, conversation.id) == ["queued", "human", "wrap_up", "closed"]
    with pytest.raises(ConversationClosed):
        await world.ledger.say(conversation.id, "client-9", "text", "c'è nessuno?", None)


async def test_who_writes_after_the_last_word_is_answered_by_the_assistant(world: World) -> None:
    agent = await world.agent()
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    await world.operations.close(handover_id, agent, "solved")
    await world.ledger.say(conversation.id, "client-1", "text", "e adesso?", None)
    assert await owners(world, conversation.id) == ["queued", "human", "wrap_up", "bot"]
    [turn] = await world.turns(conversation.id)
    assert (turn.intent, turn.state, turn.epoch) == (None, "pending", 4)


async def test_passed_to_a_colleague_it_is_offered_to_him_and_told(world: World) -> None:
    agent, colleague = await world.agent("Giulia Conti"), await world.agent("Marco Sala")
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    await world.operations.transfer(handover_id, agent, To(agent_id=colleague))
    handover = await world.handover(handover_id)
    assert (handover.state, handover.agent_id) == ("offered", colleague)
    assert "Ti passo a un'altra persona" in (await world.messages(conversation.id))[-1].text
    await world.operations.claim(handover_id, colleague)
    assert await owners(world, conversation.id) == ["queued", "human", "offered", "human"]


async def test_passed_to_an_agency_it_is_that_agency_s_alone(world: World) -> None:
    agent = await world.agent()
    theirs, others = await world.agent("Anna Riva", agency="AG1"), await world.agent("Ugo Po", agency="AG2")
    handover_id = await world.human(agent)
    await world.operations.transfer(handover_id, agent, To(agency_code="AG1"))
    assert [card.handover.id for card in await world.operations.waiting(theirs)] == [handover_id]
    assert await world.operations.waiting(others) == []
    assert await world.operations.waiting(agent) == []
    with pytest.raises(Unknown):
        await world.operations.transcript(handover_id, agent)


async def test_released_it_waits_at_its_place_for_somebody_else(world: World) -> None:
    agent = await world.agent("Giulia Conti")
    first = await world.human(agent)
    world.passes(minutes=1)
    await world.set_agent(agent, seen_at=world.now)
    second = await world.waiting()
    await world.place(second)
    await world.operations.release(first, agent)
    other = await world.agent("Marco Sala", capacity=1)
    assert [card.handover.id for card in await world.operations.waiting(other)] == [first, second]
    await world.rounds.go()
    assert (await world.handover(first)).agent_id == other
    assert (await world.handover(second)).agent_id == agent


async def test_who_leaves_waits_for_nobody(world: World) -> None:
    handover_id = await world.waiting()
    conversation = await world.conversation_of(handover_id)
    await world.ledger.close(conversation.id)
    handover = await world.handover(handover_id)
    assert (handover.state, handover.outcome) == ("ended", "left")
    assert await owners(world, conversation.id) == ["queued", "closed"]


async def test_a_person_is_offered_when_the_back_end_is_down(world: World) -> None:
    conversation_id = await world.conversation("tax_code", "secret:tax_code")
    await world.ledger.say(conversation_id, "client-1", "text", "ciao", None)
    turns = TurnQueue(world.database, world.customers)
    turn = await turns.next(conversation_id)
    assert turn is not None
    await turns.fail(turn, load_texts().failure)
    await world.press(conversation_id, "Parla con una persona")
    handover = await world.handover_of(conversation_id)
    assert (handover.reason, handover.resume_step) == ("back_end_down", "tax_code")
    assert await owners(world, conversation_id) == ["queued"]


async def test_notes_and_drafts_stay_at_the_desk(world: World) -> None:
    agent, colleague = await world.agent("Giulia Conti"), await world.agent("Marco Sala")
    handover_id = await world.human(agent)
    conversation = await world.conversation_of(handover_id)
    before = len(await world.messages(conversation.id))
    await world.operations.note(handover_id, agent, "cliente da trent'anni")
    await world.operations.draft(handover_id, agent, "Gentile cliente, ")
    found = await world.operations.transcript(handover_id, agent)
    assert ([note.text for note in found.notes], found.draft) == (["cliente da trent'anni"], "Gentile cliente, ")
    assert (await world.operations.transcript(handover_id, colleague)).draft == ""
    assert len(await world.messages(conversation.id)) == before
    await world.operations.reply(handover_id, agent, "agent-message-1", "Gentile cliente", found.card.epoch)
    assert (await world.operations.transcript(handover_id, agent)).draft == ""
