"""The settings that a process of the product is started with, for a command that works beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from areaclienti.settings import GatewaySettings, IdentitySettings
from areaclienti.supervisor.catalogue import environment_of
from areaclienti.supervisor.surroundings import Surroundings, variable


def identity_settings(around: Surroundings) -> IdentitySettings:
    """Identity's. Raises `OperatorProblem` when the keys can't be read, pydantic's ValidationError."""
    return IdentitySettings(_env_file=None, **_given("identity", IdentitySettings.model_fields, around))


def gateway_settings(around: Surroundings) -> GatewaySettings:
    """The gateway's. Raises as `identity_settings`."""
    return GatewaySettings(_env_file=None, **_given("gateway", GatewaySettings.model_fields, around))


def _given(process: str, fields: Iterable[str], around: Surroundings) -> dict[str, Any]:
    values = environment_of(process, around, around.keys())
    given = {name: values[variable(name)] for name in fields if variable(name) in values}
    # As the environment would be read: a list and a mapping are JSON.
    return {name: json.loads(value) if value[:1] in ("[", "{") else value for name, value in given.items()}
