"""Shows the privacy notice in its present version (manual 5a)."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import identity


class AskPrivacyNotice(Action):
    """Remembers version and SHA-256 of what is shown, so that exactly that is acknowledged."""

    def name(self) -> str:
        return "action_ask_privacy_notice"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        notice = await identity.get("/v1/privacy-notice")
        dispatcher.utter_message(response="utter_ask_privacy_notice")
        return [SlotSet("notice_version", notice["version"]), SlotSet("notice_sha256", notice["sha256"])]
