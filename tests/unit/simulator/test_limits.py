"""Every limit of limits.yml: what is at it passes, what is one beyond is refused as the Graph API refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from areaclienti.simulator.errors import ERRORS, Refusal
from areaclienti.simulator.limits import DOCUMENTS, LIMITS
from areaclienti.simulator.pace import PairRate, Throughput
from areaclienti.simulator.phones import Phone
from tests.unit.simulator.conftest import MARIO, Sim

Builder = Callable[[int], dict[str, Any]]
WORD = "parola "


def words(size: int) -> str:
    return (WORD * size)[: size - 1] + "x"


def message(kind: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": MARIO, "type": kind, kind: content} | more


def text(size: int) -> dict[str, Any]:
    return message("text", {"body": words(size)})


def interactive(kind: str, action: dict[str, Any], **parts: int) -> dict[str, Any]:
    sizes = {"body": 4} | parts
    worded: dict[str, Any] = {part: {"text": words(size)} for part, size in sizes.items()}
    if "header" in worded:
        worded["header"]["type"] = "text"
    return message("interactive", {"type": kind, "action": action, **worded})


def buttons(count: int = 1, title: str = "", button_id: str = "", **parts: int) -> dict[str, Any]:
    replies = [{"id": button_id or f"id {number}", "title": title or f"Scelta {number}"} for number in range(count)]
    return interactive("button", {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}, **parts)


def rows(*counts: int, button: str = "Scegli", **parts: int) -> dict[str, Any]:
    sections = [
        {"title": f"Sezione {number}", "rows": [{"id": f"{number}.{row}", "title": "Riga"} for row in range(count)]}
        for number, count in enumerate(counts or (1,))
    ]
    return interactive("list", {"button": button, "sections": sections}, **parts)


def one_row(**row: str) -> dict[str, Any]:
    section = {"rows": [{"id": "a", "title": "Riga"} | row]}
    return interactive("list", {"button": "Scegli", "sections": [section]})


def section_title(size: int) -> dict[str, Any]:
    section = {"title": words(size), "rows": [{"id": "a", "title": "Riga"}]}
    return interactive("list", {"button": "Scegli", "sections": [section]})


def sections(count: int) -> dict[str, Any]:
    # Ten rows in all: one more section has none of its own, which is refused too, but for its number first.
    built = rows(*[1] * min(count, 10))
    listed = built["interactive"]["action"]["sections"]
    listed += [{"title": "Ancora", "rows": []}] * (count - len(listed))
    return built


def cta(label: str = "Apri", **parts: int) -> dict[str, Any]:
    parameters = {"display_text": label, "url": "https://area.example/riservato/x"}
    return interactive("cta_url", {"name": "cta_url", "parameters": parameters}, **parts)


def flow(label: str = "Apri", **parts: int) -> dict[str, Any]:
    parameters = {"flow_message_version": "3", "flow_token": "t", "flow_id": "1", "flow_cta": label}
    return interactive("flow", {"name": "flow", "parameters": parameters}, **parts)


def template(name: str = "ripresa", **parameters: str) -> dict[str, Any]:
    components = [{"type": part, "parameters": [{"type": "text", "text": value}]} for part, value in parameters.items()]
    return message("template", {"name": name, "language": {"code": "it"}, "components": components or [
        {"type": "body", "parameters": [{"type": "text", "text": "x"}]}
    ]})  # fmt: skip


BUILDERS: dict[str, Builder] = {
    "text.body": text,
    "buttons.count": lambda size: buttons(size),
    "buttons.title": lambda size: buttons(title=words(size)),
    "buttons.id": lambda size: buttons(button_id=words(size)),
    "buttons.body": lambda size: buttons(body=size),
    "buttons.header": lambda size: buttons(header=size),
    "buttons.footer": lambda size: buttons(footer=size),
    "list.sections": sections,
    "list.rows": lambda size: rows(size // 2, size - size // 2),
    "list.section_title": section_title,
    "list.row_title": lambda size: one_row(title=words(size)),
    "list.row_description": lambda size: one_row(description=words(size)),
    "list.row_id": lambda size: one_row(id=words(size)),
    "list.button": lambda size: rows(button=words(size)),
    "list.body": lambda size: rows(body=size),
    "list.header": lambda size: rows(header=size),
    "list.footer": lambda size: rows(footer=size),
    "cta.display_text": lambda size: cta(words(size)),
    "cta.body": lambda size: cta(body=size),
    "cta.header": lambda size: cta(header=size),
    "cta.footer": lambda size: cta(footer=size),
    "flow.cta": lambda size: flow(words(size)),
    "flow.body": lambda size: flow(body=size),
    "flow.header": lambda size: flow(header=size),
    "flow.footer": lambda size: flow(footer=size),
    "template.name": lambda size: template(name="n" * size),
    "template.header_parameter": lambda size: template(header=words(size)),
    "template.body_parameter": lambda size: template(body=words(size)),
    "message.callback_data": lambda size: text(4) | {"biz_opaque_callback_data": words(size)},
}
# Not of one message: each has a test of its own below.
OF_TIME = {"window.length", "pair.every", "pair.burst", "throughput.per_second", "typing.shown"}


def test_no_limit_is_without_a_test() -> None:
    assert BUILDERS.keys() | OF_TIME == LIMITS.keys()


@pytest.mark.parametrize("name", BUILDERS)
async def test_a_message_at_the_limit_passes_and_one_beyond_is_refused(sim: Sim, name: str) -> None:
    limit, build = LIMITS[name], BUILDERS[name]
    await sim.says(await sim.phone())
    accepted = await sim.post(build(limit.value))
    assert accepted.status_code == 200, accepted.text
    assert accepted.json()["messages"][0]["id"].startswith("wamid.")
    refused = await sim.post(build(limit.value + 1))
    error = refused.json()["error"]
    assert error.keys() == {"message", "type", "code", "error_data", "fbtrace_id"}
    assert (refused.status_code, error["code"]) == (400, limit.code)
    noted = (await sim.client.get("/refused")).json()["refused"][0]
    assert noted["limit"] == limit.facts()
    assert noted["document"] == limit.document


@pytest.mark.parametrize("limit", LIMITS.values(), ids=list(LIMITS))
def test_every_limit_names_the_document_it_comes_from(limit: Any) -> None:
    assert limit.document.startswith(DOCUMENTS)
    assert len(limit.document) > len(DOCUMENTS)
    assert limit.code is None or limit.code in ERRORS


async def test_the_window_closes_24_hours_after_the_persons_last_message(sim: Sim) -> None:
    user_id = await sim.phone()
    await sim.says(user_id)
    await sim.client.post(f"/phones/{user_id}/clock", json={"hours": 23.9})
    assert (await sim.writes()).status_code == 200
    await sim.client.post(f"/phones/{user_id}/clock", json={"hours": 0.2})
    refused = await sim.writes()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, 131047)
    assert (await sim.post(template())).status_code == 200
    await sim.says(user_id)
    assert (await sim.writes()).status_code == 200


def test_a_pair_gets_a_burst_and_then_one_message_in_six_seconds() -> None:
    now = 1000.0
    rate = PairRate(lambda: now)
    for _ in range(LIMITS["pair.burst"].value):
        rate.take("IT.1")
    with pytest.raises(Refusal) as refused:
        rate.take("IT.1")
    assert refused.value.body()["error"]["code"] == 131056
    rate.take("IT.2")  # another person has a burst of his own
    now += LIMITS["pair.every"].value - 0.01
    with pytest.raises(Refusal):
        rate.take("IT.1")
    now += 0.01
    rate.take("IT.1")
    with pytest.raises(Refusal):
        rate.take("IT.1")
    now += 10_000
    for _ in range(LIMITS["pair.burst"].value):
        rate.take("IT.1")


async def test_the_burst_holds_over_the_api(sim: Sim) -> None:
    await sim.says(await sim.phone())
    answers = [(await sim.writes()).status_code for _ in range(LIMITS["pair.burst"].value + 1)]
    assert answers == [200] * LIMITS["pair.burst"].value + [400]


def test_a_second_has_room_for_so_many_messages_in_and_out() -> None:
    now = 1000.0
    throughput = Throughput(lambda: now)
    throughput.count()
    for _ in range(LIMITS["throughput.per_second"].value - 1):
        throughput.take()
    with pytest.raises(Refusal) as refused:
        throughput.take()
    assert refused.value.body()["error"]["code"] == 130429
    throughput.count()  # what people write is never refused
    now += 1
    throughput.take()


def test_the_dots_end_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("areaclienti.simulator.phones.time.time", lambda: now)
    phone = Phone("IT.1", None, "Anna")
    phone.show_typing()
    now += LIMITS["typing.shown"].value - 0.1
    assert phone.is_typing
    now += 0.2
    assert not phone.is_typing
    phone.show_typing()
    phone.add("business", "wamid.1", {"type": "text", "text": {"body": "Ciao"}})
    assert not phone.is_typing
