"""What customers send becomes lines of their conversation and turns of the engine."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from areaclienti.gateway.channels.whatsapp import processing
from areaclienti.gateway.channels.whatsapp.inbound_texts import inbound_texts
from areaclienti.gateway.db.models import now
from areaclienti.gateway.identity_client import SecretRejected
from areaclienti.gateway.limits import Buckets, Rate
from areaclienti.gateway.secrets import give_secret
from areaclienti.gateway.texts import load_texts
from tests.unit.gateway.browser import until
from tests.unit.gateway.database import change, rows
from tests.unit.gateway.doubles import Engine, Identity
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta

NOTICES, NOTES = inbound_texts().notices, inbound_texts().notes
LINES = "SELECT author, kind, text FROM messages ORDER BY seq"
PERSONA = {"title": "Persona", "intent": "give_customer_type", "entities": {"customer_type": "persona"}}
AZIENDA = {"title": "Azienda", "intent": "give_customer_type", "entities": {"customer_type": "azienda"}}


async def offered(app: FastAPI) -> list[dict[str, Any]]:
    """The choices that can be made now."""
    ledger = app.state.services.ledger
    ((conversation_id,),) = await rows(app.state.url, "SELECT id FROM conversations")
    found: list[dict[str, Any]] = await ledger.live_choices(conversation_id)
    return found


@pytest.fixture(autouse=True)
def _url(app: FastAPI, url: str) -> None:
    app.state.url = url


def meant(engine: Engine) -> list[tuple[str, Any]]:
    """What the engine was asked, as text or as intent."""
    return [(turn.text, None) if turn.text is not None else (turn.intent or "", turn.entities) for turn in engine.turns]


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


async def test_messages_of_a_payload_are_answered_one_after_the_other(meta: Meta, engine: Engine) -> None:
    engine.delay = 0.02
    late, early = m.text("terzo", at=1_780_000_009), m.text("primo", at=1_780_000_001)
    await meta.say(late, early, m.text("secondo", at=1_780_000_001))
    assert [turn.text for turn in engine.turns] == ["primo", "secondo", "terzo"]
    assert engine.overlapping == 0


async def test_a_button_is_the_choice_that_it_stands_for(app: FastAPI, meta: Meta, engine: Engine, url: str) -> None:
    engine.expect("customer_type", "choice", [PERSONA, AZIENDA])
    await meta.say(m.text("ciao"))
    await meta.say(m.pressed((await offered(app))[1]["id"], "Azie", "list_reply"))
    assert meant(engine)[1] == ("give_customer_type", {"customer_type": "azienda"})
    assert ("customer", "choice", "Azienda") in await rows(url, LINES)


@pytest.mark.parametrize("written", ["Azienda", " AZIENDA. ", "azienda!", "2", "2)", "2."])
async def test_a_choice_may_be_written(meta: Meta, engine: Engine, written: str) -> None:
    engine.expect("customer_type", "choice", [PERSONA, AZIENDA])
    await meta.say(m.text("ciao"))
    await meta.say(m.text(written))
    assert meant(engine)[1] == ("give_customer_type", {"customer_type": "azienda"})


@pytest.mark.parametrize("written", ["0", "3", "22", "Azienda Rossi", "2 volte"])
async def test_what_only_resembles_a_choice_is_read(meta: Meta, engine: Engine, written: str) -> None:
    engine.expect("customer_type", "choice", [PERSONA, AZIENDA])
    await meta.say(m.text("ciao"))
    await meta.say(m.text(written))
    assert meant(engine)[1] == (written, None)


async def test_an_older_button_of_a_question_that_was_asked_again_counts(
    app: FastAPI, meta: Meta, engine: Engine
) -> None:
    engine.expect("customer_type", "choice", [PERSONA, AZIENDA])
    await meta.say(m.text("ciao"))
    older = (await offered(app))[0]["id"]
    await meta.say(m.text("che cos'è?"))
    assert older not in {choice["id"] for choice in await offered(app)}
    await meta.say(m.pressed(older, "Persona"))
    assert meant(engine)[2] == ("give_customer_type", {"customer_type": "persona"})


async def test_a_button_that_means_something_else_now_gets_the_question_again(
    app: FastAPI, meta: Meta, engine: Engine, url: str
) -> None:
    engine.expect("recheck", "choice", [{"title": "Sì", "intent": "affirm", "entities": {"what": "name"}}])
    await meta.say(m.text("ciao"))
    older = (await offered(app))[0]["id"]
    engine.expect("privacy_notice", "choice", [{"title": "Sì", "intent": "affirm", "entities": {"what": "notice"}}])
    await meta.say(m.pressed(older, "Sì"))
    await meta.say(m.pressed(older, "Sì"))
    assert len(engine.turns) == 2
    assert (await rows(url, LINES))[-3:] == [
        ("customer", "choice", "Sì"),
        ("bot", "notice", NOTICES.choice_expired),
        ("bot", "choice", "[2] affirm"),
    ]
    await meta.say(m.pressed((await offered(app))[0]["id"], "Sì"))
    assert meant(engine)[2] == ("affirm", {"what": "notice"})


async def test_a_button_of_a_conversation_that_is_gone_opens_a_new_one(meta: Meta, engine: Engine) -> None:
    await meta.say(m.pressed("gone", "Voglio registrarmi"))
    assert meant(engine) == [("Voglio registrarmi", None)]


@pytest.mark.parametrize(
    ("sort", "kind"),
    [
        ("audio", "audio"),
        ("image", "image"),
        ("video", "video"),
        ("sticker", "sticker"),
        ("document", "document"),
        ("location", "location"),
        ("contacts", "contacts"),
        ("edit", "edited"),
        ("unsupported", "other"),
    ],
)
async def test_what_is_no_text_is_answered_by_kind(meta: Meta, engine: Engine, url: str, sort: str, kind: Any) -> None:
    await meta.say(m.message(sort, **{sort: {"id": "1", "caption": "la mia password è Tramonto-Verde7"}}))
    assert meant(engine) == [("send_media", {"kind": kind})]
    assert (await rows(url, LINES))[0] == ("customer", "media", NOTES[kind])


@pytest.mark.parametrize("sort", ["reaction", "revoke", "system"])
async def test_what_says_nothing_is_not_answered(meta: Meta, engine: Engine, url: str, sort: str) -> None:
    content = {"message_id": "wamid.1", "original_message_id": "wamid.1", "type": "customer_identity_changed"}
    await meta.say(m.message(sort, **{sort: content}))
    assert engine.turns == []
    assert await rows(url, "SELECT state, sealed FROM whatsapp_inbound") == [("ignored", None)]
    assert await rows(url, "SELECT count(*) FROM whatsapp_people") == [(0,)], "nobody began a conversation"


@pytest.mark.parametrize(
    ("written", "note", "notice"),
    [("x" * 2_001, NOTES["too_long"], NOTICES.too_long), (" \u202e\x07 ", NOTES["blank"], NOTICES.blank)],
)
async def test_a_text_that_cannot_be_read_gets_a_kind_answer_and_the_question_again(
    app: FastAPI, meta: Meta, engine: Engine, url: str, written: str, note: str, notice: str
) -> None:
    engine.expect("customer_type", "choice", [PERSONA, AZIENDA])
    await meta.say(m.text(written))
    assert meant(engine) == [("open_chat", {})], "nothing was asked yet: the assistant introduces itself"
    before = await offered(app)
    await meta.say(m.text(written))
    assert len(engine.turns) == 1
    assert (await rows(url, LINES))[-3:] == [
        ("customer", "media", note),
        ("bot", "notice", notice),
        ("bot", "choice", "[1] open_chat"),
    ]
    assert await offered(app) == before


async def test_a_code_goes_to_the_vault_with_the_persons_id(
    app: FastAPI, meta: Meta, engine: Engine, identity: Identity, url: str
) -> None:
    engine.expect("verification_code", "code")
    await meta.say(m.text("ciao"))
    await meta.say(m.text("il codice è 482 913"))
    assert [(one["purpose"], one["value"], one["client_address"]) for one in identity.deposits] == [
        ("verification_code", "482913", f"wa:{m.USER_ID}")
    ]
    assert meant(engine)[1] == ("give_secret", {"verification_code": "vlt_1"})
    assert "482" not in str(await rows(url, LINES))


async def test_a_password_in_the_chat_is_stored_nowhere(meta: Meta, engine: Engine, url: str) -> None:
    engine.expect("password", "secret:password")
    await meta.say(m.text("ciao"))
    await meta.say(m.text("Tramonto-Verde7"))
    notice = load_texts().notice("password_in_chat", "whatsapp")
    assert (await rows(url, LINES))[-2:] == [
        ("customer", "secret", load_texts().secret_notes["redacted"]),
        ("bot", "notice", notice),
    ]
    assert "riquadro" not in notice
    assert len(engine.turns) == 1


async def test_while_identity_is_away_a_code_waits(
    meta: Meta, engine: Engine, identity: Identity, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "IDENTITY_PAUSES_SECONDS", (0.01, 3.0))
    engine.expect("verification_code", "code")
    await meta.say(m.text("ciao"))
    identity.down = True
    await meta.deliver(m.of(m.text("482913")))
    await until(lambda: identity.refused == 2)
    assert identity.deposits == []
    assert (await rows(url, "SELECT count(*) FROM whatsapp_inbound WHERE state = 'pending'")) == [(1,)]
    identity.down = False
    await meta.settle()
    assert [one["value"] for one in identity.deposits] == ["482913"]


async def test_a_code_that_found_nobody_is_said_to_be_lost(
    meta: Meta, engine: Engine, identity: Identity, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "IDENTITY_PAUSES_SECONDS", (0.01, 0.01))
    engine.expect("verification_code", "code")
    await meta.say(m.text("ciao"))
    identity.down = True
    await meta.say(m.text("482913"))
    assert (await rows(url, LINES))[-1] == ("bot", "notice", NOTICES.unavailable)
    assert await rows(url, "SELECT count(*) FROM whatsapp_inbound WHERE state = 'done'") == [(2,)]


async def left_for(app: FastAPI, **hours: float) -> None:
    """The last line of every conversation is so old."""
    await change(app, updated_at=now() - timedelta(**hours))


def written_now(body: str) -> dict[str, Any]:
    return m.text(body, at=int(now().timestamp()))


@pytest.mark.parametrize(
    ("intent", "expects", "is_welcomed"),
    [
        ("greet", "text", True),
        ("greet", "choice", True),
        ("nlu_fallback", "choice", True),
        ("nlu_fallback", "text", False),  # a name is not understood either
        ("affirm", "choice", False),
    ],
)
async def test_after_a_silence_who_answers_nothing_is_welcomed_back(
    app: FastAPI, meta: Meta, engine: Engine, url: str, intent: str, expects: str, is_welcomed: bool
) -> None:
    engine.expect("name", expects)
    engine.meaning = {"intent": intent, "confidence": 0.9}
    await meta.say(written_now("ciao"))
    await left_for(app, hours=1.1)
    await meta.say(written_now("eccomi"))
    assert meant(engine)[1] == (("come_back", {}) if is_welcomed else ("eccomi", None))
    assert (await rows(url, LINES))[2] == ("customer", "text", "eccomi")


@pytest.mark.parametrize(("step", "hours"), [("done", 1.1), ("idle", 1.1), ("name", 0.9)])
async def test_nobody_is_welcomed_back_who_left_nothing_or_just_now(
    app: FastAPI, meta: Meta, engine: Engine, step: str, hours: float
) -> None:
    engine.expect(step, "text")
    engine.meaning = {"intent": "greet", "confidence": 0.9}
    await meta.say(written_now("ciao"))
    await left_for(app, hours=hours)
    await meta.say(written_now("ciao"))
    assert meant(engine)[1] == ("ciao", None)


async def test_who_comes_back_after_two_days_begins_anew(app: FastAPI, meta: Meta, url: str) -> None:
    await meta.say(written_now("ciao"))
    await left_for(app, hours=37)
    await meta.say(written_now("ciao"))
    assert await rows(url, "SELECT count(*) FROM conversations WHERE closed_at IS NOT NULL") == [(1,)]
    assert await rows(
        url,
        "SELECT count(*) FROM conversations JOIN whatsapp_people ON conversation_id = id WHERE closed_at IS NULL",
    ) == [(1,)]


async def test_a_flood_is_answered_later_and_whole_and_holds_nobody_up(
    app: FastAPI, meta: Meta, engine: Engine, url: str
) -> None:
    seconds = [0.0]
    app.state.services.limiter.session = Buckets(Rate(burst=5, per_second=1), clock=lambda: seconds[0])
    await meta.deliver(m.of(*(m.text(f"messaggio {number}", at=1_780_000_000 + number) for number in range(12))))
    await meta.deliver(m.payload(m.change([m.text("io sono un altro", **{"from_user_id": "IT.2", "from": None})])))
    await until(lambda: len(engine.turns) == 6)
    assert "io sono un altro" in [turn.text for turn in engine.turns]
    seconds[0] = 100.0  # five again
    await until(lambda: len(engine.turns) >= 11)
    seconds[0] = 200.0
    await meta.settle()
    flood = [turn.text for turn in engine.turns if turn.text != "io sono un altro"]
    assert flood == [f"messaggio {number}" for number in range(12)]


async def test_a_slow_turn_holds_nobody_else_up(meta: Meta, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "HELD_SECONDS", 0.05)
    engine.gate = asyncio.Event()
    people = [m.text("lento", **{"from_user_id": f"IT.{number}", "from": None}) for number in range(10)]
    await meta.deliver(m.payload(m.change(people, contacts=[])))
    await until(lambda: engine.requests == 10)
    engine.gate.set()
    await meta.settle()
    assert len(engine.turns) == 10


async def test_at_most_a_few_people_are_worked_on_at_once(meta: Meta, engine: Engine) -> None:
    engine.gate = asyncio.Event()
    people = [m.text("ciao", **{"from_user_id": f"IT.{number}", "from": None}) for number in range(10)]
    await meta.deliver(m.payload(m.change(people, contacts=[])))
    await until(lambda: engine.requests == processing.PEOPLE_AT_ONCE)
    await asyncio.sleep(0.3)
    assert engine.requests == processing.PEOPLE_AT_ONCE
    engine.gate.set()
    await meta.settle()
    assert len(engine.turns) == 10


async def test_a_secret_that_comes_first_is_hidden_and_the_assistant_introduces_itself(
    meta: Meta, engine: Engine, url: str
) -> None:
    await meta.say(m.text("RSSMRA80A01H501U"))
    assert [turn.intent for turn in engine.turns] == ["open_chat"]
    assert await rows(url, "SELECT author, kind FROM messages ORDER BY seq") == [
        ("customer", "secret"),
        ("bot", "notice"),
        ("bot", "text"),
    ]
    await meta.say(m.text("RSSMRA80A01H501U", at=1_780_000_001))
    assert len(engine.turns) == 1


async def test_a_password_made_of_the_number_that_writes_is_refused(
    app: FastAPI, meta: Meta, identity: Identity, url: str
) -> None:
    await meta.say(m.text("ciao"))  # the number was never written
    ((conversation_id,),) = await rows(url, "SELECT id FROM conversations")
    served = app.state.services
    with pytest.raises(SecretRejected) as refused:
        await give_secret(served, conversation_id, "one", "wa:x", "password", f"Ab{m.WA_ID.removeprefix('39')}")
    assert "too_personal" in refused.value.failed_rules
    assert identity.deposits == []
    await give_secret(served, conversation_id, "two", "wa:x", "password", "Girasole-Blu-77")
    assert len(identity.deposits) == 1
