"""An event that can't be processed is given up after a few tries, so that what its person wrote next is read."""

from __future__ import annotations

from typing import Any

import pytest

from areaclienti.gateway.channels.whatsapp import processing
from areaclienti.gateway.channels.whatsapp.inbound_texts import inbound_texts
from areaclienti.gateway.channels.whatsapp.into_ledger import bring_in
from tests.unit.gateway.browser import until
from tests.unit.gateway.database import rows
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta

LINES = "SELECT author, text FROM messages ORDER BY seq"


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "RESUME_SECONDS", 0.01)


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was tried of the text «veleno», which can't be brought in."""
    tried: list[str] = []

    async def fails(served: Any, conversation: Any, received: Any) -> None:
        if received.content.get("text") == "veleno":
            tried.append("veleno")
            raise RuntimeError("a fault of ours")
        await bring_in(served, conversation, received)

    monkeypatch.setattr(processing, "bring_in", fails)
    return tried


async def test_the_customer_is_told_and_the_next_message_is_read(
    meta: Meta, engine: Engine, tries: list[str], url: str
) -> None:
    await meta.deliver(m.of(m.text("veleno")))
    await meta.deliver(m.of(m.text("ciao")))
    await until(lambda: [turn.text for turn in engine.turns] == ["ciao"])
    await meta.settle()
    assert len(tries) == processing.MOST_TRIES
    lines = await rows(url, LINES)
    assert ("bot", inbound_texts().notices.unavailable) in lines and ("customer", "ciao") in lines
    assert not any("veleno" in text for _, text in lines)
    assert await rows(url, "SELECT state, sealed FROM whatsapp_inbound") == [("done", None), ("done", None)]


async def test_where_not_even_that_can_be_said_the_next_message_is_read(
    meta: Meta, engine: Engine, tries: list[str], url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise RuntimeError("still a fault of ours")

    monkeypatch.setattr(processing, "apologise", fails)
    await meta.deliver(m.of(m.text("veleno")))
    await meta.deliver(m.of(m.text("ciao")))
    await until(lambda: [turn.text for turn in engine.turns] == ["ciao"])
    await meta.settle()
    assert len(tries) == processing.MOST_TRIES
    assert await rows(url, "SELECT state, sealed FROM whatsapp_inbound ORDER BY id") == [("odd", None), ("done", None)]
