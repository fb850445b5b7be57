"""Everything that an export or a receipt may name has its Italian words."""

from __future__ import annotations

from datetime import UTC, datetime

from areaclienti.identity.db.models import Base
from areaclienti.privacy import texts
from areaclienti.privacy.receipts import Receipt

TIMES = {"unfinished_hours": 12, "conversation_days": 45, "messages_days": 7}
MESSAGE = {"at": "2026-11-23T10:00:00+00:00", "author": "customer", "text": "sono <b>Mario</b>"}
KINDS = (
    "conversations", "dialogue", "registrations", "acknowledgements", "accounts", "sign_ins", "sign_in_sessions",
    "step_ups", "password_resets", "challenges", "outbox", "mailbox_messages", "audit",
)  # fmt: skip
ERASED = (
    "challenges", "client_addresses", "idempotency_records", "limit_events", "mailbox_messages", "outbox",
    "password_resets", "provider_messages", "registrations", "sign_in_sessions", "sign_ins", "step_ups", "throttles",
    "uses_of_contacts", "vault_entries",
)  # fmt: skip


def test_the_page_explains_every_kind_with_the_times_of_the_settings() -> None:
    records: dict[str, list[dict[str, object]]] = {kind: [] for kind in KINDS}
    records["conversations"] = [{"created_at": "2026-11-23T10:00:00+00:00", "messages": [MESSAGE]}]
    page = texts.index("+39 320 1234600", datetime(2026, 11, 23, tzinfo=UTC), records, TIMES)
    assert all(f"dati/{texts.file_name(kind)}.json" in page for kind in KINDS)
    assert len({texts.file_name(kind) for kind in KINDS}) == len(KINDS)
    for said in ("Fino a 12 ore", "fino a 45 giorni", "7 giorni.", "+39 320 1234600", "<strong>Tu</strong>"):
        assert said in page
    assert "sono &lt;b&gt;Mario&lt;/b&gt;" in page, "what people wrote is text"


def test_the_receipt_has_words_for_every_place_and_all_that_stays() -> None:
    assert set(ERASED) <= set(Base.metadata.tables)
    places = ["engine.conversations", "gateway.conversations", "gateway.rows", "accounts deactivated"]
    receipt = Receipt(
        "era_1", "320 ****600", "d", True, "2026-11-23T10:00:00+00:00", "2026-11-23T10:00:01+00:00", 1, True,
        dict.fromkeys([*places, *(f"identity.{table}" for table in ERASED)], 1),
        ["audit", "acknowledgements", "account", "registry", "shared_contact"],
    )  # fmt: skip
    told = texts.receipt(receipt)
    assert told.count("\n- ") == len(receipt.erased) + len(receipt.kept)
    assert "identity." not in told
