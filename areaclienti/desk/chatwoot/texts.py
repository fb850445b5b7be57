"""What agents read at Chatwoot, in Italian, and the labels that mean something, read from texts.yml."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from areaclienti.desk.operations import OUTCOMES, SETTLED
from areaclienti.gateway.engine_client import HandoverReason, Step


class _Texts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Labels(_Texts):
    """Labels of a conversation at Chatwoot: those that we put, and those that agents put before they resolve it."""

    reasons: Mapping[HandoverReason, str]
    called_back: str
    hand_back: str
    resume: Mapping[str, Step]
    settled: Mapping[str, str]
    outcomes: Mapping[str, str]

    @model_validator(mode="after")
    def _mean_something(self) -> Labels:
        if not (set(self.settled.values()) <= set(SETTLED) and set(self.outcomes.values()) <= set(OUTCOMES)):
            raise ValueError("a label stands for what the desk does not know")
        return self

    @property
    def of_agents(self) -> frozenset[str]:
        """What agents tell by them is said once: a new handover begins without them."""
        return frozenset({self.hand_back, *self.resume, *self.settled, *self.outcomes})

    @property
    def all(self) -> list[str]:
        """Every label, as Chatwoot's settings must have it for agents to see."""
        return sorted({*self.of_agents, *self.reasons.values(), self.called_back})


class Ending(_Texts):
    """What an agent's resolving means: back to the assistant (`step` None: where it stood), or the end (`outcome`)."""

    outcome: str | None = None
    step: Step | None = None
    settled: tuple[str, ...] = ()


class Texts(_Texts):
    """Every text of the connection."""

    contact_name: str
    channels: Mapping[str, str]
    nobody: str
    choices: str
    summary: str
    checks_none: str
    checks: str
    check: str
    summary_unavailable: str
    belongs: str
    belongs_nobody: str
    not_known: str
    called_back: str
    ended: str
    endings: Mapping[str, str]
    ending_other: str
    refused: Mapping[str, str]
    reasons: Mapping[HandoverReason, str]
    steps: Mapping[str, str]
    checks_made: Mapping[str, str]
    outcomes: Mapping[str, str]
    labels: Labels

    def ending(self, labels: Collection[str]) -> Ending:
        """What it means that an agent resolved the conversation with these labels."""
        settled = tuple(sorted({code for label, code in self.labels.settled.items() if label in labels}))
        for label, step in self.labels.resume.items():
            if label in labels:
                return Ending(step=step, settled=settled)
        if self.labels.hand_back in labels:
            return Ending(settled=settled)
        outcomes = (outcome for label, outcome in self.labels.outcomes.items() if label in labels)
        return Ending(outcome=next(outcomes, "solved"))


@lru_cache(maxsize=1)
def load_texts() -> Texts:
    """The texts, checked once."""
    content = (Path(__file__).parent / "texts.yml").read_text(encoding="utf-8")
    return Texts.model_validate(yaml.safe_load(content))
