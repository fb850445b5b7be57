"""Writes a customer's WhatsApp message into the conversation, once, with what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from areaclienti.gateway.channels.whatsapp.inbound_texts import Note, inbound_texts
from areaclienti.gateway.channels.whatsapp.meant import choice_meant
from areaclienti.gateway.channels.whatsapp.people import client_address_of
from areaclienti.gateway.cleaning import TextBlank, TextTooLong, clean_text
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.ledger import ChoiceExpired, Intent, Notice
from areaclienti.gateway.secrets import receive_text
from areaclienti.gateway.services import Services
from areaclienti.gateway.session import OPENING


@dataclass(frozen=True)
class Received:
    """A customer's message: `content` as in `inbound.Kind`; `after_silence`: the registration was left for a while."""

    kind: str
    content: dict[str, Any]
    client_id: str
    user_id: str
    after_silence: bool


async def bring_in(served: Services, conversation: Conversation, received: Received) -> None:
    """Write the message and ask for its turn; the same client id again changes nothing.

    The caller holds the conversation's lock. Raises IdentityUnavailable: nothing was written then; ConversationClosed.
    """
    if received.kind == "choice":
        await _choose(served, conversation, received)
    elif received.kind == "media":
        intent = Intent("send_media", {"kind": received.content["media"]})
        note = inbound_texts().notes[received.content["media"]]
        await served.ledger.say(conversation.id, received.client_id, "media", note, intent)
    else:
        await _read(served, conversation, received, received.content["text"])


async def apologise(served: Services, conversation: Conversation, received: Received) -> None:
    """Write that the message could not be used: it held a secret that had nowhere to go. The caller holds the lock."""
    note = served.texts.secret_notes["redacted"]
    answer = Notice(inbound_texts().notices.unavailable)
    await served.ledger.say(conversation.id, received.client_id, "secret", note, answer)


async def _choose(served: Services, conversation: Conversation, received: Received) -> None:
    choice_id, title = received.content["choice_id"], received.content["title"]
    try:
        await served.ledger.choose(conversation.id, received.client_id, choice_id)
        return
    except ChoiceExpired:
        same = await served.ledger.same_choice_now(conversation.id, choice_id)
    if same is not None:  # the question was asked again, and the customer took the older button
        await served.ledger.choose(conversation.id, received.client_id, same)
    elif conversation.last_seq == 0:  # its conversation is over: what the button said opens the next one
        await _read(served, conversation, received, title)
    else:
        answer = Notice(inbound_texts().notices.choice_expired, asks_again=True)
        await served.ledger.say(conversation.id, received.client_id, "choice", _shown(title), answer)


async def _read(served: Services, conversation: Conversation, received: Received, text: str) -> None:
    try:
        text = clean_text(text)
    except TextTooLong:
        await _refuse(served, conversation, received, "too_long")
        return
    except TextBlank:
        await _refuse(served, conversation, received, "blank")
        return
    meant = choice_meant(text, await served.ledger.live_choices(conversation.id))
    if meant is not None:
        await served.ledger.choose(conversation.id, received.client_id, meant)
        return
    address, silence = client_address_of(received.user_id), received.after_silence
    await receive_text(served, conversation, received.client_id, address, text, after_silence=silence)


async def _refuse(served: Services, conversation: Conversation, received: Received, why: Note) -> None:
    """Where nothing was asked yet there is nothing to repeat: the assistant introduces itself."""
    notices = inbound_texts().notices
    answer = Notice(notices.too_long if why == "too_long" else notices.blank, asks_again=True)
    then = answer if conversation.last_seq > 0 else OPENING
    await served.ledger.say(conversation.id, received.client_id, "media", inbound_texts().notes[why], then)


def _shown(title: str) -> str:
    """The title of an old button, as Meta sends it back."""
    try:
        return clean_text(title)
    except ValueError:
        return inbound_texts().notes["other"]
