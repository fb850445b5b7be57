"""`areaclienti whatsapp …` prints what an operator needs, makes keys once, and never prints a secret."""

from __future__ import annotations

import stat
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.gateway.channels.whatsapp.flows.crypto import load_flow_key
from tests.unit.gateway.whatsapp.flow_phone import FlowPhone
from tests.unit.gateway.whatsapp.graph_account import NUMBER, SECRET, TOKEN, GraphAccount, environment

runner = CliRunner()


@pytest.fixture(autouse=True)
def _live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environment(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> GraphAccount:
    graph = GraphAccount()
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda _, request: graph.answer(request))
    return graph


def test_check_says_in_a_line_each_what_is_right(graph: GraphAccount) -> None:
    result = runner.invoke(app, ["whatsapp", "check"])
    assert result.exit_code == 0, result.output
    assert [line[:10].split() for line in result.output.splitlines()] == [
        ["ok", subject[:7]] for subject in ("settings", "token", "number", "webhook", "templates")
    ]


def test_check_ends_with_1_and_says_what_to_do(graph: GraphAccount) -> None:
    graph.answers[f"/{NUMBER}"]["name_status"] = "PENDING_REVIEW"
    graph.errors["/debug_token"] = 190
    result = runner.invoke(app, ["whatsapp", "check"])
    assert result.exit_code == 1
    assert "!! token" in result.output and "AREACLIENTI_WHATSAPP_ACCESS_TOKEN" in result.output
    assert "!! number" in result.output and "PENDING_REVIEW" in result.output
    assert TOKEN not in result.output and SECRET not in result.output


def test_check_without_a_way_to_meta_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(f"no way to {request.url}")

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", refuse)
    result = runner.invoke(app, ["whatsapp", "check"])
    assert result.exit_code == 1 and "Meta can't be reached (ConnectError)" in result.output
    assert TOKEN not in result.output


@pytest.mark.parametrize(("mode", "said"), [("off", "WhatsApp is off"), ("simulator", "WhatsApp is simulated")])
def test_there_is_nothing_to_check_without_an_account(monkeypatch: pytest.MonkeyPatch, mode: str, said: str) -> None:
    monkeypatch.setenv("AREACLIENTI_WHATSAPP", mode)
    result = runner.invoke(app, ["whatsapp", "check"])
    assert result.exit_code == 1 and said in result.output


def test_settings_that_are_not_whole_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AREACLIENTI_WHATSAPP_APP_SECRET")
    result = runner.invoke(app, ["whatsapp", "check"])
    assert result.exit_code == 1 and "AREACLIENTI_WHATSAPP_APP_SECRET" in result.output


@pytest.mark.parametrize("passphrase", [None, "una frase lunga"])
def test_keys_are_made_once_and_the_public_one_is_printed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, passphrase: str | None
) -> None:
    if passphrase:
        monkeypatch.setenv("AREACLIENTI_WHATSAPP_FLOW_PASSPHRASE", passphrase)
    first, second = (runner.invoke(app, ["whatsapp", "keys"]) for _ in range(2))
    file = tmp_path / "var" / "whatsapp-flow.pem"
    assert first.exit_code == second.exit_code == 0
    assert first.stdout == second.stdout and first.stdout.startswith("-----BEGIN PUBLIC KEY-----\n")
    assert "is made" in first.stderr and "the one that is there" in second.stderr
    assert f"AREACLIENTI_WHATSAPP_FLOW_PRIVATE_KEY_FILE={file}" in first.stderr
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (b"ENCRYPTED" in file.read_bytes()) == bool(passphrase)
    key = load_flow_key(file, passphrase)
    assert key.public_pem() == first.stdout
    assert key.open(FlowPhone(key.public_key).sealed({"action": "ping"})).request == {"action": "ping"}


def test_keys_touches_no_file_that_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "own.pem"
    file.write_text("not a key")
    file.chmod(0o600)
    monkeypatch.setenv("AREACLIENTI_WHATSAPP_FLOW_PRIVATE_KEY_FILE", str(file))
    result = runner.invoke(app, ["whatsapp", "keys"])
    assert result.exit_code == 1 and "Nothing was changed" in result.output
    assert file.read_text() == "not a key"


def test_templates_are_printed_as_text_and_as_request() -> None:
    result = runner.invoke(app, ["whatsapp", "templates"])
    assert result.exit_code == 0
    assert "# registrazione_in_sospeso, it, UTILITY" in result.output
    assert '"name": "registrazione_in_sospeso"' in result.output
