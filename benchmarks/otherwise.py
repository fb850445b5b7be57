"""Starts services of the product by other commands than its own: for harnesses and their controls."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from unittest import mock

from areaclienti.supervisor import product
from areaclienti.supervisor.catalogue import services
from areaclienti.supervisor.service import Service

Command = Callable[[tuple[str, ...]], tuple[str, ...]]


def started_otherwise(commands: Mapping[str, Command]) -> contextlib.AbstractContextManager[object]:
    """While the block runs, a product that starts has the named services by the command made of its own."""

    def changed(*arguments: object) -> tuple[Service, ...]:
        made = services(*arguments)  # type: ignore[arg-type]
        return tuple(
            replace(service, command=commands[service.name](service.command)) if service.name in commands else service
            for service in made
        )

    return mock.patch.object(product, "services", changed)


def gateway_made_by(factory: str) -> Command:
    """The gateway's command with another application in its place: `module:function`."""
    return lambda command: tuple(factory if part == "areaclienti.gateway.app:create_app" else part for part in command)
