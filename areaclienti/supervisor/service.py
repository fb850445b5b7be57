"""What the supervisor must know about a process: how it starts and how it says that it is ready."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Service:
    """One process of the product.

    `environment` is the whole environment of the process, nothing is added to it. `ready_url` answers 200 once the
    process can do its work. `port_setting` names the environment variable that moves `port`.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    directory: Path
    host: str
    port: int
    port_setting: str
    ready_url: str
