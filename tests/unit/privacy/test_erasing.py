"""An erasure that ends at any step is finished by the same command again, and a receipt is left in the end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from areaclienti.domain.contacts import parse_contact
from areaclienti.gateway import retention
from areaclienti.gateway.db.database import Database, open_database
from areaclienti.gateway.db.migrate import upgrade
from areaclienti.gateway.db.models import Message
from areaclienti.gateway.engine_client import EngineClient
from areaclienti.gateway.ledger import Ledger
from areaclienti.identity import erasure
from areaclienti.identity.db.models import Registration
from areaclienti.privacy import erasing, receipts
from areaclienti.privacy.parts import Parts
from tests.unit.gateway.doubles import ENGINE_KEY, Engine
from tests.unit.identity.databases import a_sqlite_copy
from tests.unit.identity.world import World, running, settings_for

CONTACT = parse_contact("320 1234600")
OTHER = parse_contact("347 1112223")
TIMES = {"unfinished_hours": 24, "conversation_days": 30, "messages_days": 30}


class Killed(BaseException):
    """The process ends here: nothing that the product catches."""


@pytest.fixture
async def world(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running(settings_for(a_sqlite_copy(tmp_path, tmp_path_factory.getbasetemp()))) as one:
        yield one


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
    await asyncio.to_thread(upgrade, url)
    database = open_database(url)
    yield database
    await database.close()


@pytest.fixture
async def parts(world: World, ledger: Database, tmp_path: Path) -> AsyncIterator[Parts]:
    """All parts, in which two people have written: one whose contact is asked for, and another."""
    double = Engine()
    engine = EngineClient("http://engine", ENGINE_KEY, 2.0, httpx.ASGITransport(double.app))
    for contact in (CONTACT, OTHER):
        conversation = await Ledger(ledger).begin("web", contact.key.ljust(64, "0"), "csrf", opening=None)
        await Ledger(ledger).say(conversation.id, "client-id-0", "text", contact.display, None)
        body = {"conversation_id": conversation.id, "message_id": "m", "channel": "web", "locale": "it"}
        await engine.turn(body | {"text": contact.value})
        await world.register(conversation.id, contact=contact.value)
    await world.mail()
    yield Parts(ledger, engine, world.services, tmp_path / "privacy", TIMES)
    await engine.close()


async def messages(ledger: Database) -> list[str]:
    return await ledger.read(lambda session: list(session.scalars(select(Message.text))))


async def registrations(world: World) -> int:
    async with world.services.database.read() as session:
        return await session.scalar(select(func.count()).select_from(Registration)) or 0


def files(parts: Parts) -> list[str]:
    return sorted(path.name.split("-")[0] + path.suffixes[0] for path in parts.folder.iterdir())


STEPS: list[tuple[Any, str]] = [
    (erasing, "find"),
    (erasing, "_close"),
    (EngineClient, "erase"),
    (erasure, "erase"),
    (erasing, "_erase_in_identity"),
    (retention, "erase"),
    (erasing.texts, "receipt"),
    (receipts, "finish"),
]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=lambda value: value if isinstance(value, str) else "")
async def test_killed_at_any_step_the_next_run_finishes(
    parts: Parts, world: World, ledger: Database, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, moment: str
) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    async def dies(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            await real(*arguments, **named)
        raise Killed

    def dies_at_once(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            real(*arguments, **named)
        raise Killed

    is_plain = owner in (erasing.texts, receipts)
    monkeypatch.setattr(owner, name, dies_at_once if is_plain else dies)
    with pytest.raises(Killed):
        await erasing.erase(parts, CONTACT, with_account=False)
    monkeypatch.setattr(owner, name, real)
    was_finished = (name, moment) == ("finish", "after")
    assert ("erasure.plan" in files(parts)) is not was_finished
    receipt = await erasing.erase(parts, CONTACT, with_account=False)
    assert receipt.runs == (1 if was_finished else 2)
    assert receipt.clean
    assert await messages(ledger) == [OTHER.display]
    assert await registrations(world) == 1
    assert "erasure.plan" not in files(parts)


async def test_the_receipt_says_what_was_erased_where_and_no_value(parts: Parts) -> None:
    receipt = await erasing.erase(parts, CONTACT, with_account=True)
    assert receipt.erased["gateway.conversations"] == receipt.erased["engine.conversations"] == 1
    assert receipt.erased["gateway.rows"] == 2
    assert receipt.erased["identity.registrations"] == 1
    assert receipt.kept == ["audit", "acknowledgements", "registry"]
    path = receipts.path_of(parts.folder, receipt.id)
    assert json.loads(path.read_text(encoding="utf-8"))["contact"] == "320 ****600"
    told = path.with_suffix(".txt").read_text(encoding="utf-8")
    assert "Ricevuta di cancellazione" in told
    assert "- conversazioni: 1" in told
    for file in parts.folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_text(encoding="utf-8")
        assert not any(value in text for value in ("3201234600", "320 1234600", "Mario", "Rossi"))


async def test_the_same_again_finds_nothing_and_says_so(parts: Parts) -> None:
    await erasing.erase(parts, CONTACT, with_account=False)
    again = await erasing.erase(parts, CONTACT, with_account=False)
    assert (again.erased, again.runs) == ({}, 1)
    assert "nulla" in receipts.path_of(parts.folder, again.id).with_suffix(".txt").read_text(encoding="utf-8")
