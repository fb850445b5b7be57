"""A voice note, a picture or another message without words: says what is not read, and what to do instead."""

from __future__ import annotations

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions import answers

OF_KIND = {
    "audio": "utter_media_audio",
    "image": "utter_media_image",
    "video": "utter_media_video",
    "document": "utter_media_document",
    "sticker": "utter_media_sticker",
    "location": "utter_media_location",
    "contacts": "utter_media_contacts",
    "edited": "utter_media_edited",
}


class Media(Action):
    """The words for the kind of message; the form asks its question again."""

    def name(self) -> str:
        return "action_media"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> list[EventType]:
        kind = answers.entity(tracker, "kind") or ""
        dispatcher.utter_message(response=OF_KIND.get(kind, "utter_media"))
        return []
