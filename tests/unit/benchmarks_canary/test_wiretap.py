"""The recording proxy hands every byte on, keeps it, and shows a chunked body in one piece as well."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from areaclienti.supervisor.free_ports import free_ports
from benchmarks.canary.wiretap import Wiretap, listening

_ILL = b"HTTP/1.1 503 Ill\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class _InChunks(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for byte in body:
            self.wfile.write(b"1\r\n" + bytes([byte]) + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[Wiretap]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _InChunks)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    tapped = Wiretap(free_ports(1)[0], server.server_port, lambda headers: headers[b"x-link"].decode(), tmp_path)
    with listening(tapped):
        yield tapped
    server.shutdown()
    server.server_close()


def test_requests_of_one_connection_are_handed_on_and_kept(tap: Wiretap, tmp_path: Path) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{tap.port}", headers={"X-Link": "here-there"}) as client:
        for word in ("canarino", "fenicottero"):
            assert client.post(f"/{word}?x=1", content=word).text == word
    assert [(each.link, each.method, each.path) for each in tap.exchanges] == [
        ("here-there", "POST", "/canarino?x=1"),
        ("here-there", "POST", "/fenicottero?x=1"),
    ]
    assert b"fenicottero" in tap.exchanges[1].request
    assert b"1\r\nf\r\n1\r\ne\r\n" in tap.exchanges[1].answer
    assert tap.exchanges[1].answer.endswith(b"fenicottero"), "in one piece too: a search would not see it in chunks"
    kept = sorted(path.name for path in (tmp_path / "here-there").iterdir())
    assert kept == ["00000.answer", "00000.request", "00001.answer", "00001.request"]
    assert (tmp_path / "here-there" / "00001.request").read_bytes() == tap.exchanges[1].request


def test_a_fault_answers_in_place_of_the_other_side(tap: Wiretap) -> None:
    tap.fault = lambda _, path: _ILL if path == "/ill" else None
    with httpx.Client(base_url=f"http://127.0.0.1:{tap.port}", headers={"X-Link": "l"}) as client:
        assert client.post("/ill", content="x").status_code == 503
        assert client.post("/well", content="x").text == "x"


def test_who_is_away_ends_the_connection_without_an_answer(tap: Wiretap) -> None:
    tap.upstream_port = free_ports(1)[0]
    with (
        httpx.Client(base_url=f"http://127.0.0.1:{tap.port}", headers={"X-Link": "l"}) as client,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        client.post("/", content="x")
    assert tap.exchanges[0].answer == b""
