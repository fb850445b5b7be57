"""Reads a JSON object field by field; what is missing, too long, unknown or of a wrong type is refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from areaclienti.simulator.errors import Refusal, beyond


class Node:
    """A JSON object and where it stands in the request.

    Every method raises `Refusal`: 131008 for a required field that isn't there, 100 for one of a wrong type, the
    limit's own code for what goes beyond it.
    """

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, Mapping):
            raise Refusal(100, f"Param {path or 'body'} must be a JSON object.")
        self._value = value
        self._path = path
        self._asked: set[str] = set()

    def text(self, key: str, limit: str | None = None) -> str:
        """A string that isn't blank and isn't longer than its limit."""
        value = self._required(key)
        if not isinstance(value, str):
            raise Refusal(100, f"Param {self._at(key)} must be a string.")
        if not value.strip():
            raise Refusal(131009, f"Param {self._at(key)} must not be empty.")
        if limit is not None:
            self.within(limit, len(value), key)
        return value

    def optional_text(self, key: str, limit: str | None = None) -> str | None:
        """As `text`, or None where the field isn't there."""
        return self.text(key, limit) if self.has(key) else None

    def one_of(self, key: str, *options: str) -> str:
        """A string that is one of these."""
        value = self.text(key)
        if value not in options:
            raise Refusal(100, f"Param {self._at(key)} must be one of {{{', '.join(options)}}}.")
        return value

    def flag(self, key: str) -> None:
        """A boolean that may be left out."""
        if self.has(key) and not isinstance(self._value[key], bool):
            raise Refusal(100, f"Param {self._at(key)} must be a boolean.")

    def object(self, key: str) -> Node:
        """An object that must be there."""
        return Node(self._required(key), self._at(key))

    def any_object(self, key: str) -> None:
        """An object of the sender's own, which may be left out and isn't looked into."""
        if self.has(key) and not isinstance(self._value[key], Mapping):
            raise Refusal(100, f"Param {self._at(key)} must be a JSON object.")

    def objects(self, key: str, limit: str | None = None) -> list[Node]:
        """A list of at least one object, and of no more than its limit."""
        value = self._required(key)
        if not isinstance(value, list):
            raise Refusal(100, f"Param {self._at(key)} must be an array.")
        if not value:
            raise Refusal(131009, f"Param {self._at(key)} must have at least one entry.")
        if limit is not None:
            self.within(limit, len(value), key)
        return [Node(entry, f"{self._at(key)}[{index}]") for index, entry in enumerate(value)]

    def has(self, key: str) -> bool:
        """Whether the field is there; it counts as known from now on."""
        self._asked.add(key)
        return self._value.get(key) is not None

    def end(self) -> None:
        """Refuse what nobody asked for: Graph knows its parameters."""
        for key in self._unknown():
            raise Refusal(100, f'Unexpected key "{key}" on param "{self._path or "body"}".')

    def within(self, limit: str, size: int, key: str) -> None:
        """Refuse a size beyond the limit of that name."""
        refusal = beyond(limit, f"Param {self._at(key)} is beyond its limit.")
        assert refusal.limit is not None
        if size > refusal.limit.value:
            raise beyond(limit, f"Param {self._at(key)} has {size} {refusal.limit.unit}, max {refusal.limit.value}.")

    def _required(self, key: str) -> Any:
        if not self.has(key):
            raise Refusal(131008, f"Parameter {self._at(key)} is required.")
        return self._value[key]

    def _unknown(self) -> Iterator[str]:
        return (key for key in self._value if key not in self._asked)

    def _at(self, key: str) -> str:
        return f"{self._path}['{key}']" if self._path else key
