"""The webhook's door: who may deliver, what is answered, and that nothing is lost or done when it refuses."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from tests.unit.gateway.conftest import Start
from tests.unit.gateway.database import rows
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta

STORED = "SELECT count(*) FROM whatsapp_inbound"


async def asked(meta: Meta, **query: str) -> tuple[int, str]:
    answer = await meta.http.get("/webhooks/whatsapp", params={f"hub.{name}": value for name, value in query.items()})
    return answer.status_code, answer.text


async def test_the_challenge_is_repeated_to_who_knows_the_token(meta: Meta) -> None:
    known = {"mode": "subscribe", "verify_token": m.VERIFY_TOKEN, "challenge": "1158201444"}
    assert await asked(meta, **known) == (200, "1158201444")
    for wrong in ({"verify_token": "x"}, {"verify_token": ""}, {"mode": "unsubscribe"}, {"verify_token": "è"}):
        status, text = await asked(meta, **known | wrong)
        assert status == 403
        assert "1158201444" not in text and m.VERIFY_TOKEN not in text
    assert (await asked(meta))[0] == 403


async def test_without_whatsapp_there_is_no_such_address(start: Start) -> None:
    meta = Meta(await start())
    assert (await meta.deliver(m.of(m.text("Ciao")))).status_code == 404
    assert (await asked(meta))[0] == 404
    await meta.close()


@pytest.mark.parametrize("signed_with", [None, "", "another secret"])
async def test_nothing_is_looked_at_without_the_right_signature(meta: Meta, url: str, signed_with: str | None) -> None:
    body = json.dumps(m.of(m.text("Ciao"))).encode()
    answer = await meta.deliver_bytes(body, signed_with)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_signature")
    assert m.signature(body).removeprefix("sha256=") not in answer.text
    assert await rows(url, STORED) == [(0,)]


async def test_the_signature_is_over_the_raw_bytes(meta: Meta, url: str) -> None:
    body = json.dumps(m.of(m.text("Così però")), ensure_ascii=False, indent=3).encode()
    headers = {"X-Hub-Signature-256": m.signature(body)}
    same_json = json.dumps(json.loads(body)).encode()
    assert (await meta.http.post("/webhooks/whatsapp", content=same_json, headers=headers)).status_code == 401
    assert (await meta.http.post("/webhooks/whatsapp", content=body, headers=headers)).status_code == 200
    assert await rows(url, STORED) == [(1,)]


async def test_a_body_has_up_to_three_megabytes_and_elsewhere_sixteen_kilobytes(meta: Meta, url: str) -> None:
    most = 3 * 1024 * 1024
    body = json.dumps(m.of(m.text("Ciao"))).encode()
    assert (await meta.deliver_bytes(body.ljust(most))).status_code == 200
    assert (await meta.deliver_bytes(body.ljust(most + 1))).status_code == 413
    assert (await meta.http.post("/api/session", content=b" " * 17_000)).status_code == 413
    assert await rows(url, STORED) == [(1,)]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000])
async def test_what_is_no_json_is_refused(meta: Meta, url: str, body: bytes) -> None:
    answer = await meta.deliver_bytes(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_json")
    assert await rows(url, STORED) == [(0,)]


async def test_an_unknown_shape_is_answered_and_kept_sealed(meta: Meta, url: str) -> None:
    secret = "Tramonto-Verde7"
    answer = await meta.deliver(m.of(m.message("hologram", hologram={"says": secret})))
    assert (answer.status_code, answer.json()) == (200, {})
    ((state, sealed),) = await rows(url, "SELECT state, sealed FROM whatsapp_inbound")
    assert state == "odd"
    assert secret.encode() not in sealed


async def test_while_nothing_can_be_stored_meta_is_told_to_come_again(
    app: FastAPI, meta: Meta, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    database, payload = app.state.services.database, m.of(m.text("Ciao"))

    async def fail(_: Any, **__: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr(database, "write", fail)
        answer = await meta.deliver(payload)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_stored")
    assert (await meta.deliver(payload)).status_code == 200
    await meta.settle()
    assert [turn.text for turn in engine.turns] == ["Ciao"]


async def test_five_hundred_malformed_or_unsigned_payloads_do_nothing(meta: Meta, engine: Engine, url: str) -> None:
    chance = random.Random(20261123)
    whole = json.dumps(m.of(m.text("Voglio registrarmi"), m.pressed("c1", "Persona"))).encode()
    statuses: list[int] = []
    for number in range(500):
        body = bytearray(whole)
        if number % 2:  # signed by Meta, but broken: cut off, or with bytes that are no JSON
            body = (
                body[: chance.randrange(len(body))] if number % 4 == 1 else body + bytes([chance.randrange(0x80, 0xFF)])
            )
            statuses.append((await meta.deliver_bytes(bytes(body))).status_code)
        else:  # whole, but not signed, or signed for other bytes
            signed_with = chance.choice([None, "", "x", m.VERIFY_TOKEN])
            statuses.append((await meta.deliver_bytes(bytes(body), signed_with)).status_code)
    await meta.settle()
    assert set(statuses) == {400, 401}
    assert (await rows(url, STORED), engine.turns) == ([(0,)], [])


async def test_signed_payloads_with_anything_in_them_never_break_the_server(
    meta: Meta, url: str, engine: Engine
) -> None:
    chance = random.Random(7)
    strange: list[Any] = [None, 7, -1.5, True, [], {}, "", "\ud800", "\x00", "x" * 5_000, [[]], {"": {}}, 10**400]
    for _ in range(200):
        payload = m.payload(m.change([m.text("Ciao"), m.pressed("c1", "Persona")], [m.status("wamid.a", "sent")]))
        for _ in range(chance.randrange(1, 4)):
            place: Any = payload
            while isinstance(place, dict | list) and place:
                key = chance.choice(sorted(place) if isinstance(place, dict) else range(len(place)))
                if not isinstance(place[key], dict | list) or chance.random() < 0.2:
                    place[key] = chance.choice(strange)
                    break
                place = place[key]
        assert (await meta.deliver(payload)).status_code == 200
    await meta.settle()
    assert await rows(url, "SELECT count(*) FROM whatsapp_inbound WHERE state = 'pending'") == [(0,)]
    assert await rows(url, "SELECT count(*) FROM whatsapp_inbound WHERE state = 'odd'") != [(0,)]
    assert engine.turns
