"""The phone side: what a person does becomes the webhook of the reference, as pywa reads it; memory is bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pywa import WhatsApp
from pywa.types import CallbackButton, CallbackSelection, FlowCompletion, Message

from areaclienti.simulator import phones
from areaclienti.simulator.people import people
from areaclienti.simulator.phones import Phones, user_id_of
from tests.unit.simulator.conftest import MARIO, Sim
from tests.unit.simulator.test_limits import buttons, flow, rows


@pytest.fixture(scope="module")
def pywa() -> WhatsApp:
    return WhatsApp(phone_id="100000000000001", token="t", server=None)


async def last(sim: Sim) -> dict[str, Any]:
    """The last webhook that brought a message; statuses come between."""
    bodies = [json.loads(body) for body in sim.receiver.bodies]
    return dict([body for body in bodies if "messages" in body["entry"][0]["changes"][0]["value"]][-1])


@pytest.mark.parametrize("kind", ["audio", "image", "video", "document", "sticker", "location", "contacts"])
async def test_media_are_read_by_pywa_as_what_they_are(sim: Sim, pywa: WhatsApp, kind: str) -> None:
    user_id = await sim.phone()
    sent = await sim.says(user_id, type=kind)
    message = Message.from_update(pywa, await last(sim))
    assert (message.id, message.type.value) == (sent["wamid"], kind)
    assert getattr(message, kind)
    assert (message.from_user.bsuid, message.from_user.wa_id) == (user_id, MARIO[1:])
    assert (message.from_user.name, message.metadata.phone_number_id) == ("Mario Rossi", "100000000000001")


async def test_a_quoted_text_says_what_it_quotes(sim: Sim, pywa: WhatsApp) -> None:
    user_id = await sim.phone()
    first = await sim.says(user_id)
    await sim.says(user_id, text="questo", context=first["wamid"])
    message = Message.from_update(pywa, await last(sim))
    assert message.text == "questo"
    assert message.reply_to_message is not None
    assert message.reply_to_message.id == first["wamid"]


async def test_a_choice_says_which_message_it_answers(sim: Sim, pywa: WhatsApp) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    asked = (await sim.post(buttons(2))).json()["messages"][0]["id"]
    listed = (await sim.post(rows(2))).json()["messages"][0]["id"]
    await sim.says(user_id, type="button_reply", id="id 1", title="Scelta 1")
    button = CallbackButton.from_update(pywa, await last(sim))
    assert (button.data, button.title) == ("id 1", "Scelta 1")
    assert sim.receiver.messages[-1]["context"]["id"] == asked
    await sim.says(user_id, type="list_reply", id="0.1", title="Riga", description="La seconda")
    row = CallbackSelection.from_update(pywa, await last(sim))
    assert (row.data, row.title, row.description) == ("0.1", "Riga", "La seconda")
    assert sim.receiver.messages[-1]["context"]["id"] == listed


async def test_a_completed_flow_brings_its_response_as_a_string(sim: Sim, pywa: WhatsApp) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    await sim.post(flow())
    await sim.says(user_id, type="nfm_reply", response={"flow_token": "t", "reference": "vlt_x"})
    done = FlowCompletion.from_update(pywa, await last(sim))
    assert (done.token, done.response) == ("t", {"reference": "vlt_x"})
    assert isinstance(sim.receiver.messages[-1]["interactive"]["nfm_reply"]["response_json"], str)


async def test_reactions_deletions_and_changes_are_about_another_message(sim: Sim) -> None:
    user_id = await sim.phone()
    sent = (await sim.says(user_id, "prima"))["wamid"]
    await sim.says(user_id, type="reaction", wamid=sent, emoji="❤️")
    assert sim.receiver.messages[-1]["reaction"] == {"message_id": sent, "emoji": "❤️"}
    await sim.says(user_id, type="edited", wamid=sent, text="dopo")
    assert sim.receiver.messages[-1]["edit"]["message"]["text"] == {"body": "dopo"}
    phone = sim.state.phones.get(user_id)
    assert phone is not None
    [entry] = phone.entries.values()
    assert (entry.payload["text"]["body"], entry.edited, entry.reactions) == ("dopo", True, {"person": "❤️"})
    await sim.says(user_id, type="reaction", wamid=sent)
    assert entry.reactions == {}
    await sim.says(user_id, type="deleted", wamid=sent)
    assert sim.receiver.messages[-1]["revoke"] == {"original_message_id": sent}
    assert entry.deleted
    assert "dopo" not in json.dumps(entry.facts())


async def test_what_the_api_does_not_support_says_so(sim: Sim, pywa: WhatsApp) -> None:
    await sim.says(await sim.phone(), type="unsupported")
    message = Message.from_update(pywa, await last(sim))
    assert message.type.value == "unsupported"
    assert message.error is not None
    assert message.error.code == 131051


@pytest.mark.parametrize(
    "wish",
    [{"type": "text"}, {"type": "button_reply", "id": "x"}, {"type": "deleted"}, {"type": "dance"}, {"text": "x"}],
)
async def test_a_wish_without_its_fields_sends_nothing(sim: Sim, wish: dict[str, Any]) -> None:
    user_id = await sim.phone()
    assert (await sim.client.post(f"/phones/{user_id}/send", json=wish)).status_code == 422
    assert sim.receiver.bodies == []


@pytest.mark.parametrize("mobile", ["393201234600", "+39", "+39 320", "ciao", 7])
async def test_a_number_that_is_none_opens_no_phone(sim: Sim, mobile: object) -> None:
    assert (await sim.client.post("/phones", json={"mobile": mobile, "name": "x"})).status_code == 422


async def test_the_same_number_is_always_the_same_user_also_after_a_restart(sim: Sim) -> None:
    assert await sim.phone() == await sim.phone() == user_id_of(MARIO)
    hidden = await sim.phone(None)
    assert hidden != await sim.phone(None)
    assert Phones().open(None, "Anna", hidden).user_id == hidden  # as the page asks after a restart


async def test_only_what_came_after_the_cursor_is_read(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    await sim.writes("uno")
    last_seen = (await sim.read(user_id))["last"]
    await sim.writes("due")
    messages = (await sim.read(user_id, last_seen))["messages"]
    assert [message["payload"]["text"]["body"] for message in messages] == ["due"]
    assert (await sim.client.get(f"/phones/{user_id}/messages?after=x")).status_code == 400
    assert (await sim.client.get("/phones/IT.0/messages")).status_code == 404


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phones, "ENTRIES_A_PHONE", 5)
    monkeypatch.setattr(phones, "ENTRIES_IN_ALL", 20)
    book = Phones()
    first = book.open("+393200000000", "Prima")
    for number in range(12):
        first.add("person", f"wamid.{number}", {})
    assert [entry.n for entry in first.entries.values()] == [8, 9, 10, 11, 12]
    watched = book.open("+393200000001", "Guardata")
    for number in range(2, 30):
        phone = book.open(f"+3932000000{number:02}", "Altra")
        for message in range(5):
            phone.add("person", f"wamid.{number}.{message}", {})
        with watched.watched():
            book.open(f"+3932000001{number:02}", "Muta")
    assert book.get(user_id_of("+393200000000")) is None
    assert book.get(watched.user_id) is watched
    assert sum(len(phone.entries) for phone in book._by_id.values()) <= 25


def test_the_offered_people_are_demo_customers_with_a_story() -> None:
    offered = people()
    assert len({person["mobile"] for person in offered}) == len(offered)
    assert all(person["name"] and person["story"] and person["mobile"].startswith("+39") for person in offered)
