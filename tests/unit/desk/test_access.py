"""The desk's door on both databases, with a clock that stands: factors, throttle, invitations, revocation, audit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from areaclienti.crypto import Mac, Sealer
from areaclienti.desk import audit, sign_in, totp
from areaclienti.desk.administration import Administration, CodeInUse, Gone, Invitations, NoSuchAgent, NotGood, Position
from areaclienti.desk.demo import DEMO_PASSWORD, DemoDoor, DemoPeopleFound, load_people, refuse_people
from areaclienti.desk.sessions import Sessions
from areaclienti.desk.sign_in import Over, Refused, SignIn, Wait
from areaclienti.desk.throttle import Free, Throttle
from areaclienti.gateway.db.database import open_database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.desk_access import DeskAudit, DeskSession, DeskSignIn, DeskThrottle
from areaclienti.password_hashes import Passwords
from tests.unit.desk.world import MONDAY_TEN, World

KEY = "k" * 43 + "="
EMAIL, PASSWORD = "anna.sereni@example.it", "Girasole-Tenace4"
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
FREE = Free(here=5, account=20, address=50, longest=timedelta(minutes=15))


class Door:
    """The parts of the door over one database, and one agent who was invited and came."""

    def __init__(self, world: World, with_demo: bool = False) -> None:
        self.world = world
        database, clock = world.database, world.clock
        self.sealer = Sealer(KEY)
        self.passwords = Passwords(memory_kib=8 * 1024, rounds=1, at_once=2)
        self.sessions = Sessions(database, timedelta(minutes=30), timedelta(hours=10), clock)
        self.administration = Administration(
            database, self.sealer, "https://desk.example.it", timedelta(hours=72), clock
        )
        self.invitations = Invitations(database, self.sealer, self.passwords, self.sessions, clock)
        throttle = Throttle(Mac(KEY), FREE)
        self.sign_in = SignIn(
            database, self.passwords, self.sealer, throttle, self.sessions, with_demo=with_demo, clock=clock
        )
        self.secret = ""

    async def hire(self, email: str = EMAIL, **position: Any) -> str:
        """Somebody invited, who used his link a minute ago; his session's token."""
        token = await self.invited(email, **position)
        self.secret = (await self.invitations.find(token)).secret
        session = await self.invitations.use(token, PASSWORD, self.code())
        self.world.passes(minutes=1)
        return session

    async def invited(self, email: str = EMAIL, **position: Any) -> str:
        """The token of a new link."""
        given = {"name": "Anna Sereni", "email": email, "roles": ["agente"]} | position
        return (await self.administration.invite(Position(**given))).rpartition("/")[2]

    def code(self, **later: float) -> str:
        """What the phone shows, a little earlier or later."""
        return pyotp.TOTP(self.secret).at(self.world.now + timedelta(**later))

    async def comes(self, code: str | None = None, address: str = HERE) -> str:
        pending = await self.sign_in.password(EMAIL, PASSWORD, address)
        return (await self.sign_in.code(pending, code or self.code(), address)).token

    async def fails(self, times: int, address: str = HERE, email: str = EMAIL) -> list[int]:
        """Wrong passwords; the waits that were asked for."""
        waits = []
        for _ in range(times):
            try:
                await self.sign_in.password(email, "Sbagliata-Del-Tutto9", address)
            except Wait as wait:
                waits.append(wait.seconds)
            except Refused:
                pass
        return waits

    async def count(self, table: type[Any]) -> int:
        return await self.world.read(lambda session: session.scalar(select(func.count()).select_from(table)) or 0)

    async def record(self) -> list[tuple[str | None, str, str | None, str | None]]:
        query = select(DeskAudit).order_by(DeskAudit.id)
        rows = await self.world.read(lambda session: session.scalars(query).all())
        return [(row.who, row.action, row.handover_id, row.reason_code) for row in rows]


@pytest.fixture
async def door(world: World) -> Door:
    return Door(world)


# ---- the two factors ----


async def test_a_phone_whose_clock_is_half_a_minute_off_still_gets_in_and_more_does_not(door: Door) -> None:
    await door.hire()
    assert await door.sessions.find(await door.comes(door.code(seconds=-30))) is not None
    assert await door.sessions.find(await door.comes(door.code(seconds=30))) is not None
    door.world.passes(minutes=5)
    for seconds in (-60, 60):
        with pytest.raises(Refused):
            await door.comes(door.code(seconds=seconds))


async def test_after_a_code_of_later_no_earlier_one_is_taken(door: Door) -> None:
    await door.hire()
    await door.comes(door.code(seconds=30))
    with pytest.raises(Refused):
        await door.comes(door.code())


async def test_of_many_who_come_with_one_code_one_gets_in(door: Door) -> None:
    await door.hire()
    code = door.code()
    pending = [await door.sign_in.password(EMAIL, PASSWORD, HERE) for _ in range(4)]
    before = await door.count(DeskSession)
    found = await asyncio.gather(*(door.sign_in.code(token, code, HERE) for token in pending), return_exceptions=True)
    assert [type(one) for one in found].count(sign_in.Opened) == 1
    assert await door.count(DeskSession) == before + 1


async def test_without_taking_codes_up_all_of_them_get_in(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the test above."""
    monkeypatch.setattr(totp, "take", lambda session, agent_id, step: True)
    await door.hire()
    code = door.code()
    pending = [await door.sign_in.password(EMAIL, PASSWORD, HERE) for _ in range(3)]
    found = [await door.sign_in.code(token, code, HERE) for token in pending]
    assert len({one.token for one in found}) == 3


async def test_three_wrong_codes_end_the_sign_in_and_count_as_failures(door: Door) -> None:
    await door.hire()
    near = {door.code(seconds=30 * step) for step in range(-2, 3)}
    wrong = next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)
    pending = await door.sign_in.password(EMAIL, PASSWORD, HERE)
    for expected in (Refused, Refused, Over):
        with pytest.raises(expected):
            await door.sign_in.code(pending, wrong, HERE)
    with pytest.raises(Over):
        await door.sign_in.code(pending, door.code(), HERE)
    await door.fails(1)
    with pytest.raises(Wait):
        await door.sign_in.password(EMAIL, PASSWORD, HERE)


async def test_a_sign_in_without_its_code_is_over_after_five_minutes(door: Door) -> None:
    await door.hire()
    pending = await door.sign_in.password(EMAIL, PASSWORD, HERE)
    door.world.passes(minutes=5)
    assert await door.sign_in.waits_for_code(pending) is None
    with pytest.raises(Over):
        await door.sign_in.code(pending, door.code(), HERE)


# ---- guessing ----


async def test_after_five_failures_the_wait_doubles_and_never_becomes_a_lock(door: Door) -> None:
    await door.hire()
    waits = []
    for _ in range(14):
        await door.fails(1, ELSEWHERE)
        asked = await door.fails(1, ELSEWHERE)
        waits += asked
        door.world.passes(seconds=asked[0] if asked else 0)
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) <= 15 * 60
    door.world.passes(minutes=15)
    assert await door.sessions.find(await door.comes(address=ELSEWHERE)) is not None


async def test_failing_in_somebodys_name_elsewhere_does_not_keep_him_out(door: Door) -> None:
    await door.hire()
    await door.comes()
    for number in range(28):
        asked = await door.fails(1, f"198.51.100.{number}")
        door.world.passes(seconds=asked[0] if asked else 0)
    assert await door.sessions.find(await door.comes(door.code(seconds=30))) is not None
    with pytest.raises(Wait):  # the control: where he is not known he waits
        await door.sign_in.password(EMAIL, PASSWORD, "192.0.2.55")


async def test_an_account_that_nobody_has_makes_wait_as_one_that_somebody_has(door: Door) -> None:
    await door.hire()
    assert await door.fails(9, ELSEWHERE) == await door.fails(9, "192.0.2.8", "nessuno@example.it")


async def test_of_many_guesses_at_once_five_are_looked_at(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    await door.hire()
    looked = 0
    verify = door.passwords.verify

    async def counted(stored: str | None, password: str) -> bool:
        nonlocal looked
        looked += 1
        return await verify(stored, password)

    monkeypatch.setattr(door.passwords, "verify", counted)
    await asyncio.gather(*(door.fails(1, ELSEWHERE) for _ in range(30)))
    assert looked == 5


async def test_the_throttle_names_nobody(door: Door) -> None:
    await door.hire()
    await door.fails(2)
    rows = await door.world.read(lambda session: session.scalars(select(DeskThrottle)).all())
    assert {len(row.key_hmac) for row in rows} == {64}


# ---- sessions ----


@pytest.mark.parametrize(("unused", "is_good"), [(timedelta(minutes=29), True), (timedelta(minutes=31), False)])
async def test_a_session_idles_out(door: Door, unused: timedelta, is_good: bool) -> None:
    token = await door.hire()
    door.world.now += unused - timedelta(minutes=1)
    assert (await door.sessions.find(token) is not None) is is_good


async def test_using_a_session_keeps_it_up_to_its_longest_life_and_looking_does_not(door: Door) -> None:
    token = await door.hire()
    who = await door.sessions.find(token)
    assert who is not None
    for _ in range(29):
        door.world.passes(minutes=20)
        assert await door.sessions.find(token) is not None
    door.world.passes(minutes=25)
    assert await door.sessions.find(token) is None  # ten hours are over
    other = await door.sessions.find(await door.comes())
    assert other is not None
    for _ in range(4):
        door.world.passes(minutes=8)
        lives = await door.sessions.lives(other.session_id)
    assert not lives


async def test_the_database_holds_neither_token_nor_code_secret_nor_password(door: Door) -> None:
    token = await door.hire()
    pending = await door.sign_in.password(EMAIL, PASSWORD, HERE)
    link = await door.invited("altro@example.it")
    kept = await door.world.read(_everything)
    for secret in (token, pending, link, door.secret, PASSWORD):
        assert secret not in kept
    assert EMAIL in kept  # the control


def _everything(session: Session) -> str:
    tables = ("desk_agents", "desk_sessions", "desk_sign_ins", "desk_throttle", "desk_invitations", "desk_audit")
    return "\n".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))


async def test_rights_are_read_anew_for_each_request(door: Door) -> None:
    token = await door.hire(agency_code="AG-01")
    await door.world.write(
        lambda session: session.execute(update(DeskAgent).values(agency_code="AG-02", roles=["auditor"]))
    )
    who = await door.sessions.find(token)
    assert who is not None and (who.agency_code, who.roles) == ("AG-02", frozenset({"auditor"}))


async def test_signing_out_of_the_last_session_leaves_the_desk(door: Door) -> None:
    first, second = await door.hire(), await door.comes()
    await door.world.write(lambda session: session.execute(update(DeskAgent).values(presence="available")))
    for token, presence in ((first, "available"), (second, "offline")):
        who = await door.sessions.find(token)
        assert who is not None
        await door.sessions.end(who.session_id)
        assert await door.world.read(lambda session: session.scalar(select(DeskAgent.presence))) == presence


# ---- invitations, revocation ----


async def test_an_invitation_is_used_once(door: Door) -> None:
    token = await door.invited()
    door.secret = (await door.invitations.find(token)).secret
    found = await asyncio.gather(
        *(door.invitations.use(token, PASSWORD, door.code()) for _ in range(4)), return_exceptions=True
    )
    assert [type(one) for one in found].count(str) == 1
    with pytest.raises(Gone):
        await door.invitations.find(token)


async def test_a_new_invitation_replaces_the_older_and_each_ends_by_itself(door: Door) -> None:
    older, newer = await door.invited(), await door.invited()
    with pytest.raises(Gone):
        await door.invitations.find(older)
    door.world.passes(hours=72)
    with pytest.raises(Gone):
        await door.invitations.find(newer)


@pytest.mark.parametrize(
    ("password", "rules"),
    [("corta1A", ["min_length"]), ("Password1", ["too_common"]), ("Anna-Sereni1", ["too_personal"]),
     ("Alleanza2026!", ["too_common"])],
)  # fmt: skip
async def test_a_password_that_breaks_the_rules_leaves_the_link_good(
    door: Door, password: str, rules: list[str]
) -> None:
    token = await door.invited()
    door.secret = (await door.invitations.find(token)).secret
    with pytest.raises(NotGood) as refused:
        await door.invitations.use(token, password, door.code())
    assert (refused.value.rules, refused.value.is_code_wrong) == (rules, False)
    await door.invitations.use(token, PASSWORD, door.code())


async def test_the_code_of_the_invitation_does_not_open_a_second_session(door: Door) -> None:
    token = await door.invited()
    door.secret = (await door.invitations.find(token)).secret
    code = door.code()
    await door.invitations.use(token, PASSWORD, code)
    with pytest.raises(Refused):
        await door.comes(code)


async def test_revoking_ends_sessions_and_whatever_was_under_way(door: Door) -> None:
    token = await door.hire()
    pending = await door.sign_in.password(EMAIL, PASSWORD, HERE)
    link = await door.invited()
    who = await door.sessions.find(token)
    assert who is not None
    assert await door.administration.revoke(EMAIL.upper()) == 1
    assert not await door.sessions.lives(who.session_id)
    assert await door.sessions.find(token) is None
    with pytest.raises(Over):
        await door.sign_in.code(pending, door.code(), HERE)
    with pytest.raises(Gone):
        await door.invitations.find(link)
    with pytest.raises(Refused):
        await door.comes()
    with pytest.raises(NoSuchAgent):
        await door.administration.reset(EMAIL)


async def test_streams_that_ask_together_are_answered_by_one_statement(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(world)
    token = await door.hire()
    who = await door.sessions.find(token)
    assert who is not None
    asked: list[object] = []
    read = world.database.read_at_once

    async def counting(work: Any) -> Any:
        asked.append(work)
        return await read(work)

    monkeypatch.setattr(world.database, "read_at_once", counting)
    names = [who.session_id, "nobody's"] * 50
    assert await asyncio.gather(*map(door.sessions.lives, names)) == [True, False] * 50
    assert len(asked) == 1
    await door.sessions.end(who.session_id)
    assert not await door.sessions.lives(who.session_id), "who comes later is answered anew"
    assert len(asked) == 2


async def test_who_gives_up_asking_takes_the_answer_from_nobody_else(world: World) -> None:
    door = Door(world)
    who = await door.sessions.find(await door.hire())
    assert who is not None
    first, second = (asyncio.create_task(door.sessions.lives(who.session_id)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second


async def test_what_a_revoked_agent_had_goes_back_into_the_queue_with_the_next_round(door: Door) -> None:
    await door.hire()
    agent_id = await door.world.read(lambda session: session.scalar(select(DeskAgent.id)))
    assert agent_id is not None
    await door.world.operations.set_presence(agent_id, "available")
    handover_id = await door.world.human(agent_id)
    await door.administration.revoke(EMAIL)
    await door.world.rounds.go()
    assert (await door.world.handover(handover_id)).state == "queued"


async def test_a_lost_phone_and_an_old_password_are_worth_nothing_after_a_reset(door: Door) -> None:
    token = await door.hire()
    old_secret = door.secret
    link = (await door.administration.reset(EMAIL)).rpartition("/")[2]
    assert await door.sessions.find(token) is None
    with pytest.raises(Refused):
        await door.comes()
    door.secret = (await door.invitations.find(link)).secret
    assert door.secret != old_secret
    await door.invitations.use(link, "Tramonto-Lento8", door.code())


async def test_a_second_factor_that_was_moved_to_another_agent_opens_nothing(door: Door) -> None:
    await door.hire()
    sealed = await door.world.read(lambda session: session.scalar(select(DeskAgent.totp_sealed)))
    assert sealed is not None
    with pytest.raises(ValueError):
        totp.unseal(door.sealer, "somebody else", sealed)


async def test_a_consultant_s_code_belongs_to_one_agent(door: Door) -> None:
    await door.invited(consultant_code="CONS-01")
    with pytest.raises(CodeInUse):
        await door.invited("altro@example.it", consultant_code="CONS-01")


async def test_who_is_invited_again_comes_back_with_another_position(door: Door) -> None:
    await door.hire(agency_code="AG-01")
    await door.administration.revoke(EMAIL)
    await door.invited(name="Anna Sereni Galli", roles=["supervisore"])
    [agent] = await door.administration.all()
    assert (agent.name, agent.roles, agent.agency_code, agent.active) == (
        "Anna Sereni Galli", ["supervisore"], None, True,
    )  # fmt: skip


# ---- the demo ----


async def test_the_demo_s_people_come_in_with_what_the_page_shows(world: World) -> None:
    door = Door(world, with_demo=True)
    hashed = await door.passwords.hash(DEMO_PASSWORD)
    assert await world.write(lambda session: load_people(session, door.sealer, hashed)) == 8
    assert await world.write(lambda session: load_people(session, door.sealer, hashed)) == 0
    demo = DemoDoor(world.database, door.sealer, world.clock)
    first = (await demo.people())[0]
    for _ in range(2):  # twice within half a minute
        pending = await door.sign_in.password(first.email, DEMO_PASSWORD, HERE)
        agent_id = await door.sign_in.waits_for_code(pending)
        assert agent_id is not None
        shown = await demo.code_of(agent_id)
        assert shown is not None and shown[0] is not None
        await door.sign_in.code(pending, shown[0], HERE)
    assert (await demo.code_of("demo-cons-01") or ("", 0))[0] is None


async def test_outside_the_demo_its_people_are_unknown(world: World) -> None:
    door = Door(world, with_demo=False)
    hashed = await door.passwords.hash(DEMO_PASSWORD)
    await world.write(lambda session: load_people(session, door.sealer, hashed))
    with pytest.raises(Refused):
        await door.sign_in.password("marta.ricci@servizio-clienti.example", DEMO_PASSWORD, HERE)
    with pytest.raises(DemoPeopleFound):
        await world.read(refuse_people)


async def test_the_demo_never_mixes_with_real_agents(door: Door) -> None:
    await door.hire()
    assert await door.world.write(lambda session: load_people(session, door.sealer, "x")) == 0
    assert await DemoDoor(door.world.database, door.sealer).code_of("cons-01") is None


# ---- the audit ----


async def test_the_record_says_who_did_what_and_holds_no_value(door: Door) -> None:
    await door.hire()
    agent_id = await door.world.read(lambda session: session.scalar(select(DeskAgent.id)))
    await door.fails(1)
    await door.fails(1, email="nessuno@example.it")
    assert await door.record() == [
        ("operator", "invited", None, agent_id),
        (agent_id, "invitation_used", None, None),
        (agent_id, "signed_in", None, "password"),
        (agent_id, "sign_in_refused", None, "password"),
        (None, "sign_in_refused", None, "password"),
    ]


async def test_claims_transfers_and_force_takes_are_noted_with_their_change_of_hands(world: World) -> None:
    door = Door(world)
    giulia, marta = await world.agent(), await world.agent("Marta Ricci", "supervisore")
    handover_id = await world.human(giulia)
    await world.operations.force_take(handover_id, marta)
    await world.operations.release(handover_id, marta)
    assert await door.record() == [
        (giulia, "claimed", handover_id, None),
        (marta, "forced", handover_id, giulia),
        (marta, "released", handover_id, None),
    ]


async def test_many_at_once_make_one_chain_and_what_is_rolled_back_leaves_no_row(door: Door) -> None:
    other = open_database(_url_of(door))

    def work(number: int) -> Any:
        def noting(session: Session) -> None:
            audit.record(session, f"agent-{number}", "claimed", f"handover-{number}")
            audit.record(session, f"agent-{number}", "released", f"handover-{number}")
            if number % 5 == 0:
                raise ZeroDivisionError

        return noting

    writes = [(door.world.database if number % 2 else other).write(work(number)) for number in range(20)]
    await asyncio.gather(*writes, return_exceptions=True)
    await other.close()
    finding = await door.world.read(audit.verify)
    assert (finding.state, finding.end.rows) == ("whole", 32)


async def test_a_row_can_be_neither_changed_nor_deleted(door: Door) -> None:
    await door.invited()
    for statement in ("UPDATE desk_audit SET action = 'x'", "DELETE FROM desk_audit"):
        with pytest.raises(DBAPIError, match="append-only"):
            await door.world.write(lambda session, said=statement: session.execute(text(said)))
    assert await door.count(DeskAudit) == 1


def test_an_action_that_nobody_named_is_refused() -> None:
    with pytest.raises(ValueError):
        audit.record(Session(), "agent", "girasole")


def _url_of(door: Door) -> str:
    engine = getattr(door.world.database, "_engine")  # noqa: B009
    return str(engine.url.render_as_string(hide_password=False))


async def test_what_is_over_is_forgotten(door: Door) -> None:
    await door.hire()
    await door.sign_in.password(EMAIL, PASSWORD, HERE)
    door.world.now = MONDAY_TEN + timedelta(days=3)
    await door.comes()
    assert (await door.count(DeskSignIn), await door.count(DeskSession)) == (0, 1)
