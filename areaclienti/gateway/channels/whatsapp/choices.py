"""How choices are shown: as buttons, as a list, or with numbers in the text where they are too many or too long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from areaclienti.gateway.channels.whatsapp.characters import clip, length
from areaclienti.gateway.channels.whatsapp.formatting import plain, printable
from areaclienti.gateway.channels.whatsapp.message_types import buttons, text
from areaclienti.gateway.channels.whatsapp.message_types import list as lists
from areaclienti.gateway.channels.whatsapp.outbound_texts import OutboundTexts
from areaclienti.gateway.channels.whatsapp.titles import shorten

_LEAST_BODY = 256  # the question stands right above its choices: whole titles may not take its room


@dataclass(frozen=True)
class Choice:
    """What can be tapped, by the ledger's id."""

    id: str
    title: str


@dataclass(frozen=True)
class Shown:
    """Choices in the one kind of message that holds them, with the titles that are read there."""

    kind: Literal["buttons", "list", "numbers"]
    choices: tuple[Choice, ...]
    titles: tuple[str, ...]
    whole_titles: str  # those that the message has no other place for

    @property
    def room(self) -> int:
        """How many characters the message leaves for its body."""
        most = {"buttons": buttons.BODY, "list": lists.BODY, "numbers": text.BODY}[self.kind]
        return most - (length(self.whole_titles) + 2 if self.whole_titles else 0)

    def as_named(self, body: str) -> str:
        """The body, where it speaks of a choice as «…», with the title that is read on it."""
        for choice, title in zip(self.choices, self.titles, strict=True):
            body = body.replace(f"«{plain(choice.title)}»", f"«{plain(title)}»")
        return body

    def message(self, body: str, texts: OutboundTexts) -> dict[str, Any]:
        """The message object of buttons or a list. Raises OverLimit when the body has no room."""
        body = "\n\n".join(filter(None, (body, self.whole_titles)))
        pairs = [(choice.id, title) for choice, title in zip(self.choices, self.titles, strict=True)]
        if self.kind == "buttons":
            return buttons.buttons(body, pairs)
        rows = [
            lists.Row(choice.id, title, _description(choice.title, title))
            for choice, title in zip(self.choices, self.titles, strict=True)
        ]
        return lists.list_message(body, texts.list_button, texts.list_section, rows)


def show(choices: Sequence[Choice], texts: OutboundTexts) -> Shown:
    """Up to three choices as buttons, up to ten as a list; numbered where there are more, or where the titles that
    buttons and rows can't hold would fill the message.
    """
    cleaned = tuple(Choice(choice.id, " ".join(printable(choice.title).split())) for choice in choices)
    if len(cleaned) <= buttons.BUTTONS:
        shown = _shown("buttons", cleaned, buttons.TITLE, texts)
        if shown.room >= _LEAST_BODY:
            return shown
    if len(cleaned) <= lists.ROWS:
        shown = _shown("list", cleaned, lists.ROW_TITLE, texts)
        if shown.room >= _LEAST_BODY:
            return shown
    numbered = "\n".join(f"{number}. {plain(choice.title)}".strip() for number, choice in enumerate(cleaned, start=1))
    return Shown("numbers", cleaned, tuple(choice.title for choice in cleaned), numbered)


def _shown(kind: Literal["buttons", "list"], choices: tuple[Choice, ...], most: int, texts: OutboundTexts) -> Shown:
    titles = shorten([choice.title for choice in choices], most, texts.shortening)
    missing = [
        f"{plain(title)}: {plain(choice.title)}"
        for choice, title in zip(choices, titles, strict=True)
        if not _says_all(kind, choice.title, title, texts)
    ]
    return Shown(kind, choices, tuple(titles), "\n".join(missing))


def _says_all(kind: str, whole: str, title: str, texts: OutboundTexts) -> bool:
    """Whether nothing of the whole title is lost where this title stands for it."""
    if not whole or whole == title or texts.short_titles.get(whole) == title:
        return True
    return kind == "list" and _description(whole, title) == whole


def _description(whole: str, title: str) -> str | None:
    """What a row says beside its title: the whole title, where that is another, or as many of its words as fit."""
    return None if whole == title else clip(whole, lists.ROW_DESCRIPTION) or None
