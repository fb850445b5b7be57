"""What the gateway notes of a registration's way while the engine answers, each milestone once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from areaclienti.gateway.db.figures import Journey
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.handover import HAND_BACK
from areaclienti.gateway.journeys import note
from areaclienti.gateway.ledger import Intent, ask_engine, locked
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.database import change, only_conversation
from tests.unit.gateway.doubles import Engine


async def journey(app: FastAPI) -> Journey:
    conversation_id = await only_conversation(app)
    found: Journey = await app.state.services.database.read(lambda session: session.get_one(Journey, conversation_id))
    return found


async def at(app: FastAPI, browser: Browser, engine: Engine, step: str) -> Journey:
    """Say something that brings the registration there."""
    engine.expect(step, "text")
    await browser.say(f"avanti fino a {step}")
    await app.state.services.runner.settle()
    return await journey(app)


async def test_who_only_opens_the_chat_has_started_nothing(app: FastAPI, browser: Browser) -> None:
    seen = await journey(app)
    assert (seen.channel, seen.step, seen.customer_type, seen.section_c) == ("web", "customer_type", None, False)
    assert (seen.started_at, seen.recognised_at, seen.code_at, seen.account_at) == (None, None, None, None)


async def test_each_milestone_is_noted_when_it_is_first_passed(app: FastAPI, browser: Browser, engine: Engine) -> None:
    started = await at(app, browser, engine, "name")
    assert started.started_at is not None and started.customer_type == "persona"
    await at(app, browser, engine, "contact")
    known = await at(app, browser, engine, "verification_code")
    assert known.recognised_at is not None and known.code_at is not None and known.account_at is None
    await at(app, browser, engine, "contact")
    done = await at(app, browser, engine, "done")
    assert done.account_at is not None and not done.section_c
    assert (done.started_at, done.recognised_at, done.code_at) == (
        started.started_at, known.recognised_at, known.code_at,
    )  # fmt: skip


async def test_who_is_not_recognised_at_first_goes_by_section_c(app: FastAPI, browser: Browser, engine: Engine) -> None:
    not_yet = await at(app, browser, engine, "recheck")
    assert not_yet.section_c and not_yet.recognised_at is None
    identified = await at(app, browser, engine, "choose_contact")
    assert identified.recognised_at is not None and identified.code_at is None


async def test_the_type_is_what_the_engine_says_where_no_name_was_asked_for(
    app: FastAPI, browser: Browser, engine: Engine
) -> None:
    engine.customer_type = "azienda"
    assert (await at(app, browser, engine, "contact")).customer_type == "azienda"
    engine.customer_type = None  # forgotten at the end
    assert (await at(app, browser, engine, "done")).customer_type == "azienda"


async def test_who_stops_keeps_the_step_where_he_was(app: FastAPI, browser: Browser, engine: Engine) -> None:
    await at(app, browser, engine, "password")
    assert (await at(app, browser, engine, "idle")).step == "password"


async def test_an_account_counts_that_a_person_is_asked_about_in_the_same_turn(
    app: FastAPI, browser: Browser, engine: Engine
) -> None:
    engine.handover = {"reason": "no_mobile", "resume_step": "done", "resume_expects": "text"}
    assert (await at(app, browser, engine, "handover")).account_at is not None


async def test_what_an_agent_calls_done_is_no_account_that_was_made_here(
    app: FastAPI, browser: Browser, engine: Engine
) -> None:
    await at(app, browser, engine, "contact")
    engine.expect("done", "text")
    conversation_id = await only_conversation(app)
    back = Intent(HAND_BACK, {"step": "done", "settled": [], "missing": []})
    served = app.state.services
    await served.database.write(lambda session: ask_engine(session, locked(session, conversation_id), None, back))
    served.runner.wake(conversation_id)
    await served.runner.settle()
    seen = await journey(app)
    assert (seen.account_at, seen.step) == (None, "contact")


@pytest.mark.parametrize(("began", "day"), [("2026-07-06T21:59", "2026-07-06"), ("2026-07-06T22:00", "2026-07-07")])
async def test_a_conversation_is_of_the_day_on_which_it_began_in_italy(start: Start, began: str, day: str) -> None:
    app = await start()
    browser = Browser(app)
    await browser.open()
    await change(app, created_at=datetime.fromisoformat(began).replace(tzinfo=UTC))
    await app.state.services.runner.settle()
    conversation_id = await only_conversation(app)

    def again(session: Session) -> None:
        session.delete(session.get_one(Journey, conversation_id))
        session.flush()
        note(session, session.get_one(Conversation, conversation_id), "name")

    await app.state.services.database.write(again)
    assert (await journey(app)).day.isoformat() == day
    await browser.close()
