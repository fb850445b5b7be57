"""What must hold after every turn of every scenario, whatever was said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from areaclienti.domain.companies import clean_company
from areaclienti.domain.contacts import parse_contact
from areaclienti.domain.names import clean_name
from tests.scenarios.channel import Reply
from tests.scenarios.model import Step

VALUES = ("customer_type", "given_name", "family_name", "company_name", "contact")
REFERENCES = ("password", "verification_code", "tax_code")
# What must be there before the registration may stand at a step; a name is either a person's or a company's.
_DATA = ("customer_type", "name", "contact", "password", "privacy_notice")
NEEDED = {
    "name": _DATA[:1],
    "company_name": _DATA[:1],
    "contact": _DATA[:2],
    "password": _DATA[:3],
    "privacy_notice": _DATA[:4],
    "recheck": _DATA,
    "tax_code": _DATA,
    "choose_contact": _DATA,
    "verification_code": _DATA,
}
SAME_WORDS_TURNS = 3
CLEARED_BY = {"utter_account_created", "utter_account_created_no_mobile", "utter_restarted"}


@dataclass
class Invariants:
    """Follows one conversation."""

    _said: list[set[str]] = field(default_factory=list)
    _values: dict[str, Any] = field(default_factory=dict)

    def check(self, step: Step, reply: Reply, utterances: list[str] | None, slots: dict[str, Any]) -> list[str]:
        """What is broken after this turn; empty when all is well."""
        broken = [*self._silence(reply), *self._same_words(reply), *self._lost_values(step, utterances or [], slots)]
        return [*broken, *_unvalidated(slots), *_gone_on_without(reply.state.get("step"), slots)]

    def _silence(self, reply: Reply) -> list[str]:
        if not reply.messages or any(not message.text.strip() for message in reply.messages):
            return ["the assistant is silent"]
        return ["the turn failed"] if any(message.kind == "failure" for message in reply.messages) else []

    def _same_words(self, reply: Reply) -> list[str]:
        self._said.append({message.text for message in reply.messages})
        if len(self._said) < SAME_WORDS_TURNS:
            return []
        return [f"the same words {SAME_WORDS_TURNS} times in a row: {text[:60]!r}" for text in self._always_said()]

    def _always_said(self) -> set[str]:
        return set.intersection(*self._said[-SAME_WORDS_TURNS:])

    def _lost_values(self, step: Step, utterances: list[str], slots: dict[str, Any]) -> list[str]:
        before, self._values = self._values, {name: slots[name] for name in VALUES if name in slots}
        if CLEARED_BY & set(utterances):
            return []
        lost = [name for name, value in before.items() if slots.get(name) != value and name not in step.changes]
        return [f"the value of {name} is lost" if name not in slots else f"{name} changed unasked" for name in lost]


def _unvalidated(slots: dict[str, Any]) -> list[str]:
    """Values that the form has taken although the domain's rules refuse them, or know them only in another shape."""
    rules = {
        "customer_type": lambda value: value in {"persona", "azienda"},
        "given_name": lambda value: clean_name(value) == value,
        "family_name": lambda value: clean_name(value) == value,
        "company_name": lambda value: clean_company(value) == value,
        "contact": lambda value: parse_contact(value).value == value,
        "chosen_contact": lambda value: value.startswith("cto_"),
        "privacy_notice": lambda value: value is True,
        **dict.fromkeys(REFERENCES, lambda value: value.startswith("vlt_")),
    }
    known = [(name, rule) for name, rule in rules.items() if name in slots]
    return [f"{name} holds an unvalidated value" for name, rule in known if not _holds(rule, slots[name])]


def _holds(rule: Any, value: Any) -> bool:
    try:
        return bool(rule(value))
    except ValueError:
        return False


def _gone_on_without(step: str | None, slots: dict[str, Any]) -> list[str]:
    has = set(slots)
    if "company_name" in slots if slots.get("customer_type") == "azienda" else {"given_name", "family_name"} <= has:
        has.add("name")
    return [f"at {step} without {needed}" for needed in NEEDED.get(step or "", ()) if needed not in has]
