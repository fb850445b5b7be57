"""What Prometheus reads of identity, for whoever has the key: what became of data, codes and messages, not of whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from areaclienti.identity.audit import Event
from areaclienti.identity.db.models import VaultEntry
from areaclienti.identity.metrics import FRESH_SECONDS, Metrics
from areaclienti.identity.ports.back_end import BackEnd
from areaclienti.identity.ports.outside import BackEndUnavailable
from areaclienti.identity.ports.wire import Body
from areaclienti.supervisor.free_ports import free_ports
from tests.unit.identity.world import MARIO_TAX_CODE, World, running, settings_for

KEY = "key-of-prometheus-for-tests"
ALLOWED_LABELS = {
    "channel", "outcome", "contact", "what", "system", "state", "provider", "le", "method", "route", "status",
}  # fmt: skip

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
async def watched(database_url: str) -> AsyncIterator[World]:
    async with running(settings_for(database_url, metrics_key=KEY)) as world:
        yield world


async def asked(world: World, key: str | None = KEY) -> httpx.Response:
    world.services.metrics._found_at = None  # what stands in the database is asked anew
    headers = {"Authorization": f"Bearer {key}"} if key is not None else {}
    return await world.http.get("/metrics", headers=headers)


async def samples(world: World) -> Samples:
    answer = await asked(world)
    assert answer.status_code == 200
    return {
        (sample.name.removeprefix("areaclienti_identity_"), tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


@pytest.mark.parametrize("key", [None, "", "wrong", KEY[:-1], KEY + "x"])
async def test_without_the_key_there_is_no_such_page(watched: World, key: str | None) -> None:
    assert (await asked(watched, key)).status_code == 404


async def test_without_a_key_nobody_reads_them(world: World) -> None:
    for key in (None, "", "None"):
        assert (await asked(world, key)).status_code == 404


async def test_a_registration_is_counted_by_what_became_of_each_step(watched: World) -> None:
    registration = (await watched.register()).json()["registration_id"]
    assert (await watched.verify(registration, "000000")).json()["outcome"] == "wrong_code"
    assert (await watched.verify(registration, await watched.newest_code())).json()["outcome"] == "account_created"
    await watched.register(conversation="conv-2", given_name="Marco")
    found = await samples(watched)
    assert found["matches_total", labelled(outcome="strong")] == 1
    assert found["matches_total", labelled(outcome="no_customer")] == 1
    assert found["codes_total", labelled(channel="email", outcome="issued")] == 1
    assert found["code_checks_total", labelled(channel="email", outcome="wrong_code")] == 1
    assert found["code_checks_total", labelled(channel="email", outcome="right")] == 1
    assert found["accounts_total", labelled(contact="email")] == 1
    assert found["delivery_attempts_total", labelled(channel="email", outcome="accepted")] >= 1
    assert found["messages_total", labelled(channel="email", outcome="sent")] >= 1
    route = {"method": "POST", "route": "/v1/registrations"}
    assert found["areaclienti_http_requests_total", labelled(status="200", **route)] == 2
    assert found["areaclienti_http_request_seconds_count", labelled(**route)] == 2


async def test_spent_codes_and_locks_are_counted(watched: World) -> None:
    registration = (await watched.register()).json()["registration_id"]
    for _ in range(5):
        await watched.verify(registration, "000000")
    for _ in range(6):
        await watched.sign_in("mario.rossi@posta.example", "Sbagliata1")
    found = await samples(watched)
    assert found["code_checks_total", labelled(channel="email", outcome="code_spent")] == 1
    assert found["sign_ins_total", labelled(outcome="rejected")] == 5
    assert found["locks_total", labelled(what="sign_in")] == 1


async def test_what_was_rolled_back_is_not_counted(watched: World) -> None:
    with pytest.raises(RuntimeError):
        async with watched.services.work() as work:
            work.count("codes", "sms", "issued")
            work.note("match", "strong")
            raise RuntimeError
    found = await samples(watched)
    assert ("codes_total", labelled(channel="sms", outcome="issued")) not in found
    assert ("matches_total", labelled(outcome="strong")) not in found


async def test_queues_and_what_is_overdue_are_told_as_they_stand(watched: World) -> None:
    await watched.deposit("password", "Tramonto9Giallo")
    assert (await samples(watched))["areaclienti_erasing_overdue", ()] == 0
    past = watched.clock() - timedelta(minutes=11)
    async with watched.services.work() as work:
        await work.session.execute(update(VaultEntry).values(expires_at=past))
    found = await samples(watched)
    assert found["areaclienti_erasing_overdue", ()] == 1
    assert found["outbox", labelled(channel="sms", state="pending")] == 0
    assert found["outbox_oldest_seconds", labelled(channel="email")] == 0
    assert found["provider_held", labelled(channel="sms")] == 0
    assert found["areaclienti_disk_free_bytes", ()] > 0
    assert FRESH_SECONDS > 0


async def test_a_system_that_does_not_answer_is_counted_by_its_name(watched: World) -> None:
    [port] = free_ports(1)
    back_end = BackEnd("registry", f"http://127.0.0.1:{port}", None, 2.0)
    back_end.asked = watched.services.metrics.back_end
    with pytest.raises(BackEndUnavailable):
        await back_end.ask("/v1/anything", "{}", Body, lambda answer: answer, tries=1)
    await back_end.close()
    found = await samples(watched)
    assert found["back_end_requests_total", labelled(system="registry", outcome="unreachable")] == 1
    assert found["back_end_seconds_count", labelled(system="registry")] == 1


async def test_no_label_names_a_person_or_a_path(watched: World) -> None:
    registration = (await watched.register()).json()["registration_id"]
    await watched.verify(registration, await watched.newest_code())
    await watched.identify((await watched.register(conversation="c2")).json()["registration_id"], MARIO_TAX_CODE, "c2")
    await watched.http.get("/receipts/sms/a-token-that-is-a-secret")
    await watched.http.request("MADEUP", "/v1/sign-in")
    text = (await asked(watched)).text
    for secret in (registration, "Rossi", "mario", MARIO_TAX_CODE, "a-token-that-is-a-secret", "MADEUP", "conv-1"):
        assert secret not in text
    labels = {name for family in text_string_to_metric_families(text) for one in family.samples for name in one.labels}
    assert labels <= ALLOWED_LABELS and "route" in labels


def test_only_outcomes_of_the_audit_become_labels(watched: World) -> None:
    """Other events have reasons that name who did something: none of them is told."""
    metrics: Metrics = watched.services.metrics
    before = {family.name for family in metrics.registry.collect()}
    metrics.committed([], [Event("new_contact_requested", "agent_17"), Event("owner_told", "agent_17")])
    text = metrics.exposed([]).decode()
    assert "agent_17" not in text
    assert {family.name for family in metrics.registry.collect()} == before
