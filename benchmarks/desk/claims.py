"""64 processes claim the same 1,000 conversations at two gateways: one winner each, and all others learn who."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.desk import Handover, HandoverEvent
from benchmarks.desk.gateways import Gateways
from benchmarks.desk.people import Person, hire, let_wait
from benchmarks.figures import Times, times
from benchmarks.processes import ROOT

CLAIMERS, CONVERSATIONS = 64, 1_000
WON, LOST = 200, 409


@dataclass(frozen=True)
class Claim:
    """One answer: `began` and `ended` on the clock that all processes share, in seconds."""

    handover_id: str
    by: Person
    status: int
    began: float
    ended: float
    code: str | None
    told: str | None  # who has it


@dataclass
class Race:
    """What came of all claims."""

    claims: int
    winners: dict[int, int] = field(default_factory=dict)  # conversations by how many were told that they have it
    odd: dict[str, int] = field(default_factory=dict)  # answers that are neither
    mistold: int = 0  # losers who were told of somebody who does not have it
    met: int = 0  # conversations at which several claims were under way before one of them was answered
    met_at_most: int = 0
    events: int = 0  # rows of the database that say that somebody took one
    others_in_database: int = 0  # conversations that the database gives to another than the winner
    times: Times = field(default_factory=lambda: Times(0, 0, 0, 0))
    times_of_winners: Times = field(default_factory=lambda: Times(0, 0, 0, 0))
    per_second: float = 0.0


async def race(gateways: Gateways, folder: Path, *, claimers: int, conversations: int, at_once: int) -> Race:
    """Everybody claims all in the same order, each the next when he is answered; at most `at_once` under way."""
    people = await hire(gateways.database_url, gateways.desk_key, claimers)
    handovers = await let_wait(gateways.database_url, gateways.settings, conversations)
    browsers = await gateways.sign_in(people)
    plan = {
        "urls": gateways.urls,
        "origin": gateways.origin,
        "cookies": [browser.cookie for browser in browsers],
        "handovers": handovers,
        "at_once": at_once,
        "out": str(folder),
    }
    await asyncio.gather(*(browser.close() for browser in browsers))
    command = [sys.executable, "-m", "benchmarks.desk.claimers"]
    done = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, input=json.dumps(plan), text=True, env=os.environ, check=False
    )
    if done.returncode:
        raise RuntimeError("a claimer failed")
    claims = [
        Claim(handover_id, person, *row)
        for number, person in enumerate(people)
        for handover_id, row in zip(handovers, json.loads((folder / f"{number}.json").read_text()), strict=True)
    ]
    return await _judged(claims, gateways.database_url)


async def _judged(claims: list[Claim], database_url: str) -> Race:
    by_handover: dict[str, list[Claim]] = {}
    for claim in claims:
        by_handover.setdefault(claim.handover_id, []).append(claim)
    has, events = await _in_database(database_url)
    found, winners_of, odd = Race(len(claims), events=events), Counter[int](), Counter[str]()
    for handover_id, tried in by_handover.items():
        winners = [claim for claim in tried if claim.status == WON]
        winners_of[len(winners)] += 1
        found.others_in_database += [has[handover_id]] != [winner.by.id for winner in winners]
        names = {winner.by.name for winner in winners}
        for claim in tried:
            if claim.status == LOST and claim.code == "taken":
                found.mistold += claim.told not in names
            elif claim.status != WON:
                odd[f"{claim.status} {claim.code}"] += 1
        first = min(claim.ended for claim in tried)
        under_way = sum(claim.began < first for claim in tried)
        found.met += under_way > 1
        found.met_at_most = max(found.met_at_most, under_way)
    found.winners, found.odd = dict(winners_of), dict(odd)
    found.times = times([claim.ended - claim.began for claim in claims])
    found.times_of_winners = times([claim.ended - claim.began for claim in claims if claim.status == WON])
    found.per_second = len(claims) / (max(claim.ended for claim in claims) - min(claim.began for claim in claims))
    return found


async def _in_database(database_url: str) -> tuple[dict[str, str | None], int]:
    """Who has each, and how many times one was taken."""
    database = open_database(database_url)

    def look(session: Session) -> tuple[dict[str, str | None], int]:
        rows = session.execute(select(Handover.id, Handover.agent_id))
        has = {row.id: row.agent_id for row in rows}
        taken = select(func.count()).where(HandoverEvent.to_owner == "human")
        return has, session.scalar(taken) or 0

    try:
        return await database.read(look)
    finally:
        await database.close()
