"""What customers send becomes lines of their conversation and turns of the engine."""

from __future__ import annotations

from tests.unit.gateway.database import rows
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta


async def test_a_text_is_read_by_the_engine_which_knows_the_number(meta: Meta, engine: Engine, url: str) -> None:
    await meta.say(m.text("  ciao\u202e, sono Mario\x00 Rossi "))
    assert [(turn.text, turn.channel, turn.mobile) for turn in engine.turns] == [
        ("ciao, sono Mario Rossi", "whatsapp", "+393201234600")
    ]
    assert await rows(url, "SELECT seq, author, kind FROM messages ORDER BY seq") == [
        (1, "customer", "text"),
        (2, "bot", "text"),
    ]
    assert await rows(url, "SELECT state, user_id, sealed FROM whatsapp_inbound") == [("done", None, None)]
