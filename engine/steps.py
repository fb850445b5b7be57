"""Where a registration stands after a turn: the documented step and the kind of input that it waits for."""

from __future__ import annotations

from typing import Any

from rasa.shared.core.trackers import DialogueStateTracker

# requested_slot of the active form -> (step, expects); docs/contracts.md
OF_REQUESTED_SLOT: dict[str, tuple[str, str]] = {
    "customer_type": ("customer_type", "choice"),
    "given_name": ("name", "text"),
    "family_name": ("name", "text"),
    "company_name": ("company_name", "text"),
    "contact": ("contact", "email_or_mobile"),
    "password": ("password", "secret:password"),
    "privacy_notice": ("privacy_notice", "choice"),
    "recheck": ("recheck", "choice"),
    "tax_code": ("tax_code", "secret:tax_code"),
    "chosen_contact": ("choose_contact", "choice"),
    "verification_code": ("verification_code", "code"),
}


def standing(tracker: DialogueStateTracker, messages: list[dict[str, Any]]) -> tuple[str, str]:
    """(step, expects) of the tracker; outside a form the slot `stage` says the step."""
    requested = tracker.get_slot("requested_slot") if tracker.active_loop_name else None
    if requested in OF_REQUESTED_SLOT:
        return OF_REQUESTED_SLOT[requested]
    stage = tracker.get_slot("stage") or "idle"
    return stage, "choice" if messages and messages[-1]["choices"] else "text"


def resumable(tracker: DialogueStateTracker) -> tuple[str, str]:
    """(step, expects) at which the registration can go on after a person had it: where the form stands, or the slot
    `resume_step` says.
    """
    step, expects = standing(tracker, [])
    if step != "handover":
        return step, expects
    after = tracker.get_slot("resume_step") or "idle"
    return after, dict(OF_REQUESTED_SLOT.values()).get(after, "text")
