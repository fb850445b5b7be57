"""How soon the open streams of an agent end whom an operator revokes, at both gateways."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import partial

from benchmarks.desk.agent_browser import AgentBrowser
from benchmarks.desk.gateways import Gateways
from benchmarks.desk.people import hire, let_wait

WITHIN_SECONDS = 60.0
GIVE_UP_SECONDS = 120.0


@dataclass
class Revocation:
    """Seconds from the end of the operator's command to the end of each stream; None: it went on."""

    streams: int = 0
    ended_after: list[float | None] = field(default_factory=list)  # seconds
    refused_afterwards: list[int] = field(default_factory=list)
    others_cut: int = 0  # streams of a colleague, who was not revoked
    conversation_back_in_queue: bool = False


async def revoke(gateways: Gateways) -> Revocation:
    """Two agents watch queue and conversation at each gateway; one of them is revoked by `areaclienti desk revoke`."""
    people = await hire(gateways.database_url, gateways.desk_key, 2)
    handover_id, _ = await let_wait(gateways.database_url, gateways.settings, 2)
    gone, stays = browsers = await gateways.sign_in(people)
    (await gone.ask("POST", f"/handovers/{handover_id}/claim")).raise_for_status()
    paths = ("/events", f"/handovers/{handover_id}/events")
    opened = {(browser, url, path): asyncio.Event() for browser in browsers for url in gateways.urls for path in paths}
    following = {key: asyncio.create_task(_until_it_ends(*key, is_open)) for key, is_open in opened.items()}
    async with asyncio.timeout(GIVE_UP_SECONDS):
        for is_open in opened.values():
            await is_open.wait()
    command = [sys.executable, "-m", "areaclienti", "desk", "revoke", gone.person.email]
    folder, around = gateways.processes[0].log.parent, gateways.environment
    act = partial(subprocess.run, command, cwd=folder, env=around, check=True, stdout=subprocess.DEVNULL)
    await asyncio.to_thread(act)
    began = time.monotonic()
    its = [task for (browser, *_), task in following.items() if browser is gone]
    others = [task for (browser, *_), task in following.items() if browser is stays]
    await asyncio.wait(its, timeout=GIVE_UP_SECONDS)
    found = Revocation(len(its), [round(task.result() - began, 1) if task.done() else None for task in its])
    found.refused_afterwards = [(await gone.ask("GET", "/queue", url=url)).status_code for url in gateways.urls]
    found.others_cut = sum(task.done() for task in others)
    cards = (await stays.ask("GET", "/queue")).json()["cards"]
    found.conversation_back_in_queue = any(card["id"] == handover_id and "claim" in card["may"] for card in cards)
    for task in following.values():
        task.cancel()
    await asyncio.gather(*following.values(), return_exceptions=True)
    for browser in browsers:
        await browser.close()
    return found


async def _until_it_ends(browser: AgentBrowser, url: str, path: str, is_open: asyncio.Event) -> float:
    async with browser.follow(path, url) as events:
        async for event in events:
            if event.name == "queue":
                is_open.set()
    return time.monotonic()
