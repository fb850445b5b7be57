"""pywa as the second opinion: the request that it would send for the same message."""

from __future__ import annotations

import json
from typing import Any

import httpx
from pywa import WhatsApp
from pywa.types import Button, FlowButton, Section, SectionList, SectionRow, URLButton
from pywa.types.flows import FlowActionType
from pywa.types.templates import TemplateLanguage

PHONE_NUMBER_ID = "100000000000001"


class Pywa:
    """A client of pywa whose requests go nowhere and are read."""

    def __init__(self) -> None:
        self._requests: list[dict[str, Any]] = []
        session = httpx.Client(transport=httpx.MockTransport(self._answer), base_url="https://graph.facebook.com")
        self._client = WhatsApp(phone_id=PHONE_NUMBER_ID, token="token", session=session)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self._requests.append(json.loads(request.content))
        contacts = [{"input": "393331234567", "wa_id": "393331234567"}]
        return httpx.Response(200, json={"contacts": contacts, "messages": [{"id": "wamid.X"}], "success": True})

    def same(self, to: str, message: dict[str, Any], tracker: str) -> dict[str, Any]:
        """What pywa sends for this message object to this receiver."""
        self._requests.clear()
        if message["type"] == "text":
            self._client.send_message(to, message["text"]["body"], tracker=tracker)
        elif message["type"] == "template":
            language = TemplateLanguage(message["template"]["language"]["code"])
            self._client.send_template(to, message["template"]["name"], language, [], tracker=tracker)
        else:
            interactive = message["interactive"]
            buttons = _buttons(interactive)
            self._client.send_message(to, interactive["body"]["text"], buttons=buttons, tracker=tracker)
        return self._requests[-1]

    def typing(self, message_id: str) -> dict[str, Any]:
        """What pywa sends to show that an answer is being written."""
        self._requests.clear()
        self._client.indicate_typing(message_id)
        return self._requests[-1]


def _buttons(interactive: dict[str, Any]) -> Any:
    action = interactive["action"]
    if interactive["type"] == "button":
        return [Button(button["reply"]["title"], button["reply"]["id"]) for button in action["buttons"]]
    if interactive["type"] == "cta_url":
        return URLButton(action["parameters"]["display_text"], action["parameters"]["url"])
    if interactive["type"] == "flow":
        parameters = action["parameters"]
        return FlowButton(
            title=parameters["flow_cta"],
            flow_id=parameters["flow_id"],
            flow_token=parameters["flow_token"],
            flow_action_type=FlowActionType.DATA_EXCHANGE,
        )
    sections = [
        Section(
            section["title"], [SectionRow(row["title"], row["id"], row.get("description")) for row in section["rows"]]
        )
        for section in action["sections"]
    ]
    return SectionList(action["button"], sections)
