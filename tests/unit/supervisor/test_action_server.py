"""The action server answers who has its key, and nobody else."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from areaclienti.supervisor.free_ports import free_ports

KEY = secrets.token_urlsafe(32)


@pytest.fixture
def address() -> Iterator[str]:
    """A running action server; nothing stands behind it."""
    (port,) = free_ports(1)
    keys = {"AREACLIENTI_ACTIONS_KEY": KEY, "AREACLIENTI_IDENTITY_ACTIONS_KEY": "another-key"}
    command = (sys.executable, "-m", "areaclienti.supervisor.action_server", "--port", str(port))
    process = subprocess.Popen(command, env=os.environ | keys, cwd=Path(__file__).parents[3])
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/health")
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < deadline, "it did not start"
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_without_the_key_it_says_no_more_than_that_it_lives(address: str) -> None:
    assert httpx.get(f"{address}/health").status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": KEY}, {"Authorization": f"Basic {KEY}"}):
        for method, path in (("POST", "/webhook"), ("GET", "/actions"), ("POST", "/health/../webhook")):
            refused = httpx.request(method, f"{address}{path}", json={"next_action": "x"}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised")
    listed = httpx.get(f"{address}/actions", headers={"Authorization": f"Bearer {KEY}"})
    assert listed.status_code == 200
    assert "action_go_back" in {action["name"] for action in listed.json()}
