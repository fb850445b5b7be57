"""What Prometheus reads: for whoever has the key, the same numbers as the figures, and no label that names anybody."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta

import httpx
import pytest
import yaml
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from areaclienti.gateway.engine_client import TurnAnswer
from areaclienti.gateway.identity_client import IdentityRefused, IdentityUnavailable
from areaclienti.gateway.metrics import Metrics, Surroundings
from tests.unit.gateway.browser import ORIGIN, Browser
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.database import only_conversation
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.histories import START, slow_count, summer, write
from tests.unit.markdown import ROOT

KEY = "key-of-prometheus-for-tests"
ALLOWED_LABELS = {
    "channel", "branch", "stage", "step", "reason", "outcome", "rating", "answered", "statistic", "state", "presence",
    "le", "method", "route", "status", "call", "part",
}  # fmt: skip

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def parsed(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def asked(app: FastAPI, key: str | None = KEY) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as http:
        return await http.get("/metrics", headers=headers)


@pytest.fixture
async def app(start: Start) -> FastAPI:
    return await start(metrics_key=KEY)


@pytest.mark.parametrize("key", [None, "", "wrong", KEY[:-1], KEY + "x"])
async def test_without_the_key_there_is_no_such_page(app: FastAPI, key: str | None) -> None:
    assert (await asked(app, key)).status_code == 404


async def test_without_a_key_nobody_reads_them(start: Start) -> None:
    plain = await start()
    for key in (None, "", "None"):
        assert (await asked(plain, key)).status_code == 404


async def test_figures_equal_a_slow_count_of_the_last_thirty_days(app: FastAPI) -> None:
    made = summer(60, random.Random(5))
    served = app.state.services
    at = START + timedelta(days=30)

    def work(session: Session) -> None:
        for one in made:
            write(session, one, at)

    await served.database.write(work)
    samples = parsed((await Metrics(served.database, KEY, clock=lambda: at).text()).decode())
    first = (at - timedelta(days=29)).date()
    facts = slow_count(made, first=first, last=at.date())
    assert 0 < sum(facts.values()) < sum(slow_count(made, first=START.date(), last=at.date()).values())
    for figure, name, label in (
        ("reached", "conversations", "stage"), ("lost", "registrations_lost", "step"),
        ("lost_with_person", "registrations_lost_with_person", "step"), ("reason", "handovers", "reason"),
        ("outcome", "handovers_ended", "outcome"), ("rating", "handovers_rated", "rating"),
        ("answered", "handovers_answered", "answered"),
    ):  # fmt: skip
        expected: Counter[tuple[tuple[str, str], ...]] = Counter()
        for fact, count in facts.items():
            if fact.figure == figure:
                labels = {"channel": fact.channel, "branch": fact.branch, label: fact.bucket}
                expected[tuple(sorted(labels.items()))] += count
        found = {labels: value for (of, labels), value in samples.items() if of == f"areaclienti_{name}"}
        assert found == expected, figure


async def test_the_queue_is_told_as_it_stands(app: FastAPI) -> None:
    made = summer(40, random.Random(5))
    served = app.state.services

    def work(session: Session) -> None:
        for one in made:
            write(session, one, START)

    await served.database.write(work)
    samples = parsed((await asked(app)).text)
    assert samples["areaclienti_handovers_waiting", (("state", "queued"),)] == 0
    assert samples["areaclienti_handovers_oldest_wait_seconds", ()] == 0
    assert samples["areaclienti_turns_pending", ()] == 0


async def test_turns_and_requests_are_counted_by_what_became_of_them(
    app: FastAPI, browser: Browser, engine: Engine
) -> None:
    await browser.say("una")
    await app.state.services.runner.settle()
    engine.failures = ["bad_turn"]
    await browser.say("due")
    await app.state.services.runner.settle()
    samples = parsed((await asked(app)).text)
    assert samples["areaclienti_turns_total", (("outcome", "answered"),)] == 2  # the opening, and the first
    assert samples["areaclienti_turns_total", (("outcome", "failed"),)] == 1
    assert samples["areaclienti_turn_seconds_count", ()] == 3
    posted = (("method", "POST"), ("route", "/api/messages"), ("status", "202"))
    assert samples["areaclienti_http_requests_total", posted] == 2


async def test_what_the_gateway_sees_of_the_engine_is_told(app: FastAPI, browser: Browser, engine: Engine) -> None:
    await browser.say("una")
    await app.state.services.runner.settle()
    engine.failures = ["bad_turn"]
    await browser.say("due")
    await app.state.services.runner.settle()
    samples = parsed((await asked(app)).text)
    assert samples["areaclienti_engine_requests_total", (("call", "turn"), ("outcome", "answered"))] == 2
    assert samples["areaclienti_engine_requests_total", (("call", "turn"), ("outcome", "bad_turn"))] == 1
    assert samples["areaclienti_engine_request_seconds_count", (("call", "turn"),)] == 3
    assert samples["areaclienti_messages_read_total", (("outcome", "understood"),)] == 1  # not the opening
    assert samples["areaclienti_part_ready", (("part", "engine"),)] in (0, 1)
    assert samples["areaclienti_turns_oldest_wait_seconds", ()] == 0


@pytest.mark.parametrize(
    ("utterances", "outcome"),
    [
        (["utter_ask_contact"], "understood"),
        (["utter_not_understood", "utter_ask_contact"], "not_understood"),
        (["utter_handover_not_understood"], "not_understood"),
        (["utter_out_of_scope", "utter_what_now"], "out_of_scope"),
    ],
)
async def test_words_are_counted_by_what_was_made_of_them(app: FastAPI, utterances: list[str], outcome: str) -> None:
    messages = [{"text": "…", "utterance": name} for name in utterances]
    said = TurnAnswer.model_validate({"messages": messages, "step": "contact", "expects": "text"})
    app.state.services.metrics.read_words(said)
    samples = parsed((await asked(app)).text)
    assert samples["areaclienti_messages_read_total", (("outcome", outcome),)] == 1
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    assert set(utterances) <= set(domain["responses"])


async def test_identity_is_seen_to_answer_or_not(app: FastAPI) -> None:
    with suppress(IdentityUnavailable, IdentityRefused):
        await app.state.services.identity.ask("GET", "/v1/privacy-notice")
    samples = parsed((await asked(app)).text)
    assert samples["areaclienti_identity_request_seconds_count", ()] == 1
    assert sum(value for (name, _), value in samples.items() if name == "areaclienti_identity_requests_total") == 1


async def test_what_should_have_been_erased_is_told(app: FastAPI) -> None:
    served, made = app.state.services, summer(10, random.Random(5))
    at = START + timedelta(days=400)

    def work(session: Session) -> None:
        for one in made:
            write(session, one, START)

    await served.database.write(work)
    samples = parsed((await Metrics(served.database, KEY, clock=lambda: at).text()).decode())
    assert samples["areaclienti_erasing_overdue", ()] == 10
    samples = parsed((await Metrics(served.database, KEY, clock=lambda: START).text()).decode())
    assert samples["areaclienti_erasing_overdue", ()] == 0


async def test_agents_who_are_not_there_are_told_as_none(app: FastAPI) -> None:
    closed = Metrics(app.state.services.database, KEY, Surroundings(desk_is_open=lambda at: False))
    samples = parsed((await closed.text()).decode())
    assert samples["areaclienti_agents", (("presence", "available"),)] == 0
    assert samples["areaclienti_desk_open", ()] == 0
    assert samples["areaclienti_process_start_time_seconds", ()] > 0


async def test_no_label_names_a_person_a_conversation_or_a_path(app: FastAPI, browser: Browser) -> None:
    await browser.say("sono Ildebrando Zoccolanti")
    await app.state.services.runner.settle()
    conversation_id = await only_conversation(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as http:
        assert (await http.get("/riservato/a-token-that-is-a-secret")).status_code == 404
        assert (await http.get("/no-such-page-by-zoccolanti")).status_code == 404
    text = (await asked(app)).text
    for secret in (conversation_id, "Zoccolanti", "zoccolanti", "a-token-that-is-a-secret"):
        assert secret not in text
    labels = {name for _, named in parsed(text) for name, _ in named}
    assert labels <= ALLOWED_LABELS and "route" in labels
