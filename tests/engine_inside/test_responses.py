"""Which variation of a response is said: that of the channel, under its condition, in the order they are written."""

import asyncio

from rasa.shared.core.events import BotUttered, SlotSet
from rasa.shared.core.slots import AnySlot
from rasa.shared.core.trackers import DialogueStateTracker

from engine.responses import OrderedResponses

ON_FILE = [{"type": "slot", "name": "on_file", "value": True}]
RESPONSES = {
    "utter_code": [
        {"text": "web 1"},
        {"text": "web 2"},
        {"text": "web on file", "condition": ON_FILE},
        {"text": "whatsapp 1", "channel": "whatsapp"},
        {"text": "whatsapp 2", "channel": "whatsapp"},
        {"text": "whatsapp on file", "channel": "whatsapp", "condition": ON_FILE},
    ],
    "utter_help": [
        {"text": "help"},
        {"text": "help on file", "condition": ON_FILE},
        {"text": "help on file, whatsapp", "channel": "whatsapp", "condition": ON_FILE},
    ],
}


def said(response, channel, times=1, on_file=None):
    tracker = DialogueStateTracker("test", [AnySlot("on_file", mappings=[{}], influence_conversation=False)])
    tracker.update(SlotSet("on_file", on_file))
    texts = []
    for _ in range(times):
        message = asyncio.run(OrderedResponses(RESPONSES).generate(response, tracker, channel))
        assert not {"condition", "channel"} & set(message)
        texts.append(message["text"])
        tracker.update(BotUttered(message["text"], metadata={"utter_action": response, **message}))
    return texts


def test_a_channels_own_words_are_said_there_and_nowhere_else():
    assert said("utter_code", "web", 4) == ["web 1", "web 2", "web 2", "web 2"]
    assert said("utter_code", "whatsapp", 3) == ["whatsapp 1", "whatsapp 2", "whatsapp 2"]


def test_a_condition_is_looked_at_within_the_channels_own_words():
    assert said("utter_code", "whatsapp", on_file=True) == ["whatsapp on file"]
    assert said("utter_code", "web", on_file=True) == ["web on file"]


def test_where_a_channel_has_words_for_a_condition_alone_the_others_are_everybodys():
    assert said("utter_help", "whatsapp") == ["help"]
    assert said("utter_help", "whatsapp", on_file=True) == ["help on file, whatsapp"]
    assert said("utter_help", "web", on_file=True) == ["help on file"]
