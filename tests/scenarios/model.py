"""What a scenario is: the customer, the steps of in and expected out, and what identity must have recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

FOLDER = Path(__file__).parent
Code = Literal["latest", "previous", "wrong", "expired", "invented"]
ChannelName = Literal["web", "whatsapp"]
CHANNELS: tuple[ChannelName, ...] = get_args(ChannelName)
# What can be sent on WhatsApp instead of a text.
Sent = Literal[
    "audio", "image", "video", "document", "sticker", "location", "contacts", "reaction", "deleted", "edited",
    "unsupported",
]  # fmt: skip
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


INPUTS = {
    "text", "choose", "password", "tax_code", "code", "code_in_chat", "again", "reload", "gone_for_hours", "send",
    "old_choice",
}  # fmt: skip


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Refused(_Data):
    """The gateway takes nothing in and says why."""

    status: int
    code: str
    failed_rules: list[str] = []


class Step(_Data):
    """One thing that the customer does, and what must follow. Without an input: the assistant's opening."""

    text: str | None = None
    choose: str | None = None  # the title of a choice of the newest answer
    password: str | None = None
    tax_code: str | None = None
    code: Code | None = None
    code_in_chat: Code | None = None  # as a plain message
    again: bool = False  # the last input once more, with its own client id
    reload: bool = False  # the page is loaded anew
    gone_for_hours: float | None = None  # away, then back with nothing to say; the gateway's clock is moved for it
    send: Sent | None = None  # something without words
    old_choice: str | None = None  # the title of a choice of an older message

    step: str | None = None
    expects: str | None = None
    says: list[str] = []  # names of utterances, in this order; others may stand between them
    not_says: list[str] = []
    text_has: list[str] = []  # parts of what the customer reads
    notice: str | None = None  # the gateway answers itself, with this text of its own, and the engine is not asked
    slots: dict[str, Any] = {}
    changes: list[str] = []  # the values that this step may change or drop; all others must stay
    refused: Refused | None = None
    silent: bool = False  # nothing is answered, and nothing changes
    on: dict[ChannelName, dict[str, Any]] = {}  # what is done or expected otherwise on a channel

    @model_validator(mode="after")
    def _at_most_one_input(self) -> Self:
        if len(self.inputs) > 1:
            raise ValueError(f"one input a step, not {', '.join(self.inputs)}")
        return self

    @property
    def inputs(self) -> list[str]:
        """The names of the inputs that are given."""
        return [name for name in INPUTS if getattr(self, name) not in (None, False)]

    def as_on(self, channel: ChannelName) -> Step:
        """The step as it is on a channel: another input there takes the place of this one."""
        otherwise = self.on.get(channel, {})
        given = self.model_dump(exclude_unset=True, exclude={"on"})
        if INPUTS & otherwise.keys():
            given = {name: value for name, value in given.items() if name not in INPUTS}
        return Step.model_validate(given | otherwise)

    def told(self) -> str:
        """The step as a person would tell it, for a failure's transcript; placeholders stay, so no secret shows."""
        return " ".join(f"{name}: {str(getattr(self, name))[:60]!r}" for name in self.inputs) or "(opens the chat)"


class IdentityFacts(_Data):
    """What identity's database must hold at the end. Only what is named is checked."""

    accounts: int | None = None  # of this scenario's customer
    username: str | None = None
    verified: str | None = None  # the contact that the right code was sent to
    registrations: list[str] | None = None  # their states, in the order of their beginning
    acknowledged: bool | None = None  # version, SHA-256 and the exact text shown
    challenges: dict[str, int] | None = None  # how many in each state


class Only(_Data):
    """The channel that has what the scenario is about, and why no other has."""

    channel: ChannelName
    because: str = Field(min_length=10)


class Scenario(_Data):
    """One conversation."""

    name: str
    customer: str = "stranger"  # a kind of tests/scenarios/customers.yml
    writes_from: str | None = "{mobile}"  # the number, where the channel shows one; None: it is not visible
    only: Only | None = None
    steps: list[Step] = Field(min_length=1)
    at_most_messages: int | None = None  # of the customer, from the opening to the end
    identity: IdentityFacts = IdentityFacts()
    source: str = ""  # folder and file it comes from

    @property
    def id(self) -> str:
        return f"{self.source}::{self.name}"

    def is_for(self, channel: ChannelName) -> bool:
        """Whether it can be played there."""
        return self.only is None or self.only.channel == channel


def written_scenarios() -> Iterator[Scenario]:
    """The scenarios of the YAML files, by folder and file."""
    for path in sorted(FOLDER.glob("*/*.yml")):
        for data in yaml.safe_load(path.read_text(encoding="utf-8")):
            source = path.relative_to(FOLDER).with_suffix("").as_posix()
            yield Scenario.model_validate({**data, "source": source})


def filled(data: Any, variables: Mapping[str, Any]) -> Any:
    """The data with every `{variable}` that has a value in its place; other braces stay."""
    if isinstance(data, str):
        return _PLACEHOLDER.sub(lambda found: str(variables.get(found[1], found[0])), data)
    if isinstance(data, dict):
        return {key: filled(value, variables) for key, value in data.items()}
    if isinstance(data, list):
        return [filled(item, variables) for item in data]
    return data
