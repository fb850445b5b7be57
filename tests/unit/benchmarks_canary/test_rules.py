"""What may stand where: each kind has its few places, and a hit gets the place that its bytes are in."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from benchmarks.canary.databases import FREE, columns_of, pages_of
from benchmarks.canary.encodings import Kind
from benchmarks.canary.office import STAFF, STRANGER, desk_routes
from benchmarks.canary.people import ASKED_FOR
from benchmarks.canary.rules import WORDS_SHOWN, may_be_read, may_pass, may_stand, named_for_contacts
from benchmarks.canary.scan import Canary

NAMED = frozenset({"gateway.messages", "file:mailbox"})


@pytest.mark.parametrize(
    ("kind", "place", "may"),
    [
        ("password", "identity.accounts", False),
        ("password", "file:var/x", False),
        ("code", "identity.mailbox_messages", True),
        ("code", "identity.mailbox_messages.text", True),
        ("code", "identity.mailbox_messages.recipient", False),
        ("code", "identity.outbox", False),
        ("tax_code", "identity.customers.codice_fiscale", True),
        ("tax_code", "identity.customers.code", False),
        ("tax_code", "gateway.messages", False),
        ("phone", "gateway.messages.text", True),
        ("phone", "gateway.turns", False),
        ("email", "file:mailbox", True),
        ("email", "log:var/log/gateway.log", False),
        ("name", "gateway.messages", True),
        ("name", "log:var/log/gateway.log", False),
    ],
)
def test_each_kind_has_its_places(kind: Kind, place: str, may: bool) -> None:
    assert may_stand(Canary(kind, "x", "test"), place, NAMED) is may


@pytest.mark.parametrize(
    ("kind", "typed", "link", "direction", "method", "path", "may"),
    [
        ("password", True, "gateway-identity", "request", "POST", "/v1/vault/secrets", True),
        ("password", True, "gateway-identity", "answer", "POST", "/v1/vault/secrets", False),
        ("password", True, "gateway-identity", "request", "POST", "/v1/sign-in/abc/code", False),
        ("password", True, "gateway-engine", "request", "POST", "/webhooks/turn/turns", False),
        ("code", True, "actions-identity", "request", "POST", "/v1/registrations/abc/verification", False),
        ("code", True, "gateway-identity", "request", "POST", "/v1/sign-in/abc/verification", True),
        ("tax_code", True, "engine-actions", "request", "POST", "/webhook", False),
        ("email", True, "engine-actions", "request", "POST", "/webhook", True),
        ("email", False, "engine-actions", "request", "POST", "/webhook", False),
        ("phone", False, "actions-identity", "answer", "POST", "/v1/registrations/abc/identification", False),
    ],
)
def test_secrets_pass_from_gateway_to_identity_alone_and_contacts_on_file_nowhere(
    kind: Kind, typed: bool, link: str, direction: str, method: str, path: str, may: bool
) -> None:
    assert may_pass(Canary(kind, "x", "test", typed), link, direction, method, path) is may


_TRANSCRIPT = ("GET", "/desk/api/handovers/{handover_id}")
_SHOWN_ONCE = ("POST", "/desk/recapiti/{request_id}/mostra")


@pytest.mark.parametrize(
    ("kind", "typed", "said", "who", "asked", "may"),
    [
        ("email", True, "", "anna", _TRANSCRIPT, True),
        ("name", True, "", "aldo", ("GET", "/desk/cerca"), True),
        ("email", True, "", STRANGER, _TRANSCRIPT, False),
        ("name", True, "", "nobody", ("POST", "/desk/accesso"), False),
        ("phone", False, "", "anna", _TRANSCRIPT, False),
        ("phone", True, "", "anna", ("GET", "/desk/api/handovers/{handover_id}/summary"), False),
        ("email", True, "", "aldo", ("GET", "/desk/cerca.csv"), False),
        ("email", True, "", "anna", ("GET", "/desk/api/handovers/{handover_id}/given"), False),
        ("email", True, "", "anna", ("POST", "/desk/api/handovers/{handover_id}/given/{field}"), True),
        ("password", True, "", "anna", _TRANSCRIPT, False),
        ("tax_code", True, "", "anna", ("GET", "/desk/cerca"), False),
        ("email", True, ASKED_FOR, "bruno", _SHOWN_ONCE, True),
        ("email", True, ASKED_FOR, "bruno", _TRANSCRIPT, False),
        ("email", True, "", "bruno", _SHOWN_ONCE, False),
    ],
)
def test_agents_read_the_customer_s_own_words_and_no_secret(
    kind: Kind, typed: bool, said: str, who: str, asked: tuple[str, str], may: bool
) -> None:
    assert may_be_read(Canary(kind, "x", "test", typed, said), who, *asked) is may


def test_words_may_be_shown_by_routes_that_there_are() -> None:
    routes = {f"{method} {path}" for method, path in desk_routes()}
    assert routes >= WORDS_SHOWN and len(STAFF) > 1


def test_the_privacy_page_names_places_for_contacts() -> None:
    named = named_for_contacts()
    assert "gateway.messages" in named
    assert all(place.startswith(("gateway.", "engine.", "identity.", "file:")) for place in named)


def test_a_hit_gets_the_table_that_its_bytes_belong_to(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA secure_delete=OFF")
        for table in ("kept", "dropped"):
            connection.execute(f"CREATE TABLE {table} (words TEXT)")
            connection.executemany(
                f"INSERT INTO {table} VALUES (?)", [(f"{table} {number} " * 50,) for number in range(9)]
            )
        connection.execute("CREATE INDEX words_of_kept ON kept (words)")
        connection.commit()
        connection.execute("DROP TABLE dropped")
    connection.close()
    data, pages = file.read_bytes(), pages_of(file)
    places = {word: {pages.table_at(at) for at in _all(data, word)} for word in (b"kept 7 ", b"dropped 7 ")}
    assert places == {b"kept 7 ": {"kept"}, b"dropped 7 ": {FREE}}
    assert [(table, column) for table, column, cells in columns_of(file) if b"kept 7 " in cells] == [("kept", "words")]


def test_a_hit_in_the_write_ahead_log_gets_the_table_of_its_page(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    writing = sqlite3.connect(file)
    writing.execute("PRAGMA journal_mode=WAL")
    writing.execute("CREATE TABLE first (words TEXT)")
    writing.execute("CREATE TABLE second (words TEXT)")
    writing.executemany("INSERT INTO second VALUES (?)", [(f"second {number} " * 50,) for number in range(30)])
    writing.commit()
    wal = (tmp_path / "x.db-wal").read_bytes()
    found = {pages_of(file).table_in_wal(wal, at) for at in _all(wal, b"second 7 ")}
    writing.close()
    assert found == {"second"}


def _all(data: bytes, word: bytes) -> list[int]:
    return [at for at in range(len(data)) if data.startswith(word, at)]
