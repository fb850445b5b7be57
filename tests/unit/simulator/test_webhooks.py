"""What is delivered to the gateway: signed, tried again, doubled and reordered as the faults say."""

from __future__ import annotations

import asyncio
import json

import pytest

from areaclienti.simulator import webhooks
from tests.unit.simulator.conftest import Sim
from tests.unit.simulator.receiver import eventually


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(webhooks, "HELD_SECONDS", 0.2)


async def test_the_webhook_is_set_up_with_a_challenge(sim: Sim) -> None:
    await eventually(lambda: bool(sim.state.webhooks.verified))
    assert (await sim.client.get("/about")).json()["webhook_verified"] is True


async def test_a_message_comes_signed_with_ascii_json(sim: Sim) -> None:
    user_id = await sim.phone()
    sent = await sim.says(user_id, "perché no? 😀")
    assert sent["delivered"] is True
    assert sim.receiver.bodies[0].isascii()  # and the receiver has checked the signature over these bytes
    [message] = sim.receiver.messages
    assert (message["id"], message["text"]) == (sent["wamid"], {"body": "perché no? 😀"})


async def test_an_unanswered_webhook_comes_again_with_the_same_bytes(sim: Sim) -> None:
    user_id = await sim.phone()
    sim.receiver.answers = [503, 500]
    sent = await sim.says(user_id)
    assert sent["delivered"] is False
    phone = sim.state.phones.get(user_id)
    assert phone is not None
    await sim.receiver.until(lambda receiver: len(receiver.bodies) == 3)
    assert len(set(sim.receiver.bodies)) == 1
    await eventually(lambda: phone.entries[1].status == "delivered")  # the second tick comes with the 200
    listed = (await sim.client.get("/webhooks")).json()["webhooks"][0]
    assert (listed["tries"], listed["answer"], listed["delivered"]) == (3, 200, True)


async def test_a_message_can_come_once_more_byte_by_byte(sim: Sim) -> None:
    user_id = await sim.phone()
    sent = await sim.says(user_id)
    again = await sim.client.post(f"/phones/{user_id}/resend", json={"wamid": sent["wamid"]})
    assert again.json() == {"wamid": sent["wamid"], "delivered": True}
    assert len(sim.receiver.bodies) == 2
    assert len(set(sim.receiver.bodies)) == 1
    other = await sim.phone("+393207654600")
    assert (await sim.client.post(f"/phones/{other}/resend", json={"wamid": sent["wamid"]})).status_code == 404


async def test_duplicates_come_as_often_as_was_said(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.goes_wrong(webhooks={"duplicates": 4})
    await sim.says(user_id)
    await sim.receiver.until(lambda receiver: len(receiver.bodies) == 5)
    assert len(set(sim.receiver.bodies)) == 1


async def test_held_webhooks_come_in_reversed_order(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.goes_wrong(webhooks={"hold": 3})
    sent = [(await sim.says(user_id, text))["wamid"] for text in ("uno", "due", "tre")]
    await sim.receiver.until(lambda receiver: len(receiver.bodies) == 3)
    assert [message["id"] for message in sim.receiver.messages] == sent[::-1]


async def test_held_webhooks_come_together_in_one(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.goes_wrong(webhooks={"hold": 3, "release": "together"})
    for text in ("uno", "due"):  # one fewer than is held: they go out when the time is over
        await sim.says(user_id, text)
    await sim.receiver.until(lambda receiver: len(receiver.bodies) == 1)
    changes = json.loads(sim.receiver.bodies[0])["entry"][0]["changes"]
    assert [change["value"]["messages"][0]["text"]["body"] for change in changes] == ["uno", "due"]
    phone = sim.state.phones.get(user_id)
    assert phone is not None
    await eventually(lambda: [entry.status for entry in phone.entries.values()] == ["delivered"] * 2)


async def test_webhooks_come_late_where_faults_say_so(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.goes_wrong(webhooks={"delay_ms": 150})
    began = asyncio.get_running_loop().time()
    await sim.says(user_id)
    assert asyncio.get_running_loop().time() - began >= 0.15
