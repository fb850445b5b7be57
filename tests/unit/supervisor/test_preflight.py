"""What is missing before the start is said in one line with what to do."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from areaclienti.supervisor import preflight
from areaclienti.supervisor.problem import OperatorProblem
from areaclienti.supervisor.surroundings import find_surroundings

from .watched import tiny


def test_a_busy_port_names_the_service_and_the_setting_that_moves_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OperatorProblem) as caught:
            preflight.check_ports([tiny(), tiny("gateway", port=port)])
    assert caught.value.what == f"Port {port} (gateway) is used by another program."
    assert f"AREACLIENTI_TINY_PORT={port + 100}" in caught.value.remedy
    preflight.check_ports([tiny("gateway", port=port)])


def test_var_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(OperatorProblem, match=r"var can't be written: File exists"):
        preflight.check_var(tmp_path / "var")


def test_var_where_nothing_can_be_made_is_said() -> None:
    with pytest.raises(OperatorProblem, match="AREACLIENTI_VAR_DIR to another folder"):
        preflight.check_var(Path("/proc/areaclienti-var"))


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(10**9, 10**9 - 5 * 1024**2, 5 * 1024**2)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(OperatorProblem, match="Only 5 MB are free"):
        preflight.check_var(tmp_path)
    full = preflight.cannot_write(tmp_path, OSError(errno.ENOSPC, "No space left on device"))
    assert full.what == f"The disk of {tmp_path} is full."


def test_a_second_supervisor_on_the_same_var_is_refused_until_the_first_ends(tmp_path: Path) -> None:
    with (
        contextlib.closing(preflight.take_turn(tmp_path)),
        pytest.raises(OperatorProblem, match=rf"already runs on .* \(process {os.getpid()}\)"),
    ):
        preflight.take_turn(tmp_path)
    preflight.take_turn(tmp_path).close()


def test_a_missing_engine_environment_is_said(tmp_path: Path) -> None:
    with pytest.raises(OperatorProblem, match="make setup"):
        preflight.check_engine_python(tmp_path / "python")


def test_a_flow_s_key_that_cannot_be_used_is_said_before_anything_starts(tmp_path: Path) -> None:
    file = tmp_path / "flow.pem"
    flow = {"AREACLIENTI_VAR_DIR": str(tmp_path), "AREACLIENTI_WHATSAPP_FLOW_ID": "42"}
    with pytest.raises(OperatorProblem, match="FLOW_ID needs AREACLIENTI_WHATSAPP_FLOW_PRIVATE_KEY_FILE"):
        preflight.check_flow_key(find_surroundings(flow))
    flow["AREACLIENTI_WHATSAPP_FLOW_PRIVATE_KEY_FILE"] = str(file)
    with pytest.raises(OperatorProblem, match=r"flow\.pem can't be read"):
        preflight.check_flow_key(find_surroundings(flow))
    file.write_text("x")
    file.chmod(0o644)
    with pytest.raises(OperatorProblem, match="chmod 600 it"):
        preflight.check_flow_key(find_surroundings(flow))
    preflight.check_flow_key(find_surroundings(flow | {"AREACLIENTI_WHATSAPP": "off"}))
    preflight.check_flow_key(find_surroundings({"AREACLIENTI_VAR_DIR": str(tmp_path)}))


def test_settings_of_chatwoot_that_are_not_whole_are_named_before_anything_starts(tmp_path: Path) -> None:
    given = {"AREACLIENTI_VAR_DIR": str(tmp_path), "AREACLIENTI_HANDOVER": "chatwoot", "AREACLIENTI_DESK": "off"}
    with pytest.raises(OperatorProblem, match="HANDOVER=chatwoot needs AREACLIENTI_DESK=on"):
        preflight.check_chatwoot(find_surroundings(given))
    given |= {"AREACLIENTI_DESK": "on", "AREACLIENTI_CHATWOOT_URL": "https://chatwoot.example"}
    with pytest.raises(OperatorProblem, match="Chatwoot needs AREACLIENTI_CHATWOOT_ACCOUNT_ID"):
        preflight.check_chatwoot(find_surroundings(given))
    given |= {
        "AREACLIENTI_CHATWOOT_ACCOUNT_ID": "7",
        "AREACLIENTI_CHATWOOT_INBOX_IDENTIFIER": "inbox-identifier",
        "AREACLIENTI_CHATWOOT_API_TOKEN": "token",
        "AREACLIENTI_CHATWOOT_WEBHOOK_SECRET": "secret",
        "AREACLIENTI_CHATWOOT_TEAMS": '{"A1": 3}',
    }
    preflight.check_chatwoot(find_surroundings(given))
    preflight.check_chatwoot(find_surroundings({"AREACLIENTI_VAR_DIR": str(tmp_path)}))
