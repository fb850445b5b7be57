"""The processes of the product: their commands, and the part of the environment that each may see."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic_settings import BaseSettings

from areaclienti.keys import KEY_NAMES, METAS_KEYS
from areaclienti.settings import (
    GRAPH_API,
    SIMULATED_BUSINESS_NUMBER,
    SIMULATED_PHONE_NUMBER_ID,
    ActionsSettings,
    GatewaySettings,
    IdentitySettings,
    SimulatorSettings,
)
from areaclienti.supervisor.service import Service
from areaclienti.supervisor.surroundings import PREFIX, Surroundings, variable

# Which keys each process is given; contracts.md "Processes, ports, keys".
KEYS_OF: Mapping[str, tuple[str, ...]] = {
    "gateway": ("engine_key", "identity_gateway_key", "desk_key", "metrics_key"),
    "engine": ("engine_key", "actions_key"),
    "actions": ("actions_key", "identity_actions_key"),
    "identity": ("identity_gateway_key", "identity_actions_key", "code_key", "vault_key", "metrics_key"),
    "simulator": METAS_KEYS,
}
_KEYS_OF_WHATSAPP = ("whatsapp_intake_key", *METAS_KEYS)  # the gateway's as well, where it has that channel
_OF_LIVE_WHATSAPP = ("whatsapp_graph_url", "whatsapp_phone_number_id", "whatsapp_business_number")
_SETTINGS_OF: Mapping[str, type[BaseSettings] | None] = {
    "gateway": GatewaySettings,
    "engine": None,
    "actions": ActionsSettings,
    "identity": IdentitySettings,
    "simulator": SimulatorSettings,
}


def services(around: Surroundings, keys: Mapping[str, str]) -> tuple[Service, ...]:
    """Return the processes in the order in which they are stopped: from the customers' side inwards.

    The simulator of WhatsApp is one of them only where the product has that in place of the live service.
    """
    simulator = {"simulator": around.settings.simulator_port} if around.whatsapp == "simulator" else {}
    ports = {
        **simulator,
        "gateway": around.settings.gateway_port,
        "engine": around.settings.engine_port,
        "actions": around.settings.actions_port,
        "identity": around.settings.identity_port,
    }
    commands = {
        "gateway": _uvicorn("areaclienti.gateway.app:create_app", around.settings.host, ports["gateway"]),
        "engine": (str(engine_python(around)), "-m", "engine", "serve", "--port", str(ports["engine"])),
        "actions": (sys.executable, "-m", "areaclienti.supervisor.action_server", "--port", str(ports["actions"])),
        "identity": _uvicorn("areaclienti.identity.app:create_app", "127.0.0.1", ports["identity"]),
        "simulator": _uvicorn("areaclienti.simulator.app:create_app", "127.0.0.1", around.settings.simulator_port),
    }
    ready_paths = {
        "gateway": "/health/ready",
        "engine": "/webhooks/turn/health/ready",
        "actions": "/health",
        "identity": "/health/ready",
        "simulator": "/health/ready",
    }
    hosts = dict.fromkeys(ports, "127.0.0.1") | {"gateway": around.settings.host}
    return tuple(
        Service(
            name=name,
            command=commands[name],
            environment=environment_of(name, around, keys),
            directory=around.root,
            host=hosts[name],
            port=port,
            port_setting=variable(f"{name}_port"),
            ready_url=f"http://{_reachable(hosts[name])}:{port}{ready_paths[name]}",
        )
        for name, port in ports.items()
    )


def environment_of(name: str, around: Surroundings, keys: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process: the operator's, without any setting or key that is not its own."""
    outside = {key: value for key, value in around.environment.items() if not key.startswith(PREFIX)}
    return (
        outside
        | {"PYTHONUNBUFFERED": "1", "RASA_TELEMETRY_ENABLED": "false"}
        | _known_here(around, _fields(name))
        | _given(around, _fields(name), name)
        | {variable(key): keys[key] for key in keys_of(name, around)}
    )


def keys_of(name: str, around: Surroundings) -> tuple[str, ...]:
    """Return the names of the keys that a process is given."""
    has_whatsapp = name == "gateway" and around.whatsapp != "off"
    return KEYS_OF[name] + (_KEYS_OF_WHATSAPP if has_whatsapp else ())


def engine_python(around: Surroundings) -> str:
    """Return the interpreter of Rasa's own environment."""
    return str(around.root / around.settings.engine_python)


def database_url(around: Surroundings, name: Literal["identity", "gateway"]) -> str:
    """Return the SQLAlchemy URL of a service's database: the operator's, or the SQLite file in var/."""
    given = around.environment.get(variable(f"{name}_database_url"))
    return given or f"sqlite+aiosqlite:///{around.var / f'{name}.db'}"


def public_url(around: Surroundings) -> str:
    """Return the address that customers use."""
    return around.settings.public_url or f"http://localhost:{around.settings.gateway_port}"


def _uvicorn(factory: str, host: str, port: int) -> tuple[str, ...]:
    serving = (sys.executable, "-m", "uvicorn", "--factory", factory, "--host", host, "--port", str(port))
    # An open event stream must not hold up the stop. By default uvicorn believes whatever a caller on this machine
    # forwards; the gateway believes the proxies of its settings.
    return (*serving, "--no-access-log", "--no-server-header", "--no-proxy-headers", "--timeout-graceful-shutdown", "2")


def _fields(name: str) -> Iterable[str]:
    settings = _SETTINGS_OF[name]
    if settings is not None:
        return settings.model_fields
    return ("var_dir", "log_level", "engine_port", "engine_database_url", "actions_url")


def _known_here(around: Surroundings, fields: Iterable[str]) -> dict[str, str]:
    """Settings that follow from the ports and from var/, for the processes that read them."""
    settings = around.settings
    derived = {
        "var_dir": str(around.var),
        "identity_port": str(settings.identity_port),
        "gateway_port": str(settings.gateway_port),
        "engine_port": str(settings.engine_port),
        "identity_url": f"http://127.0.0.1:{settings.identity_port}",
        "engine_url": f"http://127.0.0.1:{settings.engine_port}",
        "actions_url": f"http://127.0.0.1:{settings.actions_port}/webhook",
        "public_url": public_url(around),
        "engine_database_url": f"sqlite:///{around.var / 'engine.db'}",
        "identity_database_url": database_url(around, "identity"),
        "gateway_database_url": database_url(around, "gateway"),
        "whatsapp": around.whatsapp,
        "simulator_port": str(settings.simulator_port),
        "whatsapp_webhook_url": f"http://{_reachable(settings.host)}:{settings.gateway_port}/webhooks/whatsapp",
    }
    if around.whatsapp == "simulator":
        derived |= {
            "whatsapp_phone_number_id": SIMULATED_PHONE_NUMBER_ID,
            "whatsapp_business_number": SIMULATED_BUSINESS_NUMBER,
            "whatsapp_graph_url": f"http://127.0.0.1:{settings.simulator_port}/{GRAPH_API.rsplit('/', 1)[1]}",
        }
    return {variable(field): derived[field] for field in fields if field in derived}


def _given(around: Surroundings, fields: Iterable[str], name: str) -> dict[str, str]:
    """The operator's own settings for this process. The engine reads its own by the prefix AREACLIENTI_ENGINE_."""
    # A live account's data in the surroundings are of no use to a product with the simulator, or without WhatsApp.
    not_its = {"var_dir", *KEY_NAMES} if around.whatsapp == "live" else {"var_dir", *KEY_NAMES, *_OF_LIVE_WHATSAPP}
    wanted = {variable(field) for field in fields} - {variable(field) for field in not_its}
    own_prefix = variable(f"{name}_")
    return {
        key: value
        for key, value in around.environment.items()
        if key in wanted or (key.startswith(own_prefix) and not key.endswith("_KEY"))
    }


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::"} else host
