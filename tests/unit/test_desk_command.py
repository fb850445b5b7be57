"""`areaclienti desk`: invitations, lost phones, revocations; and both audit records verified by one command."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from areaclienti.cli import app
from areaclienti.identity.db.migrate import upgrade

EMAIL = "anna.sereni@example.it"


@pytest.fixture
def var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AREACLIENTI_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("AREACLIENTI_PUBLIC_URL", "https://desk.example.it")
    return tmp_path


def run(*command: str) -> Result:
    return CliRunner().invoke(app, command, env={"COLUMNS": "200"}, catch_exceptions=False)


def test_an_agent_is_invited_listed_reset_and_revoked(var: Path) -> None:
    invited = run("desk", "invite", EMAIL, "--name", "Anna Sereni", "--role", "supervisore", "--agency", "AG-01")
    assert invited.exit_code == 0
    assert invited.stdout.startswith("https://desk.example.it/desk/invito/")
    listed = run("desk", "agents").output
    assert all(word in listed for word in ("Anna Sereni", EMAIL, "supervisore", "AG-01", "invited"))
    again = run("desk", "reset", EMAIL)
    assert again.exit_code == 0 and again.stdout != invited.stdout
    assert "Revoked" in run("desk", "revoke", EMAIL).output
    assert "revoked" in run("desk", "agents").output
    with sqlite3.connect(var / "gateway.db") as database:
        actions = [row[0] for row in database.execute("SELECT action FROM desk_audit ORDER BY id")]
    assert actions == ["invited", "reset", "revoked"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("reset", "nobody@example.it"), "Nobody who may come"),
        (("revoke", "nobody@example.it"), "Nobody who may come"),
        (("invite", "no-address", "--name", "Anna"), "An e-mail address and a name are needed"),
        (("invite", EMAIL, "--name", "Anna", "--role", "admin"), "There is no role admin"),
    ],
)
def test_what_cannot_be_done_is_said(var: Path, command: tuple[str, ...], said: str) -> None:
    told = run("desk", *command)
    assert (told.exit_code, said in told.output) == (1, True)


def test_a_consultant_s_code_of_somebody_else_is_refused(var: Path) -> None:
    run("desk", "invite", EMAIL, "--name", "Anna", "--consultant", "CONS-01")
    told = run("desk", "invite", "altra@example.it", "--name", "Altra", "--consultant", "CONS-01")
    assert (told.exit_code, "Another agent has that consultant's code" in told.output) == (1, True)


def test_both_records_are_verified_and_a_change_of_the_desk_s_is_found(var: Path) -> None:
    upgrade(f"sqlite+aiosqlite:///{var / 'identity.db'}")
    anchor = var / "anchor.json"
    anchor.write_text(json.dumps({"rows": 0, "last_id": 0, "sha256": "0" * 64}))  # of before there was a desk
    run("desk", "invite", EMAIL, "--name", "Anna")
    run("desk", "revoke", EMAIL)
    told = run("audit", "verify", "--anchor", str(anchor))
    assert (told.exit_code, "The desk's audit record is whole: 2 rows" in told.output) == (0, True)
    with sqlite3.connect(var / "gateway.db") as database:
        database.execute("DROP TRIGGER desk_audit_no_delete")
        database.execute("DELETE FROM desk_audit WHERE id = 2")
    assert run("audit", "verify").exit_code == 0  # the control: nothing in the record itself can tell
    told = run("audit", "verify", "--anchor", str(anchor))
    assert (told.exit_code, "The desk's audit record was cut off" in told.output) == (1, True)
    with sqlite3.connect(var / "gateway.db") as database:
        database.execute("DROP TRIGGER desk_audit_no_update")
        database.execute("UPDATE desk_audit SET who = 'somebody' WHERE id = 1")
    told = run("audit", "verify")
    assert (told.exit_code, "The desk's audit record is broken at id 1" in told.output) == (1, True)
