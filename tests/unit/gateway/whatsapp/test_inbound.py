"""Payloads as events: the documented shapes, several at once, who wrote, and whatever else may come.

Shapes: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywa import WhatsApp, types

from areaclienti.gateway.channels.whatsapp.inbound import Event, NotJson, events_in
from areaclienti.gateway.channels.whatsapp.people import Sender
from tests.unit.gateway.whatsapp import meta as m

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SENDER = Sender(m.USER_ID, m.WA_ID)
IMAGE = {"mime_type": "image/jpeg", "sha256": "aGFzaA==", "id": "1003383421387256"}


def parsed(payload: Any) -> list[Event]:
    return events_in(json.dumps(payload).encode(), m.PHONE_NUMBER_ID, NOW)


MESSAGES: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("text", m.text("Ciao"), "text", {"text": "Ciao"}),
    (
        "text that quotes",
        m.text("Sì", context={"from": m.BUSINESS_NUMBER, "id": "wamid.HBgL"}),
        "text",
        {"text": "Sì"},
    ),
    (
        "text from an advertisement",
        m.text("Ciao", referral={"source_type": "ad", "source_id": "1", "source_url": "https://fb.me/x"}),
        "text",
        {"text": "Ciao"},
    ),
    ("button", m.pressed("c1", "Persona"), "choice", {"choice_id": "c1", "title": "Persona"}),
    (
        "row of a list",
        m.pressed("c2", "Azienda", "list_reply"),
        "choice",
        {"choice_id": "c2", "title": "Azienda"},
    ),
    (
        "button of a template",
        m.message("button", button={"payload": "c3", "text": "Continua"}),
        "choice",
        {"choice_id": "c3", "title": "Continua"},
    ),
    (
        "end of a Flow",
        m.message(
            "interactive",
            interactive={
                "type": "nfm_reply",
                "nfm_reply": {"name": "flow", "body": "Sent", "response_json": '{"flow_token": "t", "reference": "r"}'},
            },
        ),
        "silent",
        {},
    ),
    (
        "voice note",
        m.message("audio", audio={"mime_type": "audio/ogg; codecs=opus", "sha256": "x", "id": "1", "voice": True}),
        "media",
        {"media": "audio"},
    ),
    ("picture", m.message("image", image=IMAGE | {"caption": "La mia password"}), "media", {"media": "image"}),
    ("video", m.message("video", video={"mime_type": "video/mp4", "id": "1"}), "media", {"media": "video"}),
    (
        "sticker",
        m.message("sticker", sticker={"mime_type": "image/webp", "id": "1", "animated": False}),
        "media",
        {"media": "sticker"},
    ),
    (
        "document",
        m.message("document", document={"mime_type": "application/pdf", "id": "1", "filename": "carta.pdf"}),
        "media",
        {"media": "document"},
    ),
    (
        "location",
        m.message("location", location={"latitude": 45.46, "longitude": 9.19}),
        "media",
        {"media": "location"},
    ),
    (
        "contacts",
        m.message("contacts", contacts=[{"name": {"formatted_name": "Anna"}, "phones": [{"phone": "+39 055 1"}]}]),
        "media",
        {"media": "contacts"},
    ),
    ("order", m.message("order", order={"catalog_id": "1", "product_items": []}), "media", {"media": "other"}),
    (
        "changed message",
        m.message(
            "edit",
            edit={
                "original_message_id": "wamid.1",
                "message": {"id": "wamid.1", "type": "text", "text": {"body": "Rossi"}},
            },
        ),
        "media",
        {"media": "edited"},
    ),
    (
        "what the API can't hand on (131051)",
        m.message("unsupported", errors=[{"code": 131051, "title": "Message type unknown"}]),
        "media",
        {"media": "other"},
    ),
    (
        "what is not there yet (131060)",
        m.message("unsupported", errors=[{"code": 131060, "title": "This message is unavailable"}]),
        "media",
        {"media": "other"},
    ),
    (
        "a change that the API can't hand on",
        m.message("unsupported", unsupported={"type": "edit"}, errors=[{"code": 131051}]),
        "media",
        {"media": "edited"},
    ),
    ("reaction", m.message("reaction", reaction={"message_id": "wamid.1", "emoji": "👍"}), "silent", {}),
    ("reaction taken back", m.message("reaction", reaction={"message_id": "wamid.1"}), "silent", {}),
    ("deleted message", m.message("revoke", revoke={"original_message_id": "wamid.1"}), "silent", {}),
    (
        "another security code",
        m.message("system", system={"type": "customer_identity_changed", "body": "x"}, identity={"hash": "x"}),
        "silent",
        {},
    ),
    (
        "another number",
        m.message("system", system={"type": "user_changed_number", "body": "x", "wa_id": "393209999999"}),
        "identity",
        {"present": {"user_id": None, "wa_id": "393209999999"}},
    ),
    (
        "another user id",
        m.message("system", system={"type": "user_changed_user_id", "body": "x", "user_id": "IT.99"}),
        "identity",
        {"present": {"user_id": "IT.99", "wa_id": None}},
    ),
]


@pytest.mark.parametrize(("name", "message", "kind", "content"), MESSAGES, ids=[name for name, *_ in MESSAGES])
def test_a_message_is_what_its_document_says(
    name: str, message: dict[str, Any], kind: str, content: dict[str, Any]
) -> None:
    (event,) = parsed(m.of(message))
    assert (event.kind, event.content, event.sender, event.wamid) == (kind, content, SENDER, message["id"])
    assert event.sent_at == datetime.fromtimestamp(1_780_000_000, UTC)


READ_BY_PYWA = [
    ("text", types.Message, lambda seen: seen.text == "Ciao"),
    ("button", types.CallbackButton, lambda seen: (seen.data, seen.title) == ("c1", "Persona")),
    ("row of a list", types.CallbackSelection, lambda seen: (seen.data, seen.title) == ("c2", "Azienda")),
    ("voice note", types.Message, lambda seen: seen.voice is not None),
    ("picture", types.Message, lambda seen: seen.image is not None),
    ("reaction", types.Message, lambda seen: seen.reaction is not None),
    ("deleted message", types.DeletedMessage, lambda seen: seen.original_message_id == "wamid.1"),
    ("changed message", types.EditedMessage, lambda seen: seen.message.text == "Rossi"),
]


@pytest.mark.parametrize(("name", "sort", "is_same"), READ_BY_PYWA, ids=[name for name, *_ in READ_BY_PYWA])
def test_pywa_reads_the_same_in_these_payloads(name: str, sort: type[Any], is_same: Any) -> None:
    message = next(message for its_name, message, *_ in MESSAGES if its_name == name)
    seen = sort.from_update(WhatsApp(phone_id=m.PHONE_NUMBER_ID, token="token"), m.of(message))
    assert is_same(seen)
    assert (seen.from_user.bsuid, seen.from_user.wa_id) == (m.USER_ID, m.WA_ID)


@pytest.mark.parametrize(
    ("fields", "contacts", "sender"),
    [
        ({}, None, SENDER),
        # before user ids were sent
        ({"from_user_id": None}, [{"wa_id": m.WA_ID}], Sender(None, m.WA_ID)),
        ({"from_user_id": None}, [], Sender(None, m.WA_ID)),
        # the number is not visible
        ({"from": None}, [{"user_id": m.USER_ID}], Sender(m.USER_ID, None)),
        ({"from": None, "from_user_id": None}, [{"user_id": m.USER_ID}], Sender(m.USER_ID, None)),
        ({"from": "", "from_user_id": m.USER_ID}, [], Sender(m.USER_ID, None)),
        ({"from": m.USER_ID, "from_user_id": None}, [], Sender(m.USER_ID, None)),
        # several contacts: each message has its own
        (
            {"from_user_id": None},
            [{"wa_id": "393330000000", "user_id": "IT.7"}, {"wa_id": m.WA_ID, "user_id": m.USER_ID}],
            SENDER,
        ),
        ({"from_user_id": None}, [{"wa_id": "393330000000"}, {"wa_id": "393330000001"}], Sender(None, m.WA_ID)),
        # what stands there but can't be one
        ({"from": "+39 320", "from_user_id": "🙂"}, [{"wa_id": 393201234600, "user_id": "IT.1"}], Sender("IT.1", None)),
    ],
)
def test_who_wrote_is_told_by_id_number_or_both(
    fields: dict[str, Any], contacts: list[dict[str, Any]] | None, sender: Sender
) -> None:
    (event,) = parsed(m.payload(m.change([m.text("Ciao", **fields)], contacts=contacts)))
    assert event.sender == sender


def test_every_entry_change_message_status_and_error_is_read() -> None:
    payload = {
        "object": "whatsapp_business_account",
        "entry": [
            {
                "id": "1",
                "changes": [
                    m.change([m.text("uno"), m.text("due")], [m.status("wamid.a", "sent")]),
                    m.change([m.text("tre")], errors=[{"code": 130429, "title": "Rate limit hit"}]),
                ],
            },
            {"id": "2", "changes": [m.change([], [m.status("wamid.a", "read"), m.status("wamid.b", "failed")])]},
            {"id": "3", "changes": [{"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}]},
        ],
    }
    events = parsed(payload)
    assert [event.content["text"] for event in events if event.kind == "text"] == ["uno", "due", "tre"]
    assert [event.content["status"] for event in events if event.kind == "status"] == ["sent", "read", "failed"]
    assert [event.content["codes"] for event in events if event.kind == "failure"] == [[130429]]
    assert [event.kind for event in events].count("odd") == 1
    assert len({event.id for event in events}) == len(events) == 8


def test_a_status_carries_what_was_sent_along_and_the_error() -> None:
    error = {"code": 131047, "title": "Re-engagement message"}
    given_status = m.status("wamid.a", "failed", errors=[error], biz_opaque_callback_data="17")
    (event,) = parsed(m.payload(m.change([], [given_status])))
    assert event.content == {"wamid": "wamid.a", "status": "failed", "error_code": 131047, "callback_data": "17"}


def test_a_new_user_id_says_which_one_it_replaces() -> None:
    update = {
        "wa_id": "393209999999",
        "user_id": {"previous": m.USER_ID, "current": "IT.99"},
        "timestamp": "1780000000",
    }
    value = m.value(user_id_update=[update])
    (event,) = parsed(m.payload({"field": "user_id_update", "value": value}))
    assert (event.kind, event.sender) == ("identity", Sender(m.USER_ID, None))
    assert event.content == {"present": {"user_id": "IT.99", "wa_id": "393209999999"}}


def test_an_event_has_one_id_whatever_it_is_delivered_with() -> None:
    message, status = m.text("Ciao"), m.status("wamid.a", "sent")
    alone = {event.id for event in [*parsed(m.of(message)), *parsed(m.payload(m.change([], [status])))]}
    reordered = dict(reversed(list(status.items())))
    together = parsed(
        m.payload(m.change([m.text("Altro")]), m.change([dict(reversed(list(message.items())))], [reordered]))
    )
    assert alone < {event.id for event in together}
    assert parsed(m.payload(m.change([], [status | {"status": "read"}])))[0].id not in alone


@pytest.mark.parametrize(
    "elsewhere",
    [
        m.payload(m.change([m.text("Ciao")], metadata={"phone_number_id": "999"})),
        m.of(m.text("Ciao", group_id="Y2FwaV9ncm91cDox")),
    ],
    ids=["another number", "a group"],
)
def test_what_is_not_for_us_alone_is_not_read(elsewhere: dict[str, Any]) -> None:
    (event,) = parsed(elsewhere)
    assert (event.kind, event.content, event.sender) == ("elsewhere", {}, None)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        [],
        7,
        None,
        "wamid.x",
        {"object": "page", "entry": [{"messaging": []}]},
        {"object": "whatsapp_business_account", "entry": []},
        {"object": "whatsapp_business_account", "entry": [7]},
        m.payload(),
        m.payload({"field": "messages", "value": {}}),
        m.payload({"field": "messages"}),
        m.payload(m.change([], metadata={"phone_number_id": m.PHONE_NUMBER_ID})),
        m.of(m.message("text", text={"body": 7})),
        m.of(m.message("text", text=None)),
        m.of(m.message("poll", poll={"options": []})),
        m.of(m.message("interactive", interactive={"type": "star_reply"})),
        m.of(m.text("Ciao", id=None)),
        m.of(m.text("Ciao", wamid="a\x00b")),
        m.of(m.text("Ciao", wamid="x" * 257)),
        m.payload(m.change([m.text("Ciao", **{"from": None, "from_user_id": None})], contacts=[])),
        m.payload(m.change([7, "x"])),
        m.payload(m.change([], [m.status("", "sent")])),
        m.payload(m.change([], [m.status("wamid.a", "sent") | {"status": None}])),
        m.payload({"field": "user_id_update", "value": m.value(user_id_update=[{"user_id": {"current": "IT.9"}}])}),
    ],
)
def test_an_unknown_shape_is_kept_as_it_came(odd: Any) -> None:
    events = parsed(odd)
    assert events
    assert {event.kind for event in events} == {"odd"}
    assert all("raw" in event.content for event in events)


@pytest.mark.parametrize("at", ["", "soon", "-1", "99999999999999", None, 1_780_000_000, "٣", []])
def test_a_moment_that_cannot_be_read_is_that_of_arrival(at: Any) -> None:
    (event,) = parsed(m.of(m.text("Ciao") | {"timestamp": at}))
    assert event.sent_at == NOW


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a":' + b"9" * 5_000 + b"}"])
def test_what_is_no_json_is_said_so(body: bytes) -> None:
    with pytest.raises(NotJson):
        events_in(body, m.PHONE_NUMBER_ID, NOW)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def nearly_right(draw: st.DrawFn) -> Any:
    """A payload of the documented shapes in which something is anything."""
    payload = json.loads(json.dumps(m.payload(m.change([draw(st.sampled_from(MESSAGES))[1]], [m.status("a", "sent")]))))
    place: Any = payload
    while True:
        key = draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.integers(0, 4)) == 0:
            place[key] = draw(anything)
            return payload
        place = place[key]


@given(anything | nearly_right())
def test_any_json_becomes_events_that_can_be_kept(payload: Any) -> None:
    body = json.dumps(payload).encode()
    events = events_in(body, m.PHONE_NUMBER_ID, NOW)
    assert events
    assert events == events_in(body, m.PHONE_NUMBER_ID, NOW) or "NaN" in body.decode()
    for event in events:
        json.dumps(event.content).encode("ascii")
        assert len(event.id) == 64
        assert event.sender is None or (
            event.sender.key and len(event.sender.key) <= 140 and event.sender.key.isascii()
        )
