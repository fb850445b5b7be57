"""The gateway's own Italian texts, read from texts.yml."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

Purpose = Literal["password", "verification_code", "tax_code"]
Notice = Literal[
    "password_in_chat",
    "question_hidden",
    "password_not_now",
    "code_not_now",
    "code_malformed",
    "tax_code_not_now",
    "tax_code_malformed",
    "secret_to_person",
]

CHANNELS_WITH_FORMS = frozenset({"web"})


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StepProgress(_Texts):
    """One step's place on the way."""

    current: int
    label: str


class ProgressTexts(_Texts):
    """How many stages the customer sees, and the stage of each step that has one."""

    total: int
    steps: dict[str, StepProgress]


class FailureTexts(_Texts):
    """What is said when a turn could not be answered."""

    text: str
    choice: str


class Watchwords(_Texts):
    """Words of customers that tell what a number or a strange word beside them is."""

    verification_code: frozenset[str]
    tax_code: frozenset[str]
    fields: frozenset[str]
    password: frozenset[str]
    other_numbers: frozenset[str]
    companies: frozenset[str]


class Texts(_Texts):
    """Everything the gateway says itself, and the words it listens for."""

    progress: ProgressTexts
    secret_notes: dict[Purpose | Literal["redacted"], str]
    secret_faults: dict[str, str]
    notices: dict[Notice, str]
    notices_without_forms: dict[Notice, str]
    failure: FailureTexts
    watchwords: Watchwords

    def faults(self, failed_rules: Sequence[str]) -> list[str]:
        """What to say of a secret that breaks these rules; one that has no words counts as too common."""
        rules = [rule for rule in failed_rules if not (rule == "too_common" and "too_personal" in failed_rules)]
        return [self.secret_faults.get(rule, self.secret_faults["too_common"]) for rule in rules]

    def notice(self, name: Notice, channel: str) -> str:
        """What is said on a channel when a message was hidden."""
        return (self.notices if channel in CHANNELS_WITH_FORMS else self.notices_without_forms)[name]


@lru_cache(maxsize=1)
def load_texts() -> Texts:
    """The texts, checked once."""
    content = (Path(__file__).parent / "texts.yml").read_text(encoding="utf-8")
    return Texts.model_validate(yaml.safe_load(content))
