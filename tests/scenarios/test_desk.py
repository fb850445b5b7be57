"""Conversations that a person is asked into, and their way back to the assistant from every point of every way."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml

from tests.scenarios.customers import make_customer, put_on_file
from tests.scenarios.desk_visitors import DESK_PEOPLE, DeskVisitor, WebVisitor
from tests.scenarios.generate import ways_to_points
from tests.scenarios.model import FOLDER, Scenario
from tests.scenarios.product import SETTINGS
from tests.scenarios.records import Records
from tests.scenarios.theatre import Theatre
from tests.stack import Stack, running_stack

DESK = {
    "desk_lease_seconds": "900",  # an agent of a test is there however slow the machine is
    "code_checks_per_day": "4",  # so that a contact's can be used up
}
WRITTEN = [
    Scenario.model_validate({**data, "source": "desk"})
    for data in yaml.safe_load((FOLDER / "desk.yml").read_text(encoding="utf-8"))
]


def handed_back_from_every_point() -> Iterator[tuple[Scenario, list[str]]]:
    """At each point a person has it; the steps that he may give it back at, the last one first."""
    for name, customer, before, point, _ in ways_to_points():
        asks = {"text": "voglio parlare con una persona", "says": ["utter_handover_requested"], "step": "handover"}
        steps = [step["step"] for step in before if "step" in step]
        scenario = Scenario.model_validate(
            {
                "name": f"handed back at {name}",
                "source": "desk handed back",
                "customer": customer,
                "steps": [*before, asks],
            }
        )
        yield scenario, list(dict.fromkeys([point["step"], *reversed(steps)]))


HANDED_BACK = list(handed_back_from_every_point())


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("desk"), **(SETTINGS | DESK)) as stack:
        yield stack


@pytest.fixture(scope="module")
def theatre(product: Stack, request: pytest.FixtureRequest) -> Iterator[Theatre]:
    theatre = Theatre(product)
    items = [item for item in request.session.items if isinstance(item, pytest.Function) and item.path == request.path]
    chosen = [item.callspec.params.get("scenario") for item in items if hasattr(item, "callspec")]
    theatre.announce([scenario for scenario in chosen if isinstance(scenario, Scenario)])
    yield theatre
    theatre.close()


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("scenario", WRITTEN, ids=lambda scenario: scenario.id)
def test_scenario_with_a_desk(scenario: Scenario, theatre: Theatre) -> None:
    _raise(theatre.outcome(scenario))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("scenario", "steps"), HANDED_BACK, ids=lambda value: getattr(value, "id", ""))
def test_handed_back_the_form_stands_at_the_step_named(
    scenario: Scenario, steps: list[str], theatre: Theatre, product: Stack
) -> None:
    """As the gateway asks the engine, from the last step to the first: each time the form stands there."""
    _raise(theatre.outcome(scenario))
    conversation_id = Records(product).conversation_id(*theatre.found_by(scenario))
    for step in steps:
        entities = {"step": step, "settled": ["question"], "missing": []}
        answer = _hand_back(product, conversation_id, entities)
        said = [message["utterance"] for message in answer["messages"]]
        assert (answer["step"], said[0]) == (step, "utter_hand_back_settled_missing"), steps
        assert "già a posto: la tua domanda." in answer["messages"][0]["text"]
        assert len(said) > 1, "and the question of the step follows"


@pytest.mark.timeout(1200)
def test_no_secret_stands_where_it_may_not(theatre: Theatre) -> None:
    assert theatre.leaks() == []


def _hand_back(product: Stack, conversation_id: str, entities: dict[str, Any]) -> dict[str, Any]:
    body = {
        "conversation_id": conversation_id,
        "message_id": uuid.uuid4().hex,
        "channel": "web",
        "locale": "it",
        "intent": "hand_back",
        "entities": entities,
    }
    key = {"Authorization": f"Bearer {product.keys['engine_key']}"}
    with httpx.Client(transport=httpx.HTTPTransport(retries=3), headers=key, timeout=60) as client:
        url = f"{product.urls.engine}/webhooks/turn/turns"
        try:
            answer = client.post(url, json=body)
        except httpx.TransportError:  # the same again gives the same answer
            answer = client.post(url, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _raise(failure: BaseException | None) -> None:
    if isinstance(failure, AssertionError):
        pytest.fail(str(failure), pytrace=False)
    if failure is not None:
        raise failure


@pytest.mark.timeout(1200)
def test_a_new_contact_asked_for_and_confirmed_finishes_the_registration(product: Stack) -> None:
    """Manual 3c, 5c: who chooses none of the contacts on file gets one with his agency, and types nothing twice."""
    him = make_customer("persona_four_contacts", 19_990)
    asyncio.run(put_on_file(product, [him]))
    new = him.variables["unknown_email"].replace("altrove", "nuovo")
    giulia, marta = (DeskVisitor(product, email) for email in DESK_PEOPLE)
    customer = WebVisitor(product)
    customer.until(step="customer_type")
    customer.presses("Persona", step="name")
    customer.says(him.variables["name"], step="contact")
    customer.says(him.variables["unknown_email"], step="password")
    customer.gives("password", him.variables["password"], step="privacy_notice")
    customer.presses("Ho preso visione", step="recheck")
    customer.presses("È tutto giusto", step="tax_code")
    customer.gives("tax_code", him.variables["codice_fiscale"], step="choose_contact")
    customer.says("posso usare un recapito diverso?", step="choose_contact")
    customer.presses("Richiedi assistenza", step="handover", owner="queued")
    handover = customer.value("SELECT id FROM handovers WHERE conversation_id = ?")
    giulia.until_claimed(handover)
    asked = giulia.post(f"/desk/api/handovers/{handover}/new-contact", json={"contact": new})
    assert asked.json()["outcome"] == "requested", asked.text
    request = customer.value("SELECT id FROM contact_requests WHERE conversation_id = ?")
    decision = {"decisione": "confirm", "motivo": "called_on_file"}
    assert giulia.post(f"/desk/recapiti/{request}/decisione", data=decision).status_code == 403
    assert marta.post(f"/desk/recapiti/{request}/decisione", data=decision).status_code == 303
    customer.until(step="verification_code", owner="bot")
    said = customer.texts()
    assert any("già a posto: il nuovo recapito in Agenzia" in text for text in said), said[-4:]
    customer.gives("verification_code", product.newest_code(to=new, wait_seconds=60), step="done")
    assert new in customer.usernames()
    kept = b"".join(file.read_bytes() for file in product.var.glob("gateway.db*"))
    assert new.encode() not in kept, "the desk, the ledger and its audit hold a mask"


@pytest.mark.timeout(1200)
def test_while_the_assistant_is_down_a_person_comes_and_nothing_is_typed_twice(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """On a product of its own, whose engine is stopped in the midst of a registration."""
    with running_stack(tmp_path_factory.mktemp("down"), **(SETTINGS | DESK)) as product:
        him = make_customer("persona", 19_991)
        asyncio.run(put_on_file(product, [him]))
        giulia, customer = DeskVisitor(product, DESK_PEOPLE[0]), WebVisitor(product)
        customer.until(step="customer_type")
        customer.presses("Persona", step="name")
        customer.says(him.variables["name"], step="contact")
        product.stop("engine")
        customer.says(him.variables["email"], step="contact")
        customer.presses("Parla con una persona", owner="queued")
        handover = customer.value("SELECT id FROM handovers WHERE conversation_id = ?")
        giulia.until_claimed(handover)
        assert giulia.card(handover)["reason"] == "back_end_down"
        sent = giulia.post(f"/desk/api/handovers/{handover}/hand-back", json={"step": "contact"})
        assert sent.status_code == 204, sent.text
        customer.until(step="handover", owner="bot")
        product.start("engine")
        customer.presses("Riprova", step="contact")
        customer.says(him.variables["email"], step="password")
        customer.gives("password", him.variables["password"], step="privacy_notice")
        customer.presses("Ho preso visione", step="verification_code")
        code = product.newest_code(to=him.variables["email"], wait_seconds=60)
        customer.gives("verification_code", code, step="done")
        assert him.variables["email"] in customer.usernames()
        texts = customer.texts()
        assert [text for text in texts if text == him.variables["name"]] == [him.variables["name"]]
