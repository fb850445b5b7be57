"""Statuses are stored, handed on in the transaction that takes them out, and handed on again when that fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp import processing
from areaclienti.gateway.channels.whatsapp.intake import REMEMBERED
from areaclienti.gateway.channels.whatsapp.statuses import Status
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.db.whatsapp import WhatsappInbound
from areaclienti.gateway.retention import close, erase
from tests.unit.gateway.browser import until
from tests.unit.gateway.database import only_conversation, rows
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta


class Noting:
    """An outbox that keeps what it is told."""

    def __init__(self) -> None:
        self.noted: list[Status] = []
        self.woken: list[str] = []
        self.fails = 0
        self.rounds = 0

    def note_status(self, session: Session, status: Status) -> None:
        if self.fails:
            self.fails -= 1
            raise RuntimeError("not now")
        self.noted.append(status)

    def statuses_noted(self) -> None:
        self.rounds += 1

    def wake(self, conversation_id: str) -> None:
        self.woken.append(conversation_id)


@pytest.fixture
def outbox(app: FastAPI) -> Noting:
    noting = Noting()
    app.state.whatsapp.processing._outbox = noting
    return noting


async def test_each_status_is_handed_on_once(meta: Meta, outbox: Noting, url: str) -> None:
    failed = m.status("wamid.b", "failed", errors=[{"code": 131026}], biz_opaque_callback_data="17")
    payload = m.payload(m.change([], [m.status("wamid.a", "sent"), failed]))
    for _ in range(3):
        assert (await meta.deliver(payload)).status_code == 200
    await meta.settle()
    at = datetime.fromtimestamp(1_780_000_100, UTC)
    assert outbox.noted == [
        Status("wamid.a", "sent", at, None, None),
        Status("wamid.b", "failed", at, 131026, "17"),
    ]
    assert outbox.rounds == 1
    assert await rows(url, "SELECT state, sealed FROM whatsapp_inbound") == [("done", None), ("done", None)]


async def test_a_status_that_could_not_be_noted_is_handed_on_again(
    meta: Meta, outbox: Noting, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "RESUME_SECONDS", 0.01)
    outbox.fails = 1
    await meta.deliver(m.payload(m.change([], [m.status("wamid.a", "sent")])))
    await until(lambda: bool(outbox.noted))
    assert [status.state for status in outbox.noted] == ["sent"]
    await meta.settle()
    assert await rows(url, "SELECT state FROM whatsapp_inbound") == [("done",)]


async def test_many_statuses_are_all_handed_on(
    meta: Meta, outbox: Noting, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "STATUSES_AT_ONCE", 7)
    statuses = [m.status(f"wamid.{number}", "sent") for number in range(40)]
    await meta.deliver(m.payload(m.change([], statuses)))
    await meta.settle()
    assert {status.wamid for status in outbox.noted} == {f"wamid.{number}" for number in range(40)}
    assert outbox.rounds == 6


async def test_the_outbox_hears_of_every_conversation_that_grew(app: FastAPI, meta: Meta, outbox: Noting) -> None:
    await meta.say(m.text("ciao"))
    assert outbox.woken == [await only_conversation(app)]


async def test_what_meta_could_not_do_is_said_with_its_code(
    meta: Meta, capsys: Any, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    await meta.deliver(m.payload(m.change([], errors=[{"code": 130429, "title": "Rate limit hit"}])))
    assert await rows(url, "SELECT state, sealed FROM whatsapp_inbound") == [("ignored", None)]
    # through the standard library's handlers where a test of the same process configured the service's log
    assert "130429" in capsys.readouterr().out + caplog.text


@pytest.mark.parametrize(("age", "is_kept"), [(REMEMBERED - timedelta(hours=1), True), (REMEMBERED * 1.01, False)])
async def test_deliveries_are_remembered_as_long_as_they_may_be_repeated(
    app: FastAPI, meta: Meta, engine: Engine, url: str, age: timedelta, is_kept: bool
) -> None:
    payload = m.of(m.text("ciao"))
    await meta.deliver(payload)
    await meta.settle()
    older = update(WhatsappInbound).values(received_at=now() - age)
    await app.state.services.database.write(lambda session: session.execute(older))
    assert await app.state.whatsapp.intake.forget_old() == int(not is_kept)
    assert await rows(url, "SELECT count(*) FROM whatsapp_inbound") == [(int(is_kept),)]
    await meta.deliver(payload)
    await meta.settle()
    assert len(engine.turns) == 1, "as long as the conversation is there, its ledger knows the message as well"


async def test_an_erasure_leaves_nothing_that_leads_to_the_person(
    app: FastAPI, meta: Meta, engine: Engine, url: str
) -> None:
    payload = m.of(m.text("ciao"))
    await meta.deliver(payload)
    await meta.settle()
    conversation_id, served = await only_conversation(app), app.state.services
    await served.database.write(lambda session: close(session, session.get_one(Conversation, conversation_id)))
    await erase(served.database, served.engine, [conversation_id], rewrite=False)
    assert await rows(url, "SELECT mobile FROM conversations") == [(None,)]
    assert await rows(url, "SELECT count(*) FROM whatsapp_people") == [(0,)]
    ((_, *values),) = await rows(url, "SELECT * FROM whatsapp_inbound")
    assert not any(m.WA_ID in str(value) or m.USER_ID in str(value) for value in values)
    await meta.deliver(payload)
    await meta.settle()
    assert len(engine.turns) == 1, "a late repetition changes nothing, also when the conversation is gone"
