"""The simulator is this machine's alone: no other site, no large body, and a strict policy for its page."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from tests.unit.simulator.conftest import Sim


async def test_another_name_of_this_machine_is_refused(sim: Sim) -> None:
    for host in ("evil.example", "localhost.evil.example", ""):
        assert (await sim.client.get("/about", headers={"Host": host})).status_code == 421
    for host in ("localhost:8002", "127.0.0.1:8002", "[::1]:8002"):
        assert (await sim.client.get("/about", headers={"Host": host})).status_code == 200


async def test_another_sites_page_can_change_nothing(sim: Sim) -> None:
    wish = {"mobile": None, "name": "x"}
    for origin in ("https://evil.example", "http://localhost:8000", "null"):
        answer = await sim.client.post("/phones", json=wish, headers={"Origin": origin})
        assert answer.status_code == 403
    own = await sim.client.post("/phones", json=wish, headers={"Origin": "http://localhost:8002"})
    assert own.status_code == 201
    form = await sim.client.post("/phones", content=json.dumps(wish), headers={"Content-Type": "text/plain"})
    assert form.status_code == 415


async def test_a_large_body_is_refused(sim: Sim) -> None:
    assert (await sim.client.post("/phones", json={"name": "x" * 300_000})).status_code == 413


async def test_every_answer_has_a_strict_policy(sim: Sim) -> None:
    for path in ("/", "/about", "/nowhere"):
        headers = (await sim.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


async def test_nothing_that_was_written_reaches_a_log(sim: Sim, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="areaclienti")
    user_id = await sim.phone()
    await sim.says(user_id, "Lampada-Verde7")
    await sim.writes("Lampada-Verde7" * 400)
    assert (await sim.client.get("/refused")).json()["in_all"] == 1
    assert "Lampada" not in caplog.text


def test_the_simulator_knows_nothing_of_the_gateway() -> None:
    # What refuses must not share the sender's own idea of the limits.
    asked = "import sys, areaclienti.simulator.app; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    assert "areaclienti.simulator.app" in loaded
    assert [name for name in loaded if name.startswith("areaclienti.gateway") or name == "fastapi"] == []
