"""Makes WhatsApp messages of what the ledger gained: one or two for a turn of the assistant, within Meta's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from areaclienti.gateway.channels.whatsapp.characters import ending, length, split
from areaclienti.gateway.channels.whatsapp.choices import Choice, Shown, show
from areaclienti.gateway.channels.whatsapp.formatting import plain, printable
from areaclienti.gateway.channels.whatsapp.message_types import cta, text
from areaclienti.gateway.channels.whatsapp.outbound_texts import OutboundTexts
from areaclienti.gateway.channels.whatsapp.titles import shorten
from areaclienti.gateway.ledger import CHOICES_OF
from areaclienti.gateway.one_time import PURPOSES
from areaclienti.gateway.texts import Purpose

NOTICE_PATH = "/informativa-privacy"


@dataclass(frozen=True)
class Line:
    """One line of the ledger."""

    seq: int
    author: str
    text: str
    choices: tuple[Choice, ...] = ()
    card: dict[str, Any] | None = None


@dataclass(frozen=True)
class Stand:
    """Where the conversation stands: what it waits for, and since which line its choices live."""

    expects: str
    choices_from: int


@dataclass(frozen=True)
class Rendered:
    """One message without its receiver. `needs_link`: its content is `{"body": …}`, and only at the sending the page or
    the form is put to it on which that secret can be given.
    """

    kind: str
    content: dict[str, Any]
    needs_link: Purpose | None = None


@dataclass(frozen=True)
class _Link:
    title: str
    url: str


class Rendering:
    """How messages are made in one installation: under its address, with one-time links that live so long."""

    def __init__(self, texts: OutboundTexts, public_url: str, link_seconds: int) -> None:
        self._texts = texts
        self._address = public_url.rstrip("/")
        self.link_life = texts.link_life.format(minutes=max(round(link_seconds / 60), 1))

    def render(self, lines: Sequence[Line], stand: Stand) -> list[Rendered]:
        """The messages for these lines of the ledger, in order; none where nothing is said to the customer.

        What the customer wrote is left out, and so are choices that died. The last link is a button; others, and links
        for which two messages have no room, stand in the text.
        """
        said = [line for line in lines if line.author != "customer"]
        if not said:
            return []
        choices = live_choices(said, stand)
        links = [*dict.fromkeys(link for line in said if (link := self._link(line.card)))]
        secret = PURPOSES[stand.expects] if stand.expects.startswith("secret:") else None
        button = links.pop() if links and not (secret and choices) else None
        paragraphs = [line.text for line in said] + [f"{link.title}: {link.url}" for link in links]
        body = "\n\n".join(filter(None, (plain(printable(paragraph)).strip() for paragraph in paragraphs)))
        shown = show(choices, self._texts) if choices else None
        return self._compose(shown.as_named(body) if shown else body, button, secret, shown)

    def _compose(self, body: str, link: _Link | None, secret: Purpose | None, shown: Shown | None) -> list[Rendered]:
        if link is None and secret is None:
            return self._with_choices(body, shown) if shown else _texts(body)
        room = cta.BODY - (length(self.link_life) + 2 if secret else 0)
        before, last = ending(body, room)
        messages = _texts(before)
        if link is not None:
            title = shorten([link.title], cta.TITLE, self._texts.shortening)[0]
            messages.append(Rendered("cta", cta.cta(last or self._texts.link_prompt, title, link.url)))
            last = ""
        if secret is not None:
            messages.append(Rendered("secret", {"body": last or self._texts.link_prompt}, secret))
        if shown is not None:
            messages += self._with_choices(self._prompt_beside(link), shown)
        return messages

    def _prompt_beside(self, link: _Link | None) -> str:
        """What is said above choices whose question stands above the link before them."""
        if link is None:
            return self._texts.choices_prompt
        is_notice = link.url == self._address + NOTICE_PATH
        return self._texts.choices_after_notice if is_notice else self._texts.choices_beside_link

    def _with_choices(self, body: str, shown: Shown) -> list[Rendered]:
        """The body, its last part with the choices."""
        if shown.kind == "numbers":
            return _texts("\n\n".join(filter(None, (body, shown.whole_titles, self._texts.numbers_prompt))))
        before, last = ending(body, shown.room)
        message = shown.message(last or self._texts.choices_prompt, self._texts)
        return [*_texts(before), Rendered(shown.kind, message)]

    def _link(self, card: dict[str, Any] | None) -> _Link | None:
        match card:
            case {"type": "privacy_notice"}:
                return _Link(self._texts.privacy_button, self._address + NOTICE_PATH)
            case {"type": "link", "url": str(url), "title": str(title)}:
                return _Link(title, url if url.startswith(("https://", "http://")) else self._address + url)
        return None


def live_choices(lines: Sequence[Line], stand: Stand) -> list[Choice]:
    """The choices of these lines that can still be taken."""
    offered = [line for line in lines if line.author in CHOICES_OF and line.seq >= stand.choices_from]
    return [*dict.fromkeys(choice for line in offered for choice in line.choices)]


def _texts(body: str) -> list[Rendered]:
    return [Rendered("text", text.text(piece)) for piece in split(body, text.BODY)]
