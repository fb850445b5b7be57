"""The words that messages get beside what the ledger says (texts.yml, section outbound)."""

from __future__ import annotations

from functools import lru_cache

from areaclienti.gateway.channels.whatsapp.texts import Section, section
from areaclienti.gateway.channels.whatsapp.titles import Shortening
from areaclienti.gateway.texts import Purpose


class TemplateTexts(Section):
    """A template as it was given to Meta for approval."""

    name: str
    language: str
    category: str
    body: str


class OutboundTexts(Section):
    """Prompts, titles of buttons, the rules for shortening, and the templates."""

    choices_prompt: str
    choices_after_notice: str
    choices_beside_link: str
    link_prompt: str
    numbers_prompt: str
    list_button: str
    list_section: str
    choice_number: str
    privacy_button: str
    secret_buttons: dict[Purpose, str]
    link_life: str
    short_titles: dict[str, str]
    prefixes: tuple[str, ...]
    articles: frozenset[str]
    joiners: frozenset[str]
    templates: dict[str, TemplateTexts]

    @property
    def shortening(self) -> Shortening:
        """The rules for titles."""
        return Shortening(self.short_titles, self.prefixes, self.articles, self.joiners, self.choice_number)


@lru_cache(maxsize=1)
def load_outbound_texts() -> OutboundTexts:
    """The texts, checked once."""
    return section("outbound", OutboundTexts)
