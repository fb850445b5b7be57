"""What the parts recorded of a conversation: utterances and slots in the engine, accounts and codes in identity."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.stack import Stack


def _rows(database: Path, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as connection:
        return connection.execute(query, parameters).fetchall()


class Records:
    """Reads the databases of a running product."""

    def __init__(self, stack: Stack) -> None:
        self._gateway = stack.gateway_database
        self._engine = stack.engine_database
        self._identity = stack.identity_database

    def conversation_id(self, column: str, value: str) -> str:
        """The conversation that the ledger finds by one of its columns."""
        [(found,)] = _rows(self._gateway, f"SELECT id FROM conversations WHERE {column} = ?", value)
        return str(found)

    def handover_of(self, conversation_id: str) -> str:
        """The conversation's handover that has not ended."""
        query = "SELECT id FROM handovers WHERE conversation_id = ? AND ended_at IS NULL"
        [(found,)] = _rows(self._gateway, query, conversation_id)
        return str(found)

    def let_pass(self, conversation_id: str, hours: float) -> None:
        """Move what the gateway remembers of the conversation's last activity into the past."""
        with contextlib.closing(sqlite3.connect(self._gateway, timeout=10)) as connection, connection:
            connection.execute(
                "UPDATE conversations SET updated_at = datetime(updated_at, ?) WHERE id = ?",
                (f"-{hours} hours", conversation_id),
            )
            connection.execute(
                "UPDATE whatsapp_people SET last_inbound_at = datetime(last_inbound_at, ?) WHERE conversation_id = ?",
                (f"-{hours} hours", conversation_id),
            )

    def utterances(self, conversation_id: str, seq: int | None) -> list[str] | None:
        """Names of what the engine said to the line `seq` (None: the opening); None when it was not asked."""
        query = "SELECT message_id FROM turns WHERE conversation_id = ? AND seq IS ? ORDER BY id DESC LIMIT 1"
        asked = _rows(self._gateway, query, conversation_id, seq)
        if not asked:
            return None
        query = "SELECT answer FROM turns WHERE conversation_id = ? AND message_id = ?"
        answered = _rows(self._engine, query, conversation_id, asked[0][0])
        return [message["utterance"] for message in json.loads(answered[0][0])["messages"]] if answered else []

    def slots(self, conversation_id: str) -> dict[str, Any]:
        """The slots as the engine's stored events leave them; without those that are empty."""
        [(events,)] = _rows(self._engine, "SELECT events FROM conversations WHERE conversation_id = ?", conversation_id)
        slots: dict[str, Any] = {}
        for event in json.loads(events):
            if event["event"] == "slot":
                slots[event["name"]] = event["value"]
            elif event["event"] in {"reset_slots", "restart"}:
                slots.clear()
        return {name: value for name, value in slots.items() if value is not None}

    def registrations(self, conversation_id: str) -> list[str]:
        """The states of the conversation's registrations, in the order of their beginning."""
        query = "SELECT status FROM registrations WHERE conversation_id = ? ORDER BY created_at"
        return [status for (status,) in _rows(self._identity, query, conversation_id)]

    def challenges(self, conversation_id: str) -> dict[str, int]:
        """How many codes of the conversation are in each state."""
        query = """SELECT c.status FROM challenges c JOIN registrations r ON r.id = c.session_id
                   WHERE r.conversation_id = ?"""
        return dict(Counter(status for (status,) in _rows(self._identity, query, conversation_id)))

    def codes(self, conversation_id: str) -> list[tuple[str | None, datetime]]:
        """Of each code that was sent, oldest first: its message in the mailbox (None: not yet there), its end."""
        query = """SELECT m.text, c.expires_at FROM challenges c JOIN registrations r ON r.id = c.session_id
                   JOIN outbox o ON o.challenge_id = c.id LEFT JOIN mailbox_messages m ON m.outbox_id = o.id
                   WHERE r.conversation_id = ? AND c.contact_id IS NOT NULL ORDER BY c.created_at"""
        rows = _rows(self._identity, query, conversation_id)
        return [(text, datetime.fromisoformat(end).replace(tzinfo=UTC)) for text, end in rows]

    def verified(self, conversation_id: str) -> list[str]:
        """The contacts to which a code went that was entered right."""
        query = """SELECT k.value FROM challenges c JOIN registrations r ON r.id = c.session_id
                   JOIN contacts k ON k.id = c.contact_id WHERE r.conversation_id = ? AND c.status = 'used'"""
        return [value for (value,) in _rows(self._identity, query, conversation_id)]

    def usernames(self, customer_code: str) -> list[str]:
        """The usernames of a customer's accounts."""
        query = "SELECT a.username FROM accounts a JOIN customers c ON c.id = a.customer_id WHERE c.code = ?"
        return [username for (username,) in _rows(self._identity, query, customer_code)]

    def acknowledged(self, conversation_id: str) -> bool:
        """Whether the conversation acknowledged a published text, by version and SHA-256."""
        query = """SELECT a.version, a.sha256, n.version, n.text FROM acknowledgements a
                   JOIN privacy_notices n ON n.sha256 = a.sha256 WHERE a.conversation_id = ?"""
        found = _rows(self._identity, query, conversation_id)
        return bool(found) and all(
            version == published and hashlib.sha256(text.encode()).hexdigest() == sha256
            for version, sha256, published, text in found
        )
