"""The ways on which a secret can be given: what is put to a message that asks for one, made at the sending alone."""

from __future__ import annotations

from typing import Any, Protocol

from areaclienti.gateway.channels.whatsapp.message_types.cta import cta
from areaclienti.gateway.channels.whatsapp.message_types.flow import flow
from areaclienti.gateway.channels.whatsapp.outbound_texts import OutboundTexts
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.one_time import PURPOSES, Link, OneTimeLinks
from areaclienti.gateway.texts import Purpose


class SecretWay(Protocol):
    """A page, or a form inside WhatsApp."""

    async def message(self, conversation: Conversation, purpose: Purpose, body: str) -> dict[str, Any] | None:
        """The message object that says `body` and opens this way; None where this secret is not due any more.

        Raises ConversationClosed when the conversation was erased.
        """


class PageWay:
    """The one-time page, behind a button."""

    def __init__(self, links: OneTimeLinks, texts: OutboundTexts, link_life: str) -> None:
        self._links = links
        self._texts = texts
        self._link_life = link_life

    async def message(self, conversation: Conversation, purpose: Purpose, body: str) -> dict[str, Any] | None:
        link = await _link(self._links, conversation, purpose)
        if link is None:
            return None
        return cta(f"{body}\n\n{self._link_life}", self._texts.secret_buttons[purpose], link.url)


class FlowWay:
    """A WhatsApp Flow: its token is a one-time link's, so that it is as good, and for as long."""

    def __init__(self, links: OneTimeLinks, texts: OutboundTexts, link_life: str, flow_id: str) -> None:
        self._links = links
        self._texts = texts
        self._link_life = link_life
        self._flow_id = flow_id

    async def message(self, conversation: Conversation, purpose: Purpose, body: str) -> dict[str, Any] | None:
        link = await _link(self._links, conversation, purpose)
        if link is None:
            return None
        said = f"{body}\n\n{self._link_life}"
        return flow(said, self._texts.secret_buttons[purpose], self._flow_id, link.token)


async def _link(links: OneTimeLinks, conversation: Conversation, purpose: Purpose) -> Link | None:
    return await links.link_for(conversation) if PURPOSES.get(conversation.expects) == purpose else None
