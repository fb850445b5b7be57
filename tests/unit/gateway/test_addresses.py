"""Where the gateway believes that a customer is: what limits by address stand on."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from pydantic import ValidationError

from areaclienti.settings import GatewaySettings
from tests.unit.gateway.browser import Browser
from tests.unit.gateway.conftest import Start
from tests.unit.gateway.doubles import ENGINE_KEY, IDENTITY_KEY, Engine, Identity
from tests.unit.gateway.test_secrets import stand_at

PROXY = "10.1.2.3"


async def address_seen(app: FastAPI, identity: Identity, connected_from: str, forwarded: str | None) -> str:
    """What reaches identity when a browser deposits a secret."""
    visitor = Browser(app, address=connected_from)
    await visitor.open()
    await app.state.services.runner.settle()
    await stand_at(app, "password", "secret:password")
    body = {"client_id": "client-id-1", "purpose": "password", "value": "Tramonto-Verde7"}
    answer = await visitor.request("POST", "/api/secrets", body, X_Forwarded_For=forwarded)
    assert answer.status_code == 202, answer.text
    await visitor.close()
    return identity.deposits[-1]["client_address"]


@pytest.mark.parametrize("connected_from", ["203.0.113.7", "127.0.0.1", PROXY])
async def test_without_configured_proxies_nobody_says_who_he_is(
    start: Start, identity: Identity, connected_from: str
) -> None:
    assert await address_seen(await start(), identity, connected_from, "198.51.100.9") == connected_from


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("198.51.100.9", "198.51.100.9"),
        ("192.0.2.1, 198.51.100.9", "198.51.100.9"),  # the first is what the customer himself wrote
        ("198.51.100.9, 10.9.9.9", "198.51.100.9"),  # two proxies of ours
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (None, PROXY),
        ("x" * 500, "x" * 64),
    ],
)
async def test_behind_a_configured_proxy_it_is_the_last_address_that_is_no_proxy(
    start: Start, identity: Identity, forwarded: str | None, seen: str
) -> None:
    assert await address_seen(await start(trusted_proxies=["10.0.0.0/8"]), identity, PROXY, forwarded) == seen


async def test_who_is_no_configured_proxy_is_not_believed(start: Start, identity: Identity) -> None:
    app = await start(trusted_proxies=["10.0.0.0/8"])
    assert await address_seen(app, identity, "203.0.113.7", "198.51.100.9") == "203.0.113.7"


async def test_the_address_goes_with_the_secret_and_not_to_the_engine(
    app: FastAPI, identity: Identity, engine: Engine
) -> None:
    assert await address_seen(app, identity, "203.0.113.7", None) == "203.0.113.7"
    await app.state.services.runner.settle()
    assert "203.0.113.7" not in " ".join(turn.model_dump_json() for turn in engine.turns)


async def test_the_limits_count_all_addresses_of_an_ipv6_subscriber_as_one(start: Start) -> None:
    app = await start(rate_limit_scale=1 / 30)  # one new session at once
    statuses = []
    for address in ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"):
        visitor = Browser(app, address=address)
        statuses.append((await visitor.request("POST", "/api/session", {})).status_code)
        await visitor.close()
    assert statuses == [200, 429, 200]


def test_a_mistyped_proxy_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="trusted_proxies"):
        GatewaySettings(
            _env_file=None, engine_key=ENGINE_KEY, identity_gateway_key=IDENTITY_KEY, trusted_proxies=["10.0.0.0/33"]
        )
