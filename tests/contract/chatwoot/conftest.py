"""A desk whose agents are at Chatwoot: the real adapter on a real database, opposite the stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from areaclienti.desk.chatwoot.adapter import Chatwoot
from areaclienti.desk.chatwoot.events import event_in
from areaclienti.desk.chatwoot.links import Patience
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.models import Message
from areaclienti.settings import GatewaySettings
from tests.contract.chatwoot import standin
from tests.needs import needs
from tests.unit.desk.world import World
from tests.unit.gateway.database import database_file, database_of_server

VALUES: dict[str, Any] = {
    "engine_key": "k" * 16, "identity_gateway_key": "k" * 16, "desk": True, "handover": "chatwoot",
    "chatwoot_url": "http://127.0.0.1:3000", "chatwoot_account_id": standin.ACCOUNT,
    "chatwoot_inbox_identifier": standin.INBOX, "chatwoot_api_token": standin.TOKEN,
    "chatwoot_hmac_token": standin.HMAC_TOKEN, "chatwoot_webhook_secret": standin.SECRET,
    "chatwoot_teams": {"A1": 3}, "chatwoot_team_id": 4,
}  # fmt: skip
QUICK = Patience(
    lease=timedelta(seconds=5), proof=timedelta(0), look=timedelta(seconds=30), told_after=timedelta(seconds=20)
)


def settings(**values: Any) -> GatewaySettings:
    return GatewaySettings(_env_file=None, **VALUES | values)


class Office:
    """Customers on our side, agents on Chatwoot's, and the adapter between them."""

    def __init__(self, world: World, chatwoot: standin.Chatwoot, **values: Any) -> None:
        self.world = world
        self.chatwoot = chatwoot
        self.summary: dict[str, Any] = {"checks": [], "identified": False}
        self.conversation_id = ""
        self.adapter = self.another(**values)
        chatwoot.deliver = self._deliver

    def another(self, patience: Patience = QUICK, **values: Any) -> Chatwoot:
        """An adapter as another gateway, or the next start, has it."""
        return Chatwoot(
            settings(**values), self.world.database, self.world.hub, self.world.operations, self.world.customers,
            self._summary_of, self.chatwoot.transport, patience, self.world.clock,
        )  # fmt: skip

    async def asks(self, said: str = "voglio parlare con una persona") -> str:
        """A customer asks for a person; his conversation's id."""
        self.conversation_id = await self.world.conversation()
        await self.says(said)
        await self.world.ask_for_person(self.conversation_id)
        await self.placed()
        return self.conversation_id

    async def placed(self) -> str:
        handover = await self.world.handover_of(self.conversation_id)
        await self.world.place(handover.id)
        return handover.id

    async def says(self, text: str) -> None:
        number = len(await self.lines())
        await self.world.ledger.say(self.conversation_id, f"c-{number}-{text[:40]}", "text", text, None)

    async def works(self, times: int = 3) -> None:
        """The adapter does what there is to do, and hears what Chatwoot tells of it."""
        for _ in range(times):
            await self.adapter.sweep()
            await self.adapter.settle()
            await self.chatwoot.settle()
            await self.adapter.settle()

    async def brought(self) -> None:
        """A customer waits, and agents see him."""
        await self.asks()
        await self.works()

    async def lines(self, *authors: str) -> list[Message]:
        found = await self.world.messages(self.conversation_id)
        return [one for one in found if not authors or one.author in authors]

    async def replies(self) -> list[str]:
        return [one.text for one in await self.lines("agent")]

    async def told(self) -> list[str]:
        return [one.text for one in await self.lines("system")]

    async def owner(self) -> str:
        return (await self.world.conversation_row(self.conversation_id)).owner

    async def _deliver(self, body: bytes, _headers: dict[str, str]) -> int:
        event = event_in(body)
        if event is not None:
            await self.adapter.told(event, _headers.get("X-Chatwoot-Delivery"))
        return 200

    async def _summary_of(self, _conversation_id: str) -> dict[str, Any]:
        return self.summary


@pytest.fixture
def chatwoot() -> standin.Chatwoot:
    return standin.Chatwoot()


@pytest.fixture
async def url(tmp_path: Path) -> str:
    return await asyncio.to_thread(database_file, tmp_path)


@asynccontextmanager
async def office_at(url: str, chatwoot: standin.Chatwoot, **values: Any) -> AsyncIterator[Office]:
    database = open_database(url)
    office = Office(World(database), chatwoot, **values)
    await office.adapter.look_at_agents()
    yield office
    await office.adapter.stop()
    await database.close()


@pytest.fixture
async def office(url: str, chatwoot: standin.Chatwoot) -> AsyncIterator[Office]:
    async with office_at(url, chatwoot) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
async def office_anywhere(
    request: pytest.FixtureRequest, tmp_path: Path, chatwoot: standin.Chatwoot
) -> AsyncIterator[Office]:
    if request.param == "sqlite":
        async with office_at(await asyncio.to_thread(database_file, tmp_path), chatwoot) as found:
            yield found
        return
    async with database_of_server(needs("postgres")) as url, office_at(url, chatwoot) as found:
        yield found
