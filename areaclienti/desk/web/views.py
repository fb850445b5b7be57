"""What the desk's pages are given: handovers, lines, notes and changes of hands as JSON (docs/contracts.md, "Desk")."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args

from areaclienti.desk.board import Line
from areaclienti.desk.operations import CLAIMABLE, Colleague, Transcript
from areaclienti.desk.reading import Delivery
from areaclienti.desk.scope import Action, Who, may
from areaclienti.gateway.db.desk import DeskNote, HandoverEvent
from areaclienti.gateway.db.models import Message

ACTIONS: tuple[Action, ...] = get_args(Action)
Due = Callable[[datetime], datetime]


def moment(at: datetime | None) -> str | None:
    """A moment as pages read it."""
    return None if at is None else at.isoformat(timespec="milliseconds")


def card_view(line: Line, who: Who, due: Due) -> dict[str, Any]:
    """A handover in a list, with what this agent may do with it now; `due` tells when a call back is due."""
    mine = line.where.agent_id == who.id
    called_back = line.called_back_at if line.owner == "callback" else None
    return {
        "id": line.id,
        "owner": line.owner,
        "epoch": line.epoch,
        "channel": line.channel,
        "reason": line.reason,
        "level": line.where.level,
        "agency_code": line.where.agency_code,
        "agent_id": line.where.agent_id,
        "agent_name": line.agent_name,
        "mine": mine,
        "may": [action for action in ACTIONS if may(who, action, line.where) and _makes_sense(action, line, mine)],
        "resume_step": line.resume_step,
        "queued_at": moment(line.queued_at),
        "offered_until": moment(line.offered_until),
        "claimed_at": moment(line.claimed_at),
        "wrap_up_until": moment(line.wrap_up_until),
        "due_at": moment(due(called_back)) if called_back is not None else None,
        "ended_at": moment(line.ended_at),
        "outcome": line.outcome,
        "unanswered": sorted(line.unanswered) if mine else [],
        "last_words": line.last_words if mine else None,
    }


def _makes_sense(action: Action, line: Line, mine: bool) -> bool:
    """Whether the owner of the conversation is one with which the action does anything."""
    if action in ("read", "note", "draft", "reveal"):
        return action == "read" or line.owner not in ("ended", "closed")
    if action == "claim":
        return line.owner in CLAIMABLE and (line.owner != "offered" or mine)
    if action == "force_take":
        return line.owner in (*CLAIMABLE, "human") and not (line.owner == "human" and mine)
    if action == "release":
        return line.owner in ("offered", "human")
    return line.owner == "human"


def line_view(message: Message) -> dict[str, Any]:
    """A line of the ledger. What may be pressed is the customer's, its titles are shown."""
    return {
        "seq": message.seq,
        "author": message.author,
        "kind": message.kind,
        "text": message.text,
        "choices": [choice["title"] for choice in message.choices],
        "card": message.card["type"] if message.card else None,
        "at": moment(message.at),
        "client_id": message.client_id if message.author == "agent" else None,
    }


def note_view(note: DeskNote, names: dict[str, str]) -> dict[str, Any]:
    """A note for colleagues."""
    return {"id": note.id, "agent_name": names.get(note.agent_id), "text": note.text, "at": moment(note.at)}


def change_view(event: HandoverEvent, names: dict[str, str]) -> dict[str, Any]:
    """A change of hands: `who` is an agent's name, where one did it; `agent` whom it went to or was taken from."""
    return {
        "id": event.id,
        "who": names.get(event.who),
        "agent": names.get(event.agent_id or ""),
        "from": event.from_owner,
        "to": event.to_owner,
        "reason": event.reason,
        "at": moment(event.at),
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """What became of one line on WhatsApp."""
    return {"seq": delivery.seq, "state": delivery.state, "error_code": delivery.error_code}


def transcript_view(found: Transcript) -> dict[str, Any]:
    """A conversation from a cursor on, without the handover's own line."""
    names = dict(found.names)
    return {
        "messages": [line_view(message) for message in found.messages],
        "notes": [note_view(note, names) for note in found.notes],
        "changes": [change_view(event, names) for event in found.events],
        "deliveries": [delivery_view(delivery) for delivery in found.deliveries],
        "writable_until": moment(found.writable_until),
        "last_seq": found.last_seq,
        "draft": found.draft,
    }


def colleague_view(colleague: Colleague) -> dict[str, Any]:
    """Somebody to pass a conversation on to."""
    return {
        "id": colleague.id,
        "name": colleague.name,
        "agency_code": colleague.agency_code,
        "presence": colleague.presence,
        "load": colleague.load,
        "capacity": colleague.capacity,
    }
