"""The desk's door over HTTP: the way in and out, what a browser keeps, who is sent where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pyotp
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import update

from areaclienti.crypto import Sealer
from areaclienti.desk import agents, totp
from areaclienti.desk.web.access import SignedIn, own_page, signed_in
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.password_hashes import Passwords
from tests.unit.gateway.conftest import DESK_KEY, Start
from tests.unit.gateway.database import rows

ORIGIN = "http://localhost:8000"
EMAIL, PASSWORD = "giulia.conti@example.it", "Girasole-Tenace4"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
HASHED = Passwords(memory_kib=8 * 1024, rounds=1, at_once=1)


class Agent:
    """A browser of somebody who wants to come to the desk."""

    def __init__(self, app: FastAPI, origin: str = ORIGIN, address: str = "203.0.113.7") -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 1234))
        self.origin = origin
        self.http = httpx.AsyncClient(transport=transport, base_url=origin)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.http.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    async def post(self, path: str, origin: str | None = None, **form: str) -> httpx.Response:
        return await self.http.post(path, data=form, headers={"Origin": origin or self.origin})

    async def password(self, email: str = EMAIL, password: str = PASSWORD, **form: str) -> httpx.Response:
        return await self.post("/desk/accesso", email=email, password=password, **form)

    async def code(self, code: str | None = None) -> httpx.Response:
        return await self.post("/desk/accesso/codice", codice=code or present_code())

    async def comes_in(self) -> None:
        assert (await self.password()).headers["location"] == "/desk/accesso/codice"
        assert (await self.code()).status_code == 303

    async def close(self) -> None:
        await self.http.aclose()


def present_code() -> str:
    return pyotp.TOTP(SECRET).at(datetime.now(UTC))


async def add_giulia(app: FastAPI) -> None:
    agent = agents.new_agent("Giulia Conti", EMAIL, ["agente"], agency_code="AG-01")
    agent.password_hash = await HASHED.hash(PASSWORD)
    agent.totp_sealed = totp.seal(Sealer(DESK_KEY), agent.id, SECRET)
    await app.state.services.database.write(lambda session: session.add(agent))


@pytest.fixture
async def app(start: Start) -> FastAPI:
    made = await start(desk=True)
    await add_giulia(made)

    @made.get("/desk/prova")
    @made.post("/desk/prova")
    @made.get("/desk/api/prova")
    async def shown(who: SignedIn = Depends(signed_in)) -> dict[str, str | None]:
        return {"name": who.name, "agency_code": who.agency_code}

    return made


@pytest.fixture
async def agent(app: FastAPI) -> AsyncIterator[Agent]:
    browser = Agent(app)
    yield browser
    await browser.close()


async def test_password_and_code_open_the_desk(agent: Agent) -> None:
    await agent.comes_in()
    assert (await agent.get("/desk/api/prova")).json() == {"name": "Giulia Conti", "agency_code": "AG-01"}


async def test_who_was_sent_to_the_door_comes_back_to_the_page_he_asked_for(agent: Agent) -> None:
    asked = await agent.get("/desk/prova?da=mail")
    assert (asked.status_code, asked.headers["location"]) == (303, "/desk/accesso?ritorno=%2Fdesk%2Fprova%3Fda%3Dmail")
    await agent.password(ritorno="/desk/prova?da=mail")
    assert (await agent.code()).headers["location"] == "/desk/prova?da=mail"


async def test_a_program_is_told_that_nobody_is_signed_in(agent: Agent) -> None:
    answer = await agent.get("/desk/api/prova")
    assert (answer.status_code, answer.json()["code"]) == (401, "session_invalid")


async def test_from_another_site_the_address_is_asked_once_more_from_here(agent: Agent) -> None:
    there = await agent.get("/desk/prova", Sec_Fetch_Site="cross-site")
    assert there.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/desk/prova">' in there.text


async def test_unknown_wrong_and_revoked_get_the_same_answer(app: FastAPI, agent: Agent) -> None:
    wrong = await agent.password(password="Girasole-Tenace5")
    unknown = await agent.password(email="nessuno@example.it")
    await app.state.services.database.write(lambda session: session.execute(update(DeskAgent).values(active=False)))
    revoked = await agent.password()
    bodies = {answer.text.replace("nessuno@example.it", EMAIL) for answer in (wrong, unknown, revoked)}
    assert ({answer.status_code for answer in (wrong, unknown, revoked)}, len(bodies)) == ({401}, 1)


async def test_a_wrong_code_opens_nothing_and_a_code_is_taken_once(app: FastAPI, agent: Agent, url: str) -> None:
    await agent.password()
    code = present_code()
    assert (await agent.code("000000" if code != "000000" else "111111")).status_code == 401
    assert (await agent.code(code)).status_code == 303
    other = Agent(app)
    await other.password()
    assert (await other.code(code)).status_code == 401
    await other.close()
    assert await rows(url, "SELECT count(*) FROM desk_sessions") == [(1,)]


async def test_signing_out_ends_the_session_in_the_database(agent: Agent) -> None:
    await agent.comes_in()
    kept = dict(agent.http.cookies)
    await agent.post("/desk/uscita")
    agent.http.cookies.update(kept)
    assert (await agent.get("/desk/api/prova")).status_code == 401


@pytest.mark.parametrize("path", ["/desk/accesso", "/desk/accesso/codice", "/desk/uscita", "/desk/prova"])
async def test_nothing_is_changed_for_a_page_of_another_site(agent: Agent, path: str) -> None:
    await agent.comes_in()
    answer = await agent.post(path, origin="https://evil.example", email=EMAIL, password=PASSWORD, codice="1")
    assert (answer.status_code, answer.json()["code"]) == (403, "bad_origin")
    assert (await agent.get("/desk/api/prova")).status_code == 200


@pytest.mark.parametrize(
    ("public_url", "name", "is_secure"),
    [("http://localhost:8000", "ac_desk", False), ("https://desk.example.it", "__Host-ac_desk", True)],
)
async def test_the_cookie_is_strict_hidden_from_scripts_and_bound_to_the_host(
    start: Start, public_url: str, name: str, is_secure: bool
) -> None:
    app = await start(desk=True, public_url=public_url)
    await add_giulia(app)
    browser = Agent(app, public_url)
    await browser.password()
    kept = (await browser.code()).headers.get_list("set-cookie")[0]
    parts = set(kept.split("; ")[1:])
    assert kept.startswith(f"{name}=")
    assert {"HttpOnly", "Path=/", "SameSite=strict"} <= parts
    assert (("Secure" in parts), any(part.startswith("Domain") for part in parts)) == (is_secure, False)
    await browser.close()


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/desk//evil.example", "/desk/../accedi", "/accedi",
     "/desk\n", "/desk/accesso", "/desk/api/queue", "/desk?x=<b>", "javascript:alert(1)", "/deskuscita"],
)  # fmt: skip
def test_nobody_is_led_away_from_the_desk(address: str) -> None:
    assert own_page(address) is None


@pytest.mark.parametrize("address", ["/desk", "/desk/conversazioni/0a1b", "/desk/cerca?q=a+b&da=2026-11-01"])
def test_the_desk_s_own_pages_are_kept(address: str) -> None:
    assert own_page(address) == address
