"""The note that opens a handover at Chatwoot: why, where the registration stands, which checks failed; no values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from areaclienti.desk.chatwoot.texts import Texts
from areaclienti.gateway.db.desk import Handover


def summary_note(texts: Texts, handover: Handover, told: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    """What agents read first. `told` is identity's summary (docs/contracts.md), None where it could not be asked; of
    it nothing is taken but codes, the time of each check, and the names of consultant and agency.
    """
    note = texts.summary.format(
        reason=texts.reasons.get(handover.reason, handover.reason),  # type: ignore[call-overload]
        step=texts.steps.get(handover.resume_step, handover.resume_step),
        checks=_checks(texts, told, zone),
        belongs=_belongs(texts, told),
        back=texts.labels.hand_back,
    )
    lines = [note, texts.called_back] if handover.state == "callback" else [note]
    return "\n\n".join(lines)


def _checks(texts: Texts, told: Mapping[str, Any] | None, zone: ZoneInfo) -> str:
    if told is None:
        return texts.summary_unavailable
    checks: Sequence[Mapping[str, Any]] = told.get("checks") or []
    if not checks:
        return texts.checks_none
    return "\n".join([texts.checks, *(_check(texts, check, zone) for check in checks)])


def _check(texts: Texts, check: Mapping[str, Any], zone: ZoneInfo) -> str:
    name, outcome = str(check.get("check")), check.get("outcome")
    at = datetime.fromisoformat(str(check.get("at"))).astimezone(zone)
    return texts.check.format(
        at=f"{at:%H:%M}",
        check=texts.checks_made.get(name, name),
        outcome=texts.outcomes.get(str(outcome), str(outcome)) if outcome else "✓",
    )


def _belongs(texts: Texts, told: Mapping[str, Any] | None) -> str:
    if told is None or not told.get("identified"):
        return texts.belongs_nobody
    return texts.belongs.format(
        consultant=told.get("consultant_name") or texts.not_known, agency=told.get("agency_name") or texts.not_known
    )
