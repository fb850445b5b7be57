"""What is found again: only what one may read, all of it once, by what the customer wrote; a file leaves a trace."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.desk import agents, finding
from areaclienti.desk.finding import Finding, Found, Place, Sought, readable
from areaclienti.desk.operations import Forbidden, Unknown
from areaclienti.desk.scope import Who, may
from areaclienti.gateway.db.desk import DeskAgent, Handover
from areaclienti.gateway.db.desk_access import DeskAudit
from areaclienti.gateway.ledger import append, begun, locked
from tests.unit.desk.world import World

AGENCIES = ("AG1", "AG2", None)


async def written(world: World, *texts: str, channel: str = "web", minutes: int = 0, **of: object) -> str:
    """An ended handover in whose conversation the customer wrote that; its id."""

    def work(session: Session) -> str:
        conversation = begun(session, channel, None, "csrf")
        for text in texts:
            append(session, conversation, "customer", "text", text)
        values = {"state": "ended", "reason": "requested", "level": "pool", "ended_at": world.now} | of
        handover = Handover(
            id=uuid4().hex, conversation_id=conversation.id, resume_step="contact", resume_expects="email_or_mobile",
            queued_at=world.now - timedelta(minutes=minutes), **values,
        )  # fmt: skip
        session.add(handover)
        session.flush()
        return handover.id

    return await world.write(work)


async def every_page(world: World, agent_id: str, sought: Sought) -> list[str]:
    """The ids of all that is found, page by page."""
    found, after, ids = Finding(world.database, world.clock), None, []
    while True:
        page: Found = await found.page(agent_id, sought, after)
        ids += [line.handover_id or line.conversation_id for line in page.lines]
        if page.following is None:
            return ids
        after = page.following


async def test_what_is_found_is_what_may_be_read(world: World) -> None:
    me, other = await world.agent("Giulia Conti"), await world.agent("Anna Villa")
    for level, agency, agent, over in product(
        ("consultant", "agency", "pool", None), AGENCIES, (me, other, None), (True, False)
    ):
        ended_at = world.now if over else None
        await written(world, level=level, agency_code=agency, agent_id=agent, ended_at=ended_at)
    for role, agency, active in product(("agente", "supervisore", "auditor", "nobody"), AGENCIES, (True, False)):
        who = Who(me, frozenset({role}), agency, "C1", active)

        def work(session: Session, who: Who = who) -> tuple[set[str], set[str]]:
            handovers = session.scalars(select(Handover)).all()
            allowed = {one.id for one in handovers if may(who, "read", agents.where(one))}
            return set(session.scalars(select(Handover.id).where(readable(who)))), allowed

        found, allowed = await world.read(work)
        assert found == allowed, (role, agency, active)


async def test_pages_hold_everything_once_the_newest_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PAGE", 4)
    monkeypatch.setattr(finding, "_AT_ONCE", 3)
    agent = await world.agent("Paola Greco", "supervisore")
    made = [await written(world, "sono Mario Rossi", minutes=place // 3) for place in range(13)]  # three of each moment
    for sought in (Sought(), Sought(words="rossi mario")):
        ids = await every_page(world, agent, sought)
        assert sorted(ids) == sorted(made) and len(set(ids)) == 13
        places = [made.index(one) // 3 for one in ids]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("Nicolò", True), ("NICOLO", True), ("sartori nicolo", True), ("artor", True), ("Nicolò Bianchi", False),
        ("d’amico", True), ("D'AMICO", True), ("assistente", False), ("100%", False), ("_", False),
    ],
)  # fmt: skip
async def test_a_name_is_found_as_it_was_typed(world: World, words: str, is_found: bool) -> None:
    agent = await world.agent("Paola Greco", "supervisore")
    handover_id = await written(world, "buongiorno", "sono Nicolò Sartori, il marito di Lucia D’Amico")

    def answered(session: Session) -> None:
        conversation = locked(session, session.get_one(Handover, handover_id).conversation_id)
        append(session, conversation, "bot", "text", "sono l'assistente")

    await world.write(answered)
    found = await Finding(world.database, world.clock).page(agent, Sought(words=words))
    assert [line.handover_id for line in found.lines] == ([handover_id] if is_found else [])
    assert all("Sartori" in (line.excerpt or "") for line in found.lines)


async def test_each_field_narrows_it_down(world: World) -> None:
    agent, helper = await world.agent("Paola Greco", "supervisore"), await world.agent("Giulia Conti")
    one = await written(world, channel="whatsapp", reason="codes_spent", agent_id=helper)
    other = await written(world, minutes=60 * 24)
    conversation_id = (await world.handover(one)).conversation_id
    for sought in (
        Sought(reason="codes_spent"), Sought(agent_id=helper), Sought(channel="whatsapp"), Sought(id=one),
        Sought(id=conversation_id), Sought(first=date(2026, 11, 23)),
    ):  # fmt: skip
        assert await every_page(world, agent, sought) == [one], sought
    assert await every_page(world, agent, Sought(last=date(2026, 11, 22))) == [other]
    assert await every_page(world, agent, Sought(state="queued")) == []
    assert await every_page(world, agent, Sought(id="%")) == []


async def test_conversations_of_nobody_s_are_for_those_who_watch_over_all(world: World) -> None:
    conversation_id = await world.conversation("password")
    await written(world, "sono Mario Rossi")
    sought = Sought(kind="conversations", words="anything")
    for role, agency in product(("supervisore", "auditor"), (None, "AG1")):
        agent = await world.agent(f"{role} {agency}", role, agency=agency)  # type: ignore[arg-type]
        if agency is None:
            [line] = (await Finding(world.database).page(agent, sought)).lines
            assert (line.conversation_id, line.handover_id, line.step, line.excerpt) == (
                conversation_id, None, "password", None,
            )  # fmt: skip
        else:
            with pytest.raises(Forbidden):
                await Finding(world.database).page(agent, sought)
    with pytest.raises(Forbidden):
        await Finding(world.database).page(await world.agent("Giulia Conti"), sought)


async def test_a_file_is_for_supervisors_and_auditors_and_is_noted(world: World) -> None:
    await written(world, "sono Mario Rossi", agency_code="AG1")
    await written(world, "sono Anna Villa", agency_code="AG2")
    supervisor = await world.agent("Paola Greco", "supervisore", agency="AG1")
    with pytest.raises(Forbidden):
        await Finding(world.database, world.clock).all(await world.agent("Giulia Conti"), Sought())
    lines = await Finding(world.database, world.clock).all(supervisor, Sought())
    assert [line.agency_code for line in lines] == ["AG1"]
    noted = await world.read(lambda session: session.scalars(select(DeskAudit)).all())
    assert [(row.who, row.action, row.reason_code) for row in noted] == [(supervisor, "exported", "handovers")]


async def test_who_was_revoked_finds_nothing(world: World) -> None:
    agent = await world.agent("Paola Greco", "supervisore")

    def revoke(session: Session) -> None:
        session.get_one(DeskAgent, agent).active = False

    await world.write(revoke)
    with pytest.raises(Unknown):
        await Finding(world.database).page(agent, Sought(), Place(world.now, "x"))
    with pytest.raises(Unknown):
        await Finding(world.database).all(agent, Sought())
