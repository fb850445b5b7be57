"""What each process is started with: its own settings and keys, never another's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from areaclienti.keys import KEY_NAMES, METAS_KEYS, load_or_make_keys
from areaclienti.settings import GatewaySettings
from areaclienti.supervisor.catalogue import database_url, environment_of, services
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import PREFIX, Surroundings, find_surroundings

KEYS = {name: f"secret of {name}" for name in KEY_NAMES}


def around(tmp_path: Path, **settings: str) -> Surroundings:
    given = {f"AREACLIENTI_{name.upper()}": value for name, value in settings.items()}
    return find_surroundings({"PATH": "/bin", "AREACLIENTI_VAR_DIR": str(tmp_path)} | given)


@pytest.mark.parametrize(
    ("name", "its_keys"),
    [
        (
            "gateway",
            {"engine_key", "identity_gateway_key", "desk_key", "metrics_key", "whatsapp_intake_key", *METAS_KEYS},
        ),
        ("engine", {"engine_key", "actions_key"}),
        ("actions", {"actions_key", "identity_actions_key"}),
        ("identity", {"identity_gateway_key", "identity_actions_key", "code_key", "vault_key", "metrics_key"}),
        ("simulator", set(METAS_KEYS)),
    ],
)
@pytest.mark.parametrize("whatsapp", ["off", "simulator", "live"])
def test_each_process_gets_its_own_keys_alone(tmp_path: Path, name: str, its_keys: set[str], whatsapp: str) -> None:
    # Keys that the operator set must be handed out as sparingly as those of the file.
    environment = environment_of(name, around(tmp_path, whatsapp=whatsapp, **KEYS), KEYS)
    if whatsapp == "off" and name == "gateway":
        its_keys = {"engine_key", "identity_gateway_key", "desk_key", "metrics_key"}
    assert {key for key in KEY_NAMES if KEYS[key] in environment.values()} == its_keys
    assert {key for key in KEY_NAMES if f"AREACLIENTI_{key.upper()}" in environment} == its_keys


def test_secrets_of_delivery_reach_identity_alone(tmp_path: Path) -> None:
    secrets = {"smtp_url": "smtp://u:p@mail.example", "sms_webhook_token": "t"}
    surroundings = around(tmp_path, **secrets)
    holders = [s.name for s in services(surroundings, KEYS) if set(secrets.values()) & set(s.environment.values())]
    assert holders == ["identity"]


def test_a_moved_port_is_known_to_all_who_call_it(tmp_path: Path) -> None:
    moved = around(
        tmp_path,
        gateway_port="9000",
        identity_port="9001",
        engine_port="9005",
        actions_port="9055",
        simulator_port="9002",
    )
    by_name: Mapping[str, Mapping[str, str]] = {s.name: s.environment for s in services(moved, KEYS)}
    assert by_name["gateway"]["AREACLIENTI_PUBLIC_URL"] == "http://localhost:9000"
    assert by_name["gateway"]["AREACLIENTI_ENGINE_URL"] == "http://127.0.0.1:9005"
    assert by_name["gateway"]["AREACLIENTI_IDENTITY_URL"] == "http://127.0.0.1:9001"
    assert by_name["actions"]["AREACLIENTI_IDENTITY_URL"] == "http://127.0.0.1:9001"
    assert by_name["engine"]["AREACLIENTI_ACTIONS_URL"] == "http://127.0.0.1:9055/webhook"
    assert {s.name: s.port for s in services(moved, KEYS)} == {
        "gateway": 9000,
        "identity": 9001,
        "engine": 9005,
        "actions": 9055,
        "simulator": 9002,
    }


@pytest.mark.parametrize("whatsapp", ["off", "live"])
def test_the_simulator_runs_only_in_place_of_the_live_service(tmp_path: Path, whatsapp: str) -> None:
    assert "simulator" in {s.name for s in services(around(tmp_path, whatsapp="simulator"), KEYS)}
    assert "simulator" not in {s.name for s in services(around(tmp_path, whatsapp=whatsapp), KEYS)}


def test_the_databases_are_in_var_unless_the_operator_says_otherwise(tmp_path: Path) -> None:
    assert database_url(around(tmp_path), "gateway") == f"sqlite+aiosqlite:///{tmp_path}/gateway.db"
    url = "postgresql+asyncpg://u@db/x"
    own = around(tmp_path, identity_database_url=url)
    assert database_url(own, "identity") == url
    assert environment_of("identity", own, KEYS)["AREACLIENTI_IDENTITY_DATABASE_URL"] == url
    assert url not in environment_of("gateway", own, KEYS).values()


def test_a_setting_that_cannot_be_understood_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(OperatorProblem, match="AREACLIENTI_GATEWAY_PORT") as caught:
        around(tmp_path, gateway_port="eighty")
    assert "eighty" not in str(caught.value)


def test_an_operators_key_wins_over_the_file(tmp_path: Path) -> None:
    in_file = load_or_make_keys(tmp_path / "keys.json")
    keys = around(tmp_path, code_key="from the operator").keys()
    assert keys == in_file | {"code_key": "from the operator"}


@pytest.mark.parametrize(
    ("settings", "whatsapp"),
    [
        ({}, "simulator"),
        ({"delivery": "live"}, "off"),
        ({"delivery": "live", "whatsapp": "simulator"}, "simulator"),
        ({"whatsapp": "off"}, "off"),
    ],
)
def test_whatsapp_is_simulated_where_nothing_is_really_sent(
    tmp_path: Path, settings: dict[str, str], whatsapp: str
) -> None:
    assert around(tmp_path, **settings).whatsapp == whatsapp


def test_the_simulator_and_the_gateway_share_what_belongs_to_no_live_account(tmp_path: Path) -> None:
    live = {name: f"live {name}" for name in METAS_KEYS} | {
        "whatsapp_graph_url": "https://graph.facebook.com/v23.0",
        "whatsapp_phone_number_id": "4242",
    }
    surroundings = around(tmp_path, simulator_port="9002", gateway_port="9000", **live)
    keys = surroundings.keys()
    gateway, simulator = (environment_of(name, surroundings, keys) for name in ("gateway", "simulator"))
    assert not set(live.values()) & {*gateway.values(), *simulator.values()}
    assert gateway["AREACLIENTI_WHATSAPP_GRAPH_URL"] == "http://127.0.0.1:9002/v23.0"
    assert simulator["AREACLIENTI_WHATSAPP_WEBHOOK_URL"] == "http://127.0.0.1:9000/webhooks/whatsapp"
    shared = [f"AREACLIENTI_{name.upper()}" for name in (*METAS_KEYS, "whatsapp_phone_number_id")]
    assert all(gateway[name] == simulator[name] for name in shared)
    GatewaySettings(_env_file=None, **{key[12:].lower(): value for key, value in gateway.items() if key[:12] == PREFIX})


def test_live_whatsapp_says_in_one_line_what_is_missing(tmp_path: Path) -> None:
    partly = around(tmp_path, whatsapp="live", whatsapp_access_token="t", whatsapp_app_secret="s")
    with pytest.raises(OperatorProblem, match=r"AREACLIENTI_WHATSAPP_VERIFY_TOKEN and \w+_PHONE_NUMBER_ID\."):
        partly.keys()
    whole = around(tmp_path, whatsapp="live", whatsapp_phone_number_id="1", **dict.fromkeys(METAS_KEYS, "given"))
    assert {name: whole.keys()[name] for name in METAS_KEYS} == dict.fromkeys(METAS_KEYS, "given")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"whatsapp_app_secret": None}, "WhatsApp needs AREACLIENTI_WHATSAPP_APP_SECRET"),
        ({"whatsapp": "live"}, "AREACLIENTI_WHATSAPP_GRAPH_URL is https"),
        ({"whatsapp_graph_url": "https://graph.facebook.com/v23.0"}, "AREACLIENTI_WHATSAPP_GRAPH_URL is https"),
        ({"whatsapp_graph_url": "http://elsewhere.example/v23.0"}, "AREACLIENTI_WHATSAPP_GRAPH_URL is https"),
        (
            {"whatsapp": "live", "whatsapp_graph_url": "https://graph.facebook.com/v23.0"},
            "needs an https address in AREACLIENTI_PUBLIC_URL",
        ),
    ],
)
def test_a_gateway_with_half_a_whatsapp_does_not_start(settings: dict[str, Any], told: str) -> None:
    whole: dict[str, Any] = {
        "engine_key": "e", "identity_gateway_key": "i", "whatsapp": "simulator", "whatsapp_intake_key": "k",
        "whatsapp_phone_number_id": "1", "whatsapp_graph_url": "http://127.0.0.1:8002/v23.0",
        **dict.fromkeys(METAS_KEYS, "s"),
    }  # fmt: skip
    GatewaySettings(_env_file=None, **whole)
    with pytest.raises(ValidationError, match=told) as refused:
        GatewaySettings(_env_file=None, **whole | settings)
    assert "elsewhere" not in str(refused.value)


def test_a_damaged_keys_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("{")
    with pytest.raises(OperatorProblem, match=r"keys\.json can't be used: it is not JSON"):
        around(tmp_path).keys()


def test_the_servers_believe_no_forwarded_address_by_themselves(tmp_path: Path) -> None:
    # uvicorn believes callers from this machine by default; the gateway asks its own settings.
    servers = [s.command for s in services(around(tmp_path), KEYS) if "uvicorn" in s.command]
    assert len(servers) == 3
    assert all("--no-proxy-headers" in command for command in servers)
