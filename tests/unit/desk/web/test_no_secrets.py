"""No answer of the desk holds a secret: every route that reads, and what is answered to what is done, are searched."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from tests.unit.desk.web.agency_office import NEW, Office, office
from tests.unit.desk.web.conftest import Person
from tests.unit.identity.world import MARIO_TAX_CODE, PASSWORD

__all__ = ["office"]

ON_FILE = ("mario.rossi@posta.example", "3201234600", "3207654450")
TYPED_TO_A_PERSON = ("482913", "RSSMRA80A01H501U", "la password è Tramonto9Giallo", "00743110157")


def reading_routes(office: Office) -> list[APIRoute]:
    """All that the desk serves to look at, as the router has them; streams are read apart."""
    routes = [route for route in office.desk.app.state.desk_routes if isinstance(route, APIRoute)]
    return [route for route in routes if "GET" in route.methods and not route.path.endswith("/events")]


def address(route: APIRoute, office: Office) -> str:
    """The route's address, of the office's conversation."""
    filled = route.path.replace("{handover_id}", office.handover).replace("{table}", "funnel")
    return re.sub(r"\{\w+\}", "x", filled)


async def plant(office: Office) -> list[str]:
    """Give every secret there is in the conversation, on the protected way and in plain words; all of them."""
    for text in TYPED_TO_A_PERSON:
        assert (await office.browser.say(text)).status_code == 202
    await office.asks()
    request, bruno = await office.request(), await office.colleague()
    assert (await office.confirms(bruno, request.id)).status_code == 303
    await office.desk.app.state.services.runner.settle()
    path = f"/v1/registrations/{office.registration}/new-contact"
    await office.world.actions(path, {}, office.conversation)
    sent = [message for message in await office.world.mail() if message["to"] == NEW]
    code = re.findall(r"\b\d{6}\b", sent[0]["text"])[0]
    wrong = "000000" if code != "000000" else "111111"
    for given in (wrong, code):
        await office.world.verify(office.registration, given, office.conversation)
    secrets = [PASSWORD, MARIO_TAX_CODE, code, wrong, "482913", "Tramonto9Giallo", "00743110157", *ON_FILE, NEW]
    return list(dict.fromkeys(secrets))


async def test_no_page_file_or_json_of_the_desk_holds_a_secret(office: Office) -> None:
    secrets = await plant(office)
    people = [
        office.anna,
        await office.colleague("Sara Supervisore", "supervisore"),
        await office.colleague("Aldo Auditor", "auditor"),
        await office.colleague("Piero Pool", agency=None),
        await office.colleague("Sofia Sopra", "supervisore", agency=None),
    ]
    routes = reading_routes(office)
    assert {"/desk/recapiti", "/desk/api/queue", "/desk/api/handovers/{handover_id}/summary"} <= {
        route.path for route in routes
    }
    found, read = [], 0
    for who in people:
        for route in routes:
            answer = await who.http.get(address(route, office))
            assert answer.status_code < 500, route.path
            read += answer.status_code == 200
            found += [(who.who.name, route.path, secret) for secret in secrets if secret in answer.text]
    assert found == [] and read > 2 * len(people)


async def test_no_stream_of_the_desk_holds_a_secret(office: Office) -> None:
    secrets = await plant(office)
    for path in ("/events", f"/handovers/{office.handover}/events?after=0"):
        async with office.anna.follows(path) as stream:
            await stream.next()
            said = str(stream.queued())
            async with asyncio.timeout(60):
                while "handovers" in path and "nuo*****" not in said:
                    said += str(await stream.next())
        assert [secret for secret in secrets if secret in said] == []


@pytest.mark.parametrize("secret", ["482913", MARIO_TAX_CODE, "Tramonto9Giallo"])
async def test_what_is_refused_never_repeats_what_was_sent(office: Office, secret: str) -> None:
    """Whatever an agent types into a field where it doesn't belong."""
    bodies: dict[str, Any] = {
        "new-contact": {"contact": f"{secret} non è un recapito"},
        "hand-back": {"step": secret, "settled": [secret]},
        "close": {"outcome": secret},
        "transfer": {"agent_id": f"{secret}!"},
    }
    for what, body in bodies.items():
        answer = await office.anna.ask("POST", f"/handovers/{office.handover}/{what}", body)
        assert answer.status_code == 422 and secret not in answer.text, what
    bruno: Person = await office.colleague()
    for path in ("decisione", "mostra"):
        sent = await office.post(bruno, "ncr_unknown", path, decisione=secret, motivo=secret)
        assert sent.status_code in (404, 422) and secret not in sent.text
