"""The desk's part of the run: routes come from the routers, and what is planted in any table or answer is found."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from areaclienti.desk import web
from benchmarks.canary import office as of_the_run
from benchmarks.canary.no_interception import _Planting
from benchmarks.canary.office import Answer, Office, desk_routes
from benchmarks.canary.planted import not_found, tables_not_found
from benchmarks.canary.scan import Canary
from benchmarks.canary.search import DATABASES, Search

PLANTED = "Fenicottero7Rosa"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """A desk where nobody works, whose agencies got no e-mail."""
    monkeypatch.setattr(of_the_run, "STAFF", {})
    stack: Any = SimpleNamespace(mailbox=lambda _: [])
    return Office(stack, tmp_path)


def answered(office: Office, method: str, path: str, body: bytes, status: int = 200) -> None:
    office.keep("anna", method, path, httpx.Response(status), body)


def searched(office: Office) -> Any:
    world: Any = SimpleNamespace(office=office, folder=Path("/nowhere"), taps=())
    search = Search([Canary("password", PLANTED, "planted")], frozenset())
    search._databases = lambda *_: None  # type: ignore[method-assign]
    return search.everything(world)


def test_a_route_that_nobody_asks_is_named(office: Office) -> None:
    assert set(office.never_answered()) == {f"{method} {path}" for method, path in desk_routes()}
    answered(office, "GET", "/desk/api/queue", b"{}")
    answered(office, "GET", "/desk/cerca", b"", status=404)  # a refusal is no answer to look into
    missing = office.never_answered()
    assert "GET /desk/api/queue" not in missing and "GET /desk/cerca" in missing


def test_a_route_that_is_added_to_the_routers_is_missed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    added = web.ROUTERS[0].__class__(prefix="/desk")
    added.add_api_route("/nuova", lambda: None, methods=["GET"])
    monkeypatch.setattr(of_the_run, "ROUTERS", (*web.ROUTERS, added))
    assert "GET /desk/nuova" in office.never_answered()


def test_an_answer_is_kept_under_its_route_and_searched(office: Office) -> None:
    answered(office, "GET", "/desk/api/handovers/abc/summary", f'{{"x": "{PLANTED}"}}'.encode())
    answered(office, "GET", "/desk/cerca.csv", PLANTED.encode("utf-16-le"))
    assert {leak.place for leak in searched(office).leaks} == {
        "GET /desk/api/handovers/{handover_id}/summary",
        "GET /desk/cerca.csv",
    }


def test_metrics_and_mail_to_agencies_are_searched(office: Office) -> None:
    office.scrapes.append(Answer("prometheus", "GET", "gateway /metrics", 200, f'x{{route="{PLANTED}"}} 1'.encode()))
    office.stack.mailbox = lambda to: [{"to": to, "text": f"ecco {PLANTED}"}]  # type: ignore[method-assign]
    findings = searched(office)
    assert {leak.sink for leak in findings.leaks} == {"metrics", "mail to agencies"}


def test_a_place_where_nothing_planted_is_found_is_named(office: Office) -> None:
    answered(office, "GET", "/desk/api/queue", PLANTED.encode())
    missing = not_found(searched(office), office)
    assert "GET /desk/api/queue" not in missing
    assert {"GET /desk/api/agents", "metrics", "mail to agencies: message"} <= set(missing)


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "application/json", b"{}"),
        (200, "application/json", b'{"cards": []}'),
        (200, "text/event-stream", b"event: queue\n\n"),
        (204, "text/plain", b""),
        (303, "text/plain", b""),
        (404, "text/html", b"<p>"),
    ],
)
async def test_the_control_s_gateway_plants_in_every_answer(status: int, kind: str, body: bytes) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        head = [(b"content-length", str(len(body)).encode()), (b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})

    transport = httpx.ASGITransport(_Planting(app, PLANTED.encode()))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        planted = await client.get("/desk/api/queue")
        elsewhere = await client.get("/accedi")
    assert PLANTED in planted.text + str(planted.headers)
    assert kind != "application/json" or set(planted.json()) > set(json.loads(body))
    assert PLANTED not in elsewhere.text + str(elsewhere.headers)


def test_what_is_planted_in_any_table_is_found(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    for name in DATABASES:
        with sqlite3.connect(tmp_path / "var" / f"{name}.db") as database:
            database.execute("CREATE TABLE written (id INTEGER PRIMARY KEY, words TEXT NOT NULL, at DATETIME NOT NULL)")
            database.execute("CREATE TABLE sealed (id VARCHAR(32) PRIMARY KEY CHECK (id = 'x'), n INTEGER)")
            database.execute(
                "CREATE TRIGGER sealed_stays BEFORE INSERT ON sealed BEGIN SELECT RAISE(ABORT, 'append-only'); END"
            )
        database.close()
    assert tables_not_found(tmp_path, "password", PLANTED) == []
    original = sqlite3.connect(tmp_path / "var" / "gateway.db")
    assert original.execute("SELECT count(*) FROM written").fetchone() == (0,), "copies alone are written to"
    original.close()


def test_a_table_that_can_hold_no_word_is_named_as_not_found(tmp_path: Path) -> None:
    """The control's own control: a search that finds nothing says so."""
    (tmp_path / "var").mkdir()
    for name in DATABASES:
        with sqlite3.connect(tmp_path / "var" / f"{name}.db") as database:
            database.execute("CREATE TABLE numbers (n INTEGER)")
        database.close()
    assert tables_not_found(tmp_path, "password", PLANTED) == [f"{name}.numbers" for name in sorted(DATABASES)]
