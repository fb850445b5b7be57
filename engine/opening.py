"""Where the customer writes first: the assistant greets as if it had opened the chat, then reads the message."""

from __future__ import annotations

from rasa.core.agent import Agent
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    REQUESTED_SLOT,
)
from rasa.shared.core.events import (
    ActionExecuted,
    ActiveLoop,
    BotUttered,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)

from engine.turn import Turn

OPENING = "open_chat"
GREETING = "utter_greet"
FORM, FIRST_QUESTION = "registration_form", "customer_type"
# Said after the greeting in one breath they would greet twice, or answer a question that nobody had asked yet.
NOT_AFTER_GREETING = frozenset({"utter_greet_again", "utter_not_understood"})


async def greet(agent: Agent, turn: Turn) -> None:
    """Begin the turn with the greeting, and its tracker where `open_chat` would have led: the form waits for its first
    answer, so that whatever the first message holds is read as at any other moment.

    The form's question is left out: it comes after the message, where it is still open then.
    """
    tracker = agent.tracker_store.init_tracker(turn.conversation_id)
    channel = turn.collector.name()
    greeting = await agent.processor.nlg.generate(GREETING, tracker, channel)
    greeting["utter_action"] = GREETING
    turn.collector.leave_out = NOT_AFTER_GREETING
    await turn.collector.send_response(turn.conversation_id, greeting)
    spoken: list[Event] = [
        ActionExecuted(ACTION_SESSION_START_NAME),
        SessionStarted(),
        ActionExecuted(ACTION_LISTEN_NAME),
        UserUttered("", intent={"name": OPENING, "confidence": 1.0}, input_channel=channel),
        ActionExecuted(GREETING),
        BotUttered(greeting["text"], metadata={"utter_action": GREETING, "variation": greeting["variation"]}),
        ActionExecuted(FORM),
        ActiveLoop(FORM),
        SlotSet(REQUESTED_SLOT, FIRST_QUESTION),
        ActionExecuted(ACTION_LISTEN_NAME),
    ]
    for event in spoken:
        tracker.update(event, agent.domain)
    turn.begun = tracker
