"""What the desk's pages call reasons, steps, checks and states: the words of words.yml, checked against the codes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

Named = dict[str, str]


class HandBackWords(BaseModel):
    """The assistant's first words after a hand-back."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    joined_by: str = Field(alias="and")
    both: str
    only_missing: str
    settled: Named
    missing: Named


class Words(BaseModel):
    """Italian names by code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reasons: Named
    channels: Named
    levels: Named
    states: Named
    presence: Named
    roles: Named
    steps: Named
    outcomes: Named
    settled: Named
    missing: Named
    checks: Named
    failed_checks: list[str]
    check_outcomes: Named
    customer_types: Named
    given: Named
    reveal_reasons: Named
    registrations: Named
    deliveries: Named
    delivery_faults: dict[int, str]
    changes: Named
    hand_back: HandBackWords


@lru_cache(maxsize=1)
def load_words() -> Words:
    """The words, checked once."""
    content = (Path(__file__).parent / "words.yml").read_text(encoding="utf-8")
    return Words.model_validate(yaml.safe_load(content))
