"""What all form validators share: reading only answers, counting misunderstandings, offering a person in time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.forms import FormValidationAction
from rasa_sdk.types import DomainDict

from actions import answers

OFFER_PERSON_EVERY = 3


class Form(FormValidationAction, ABC):
    """A form whose facts come from `read`; a message that is no answer makes it reject, so that a rule takes over."""

    @abstractmethod
    def read(self, tracker: Tracker, requested: str | None) -> dict[str, Any]:
        """Raw values for slots of the form in the latest message; empty where it has none."""

    def is_answer(self, tracker: Tracker) -> bool:
        """Whether the form may read the latest message; all else is left to the rules."""
        return answers.is_answer(tracker, self.requested(tracker))

    def requested(self, tracker: Tracker) -> str | None:
        """The slot this form has asked for; None while it is being activated."""
        active = (tracker.active_loop or {}).get("name") == self.form_name()
        return tracker.get_slot("requested_slot") if active else None

    async def get_extraction_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        if not self.is_answer(tracker):
            return []
        requested = self.requested(tracker)
        if requested is None and not self._opens_the_turn(tracker):
            return []  # begun by an action of this turn: the message was its, and is used up
        # A fact that this form doesn't need here is no answer: Rasa would find nobody to handle the turn.
        needed = await self.required_slots(self.domain_slots(domain), dispatcher, tracker, domain)
        found = {slot: value for slot, value in self.read(tracker, requested).items() if slot in needed}
        if found or requested is None:
            return [SlotSet(slot, value) for slot, value in found.items()]
        out_of_scope = answers.intent(tracker) == "out_of_scope"
        reply = "utter_out_of_scope" if out_of_scope else "utter_not_understood"
        rejected = self.rejected(dispatcher, tracker, requested, reply)
        return [SlotSet(slot, value) for slot, value in rejected.items()]

    def _opens_the_turn(self, tracker: Tracker) -> bool:
        """Whether nothing but this form has run since the customer's message."""
        for event in reversed(tracker.events):
            if event["event"] == "user":
                return True
            if event["event"] == "action" and event["name"] not in {self.form_name(), "action_extract_slots"}:
                return False
        return True

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[EventType]:
        events: list[EventType] = await super().get_validation_events(dispatcher, tracker, domain)
        # The base class returns only slots of the form. A set slot means an answer to Rasa: none after a question.
        if self.is_answer(tracker) and (times := tracker.get_slot("misunderstood_times")):
            events.append(SlotSet("misunderstood_times", times))
        return events

    def rejected(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, slot: str, utterance: str, **variables: Any
    ) -> dict[str, Any]:
        """Says why an answer can't be used; the slot stays empty, so the form asks again in other words."""
        times = int(tracker.get_slot("misunderstood_times") or 0) + 1
        tracker.slots["misunderstood_times"] = times
        dispatcher.utter_message(response=utterance, **variables)
        if times % OFFER_PERSON_EVERY == 0:
            dispatcher.utter_message(response="utter_offer_person")
        return {slot: None, "misunderstood_times": times}

    def accepted(self, tracker: Tracker, **slots: Any) -> dict[str, Any]:
        """The cleaned values; whatever was misunderstood before is forgiven."""
        tracker.slots["misunderstood_times"] = None
        return {**slots, "misunderstood_times": None}
