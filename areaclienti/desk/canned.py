"""The ready-made replies that agents find with "/", read from canned.yml."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter


class CannedReply(BaseModel):
    """A reply with blanks in braces ({agente}, {consulente}, {agenzia}), which the page fills in or shows as blanks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    keywords: str
    text: str


@lru_cache(maxsize=1)
def load_canned() -> Sequence[CannedReply]:
    """All of them, in the order in which they are offered."""
    content = (Path(__file__).parent / "canned.yml").read_text(encoding="utf-8")
    return TypeAdapter(list[CannedReply]).validate_python(yaml.safe_load(content))
