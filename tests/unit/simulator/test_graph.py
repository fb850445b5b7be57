"""The Graph side: who may send, what shapes are refused, what a message's life looks like to the business."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from areaclienti.simulator.errors import ERRORS
from tests.unit.simulator.conftest import MARIO, Sim
from tests.unit.simulator.test_limits import buttons, cta, flow, message, rows, template, text

Change = dict[str, Any]


async def test_a_wrong_token_or_number_is_refused_and_sends_nothing(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    strange = await sim.post(text(5), token="of somebody else")
    assert (strange.status_code, strange.json()["error"]["code"]) == (401, 190)
    nobody = await sim.client.post("/v23.0/100000000000001/messages", json=text(5))
    assert (nobody.status_code, nobody.json()["error"]["code"]) == (401, 190)
    elsewhere = await sim.post(text(5), number_id="42")
    assert (elsewhere.status_code, elsewhere.json()["error"]["code"]) == (400, 100)
    assert (await sim.read(user_id))["messages"] == []


def without(body: dict[str, Any], *path: str | int) -> dict[str, Any]:
    return changed(body, *path)


def changed(body: dict[str, Any], *path: str | int, to: object = None) -> dict[str, Any]:
    node: Any = body
    for step in path[:-1]:
        node = node[step]
    if to is None:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return body


A = ("interactive", "action")
MALFORMED: list[tuple[str, object, int]] = [
    ("no object", [1, 2], 100),
    ("no product", without(text(5), "messaging_product"), 131008),
    ("another product", changed(text(5), "messaging_product", to="sms"), 100),
    ("no recipient", without(text(5), "to"), 131008),
    ("a recipient that is no number", changed(text(5), "to", to="mario"), 131009),
    ("a user id that is none", without(text(5), "to") | {"recipient": "x"}, 131009),
    ("an unknown type", changed(text(5), "type", to="poll"), 100),
    ("a type without its object", changed(text(5), "type", to="interactive"), 131008),
    ("an unknown key", text(5) | {"colour": "red"}, 100),
    ("a text that is no text", changed(text(5), "text", "body", to=7), 100),
    ("a blank text", changed(text(5), "text", "body", to=" \n"), 131009),
    ("an unknown key inside", changed(text(5), "text", "font", to="x"), 100),
    ("a flag that is none", changed(text(5), "text", "preview_url", to="yes"), 100),
    ("no buttons", changed(buttons(), *A, "buttons", to=[]), 131009),
    ("buttons that are no list", changed(buttons(), *A, "buttons", to={}), 100),
    ("two buttons of one title", changed(buttons(2), *A, "buttons", 1, "reply", "title", to="Scelta 0"), 131009),
    ("two buttons of one id", changed(buttons(2), *A, "buttons", 1, "reply", "id", to="id 0"), 131009),
    ("an empty title", changed(buttons(), *A, "buttons", 0, "reply", "title", to=""), 131009),
    ("no body", without(buttons(), "interactive", "body"), 131008),
    ("two rows of one id", changed(rows(2), *A, "sections", 0, "rows", 1, "id", to="0.0"), 131009),
    ("sections without titles", without(rows(1, 1), *A, "sections", 1, "title"), 131009),
    ("an empty section", changed(rows(1), *A, "sections", 0, "rows", to=[]), 131009),
    ("a list without its button", without(rows(1), *A, "button"), 131008),
    ("a relative address", changed(cta(), *A, "parameters", "url", to="/riservato/x"), 131009),
    ("a strange address", changed(cta(), *A, "parameters", "url", to="javascript:alert(1)"), 131009),
    ("a flow without id", without(flow(), *A, "parameters", "flow_id"), 131009),
    ("a flow with id and name", changed(flow(), *A, "parameters", "flow_name", to="x"), 131009),
    ("a template's strange name", template("Ripresa Gentile"), 132001),
    ("a template without language", without(template(), "template", "language"), 131008),
    ("a new line in a parameter", template(body="una\nriga"), 132012),
    ("a picture", message("image", {"link": "https://area.example/x.png"}), 100),
]


@pytest.mark.parametrize(("what", "body", "code"), MALFORMED, ids=[what for what, _, _ in MALFORMED])
async def test_a_malformed_message_is_refused_with_its_code(sim: Sim, what: str, body: object, code: int) -> None:
    await sim.says(await sim.phone())
    refused = await sim.post(body)
    assert refused.json()["error"]["code"] == code
    assert refused.status_code == ERRORS[code].status
    assert refused.json()["error"]["error_data"]["details"]


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_what_is_not_json_is_refused(sim: Sim, raw: bytes) -> None:
    headers = {"Authorization": f"Bearer {sim.state.settings.whatsapp_access_token.get_secret_value()}"}
    answer = await sim.client.post("/v23.0/100000000000001/messages", content=raw, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


async def test_who_never_wrote_gets_no_free_message(sim: Sim) -> None:
    refused = await sim.writes()
    assert refused.json()["error"]["code"] == 131047
    hidden = await sim.writes(to="IT.1234567890123456789")
    assert hidden.json()["error"]["code"] == 131047
    await sim.phone()  # a phone that was taken in hand, but hasn't written
    assert (await sim.writes()).json()["error"]["code"] == 131047


async def test_a_message_is_sent_delivered_and_read_with_the_senders_own_data(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    sent = (await sim.writes("Ciao *Mario*", biz_opaque_callback_data="outbox 7")).json()
    wamid = sent["messages"][0]["id"]
    assert sent["contacts"] == [{"input": MARIO, "wa_id": MARIO[1:], "user_id": user_id}]
    await sim.receiver.until(lambda receiver: len(receiver.statuses) == 3)
    assert [status["status"] for status in sim.receiver.statuses] == ["sent", "delivered", "read"]
    for status in sim.receiver.statuses:
        assert (status["id"], status["biz_opaque_callback_data"]) == (wamid, "outbox 7")
        assert (status["recipient_id"], status["recipient_user_id"]) == (MARIO[1:], user_id)
    got = await sim.read(user_id)
    assert [entry["payload"] for entry in got["messages"]] == [{"type": "text", "text": {"body": "Ciao *Mario*"}}]
    assert (got["messages"][0]["wamid"], got["messages"][0]["status"]) == (wamid, "read")


async def test_a_user_whose_number_is_not_seen_is_reached_by_his_id(sim: Sim) -> None:
    user_id = await sim.phone(None, "Anna")
    await sim.says(user_id)
    incoming = sim.receiver.messages[0]
    assert "from" not in incoming
    assert incoming["from_user_id"] == user_id
    assert sim.receiver.values()[0]["contacts"] == [{"profile": {"name": "Anna"}, "user_id": user_id}]
    sent = (await sim.writes(to=user_id)).json()
    assert sent["contacts"] == [{"input": user_id, "user_id": user_id}]
    await sim.receiver.until(lambda receiver: len(receiver.statuses) == 3)
    assert "recipient_id" not in sim.receiver.statuses[0]


async def test_reading_gives_blue_ticks_and_shows_the_dots(sim: Sim) -> None:
    user_id = await sim.phone()
    first, second = await sim.says(user_id, "uno"), await sim.says(user_id, "due")
    receipt = {"messaging_product": "whatsapp", "status": "read", "message_id": first["wamid"]}
    assert (await sim.post(receipt)).json() == {"success": True}
    phone = sim.state.phones.get(user_id)
    assert phone is not None
    assert [entry.status for entry in phone.entries.values()] == ["read", "delivered"]
    assert not (await sim.read(user_id))["typing"]
    typing = receipt | {"message_id": second["wamid"], "typing_indicator": {"type": "text"}}
    assert (await sim.post(typing)).json() == {"success": True}
    assert (await sim.read(user_id))["typing"]
    await sim.writes()
    assert not (await sim.read(user_id))["typing"]
    unknown = await sim.post(receipt | {"message_id": "wamid.other"})
    assert unknown.json()["error"]["code"] == 131009


async def test_injected_errors_come_as_often_as_was_said_and_for_whom(sim: Sim) -> None:
    user_id = await sim.phone()
    other = await sim.phone("+393207654600", "Michele")
    await sim.says(user_id)
    await sim.says(other)
    await sim.goes_wrong(graph={"errors": [{"code": 131056, "times": 2, "user_id": user_id}, {"code": 131031}]})
    assert (await sim.writes(to="+393207654600")).json()["error"]["code"] == 131031
    assert [(await sim.writes()).status_code for _ in range(3)] == [400, 400, 200]
    assert (await sim.writes(to="+393207654600")).status_code == 200
    assert (await sim.client.get("/faults")).json()["graph"]["errors"] == []
    assert (await sim.client.put("/faults", json={"graph": {"errors": [{"code": 7}]}})).status_code == 422


async def test_an_error_of_delivery_comes_as_a_failed_status(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    await sim.goes_wrong(graph={"errors": [{"code": 131026, "by": "status"}], "window_by": "status"})
    wamid = (await sim.writes(biz_opaque_callback_data="7")).json()["messages"][0]["id"]
    await sim.receiver.until(lambda receiver: len(receiver.statuses) == 1)
    [status] = sim.receiver.statuses
    assert (status["id"], status["status"], status["errors"][0]["code"]) == (wamid, "failed", 131026)
    assert status["biz_opaque_callback_data"] == "7"
    await sim.client.post(f"/phones/{user_id}/clock", json={"hours": 25})
    assert (await sim.writes()).status_code == 200
    await sim.receiver.until(lambda receiver: len(receiver.statuses) == 2)
    assert sim.receiver.statuses[1]["errors"][0]["code"] == 131047
    assert (await sim.read(user_id))["messages"] == []


async def test_a_lost_answer_leaves_the_sender_without_one_but_the_message_arrives(served: Sim) -> None:
    user_id = await served.phone()
    await served.says(user_id)
    await served.goes_wrong(graph={"lost_answers": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        await served.writes(biz_opaque_callback_data="7")
    await served.receiver.until(lambda receiver: bool(receiver.statuses))
    assert served.receiver.statuses[0]["biz_opaque_callback_data"] == "7"
    assert len((await served.read(user_id))["messages"]) == 1
    assert (await served.writes()).status_code == 200


async def test_statuses_come_late_backwards_or_not_at_all_where_faults_say_so(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    await sim.goes_wrong(statuses={"backwards": True, "leave_out": ["delivered"], "late_ms": 100})
    await sim.writes()
    assert sim.receiver.statuses == []
    await sim.receiver.until(lambda receiver: len(receiver.statuses) == 2)
    assert [status["status"] for status in sim.receiver.statuses] == ["read", "sent"]
