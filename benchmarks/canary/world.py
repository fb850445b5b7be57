"""The product under observation: everything as talkative as it can be, a tap on each link, every file in one folder."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from areaclienti.supervisor.embedded import PORTS
from areaclienti.supervisor.free_ports import free_ports
from benchmarks.canary.office import Office
from benchmarks.canary.people import Person, write_registry_file
from benchmarks.canary.wiretap import Wiretap, listening
from benchmarks.desk.people import ALWAYS_OPEN
from benchmarks.otherwise import Command, started_otherwise
from benchmarks.product import ROOT
from tests.stack import Stack, running_stack

# What each process and its libraries read of the environment to say more.
TALKATIVE: Mapping[str, str] = {
    "LOG_LEVEL": "DEBUG",
    "LOG_LEVEL_LIBRARIES": "DEBUG",
    "LOG_LEVEL_MATPLOTLIB": "DEBUG",
    "LOG_LEVEL_RABBITMQ": "DEBUG",
    "LOG_LEVEL_KAFKA": "DEBUG",
    "UVICORN_LOG_LEVEL": "trace",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONWARNINGS": "default",
}
LINKS = ("gateway-engine", "engine-actions", "actions-identity", "gateway-identity")


def rasa_debug(command: tuple[str, ...]) -> tuple[str, ...]:
    """The engine's command with Rasa's own logging at DEBUG."""
    return (command[0], "-m", "benchmarks.canary.rasa_debug", *command[3:])


@dataclass(frozen=True)
class World:
    """A running product. All that it writes is under `folder`: var, home, tmp; what was tapped is under captures."""

    stack: Stack
    folder: Path
    engine: Wiretap
    actions: Wiretap
    identity: Wiretap
    office: Office
    settings: Mapping[str, str]  # of the product, for its commands

    @property
    def taps(self) -> tuple[Wiretap, ...]:
        return (self.engine, self.actions, self.identity)


@contextlib.contextmanager
def running_world(folder: Path, people: list[Person], **commands: Command) -> Iterator[World]:
    """Start the product with these people on file; `commands` change how a service of that name is started."""
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    engine_tap, actions_tap, identity_tap = free_ports(3)
    for name in ("home", "tmp", "captures"):
        (folder / name).mkdir(parents=True)
    settings = {name: str(port) for name, port in ports.items()} | {
        **{name: value if isinstance(value, str) else json.dumps(value) for name, value in ALWAYS_OPEN.items()},
        # people who do nothing for a while stay, and whoever waits is asked soon whether to be called back
        "desk_lease_seconds": "86400",
        "desk_consultant_seconds": "1",
        "desk_agency_seconds": "2",
        "desk_pool_seconds": "2",
        "desk_errands_seconds": "0.5",
        "engine_url": f"http://127.0.0.1:{engine_tap}",
        "actions_url": f"http://127.0.0.1:{actions_tap}/webhook",
        "identity_url": f"http://127.0.0.1:{identity_tap}",
        "log_level": "DEBUG",
        "demo": "false",
        "start_timeout_seconds": "300",
        "whatsapp_flow_id": "1",
        "whatsapp_flow_private_key_file": str(folder / "var" / "whatsapp-flow.pem"),
    }
    surroundings = {**TALKATIVE, "TMPDIR": str(folder / "tmp"), "SQLITE_TMPDIR": str(folder / "tmp")}
    surroundings |= {"HOME": str(folder / "home"), "PYTHONPATH": str(ROOT)}

    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, surroundings))
        stack.enter_context(started_otherwise(commands))
        _put_on_file(people, folder)
        _run(folder, "whatsapp", "keys")
        captures = folder / "captures"
        engine = Wiretap(engine_tap, ports["engine_port"], lambda _: "gateway-engine", captures)
        actions = Wiretap(actions_tap, ports["actions_port"], lambda _: "engine-actions", captures)
        identity = Wiretap(
            identity_tap, ports["identity_port"], _LinkOfIdentity(folder / "var" / "keys.json"), captures
        )
        stack.enter_context(listening(engine, actions, identity))
        running = stack.enter_context(running_stack(folder / "var", **settings))
        office = Office(running, folder)
        stack.callback(office.close)
        yield World(running, folder, engine, actions, identity, office, {**settings, "var_dir": str(folder / "var")})


class _LinkOfIdentity:
    """Who calls identity is told by the key."""

    def __init__(self, keys_file: Path) -> None:
        self._keys_file = keys_file
        self._key_of_actions = ""

    def __call__(self, headers: Mapping[bytes, bytes]) -> str:
        if not self._key_of_actions:
            self._key_of_actions = json.loads(self._keys_file.read_text(encoding="utf-8"))["identity_actions_key"]
        is_actions = headers.get(b"authorization", b"").decode().removeprefix("Bearer ") == self._key_of_actions
        return "actions-identity" if is_actions else "gateway-identity"


def _put_on_file(people: list[Person], folder: Path) -> None:
    """By the insurer's file and the product's own command, before the product starts."""
    file = folder / "registry.csv"
    write_registry_file(people, file)
    (folder / "var").mkdir()
    _run(folder, "registry", "import", "--strict", str(file))
    file.unlink()  # the insurer's, and no part of the product


def command_of(world: World, *command: str) -> subprocess.CompletedProcess[str]:
    """A command of the product beside it, as an operator gives it."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    settings = {f"AREACLIENTI_{name.upper()}": value for name, value in world.settings.items()}
    return subprocess.run(
        [sys.executable, "-m", "areaclienti", *command],
        cwd=ROOT, env=outside | settings, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def _run(folder: Path, *command: str) -> None:
    """A command of the product, beside it."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("AREACLIENTI_")}
    var = folder / "var"
    with (var / f"{command[0]}-{command[1]}.log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", "areaclienti", *command],
            cwd=ROOT,
            env=outside | {"AREACLIENTI_VAR_DIR": str(var), "AREACLIENTI_LOG_LEVEL": "DEBUG"},
            stdout=log,
            stderr=log,
            check=True,
        )
