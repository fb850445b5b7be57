"""One person stays one, whatever Meta shows of the number and whatever becomes of the ids."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.database import rows
from tests.unit.gateway.doubles import Engine
from tests.unit.gateway.whatsapp import meta as m
from tests.unit.gateway.whatsapp.meta import Meta

PEOPLE = "SELECT user_id, wa_id, mobile FROM whatsapp_people ORDER BY user_id"
OTHER_NUMBER = "393209999999"


async def says(meta: Meta, body: str, user_id: str | None, wa_id: str | None) -> None:
    """A text from somebody of whom Meta shows just this."""
    await meta.say_from([], m.text(body, **{"from_user_id": user_id, "from": wa_id}))


async def conversations(url: str) -> int:
    ((count,),) = await rows(url, "SELECT count(*) FROM conversations")
    return int(count)


async def test_who_shows_no_number_is_served(meta: Meta, engine: Engine, url: str) -> None:
    await says(meta, "ciao", m.USER_ID, None)
    await says(meta, "sono Mario Rossi", m.USER_ID, None)
    assert [turn.mobile for turn in engine.turns] == [None, None]
    assert await rows(url, PEOPLE) == [(m.USER_ID, None, None)]
    assert await conversations(url) == 1


async def test_a_number_that_appears_later_belongs_to_the_same_person(meta: Meta, engine: Engine, url: str) -> None:
    await says(meta, "ciao", m.USER_ID, None)
    await says(meta, "eccomi", m.USER_ID, m.WA_ID)
    await says(meta, "e ora senza", m.USER_ID, None)
    assert [turn.mobile for turn in engine.turns] == [None, "+393201234600", "+393201234600"]
    assert await rows(url, PEOPLE) == [(m.USER_ID, m.WA_ID, "+393201234600")]
    assert await conversations(url) == 1


async def test_a_number_that_changes_belongs_to_the_same_person(meta: Meta, engine: Engine, url: str) -> None:
    await says(meta, "ciao", m.USER_ID, m.WA_ID)
    await says(meta, "ho cambiato numero", m.USER_ID, OTHER_NUMBER)
    assert [turn.mobile for turn in engine.turns] == ["+393201234600", "+393209999999"]
    assert await rows(url, PEOPLE) == [(m.USER_ID, OTHER_NUMBER, "+393209999999")]
    assert await conversations(url) == 1


async def test_who_was_known_by_the_number_gets_the_user_id(meta: Meta, engine: Engine, url: str) -> None:
    await says(meta, "ciao", None, m.WA_ID)
    await says(meta, "eccomi", m.USER_ID, m.WA_ID)
    await says(meta, "di nuovo col solo numero", None, m.WA_ID)
    assert await rows(url, PEOPLE) == [(m.USER_ID, m.WA_ID, "+393201234600")]
    assert await conversations(url) == 1
    assert len(engine.turns) == 3


async def test_a_number_that_somebody_else_has_now_is_a_stranger_to_the_former_owner(
    meta: Meta, engine: Engine, url: str
) -> None:
    await says(meta, "sono il primo", m.USER_ID, m.WA_ID)
    await says(meta, "sono il secondo", "IT.2", m.WA_ID)
    assert await rows(url, PEOPLE) == [(m.USER_ID, None, None), ("IT.2", m.WA_ID, "+393201234600")]
    assert await conversations(url) == 2
    await says(meta, "sono il primo, di nuovo", m.USER_ID, None)
    assert len({turn.conversation_id for turn in engine.turns}) == 2
    assert engine.turns[0].conversation_id == engine.turns[2].conversation_id
    assert engine.turns[2].mobile is None, "nobody is offered a number that is another's"


@pytest.mark.parametrize(
    "change",
    [
        m.message("system", **{"from_user_id": None},
                  system={"type": "user_changed_number", "wa_id": OTHER_NUMBER, "user_id": "IT.99"}),
        m.message("system", **{"from": None},
                  system={"type": "user_changed_user_id", "wa_id": OTHER_NUMBER, "user_id": "IT.99"}),
    ],
)  # fmt: skip
async def test_meta_may_tell_that_somebody_is_known_otherwise_now(
    meta: Meta, engine: Engine, url: str, change: dict[str, Any]
) -> None:
    await says(meta, "ciao", m.USER_ID, m.WA_ID)
    await meta.say_from([], change)
    assert await rows(url, PEOPLE) == [("IT.99", OTHER_NUMBER, "+393209999999")]
    await says(meta, "eccomi", "IT.99", OTHER_NUMBER)
    assert await conversations(url) == 1
    assert [turn.mobile for turn in engine.turns] == ["+393201234600", "+393209999999"]


async def test_a_user_id_that_is_replaced_leads_to_the_same_conversation(meta: Meta, engine: Engine, url: str) -> None:
    await says(meta, "ciao", m.USER_ID, None)
    update = {"user_id": {"previous": m.USER_ID, "current": "IT.99"}, "timestamp": "1780000001"}
    assert (
        await meta.deliver(m.payload({"field": "user_id_update", "value": m.value(user_id_update=[update])}))
    ).status_code == 200
    await meta.settle()
    await says(meta, "eccomi", "IT.99", None)
    assert await conversations(url) == 1
    assert len(engine.turns) == 2


async def test_a_change_of_somebody_unknown_changes_nothing(meta: Meta, url: str) -> None:
    await meta.say_from([], m.message("system", system={"type": "user_changed_number", "wa_id": OTHER_NUMBER}))
    assert await rows(url, PEOPLE) == []


@pytest.mark.parametrize(
    ("wa_id", "mobile"),
    [
        ("393201234600", "+393201234600"),
        ("41791234567", "+41791234567"),
        ("390246810", None),  # a landline with WhatsApp
        ("12345", None),
    ],
)
async def test_only_a_mobile_is_offered_as_a_contact(
    meta: Meta, engine: Engine, url: str, wa_id: str, mobile: str | None
) -> None:
    await says(meta, "ciao", m.USER_ID, wa_id)
    assert [turn.mobile for turn in engine.turns] == [mobile]
    assert await rows(url, PEOPLE) == [(m.USER_ID, wa_id, mobile)]


async def test_the_window_and_what_can_be_read_never_move_back(meta: Meta, url: str) -> None:
    query = "SELECT last_message_id FROM whatsapp_people"
    late, early = m.text("dopo", at=1_780_000_500), m.text("prima", at=1_780_000_100)
    await meta.say(late)
    moment = await rows(url, "SELECT last_inbound_at FROM whatsapp_people")
    await meta.say(early)
    assert await rows(url, query) == [(late["id"],)]
    assert await rows(url, "SELECT last_inbound_at FROM whatsapp_people") == moment
    reaction = m.message("reaction", at=1_780_000_900, reaction={"message_id": "wamid.1"})
    await meta.say(reaction)
    assert await rows(url, query) == [(reaction["id"],)], "a reaction opens the window as well"
