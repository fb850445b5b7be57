"""The channel's own Italian texts, read from texts.yml: a section for each part, checked against that part's model."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One part's texts."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SectionType = TypeVar("SectionType", bound=Section)


def section(name: str, model: type[SectionType]) -> SectionType:
    """The section of that name. Raises KeyError when there is none, pydantic's ValidationError when it is not whole."""
    return model.model_validate(_content()[name])


@lru_cache(maxsize=1)
def _content() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "texts.yml").read_text(encoding="utf-8"))
    return content
