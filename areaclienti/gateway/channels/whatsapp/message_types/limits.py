"""What the message types share: a text that is measured against its limit."""

from __future__ import annotations

from areaclienti.gateway.channels.whatsapp.characters import length


class OverLimit(ValueError):
    """A message that Meta would refuse; says which part of it, never what it says."""


def within(part: str, text: str, most: int) -> str:
    """The text. Raises OverLimit when it is empty or has more than `most` characters."""
    if not text.strip():
        raise OverLimit(f"{part} is empty")
    if length(text) > most:
        raise OverLimit(f"{part} has more than {most} characters")
    return text
