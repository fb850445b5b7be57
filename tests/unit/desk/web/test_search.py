"""The page that finds conversations again, and its file."""

from __future__ import annotations

import csv
import io

import pytest

from tests.unit.desk.web.conftest import Desk


async def test_a_customer_who_asked_for_a_person_is_found_by_what_he_wrote(desk: Desk) -> None:
    customer = await desk.customer()
    agent = await desk.agent()
    page = await agent.http.get("/desk/cerca?testo=parlare+persona")
    assert page.status_code == 200
    assert "1 conversazione" in page.text and "voglio parlare con una persona" in page.text
    [card] = await agent.cards()
    assert f'/desk/conversazioni/{card["id"]}"' in page.text
    assert "Nessuna conversazione trovata" in (await agent.http.get("/desk/cerca?testo=zoccolanti")).text
    await customer.close()


async def test_what_was_looked_for_stays_in_the_form_and_runs_nothing(desk: Desk) -> None:
    agent = await desk.agent()
    page = await agent.http.get("/desk/cerca", params={"testo": '"><script>alert(1)</script>', "dopo": "nonsense"})
    assert page.status_code == 200 and "<script>alert" not in page.text and "&lt;script&gt;" in page.text


async def test_a_file_is_for_supervisors_and_auditors(desk: Desk) -> None:
    customer = await desk.customer()
    agent, supervisor = await desk.agent(), await desk.agent("Paola Greco", "supervisore")
    assert "/desk/cerca.csv" not in (await agent.http.get("/desk/cerca")).text
    assert (await agent.http.get("/desk/cerca.csv")).status_code == 404
    assert "/desk/cerca.csv" in (await supervisor.http.get("/desk/cerca")).text
    answer = await supervisor.http.get("/desk/cerca.csv")
    [head, line] = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    assert len(head) == len(line) == 11 and line[3] == "Ha chiesto una persona"
    assert "parlare" not in answer.text
    await customer.close()


@pytest.mark.parametrize("query", ["dal=ieri", "dal=2026-07-31&al=2026-07-01"])
async def test_a_day_that_is_none_is_explained(desk: Desk, query: str) -> None:
    page = await (await desk.agent()).http.get(f"/desk/cerca?{query}")
    assert page.status_code == 422 and 'role="alert"' in page.text


@pytest.mark.parametrize("field", ["testo", "codice", "agente", "motivo"])
@pytest.mark.parametrize("secret", ["RSSMRA80A01H501U", "482913", "la password è Tramonto9Giallo"])
async def test_a_secret_is_not_looked_for_and_not_repeated(desk: Desk, field: str, secret: str) -> None:
    giulia = await desk.agent()
    answer = await giulia.http.get("/desk/cerca", params={field: secret})
    assert answer.status_code == 422 and "non si cercano" in answer.text
    assert secret not in answer.text


async def test_conversations_of_nobody_s_are_not_for_agents(desk: Desk) -> None:
    assert (await (await desk.agent()).http.get("/desk/cerca?cosa=assistente")).status_code == 404
    supervisor = await desk.agent("Paola Greco", "supervisore")
    assert (await supervisor.http.get("/desk/cerca?cosa=assistente")).status_code == 200
