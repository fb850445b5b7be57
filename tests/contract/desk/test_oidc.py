"""Agents come by the insurer's sign-in, and by nothing that only looks like it: against a provider that listens."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey, OctKey, RSAKey
from sqlalchemy import update

from areaclienti.desk import agents, oidc
from areaclienti.gateway.db.desk import DeskAgent
from tests.contract.desk.provider import CLIENT_ID, CLIENT_SECRET, Listening, OpenIdProvider
from tests.unit.gateway.conftest import build, running
from tests.unit.gateway.database import database_file, rows
from tests.unit.gateway.doubles import Engine, Identity

ORIGIN = "http://localhost:8000"
EMAIL = "giulia.conti@example.it"
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first"})  # says that it is the provider's


@pytest.fixture(scope="module")
def listening() -> Iterator[OpenIdProvider]:
    with Listening(OpenIdProvider()) as provider:
        yield provider


@pytest.fixture
def provider(listening: OpenIdProvider) -> OpenIdProvider:
    listening.forget()
    return listening


class Browser:
    """Goes to the provider and comes back."""

    def __init__(self, app: FastAPI) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.7", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url=ORIGIN)

    async def sent_there(self, return_to: str = "") -> str:
        """The address at the provider."""
        answer = await self.http.get("/desk/accesso/oidc", params={"ritorno": return_to} if return_to else {})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def sent_back(self, there: str) -> str:
        """The address here that the provider sends to."""
        async with httpx.AsyncClient() as outside:
            return (await outside.get(there)).headers["location"].removeprefix(ORIGIN)

    async def comes(self, return_to: str = "") -> httpx.Response:
        return await self.http.get(await self.sent_back(await self.sent_there(return_to)))

    async def is_in(self) -> bool:
        return (await self.http.get("/desk/api/agents")).status_code != 401


class Desk:
    """A gateway whose agents come by the provider."""

    def __init__(self, app: FastAPI, url: str) -> None:
        self.app = app
        self.url = url
        self.browser = Browser(app)

    async def add(self, email: str = EMAIL, **values: Any) -> str:
        agent = agents.new_agent("Giulia Conti", email, ["agente"], agency_code="AG-01")
        for name, value in values.items():
            setattr(agent, name, value)
        await self.app.state.services.database.write(lambda session: session.add(agent))
        return agent.id

    async def refusals(self) -> list[str]:
        """The reasons in the audit."""
        query = "SELECT reason_code FROM desk_audit WHERE action = 'sign_in_refused' ORDER BY id"
        return [row[0] for row in await rows(self.url, query)]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return database_file(tmp_path)


@pytest.fixture
async def opened(provider: OpenIdProvider, url: str) -> AsyncIterator[Any]:
    async with AsyncExitStack() as stack:

        async def begin(**settings: Any) -> Desk:
            values = {
                "desk": True, "desk_oidc_issuer": provider.address, "desk_oidc_client_id": CLIENT_ID,
                "desk_oidc_client_secret": CLIENT_SECRET, **settings,
            }  # fmt: skip
            app = await stack.enter_async_context(running(build(Engine(), Identity(), url, **values)))
            desk = Desk(app, url)
            stack.push_async_callback(desk.browser.http.aclose)
            return desk

        yield begin


@pytest.fixture
async def desk(opened: Any) -> Desk:
    return await opened()


async def test_an_invited_agent_comes_in_by_his_verified_address_and_is_known_by_his_subject_afterwards(
    desk: Desk, provider: OpenIdProvider
) -> None:
    await desk.add()
    answer = await desk.browser.comes("/desk/cerca")
    # not a redirect: it would still count as the provider's, and the strict cookie would stay behind
    assert (answer.status_code, 'content="0; url=/desk/cerca"' in answer.text) == (200, True)
    assert await desk.browser.is_in()
    provider.person = {"sub": "person-1", "email": "giulia.rossi@example.it", "email_verified": False}
    again = Browser(desk.app)
    await again.comes()
    assert await again.is_in()
    assert await rows(desk.url, "SELECT way, count(*) FROM desk_sessions GROUP BY way") == [("oidc", 2)]


async def test_nobody_is_made_an_agent_unless_a_setting_says_so(desk: Desk) -> None:
    assert (await desk.browser.comes()).status_code == 401
    assert await desk.refusals() == ["oidc_unknown"]
    assert await rows(desk.url, "SELECT count(*) FROM desk_agents") == [(0,)]


BY_CLAIMS: dict[str, Any] = {
    "desk_oidc_roles_claim": "groups",
    "desk_oidc_roles": {"desk-agents": "agente", "desk-leads": "supervisore"},
    "desk_oidc_agency_claim": "agency",
}


async def test_roles_and_agency_come_from_claims_where_the_operator_says_so(
    opened: Any, provider: OpenIdProvider
) -> None:
    desk = await opened(**BY_CLAIMS)
    await desk.add()
    provider.person |= {"groups": ["staff", "desk-leads"], "agency": "AG-07"}
    await desk.browser.comes()
    assert await desk.browser.is_in()
    assert await rows(desk.url, "SELECT roles, agency_code FROM desk_agents") == [('["supervisore"]', "AG-07")]


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"groups": ["staff"]}, "oidc_no_role"),
        ({}, "oidc_no_role"),
        ({"groups": "desk-agents", "agency": 7}, "oidc_agency"),
        ({"groups": "desk-agents", "agency": "A" * 33}, "oidc_agency"),
    ],
)
async def test_claims_that_give_no_place_let_nobody_in(
    opened: Any, provider: OpenIdProvider, claims: dict[str, Any], reason: str
) -> None:
    desk = await opened(**BY_CLAIMS)
    await desk.add()
    provider.person |= claims
    assert (await desk.browser.comes()).status_code == 401
    assert (await desk.refusals(), await desk.browser.is_in()) == ([reason], False)


async def test_where_the_setting_says_so_who_has_a_role_becomes_an_agent(opened: Any, provider: OpenIdProvider) -> None:
    desk = await opened(**BY_CLAIMS, desk_oidc_creates_agents=True)
    provider.person |= {"name": "Giulia Conti", "groups": ["desk-agents"], "agency": "AG-01"}
    await desk.browser.comes()
    assert await desk.browser.is_in()
    assert await rows(desk.url, "SELECT name, email, password_hash FROM desk_agents") == [("Giulia Conti", EMAIL, None)]


def _misbehaves(**how: Any) -> dict[str, Any]:
    return how


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (_misbehaves(changes={"nonce": "another"}), "oidc_nonce"),
        (_misbehaves(changes={"nonce": None}), "oidc_nonce"),
        (_misbehaves(changes={"aud": "another-client"}), "oidc_aud"),
        (_misbehaves(changes={"aud": None}), "oidc_aud"),
        (_misbehaves(changes={"aud": [CLIENT_ID, "another-client"]}), "oidc_azp"),
        (_misbehaves(changes={"azp": "another-client"}), "oidc_azp"),
        (_misbehaves(changes={"iss": "https://evil.example"}), "oidc_iss"),
        (_misbehaves(changes={"exp": 1_700_000_000}), "oidc_expired"),
        (_misbehaves(changes={"exp": None}), "oidc_exp"),
        (_misbehaves(changes={"iat": None}), "oidc_iat"),
        (_misbehaves(changes={"sub": None}), "oidc_sub"),
        (_misbehaves(changes={"sub": ""}), "oidc_sub"),
        (_misbehaves(changes={"email_verified": None}), "oidc_email_not_verified"),
        (_misbehaves(changes={"email_verified": "true"}), "oidc_email_not_verified"),
        (_misbehaves(changes={"email_verified": False}), "oidc_email_not_verified"),
        (_misbehaves(changes={"email": None}), "oidc_no_email"),
        (_misbehaves(header={"alg": "none"}), "oidc_signature"),
        (_misbehaves(signs_with=OTHER_KEY), "oidc_signature"),
        (_misbehaves(signs_with=OctKey.generate_key(256, {"kid": "first"})), "oidc_signature"),
        (_misbehaves(signs_with=RSAKey.generate_key(2048, {"kid": "never published"})), "oidc_signature"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_token_that_proves_nothing_lets_nobody_in(
    desk: Desk, provider: OpenIdProvider, how: dict[str, Any], reason: str
) -> None:
    await desk.add()
    for name, value in how.items():
        setattr(provider, name, value)
    assert (await desk.browser.comes()).status_code == 401
    assert (await desk.refusals(), await desk.browser.is_in()) == ([reason], False)
    assert await rows(desk.url, "SELECT count(*) FROM desk_sessions") == [(0,)]


async def test_the_provider_s_public_key_is_no_shared_secret(desk: Desk, provider: OpenIdProvider) -> None:
    """RFC 8725 §2.1: a token signed with HS256, the published key as the secret."""
    await desk.add()
    provider.shared_secret = provider.key.as_pem(private=False)
    assert (await desk.browser.comes()).status_code == 401
    assert await desk.refusals() == ["oidc_signature"]


async def test_keys_that_the_provider_changes_are_asked_for_again(
    desk: Desk, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "KEYS_ASKED_EVERY", 0.0)
    await desk.add()
    await desk.browser.comes()
    former = provider.key
    provider.key = ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})
    provider.published = [provider.key]
    try:
        again = Browser(desk.app)
        await again.comes()
        assert await again.is_in()
        provider.signs_with = former  # the key that was taken back
        assert (await Browser(desk.app).comes()).status_code == 401
    finally:
        provider.key, provider.published = former, [former]


async def test_made_up_keys_do_not_make_us_ask_the_provider_without_end(desk: Desk, provider: OpenIdProvider) -> None:
    await desk.add()
    provider.signs_with = OTHER_KEY
    for _ in range(4):
        await desk.browser.comes()
    assert provider.keys_asked == 1


async def test_a_way_back_serves_once(desk: Desk) -> None:
    await desk.add()
    back = await desk.browser.sent_back(await desk.browser.sent_there())
    kept = dict(desk.browser.http.cookies)
    assert (await desk.browser.http.get(back)).status_code == 200
    other = Browser(desk.app)
    other.http.cookies.update({"ac_desk_oidc": kept["ac_desk_oidc"]})
    assert (await other.http.get(back)).status_code == 401
    assert not await other.is_in()
    assert await desk.refusals() == ["oidc_state"]


async def test_a_way_back_serves_only_the_browser_that_went(desk: Desk) -> None:
    """Login CSRF: somebody else's way back would sign the victim in as the attacker."""
    await desk.add()
    back = await desk.browser.sent_back(await desk.browser.sent_there())
    victim = Browser(desk.app)
    assert (await victim.http.get(back)).status_code == 401
    await victim.sent_there()  # with a cookie of its own
    assert (await victim.http.get(back)).status_code == 401
    assert (await desk.browser.http.get(back)).status_code == 200


async def test_another_provider_s_answer_is_no_answer(desk: Desk, provider: OpenIdProvider) -> None:
    await desk.add()
    back = await desk.browser.sent_back(await desk.browser.sent_there())
    mixed = back.replace("iss=http%3A%2F%2F127", "iss=http%3A%2F%2F128")
    assert mixed != back
    assert (await desk.browser.http.get(mixed)).status_code == 401
    assert await desk.refusals() == ["oidc_mix_up"]


async def test_a_code_of_another_way_is_worth_nothing(desk: Desk) -> None:
    await desk.add()
    other = Browser(desk.app)
    code = parse_qs(urlsplit(await other.sent_back(await other.sent_there())).query)["code"][0]
    state = parse_qs(urlsplit(await desk.browser.sent_there()).query)["state"][0]
    answer = await desk.browser.http.get("/desk/accesso/oidc/ritorno", params={"code": code, "state": state})
    assert answer.status_code == 401  # PKCE: the verifier is another's
    assert await desk.refusals() == ["oidc_code"]


async def test_who_does_not_agree_at_the_provider_is_told_so(desk: Desk) -> None:
    state = parse_qs(urlsplit(await desk.browser.sent_there()).query)["state"][0]
    back = {"error": "access_denied", "state": state}
    answer = await desk.browser.http.get("/desk/accesso/oidc/ritorno", params=back)
    assert (answer.status_code, "Non è stato possibile entrare" in answer.text) == (401, True)
    assert await desk.refusals() == ["oidc_denied"]


@pytest.mark.parametrize("return_to", ["https://evil.example/", "//evil.example", "/desk/../accedi", "/desk/accesso"])
async def test_nobody_is_led_elsewhere_afterwards(desk: Desk, return_to: str) -> None:
    await desk.add()
    answer = await desk.browser.comes(return_to)
    assert 'content="0; url=/desk"' in answer.text
    assert "evil" not in answer.text


async def test_a_revoked_agent_is_refused_whatever_the_provider_says(desk: Desk) -> None:
    await desk.add()
    await desk.browser.comes()
    await desk.app.state.services.database.write(
        lambda session: session.execute(update(DeskAgent).values(active=False))
    )
    assert not await desk.browser.is_in()
    assert (await Browser(desk.app).comes()).status_code == 401
    assert await desk.refusals() == ["oidc_revoked"]


async def test_an_address_that_went_to_somebody_else_lets_nobody_in(desk: Desk, provider: OpenIdProvider) -> None:
    await desk.add()
    await desk.browser.comes()
    provider.person |= {"sub": "person-2"}
    assert (await Browser(desk.app).comes()).status_code == 401
    assert await desk.refusals() == ["oidc_other_subject"]


async def test_a_provider_that_does_not_answer_is_said_and_nothing_is_lost(
    desk: Desk, provider: OpenIdProvider
) -> None:
    provider.is_down = True
    answer = await desk.browser.http.get("/desk/accesso/oidc")
    assert (answer.status_code, "non risponde" in answer.text) == (503, True)
    provider.is_down = False
    await desk.add()
    await desk.browser.comes()
    assert await desk.browser.is_in()


@pytest.mark.parametrize(
    "described",
    [{"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/token"}, {"jwks_uri": 7},
     {"authorization_endpoint": "javascript:alert(1)"}],
)  # fmt: skip
async def test_a_description_that_cannot_be_trusted_is_none(
    desk: Desk, provider: OpenIdProvider, described: dict[str, Any]
) -> None:
    provider.described = described
    assert (await desk.browser.http.get("/desk/accesso/oidc")).status_code == 503


async def test_with_the_insurer_s_sign_in_alone_there_are_no_passwords(opened: Any) -> None:
    desk = await opened(desk_password_sign_in=False)
    shown = await desk.browser.http.get("/desk/accesso")
    assert ("account aziendale" in shown.text, 'name="password"' in shown.text) == (True, False)
    form = {"email": EMAIL, "password": "Girasole-Tenace4"}
    sent = await desk.browser.http.post("/desk/accesso", data=form, headers={"Origin": ORIGIN})
    assert sent.status_code == 404
    assert (await desk.browser.http.get("/desk/invito/abc")).status_code == 404
