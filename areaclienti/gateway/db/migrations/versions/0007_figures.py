"""The figures: the milestones of each conversation, the sums of those that were erased, made up from what is there."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
# As areaclienti/gateway/journeys.py was when this was written: a migration does not change with the code.
_WALL_CLOCK = ZoneInfo("Europe/Rome")
_SECTION_C = {"recheck", "tax_code", "choose_contact"}
_RECOGNISED = {"choose_contact", "verification_code", "done"}
_CODE_SENT = {"verification_code", "done"}
_TYPES = {"name": "persona", "company_name": "azienda"}
_AT_ONCE = 1_000


def upgrade() -> None:
    journeys = op.create_table(
        "journeys",
        sa.Column("conversation_id", sa.String(32), sa.ForeignKey("conversations.id"), primary_key=True),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("customer_type", sa.String(16)),
        sa.Column("section_c", sa.Boolean, nullable=False),
        sa.Column("step", sa.String(32), nullable=False),
        sa.Column("started_at", _MOMENT),
        sa.Column("recognised_at", _MOMENT),
        sa.Column("code_at", _MOMENT),
        sa.Column("account_at", _MOMENT),
    )
    op.create_index(
        "journeys_counted",
        "journeys",
        ["day", "channel", "section_c", "customer_type", "started_at", "recognised_at", "code_at", "account_at", "step",
         "conversation_id"],
    )  # fmt: skip
    sums = op.create_table(
        "daily_sums",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("channel", sa.String(16), primary_key=True),
        sa.Column("branch", sa.String(16), primary_key=True),
        sa.Column("agency_code", sa.String(32), primary_key=True),
        sa.Column("figure", sa.String(24), primary_key=True),
        sa.Column("bucket", sa.String(32), primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
    _make_up(journeys, sums)


def downgrade() -> None:
    op.drop_table("daily_sums")
    op.drop_table("journeys")


def _make_up(journeys: sa.Table, sums: sa.Table) -> None:
    """What the ledger still tells: the step where each conversation stands, and what was pressed on the way.

    A milestone's moment is that of the last activity: the ledger does not say when each was passed.
    """
    connection = op.get_bind()
    types, section_c = _pressed(connection)
    handovers = sa.text("SELECT conversation_id, resume_step FROM handovers ORDER BY queued_at, id")
    asked = {row.conversation_id: row.resume_step for row in connection.execute(handovers)}
    erased: Counter[tuple[date, str, str, str]] = Counter()
    rows: list[dict[str, Any]] = []
    columns = {"created_at": _MOMENT, "updated_at": _MOMENT, "erased_at": _MOMENT}
    query = sa.text("SELECT id, channel, step, created_at, updated_at, erased_at FROM conversations").columns(**columns)
    for conversation_id, channel, standing, created_at, updated_at, erased_at in connection.execute(query):
        day, at = _utc(created_at).astimezone(_WALL_CLOCK).date(), _utc(updated_at)
        step = asked.get(conversation_id, "idle") if standing == "handover" else standing
        step = step if step != "idle" else "customer_type"
        customer_type = types.get(conversation_id) or _TYPES.get(step)
        is_c = conversation_id in section_c or step in _SECTION_C
        has_started = step != "customer_type" or customer_type is not None
        if erased_at is not None:
            branch = "section_c" if is_c else customer_type or "unknown"
            for figure, bucket in _facts(step, has_started):
                erased[day, channel, branch, f"{figure}:{bucket}"] += 1
            continue
        rows.append(
            {
                "conversation_id": conversation_id,
                "day": day,
                "channel": channel,
                "customer_type": customer_type,
                "section_c": is_c,
                "step": step,
                "started_at": at if has_started else None,
                "recognised_at": at if step in _RECOGNISED else None,
                "code_at": at if step in _CODE_SENT else None,
                "account_at": at if step == "done" else None,
            }
        )
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(sa.insert(journeys), rows[start : start + _AT_ONCE])
    for (day, channel, branch, what), count in sorted(erased.items()):
        figure, _, bucket = what.partition(":")
        named = {"day": day, "channel": channel, "branch": branch, "agency_code": "", "figure": figure}
        connection.execute(sa.insert(sums), named | {"bucket": bucket, "count": count})


def _pressed(connection: sa.Connection) -> tuple[dict[str, str], set[str]]:
    """What was chosen, by conversation: persona or azienda; and who gave a tax code, or chose a contact on file."""
    types: dict[str, str] = {}
    section_c: set[str] = set()
    query = sa.text("SELECT conversation_id, intent, entities FROM turns WHERE intent IS NOT NULL ORDER BY id").columns(
        entities=sa.JSON
    )
    for conversation_id, intent, entities in connection.execute(query):
        given = entities if isinstance(entities, dict) else {}
        if intent == "give_customer_type" and given.get("customer_type") in _TYPES.values():
            types[conversation_id] = given["customer_type"]
        if "tax_code" in given or "chosen_contact" in given:
            section_c.add(conversation_id)
    return types, section_c


def _facts(step: str, has_started: bool) -> list[tuple[str, str]]:
    """Of an erased conversation: what areaclienti/gateway/figures.py would have added to the sums."""
    reached = ["opened", *(["started"] if has_started else [])]
    reached += ["recognised"] if step in _RECOGNISED else []
    reached += ["code"] if step in _CODE_SENT else []
    reached += ["account"] if step == "done" else []
    lost = [("lost", step)] if has_started and step != "done" else []
    return [*(("reached", stage) for stage in reached), *lost]


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
