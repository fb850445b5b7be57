"""The customer's side of a handover: the way into the queue, what he is told and may choose, the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.desk.hours import WorkingHours, utc_now
from areaclienti.desk.queue import usual_wait_minutes
from areaclienti.desk.texts import Texts
from areaclienti.desk.transitions import ASSISTANT, CUSTOMER, DESK, move, open_handover
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.models import Conversation
from areaclienti.gateway.engine_client import HandoverAsked, HandoverReason
from areaclienti.gateway.handover import HAND_BACK
from areaclienti.gateway.journeys import note
from areaclienti.gateway.ledger import Intent, append, new_choice_id

RESUME, CALL_BACK, PERSON, RATE = "resume", "call_back", "person", "rate"
_NOWHERE = ("handover", "idle")  # steps that a registration can't go on at


class CustomersDesk:
    """What ledger and turns ask of the desk (`gateway.handover.Desk`): inside their transactions."""

    def __init__(self, texts: Texts, hours: WorkingHours, clock: Callable[[], datetime] = utc_now) -> None:
        self._texts = texts
        self._hours = hours
        self._clock = clock

    def asked_for(self, session: Session, conversation: Conversation, asked: HandoverAsked) -> None:
        """Queue the conversation; outside working hours say when somebody is there, and let the customer choose."""
        self._escalate(session, conversation, asked, ASSISTANT)

    def offer(self, conversation: Conversation) -> list[dict[str, Any]]:
        """A person, while the back end is down."""
        return [self._choice(self._texts.choices.person, does=PERSON, reason="back_end_down")]

    def chosen(self, session: Session, conversation: Conversation, what: dict[str, Any]) -> Intent | None:
        """Go on with the assistant, be called back, get a person, say how it was."""
        if what["does"] == RESUME:
            return self._resumed(session, conversation, what)
        if what["does"] == PERSON:
            asked = self._standing(session, conversation, what["reason"])
            self._escalate(session, conversation, asked, CUSTOMER)
        elif what["does"] == CALL_BACK:
            self._called_back(session, conversation, what)
        elif what["does"] == RATE:
            self._rated(session, conversation, what["handover_id"], what["rating"])
        return None

    def written(self, session: Session, conversation: Conversation) -> None:
        """After the person's last word the assistant answers again; before a call back, nobody does at once."""
        if conversation.owner not in ("wrap_up", "callback"):
            return
        handover = open_handover(session, conversation.id)
        if handover is None:
            return
        if conversation.owner == "callback":
            self.say(session, conversation, handover, self._texts.noted)
        elif move(session, conversation, handover, "bot", who=CUSTOMER, reason="wrote"):
            append(session, conversation, "system", "notice", self._texts.resumed)

    def left(self, session: Session, conversation: Conversation) -> None:
        """Nobody waits any more."""
        handover = open_handover(session, conversation.id)
        if handover is not None:
            move(session, conversation, handover, "closed", who=CUSTOMER, reason="left")

    def still_waiting(self, session: Session, conversation: Conversation, handover: Handover) -> None:
        """Ask whether to go on waiting; the place in the queue stays."""
        choices = [self._resume(handover), self._choice(self._texts.choices.call_back, does=CALL_BACK)]
        append(session, conversation, "system", "notice", self._texts.still_waiting, choices=choices)

    def closing(self, session: Session, conversation: Conversation, handover: Handover) -> bool:
        """The desk closes and nobody came: the customer is called back. False when somebody was faster."""
        if not move(session, conversation, handover, "callback", who=DESK, reason="desk_closed"):
            return False
        handover.level, handover.level_until = handover.level and "pool", None  # whoever opens first may call
        self.say(session, conversation, handover, self._texts.closing.format(opening=self._opening()))
        return True

    def say(self, session: Session, conversation: Conversation, handover: Handover, text: str) -> None:
        """A line of the desk's to who waits, with the way back to the assistant."""
        conversation.choices_from = conversation.last_seq + 1
        append(session, conversation, "system", "notice", text, choices=[self._resume(handover)])

    def wrapped_up(self, session: Session, conversation: Conversation, handover: Handover, agent_name: str) -> None:
        """The person's last word, and how it was."""
        ratings = [
            self._choice(title, does=RATE, handover_id=handover.id, rating=rating)
            for rating, title in sorted(self._texts.choices.ratings.items(), reverse=True)
        ]
        text = self._texts.wrapped_up.format(agent=agent_name)
        append(session, conversation, "system", "notice", text, choices=[*ratings, self._resume(handover)])

    def _escalate(self, session: Session, conversation: Conversation, asked: HandoverAsked, who: str) -> None:
        if not self._hours.is_open(self._clock()):
            self._say_when(session, conversation, asked)
            return
        handover = self._begun(session, conversation, asked, "queued")
        if not move(session, conversation, handover, "queued", who=who, reason=asked.reason):
            raise AssertionError("the conversation was locked")
        _stand_aside(conversation)
        wait = self._texts.wait(usual_wait_minutes(session, self._clock()))
        self.say(session, conversation, handover, self._texts.queued.format(wait=wait))

    def _say_when(self, session: Session, conversation: Conversation, asked: HandoverAsked) -> None:
        """Nobody is there: the assistant keeps the conversation until the customer has chosen."""
        back = {"step": asked.resume_step, "expects": asked.resume_expects}
        choices = [
            self._choice(self._texts.choices.resume, does=RESUME, **back),
            self._choice(self._texts.choices.call_back, does=CALL_BACK, reason=asked.reason, **back),
        ]
        conversation.choices_from = conversation.last_seq + 1
        text = self._texts.closed_now.format(opening=self._opening())
        append(session, conversation, "system", "notice", text, choices=choices)

    def _called_back(self, session: Session, conversation: Conversation, what: dict[str, Any]) -> None:
        handover = open_handover(session, conversation.id)
        if handover is None:
            asked = HandoverAsked(reason=what["reason"], resume_step=what["step"], resume_expects=what["expects"])
            handover = self._begun(session, conversation, asked, "callback")
        if not move(session, conversation, handover, "callback", who=CUSTOMER, reason="call_back"):
            raise AssertionError("the conversation was locked")
        _stand_aside(conversation)
        self.say(session, conversation, handover, self._texts.called_back.format(opening=self._opening()))

    def _resumed(self, session: Session, conversation: Conversation, what: dict[str, Any]) -> Intent:
        handover = open_handover(session, conversation.id)
        if handover is not None:
            move(session, conversation, handover, "bot", who=CUSTOMER, reason="resumed")
        return Intent(HAND_BACK, {"step": what["step"], "settled": [], "missing": []})

    def _rated(self, session: Session, conversation: Conversation, handover_id: str, rating: int) -> None:
        handover = session.get_one(Handover, handover_id)
        handover.rating = rating
        self.say(session, conversation, handover, self._texts.rated)

    def _standing(self, session: Session, conversation: Conversation, reason: HandoverReason) -> HandoverAsked:
        """Where the registration stands now; where it stopped for a person before, where it stood then."""
        step, expects = conversation.step, conversation.expects
        if step in _NOWHERE:
            former = select(Handover).where(Handover.conversation_id == conversation.id)
            before = session.scalar(former.order_by(Handover.queued_at.desc()).limit(1))
            step, expects = (before.resume_step, before.resume_expects) if before else ("idle", "text")
        return HandoverAsked.model_validate({"reason": reason, "resume_step": step, "resume_expects": expects})

    def _begun(self, session: Session, conversation: Conversation, asked: HandoverAsked, state: str) -> Handover:
        handover = Handover(
            id=uuid4().hex,
            conversation_id=conversation.id,
            reason=asked.reason,
            resume_step=asked.resume_step,
            resume_expects=asked.resume_expects,
            state=state,
            queued_at=self._clock(),
        )
        session.add(handover)
        note(session, conversation, "handover")
        session.flush()
        return handover

    def _opening(self) -> str:
        present = self._clock().astimezone(self._hours.zone)
        return self._texts.opening(self._hours.next_opening(present), present)

    def _resume(self, handover: Handover) -> dict[str, Any]:
        back = {"step": handover.resume_step, "expects": handover.resume_expects}
        return self._choice(self._texts.choices.resume, does=RESUME, **back)

    @staticmethod
    def _choice(title: str, **what: Any) -> dict[str, Any]:
        return {"id": new_choice_id(), "title": title, "desk": what}


def _stand_aside(conversation: Conversation) -> None:
    """No field for a secret stands open while a person answers."""
    if (conversation.step, conversation.expects) != ("handover", "text"):
        conversation.step, conversation.expects = "handover", "text"
        conversation.step_epoch += 1
