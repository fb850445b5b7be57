"""What is written down: the audit, the logs, the database; whole, append-only, and without a value in them."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import logging as standard_logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from areaclienti import logging
from areaclienti.identity import audit, housekeeping, notices
from areaclienti.identity.db.models import (
    AuditEvent,
    IdempotencyRecord,
    LimitEvent,
    Registration,
    SignInSession,
    Throttle,
    VaultEntry,
)
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import MARIO, MARIO_TAX_CODE, PASSWORD, World, running, settings_for

AWorld = Callable[..., AbstractAsyncContextManager[World]]


async def a_whole_story(world: World) -> list[str]:
    """A recheck, section C, a wrong code, an account, a sign-in; gives every secret that was used."""
    registration_id = (await world.register(given_name="Maria")).json()["registration_id"]
    contacts = await world.actions(f"/v1/registrations/{registration_id}/recheck", MARIO | {"contact": "x@y.example"})
    assert contacts.json()["outcome"] == "not_recognised"
    offered = (await world.identify(registration_id, MARIO_TAX_CODE)).json()["contacts"]
    path = f"/v1/registrations/{registration_id}/chosen-contact"
    await world.actions(path, {"contact_id": offered[1]["id"]})
    code = await world.newest_code()
    await world.verify(registration_id, "000000" if code != "000000" else "000001")
    await world.verify(registration_id, code)
    await world.sign_in("320 1234600", "Sbagliata1")
    pending = (await world.sign_in("320 1234600")).json()
    second = await world.newest_code()
    answer = await world.gateway("POST", f"/v1/sign-in/{pending['sign_in_id']}/verification", {"code": second})
    token = str(answer.json()["session_token"])
    await world.gateway("GET", "/v1/customers/me", **{"X-Session-Token": token})
    return [PASSWORD, "Sbagliata1", MARIO_TAX_CODE, code, second, token]


async def test_the_audit_tells_the_story_in_reason_codes(world: World) -> None:
    await a_whole_story(world)
    async with world.services.database.read() as session:
        told = [(event.event, event.reason) for event in await session.scalars(select(AuditEvent).order_by("id"))]
        assert await audit.first_broken_link(session) is None
    for expected in [
        ("registration_opened", "persona"),
        ("match", "no_customer"),
        ("identification", "strong"),
        ("contact_chosen", "mobile"),
        ("code_issued", "sms"),
        ("code_refused", "wrong_code"),
        ("account_created", "mobile"),
        ("sign_in", "rejected"),
        ("sign_in", "code_required"),
        ("sign_in", "first_access"),
    ]:
        assert expected in told


async def test_processes_that_start_together_publish_the_notice_once(a_world: AWorld) -> None:
    async with a_world() as world:
        notice = dataclasses.replace(world.services.notice, version="new", sha256="0" * 64)

        async def start() -> None:
            async with world.services.work() as work:
                await notices.record(work, notice)

        await asyncio.gather(*(start() for _ in range(5)))
        async with world.services.database.read() as session:
            published = select(func.count()).where(AuditEvent.event == "notice_published")
            assert await session.scalar(published.where(AuditEvent.reason == "version_new")) == 1


@pytest.mark.parametrize("table", ["audit", "acknowledgements", "privacy_notices"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET sha256 = 'x'"])
async def test_the_database_refuses_to_change_what_is_append_only(world: World, table: str, change: str) -> None:
    await world.acknowledge()
    with pytest.raises(DBAPIError, match="append-only"):
        async with world.services.database.write() as session:
            await session.execute(text(change.format(table)))


async def test_a_changed_audit_row_breaks_the_chain(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running(settings_for(a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp()))) as world:
        await world.register()
        async with world.services.database.write() as session:  # as somebody who owns the file could
            await session.execute(text("DROP TRIGGER audit_no_update"))
            second = (await session.scalars(select(AuditEvent.id).order_by(AuditEvent.id).offset(1).limit(1))).one()
            await session.execute(text("UPDATE audit SET reason = 'other' WHERE id = :id"), {"id": second})
        async with world.services.database.read() as session:
            assert await audit.first_broken_link(session) == second


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What a service logs from here on. A handler of pytest's is put back at the end."""
    handlers = standard_logging.getLogger().handlers[:]
    stream = io.StringIO()
    logging.configure("identity", stream=stream)
    yield stream
    standard_logging.getLogger().handlers[:] = handlers


async def test_no_secret_reaches_a_log_or_the_database(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(settings_for(a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp()))) as world:
        secrets = await a_whole_story(world)
        lines = capsys.readouterr().err
        async with world.services.database.write() as session:
            # The mailbox stands for the mail server, and the registry holds the tax codes: both are emptied first.
            await session.execute(text("DELETE FROM mailbox_messages"))
            await session.execute(text("UPDATE customers SET codice_fiscale = NULL"))
    stored = await asyncio.to_thread(lambda: b"".join(path.read_bytes() for path in tmp_path.iterdir()))
    assert lines.count('"event": "answered"') > 10
    assert all(json.loads(line)["service"] == "identity" for line in lines.splitlines())
    for secret in secrets:
        assert secret not in lines
    for secret in secrets:
        assert secret.encode() not in stored or secret.isdigit()  # six digits may occur in any number
    for typed in ("Maria", "x@y.example", "mario.rossi", "+39320"):
        assert typed not in lines


def test_a_field_that_is_not_allowed_is_dropped_and_counted(logged: io.StringIO) -> None:
    logging.get_logger().info("code_sent", channel="sms", contact="+393331234567", code_value="123456")
    line = json.loads(logged.getvalue())
    assert (line["event"], line["channel"], line["dropped_fields"]) == ("code_sent", "sms", 2)
    assert "333" not in logged.getvalue() and "123456" not in logged.getvalue()


def test_free_text_is_no_event(logged: io.StringIO) -> None:
    logging.get_logger().info("Mario Rossi asked for 123456")
    assert json.loads(logged.getvalue())["event"] == "unnamed_event"


def test_an_exception_is_logged_by_type_and_place_not_by_its_message(logged: io.StringIO) -> None:
    try:
        raise ValueError("mario.rossi@posta.example")
    except ValueError:
        logging.get_logger().exception("request_failed")
    line = json.loads(logged.getvalue())
    assert line["error_type"] == "ValueError"
    assert "test_records.py" in line["error_at"][-1]
    assert "posta.example" not in logged.getvalue()


def test_a_library_keeps_its_template_or_nothing(logged: io.StringIO) -> None:
    standard_logging.getLogger("uvicorn.error").info("Started server process [%d]", 4711)
    standard_logging.getLogger("smtp").warning("refused mario.rossi@posta.example")
    standard_logging.getLogger("sqlalchemy.engine").error("INSERT %s", "mario.rossi@posta.example")
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line["event"] for line in lines] == ["Started server process [%d]", "library_message", "library_message"]
    assert "mario" not in logged.getvalue() and "4711" not in logged.getvalue()


async def test_a_failure_says_nothing_but_that_it_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("mario.rossi@posta.example")

    monkeypatch.setattr("areaclienti.identity.registrations.matching.match", fail)
    answer = await world.register()
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "posta" not in answer.text
    async with world.services.database.read() as session:  # nothing was done: the password can be used again
        assert await session.scalar(select(func.count()).select_from(VaultEntry)) == 1
        assert await session.scalar(select(func.count()).select_from(Registration)) == 0


async def test_what_is_not_needed_any_more_is_erased(world: World) -> None:
    await world.session_of_mario()
    await world.register("conv-2", given_name="Maria")
    await world.deposit("tax_code", MARIO_TAX_CODE)
    world.clock.move(days=32)
    async with world.services.work() as work:
        await housekeeping.sweep(work)
    async with world.services.database.read() as session:
        for table in (VaultEntry, SignInSession, LimitEvent, Throttle, IdempotencyRecord):
            assert await session.scalar(select(func.count()).select_from(table)) == 0
        [finished] = (await session.scalars(select(Registration))).all()
        assert finished.status == "completed", "the unfinished one went after a day"
        assert (finished.password_hash, finished.claims_sealed) == (None, None)


async def test_an_open_registration_keeps_what_it_needs(world: World) -> None:
    registration_id = (await world.register()).json()["registration_id"]
    world.clock.now += timedelta(minutes=9)
    async with world.services.work() as work:
        await housekeeping.sweep(work)
    answer = await world.verify(registration_id, await world.newest_code())
    assert answer.json()["outcome"] == "account_created"
