"""The part of a tracker that the next turn needs: the state at a cut and the events after it."""

from __future__ import annotations

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SessionStarted, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

KEPT_EVENTS = 40
LONGEST = 80


def cut(tracker: DialogueStateTracker, domain: Domain) -> list[Event]:
    """The tracker's events, or an equivalent shorter list once there are more than LONGEST.

    The list begins with the session, the slots and the form as they stood at an `action_listen`, and goes on with the
    KEPT_EVENTS (or fewer) that follow it: policies, forms and responses look no further back than that.
    """
    events: list[Event] = list(tracker.events)
    if len(events) <= LONGEST:
        return events
    listens = [at for at, event in enumerate(events) if _is_listen(event) and at >= len(events) - KEPT_EVENTS]
    if not listens:
        return events
    at = listens[0]
    before = DialogueStateTracker.from_events(tracker.sender_id, events[:at], domain.slots)
    state: list[Event] = [ActionExecuted("action_session_start"), SessionStarted()]
    state += [SlotSet(slot.name, slot.value) for slot in before.slots.values() if slot.value != slot.initial_value]
    if before.active_loop_name:
        state.append(ActiveLoop(before.active_loop_name))
    return state + events[at:]


def _is_listen(event: Event) -> bool:
    return isinstance(event, ActionExecuted) and event.action_name == ACTION_LISTEN_NAME
