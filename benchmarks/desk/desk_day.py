"""What agents do all day, over the desk's API: find who waits, take, answer, hand back."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.customer import PATIENCE_SECONDS, Customer
from benchmarks.waiting import until
from tests.scenarios.records import Records


class NotDone(Exception):
    """The desk did not do it: the text is what it answered."""


async def waiting(agent: AgentBrowser) -> list[dict[str, Any]]:
    """The cards of what the agent may take now."""
    answer = await agent.ask("GET", "/queue")
    answer.raise_for_status()
    return [card for card in answer.json()["cards"] if "claim" in card["may"]]


async def take_next(agent: AgentBrowser) -> str:
    """Take what waits for longest, as soon as there is something; the handover's id. Raises NotDone."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up:
        for card in await waiting(agent):
            if (await agent.ask("POST", f"/handovers/{card['id']}/claim")).is_success:
                return str(card["id"])
        await asyncio.sleep(0.1)
    raise NotDone("nothing came to take")


async def take_that_of(customer: Customer, agent: AgentBrowser, records: Records) -> str:
    """Take the customer's, as soon as the desk knows whose he is; the handover's id. Raises NotDone."""
    handover_id = records.handover_of(records.conversation_id("csrf", customer.csrf))

    async def is_taken() -> bool:
        return (await agent.ask("POST", f"/handovers/{handover_id}/claim")).is_success

    if not await until(is_taken, PATIENCE_SECONDS):
        raise NotDone("nobody could take it")
    await customer.until(lambda: customer.owner == "human")
    return handover_id


async def given(agent: AgentBrowser, method: str, path: str, body: Any = None) -> Any:
    """The answer's body. Raises NotDone."""
    answer = await agent.ask(method, path, body)
    if not answer.is_success:
        raise NotDone(f"{path}: {answer.status_code} {answer.text}")
    return answer.json() if answer.content else None


async def ask_for_a_person(customer: Customer) -> None:
    """As a customer says it; returns when the page shows that somebody is looked for."""
    await customer.say("voglio parlare con una persona")
    await customer.until(lambda: customer.owner not in ("bot", None))
