"""Brings a conversation's lines to Chatwoot, in order and once, and lets a team see it open or resolved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.desk.chatwoot.client import ChatwootClient, Refused, Unanswered
from areaclienti.desk.chatwoot.hands import chatwoot_agent_of
from areaclienti.desk.chatwoot.intake import Own
from areaclienti.desk.chatwoot.links import OPEN_STATES, Link, Patience
from areaclienti.desk.chatwoot.summary import summary_note
from areaclienti.desk.chatwoot.texts import Texts
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import Handover
from areaclienti.gateway.db.models import Conversation, Message, now
from areaclienti.logging import get_logger

log = get_logger()

FROM_CHATWOOT = "cw-"  # begins the client id of a line that came from there
_UNREADABLE = (400, 413, 422)  # about this one message, not about us
_LINES = 50  # read at once


@dataclass(frozen=True)
class Teams:
    """Which team of Chatwoot's gets an agency's customers, and which one all others; None: no team."""

    by_agency: dict[str, int]
    others: int | None

    def of(self, agency_code: str | None) -> int | None:
        """The team of that agency's customers."""
        return self.by_agency.get(agency_code or "", self.others)


class NotYet(Exception):
    """A request may still be under way at Chatwoot: what it was about is looked for again in so many seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.1f} s")
        self.seconds = seconds


class Outbound:
    """What it promises: whatever stands in the ledger while people have something to do with the conversation comes to
    Chatwoot in the ledger's order, none of it twice: what was sent without an answer is looked for before it is sent
    again.
    """

    def __init__(
        self,
        database: Database,
        client: ChatwootClient,
        texts: Texts,
        teams: Teams,
        own: Own,
        zone: ZoneInfo,
        summary_of: Callable[[str], Awaitable[dict[str, Any] | None]],
        patience: Patience,
    ) -> None:
        """`summary_of` is what identity tells of a conversation's registration; None where it can't."""
        self._database = database
        self._client = client
        self._texts = texts
        self._teams = teams
        self._own = own
        self._zone = zone
        self._summary_of = summary_of
        self._patience = patience

    async def bring(self, link: Link) -> None:
        """All that is due. Raises Refused, Unanswered, NotYet, Lost: what was not brought is still due."""
        if self._own.id is None:
            self._own.id = await self._client.own_id()
        if link.row.posting is not None:
            await self._settle(link)
        handover, channel = await self._database.read(lambda session: _newest(session, link.row.ledger_id))
        if handover is None:
            return
        if handover.ended_at is None and handover.state in OPEN_STATES:
            await self._open(link, handover, channel)
        elif handover.id == link.row.announced_handover_id != link.row.ended_handover_id:
            await self._end(link, handover)

    # ---- a handover that is open ----

    async def _open(self, link: Link, handover: Handover, channel: str) -> None:
        if handover.level is None:
            return  # whose customer it is decides on the team
        chatwoot_id = await self._conversation(link, channel)
        await self._lines(link, chatwoot_id, None)
        if link.row.announced_handover_id != handover.id:
            await self._announce(link, chatwoot_id, handover)

    async def _conversation(self, link: Link, channel: str) -> int:
        row = link.row
        if row.chatwoot_id is not None:
            return row.chatwoot_id
        if row.contact_id is None:
            name = self._texts.contact_name.format(
                code=row.identifier[:6].upper(), channel=self._texts.channels.get(channel, channel)
            )
            await link.note(contact_id=await self._client.create_contact(row.identifier, name))

        async def make() -> int:
            return await self._client.create_conversation(row.identifier)

        await self._post(link, "conversation", make)
        assert row.chatwoot_id is not None
        return row.chatwoot_id

    async def _lines(self, link: Link, chatwoot_id: int, until: datetime | None) -> None:
        """The ledger's lines that are not there yet; only those written up to a moment."""
        while lines := await self._database.read(
            lambda session: _lines_after(session, link.row.ledger_id, link.row.sent_seq, until)
        ):
            for line in lines:
                await self._line(link, chatwoot_id, line)

    async def _line(self, link: Link, chatwoot_id: int, line: Message) -> None:
        if line.author == "agent" and (line.client_id or "").startswith(FROM_CHATWOOT):
            await link.note(sent_seq=line.seq)
            return
        row, key = link.row, f"line-{line.seq}"

        async def send() -> int:
            if line.author == "customer":
                return await self._client.say_as_customer(row.identifier, chatwoot_id, line.text, link.source + key)
            text = self._with_choices(line)
            return await self._client.say(chatwoot_id, text, link.source + key, is_private=False)

        try:
            await self._post(link, key, send)
        except Refused as refused:
            if refused.status not in _UNREADABLE:
                raise
            # one line that Chatwoot never takes must not hold up what comes after it
            log.error("chatwoot_line_refused", conversation_id=row.ledger_id, seq=line.seq, status=refused.status)
            await link.note(sent_seq=line.seq)

    def _with_choices(self, line: Message) -> str:
        titles = [str(choice["title"]) for choice in line.choices]
        return self._texts.choices.format(text=line.text, choices=" · ".join(titles)) if titles else line.text

    async def _announce(self, link: Link, chatwoot_id: int, handover: Handover) -> None:
        row = link.row
        if row.noted_handover_id != handover.id:
            note = summary_note(self._texts, handover, await self._summary_of(row.ledger_id), self._zone)

            async def send() -> int:
                return await self._client.say(chatwoot_id, note, f"{link.source}note-{handover.id}", is_private=True)

            await self._post(link, f"note-{handover.id}", send)
        present = await self._client.state(chatwoot_id)
        labels = self._texts.labels
        kept = set(present.labels) - labels.of_agents - {*labels.reasons.values(), labels.called_back}
        mine = {labels.reasons[handover.reason]} if handover.reason in labels.reasons else set()  # type: ignore[index]
        if handover.state == "callback":
            mine.add(labels.called_back)
        await self._client.set_labels(chatwoot_id, sorted(kept | mine))
        if (team := self._teams.of(handover.agency_code)) is not None:
            await self._client.assign_team(chatwoot_id, team)
        assignee = chatwoot_agent_of(handover.agent_id) if handover.state == "human" else None
        if present.assignee_id is not None and row.announced_handover_id is not None and assignee is None:
            await self._client.assign_agent(chatwoot_id, None)  # he had the last one; of this one he knows nothing yet
        if present.status != "open":
            await self._client.set_status(chatwoot_id, "open")
        # of what webhooks tell of the moments before, nothing is of this handover any more
        seen = (await self._client.state(chatwoot_id)).as_json()
        await link.note(announced_handover_id=handover.id, status="open", assignee_id=assignee, seen=seen)

    # ---- a handover that is over ----

    async def _end(self, link: Link, handover: Handover) -> None:
        row, chatwoot_id = link.row, link.row.chatwoot_id
        if chatwoot_id is None:
            return
        await self._lines(link, chatwoot_id, handover.ended_at)
        if row.status != "resolved":  # it was not an agent there who ended it
            how = self._texts.endings.get(handover.outcome or "", self._texts.ending_other)
            note = self._texts.ended.format(how=how)

            async def send() -> int:
                return await self._client.say(chatwoot_id, note, f"{link.source}end-{handover.id}", is_private=True)

            await self._post(link, f"end-{handover.id}", send)
        await self._client.set_status(chatwoot_id, "resolved")
        await link.note(ended_handover_id=handover.id, status="resolved")

    # ---- once ----

    async def _post(self, link: Link, key: str, send: Callable[[], Awaitable[int]]) -> None:
        """Have something made at Chatwoot, once. That it is being made is written before, what came of it after."""
        await link.note(posting=key, posting_at=now())
        try:
            number = await send()
        except Unanswered as unanswered:
            if not unanswered.maybe_done:
                await link.note(posting=None, posting_at=None)
            raise
        except Refused:
            await link.note(posting=None, posting_at=None)
            raise
        await self._done(link, key, number)

    async def _settle(self, link: Link) -> None:
        """What was sent and never acknowledged: it is there, or it will never be."""
        row = link.row
        key, sent_at = row.posting or "", row.posting_at or now()
        number = await self._found(link, key)
        if number is not None:
            await self._done(link, key, number)
            return
        left = (sent_at + self._patience.proof - now()).total_seconds()
        if left > 0:
            raise NotYet(left)
        await link.note(posting=None, posting_at=None)

    async def _found(self, link: Link, key: str) -> int | None:
        """Chatwoot's id of what was being made; None when it is not there.

        Customer's lines are known by their place: nobody else makes incoming messages in the conversation, and one is
        made after the other. What we say ourselves bears its mark.
        """
        row = link.row
        if key == "conversation":
            return next(iter(await self._client.conversations_of(row.identifier)), None)
        if row.chatwoot_id is None:
            return None
        said = await self._client.messages_after(row.chatwoot_id, row.sent_message_id)
        marked = [one.id for one in said if one.source_id == link.source + key]
        if marked or not key.startswith("line-"):
            return marked[0] if marked else None
        is_customers = await self._database.read(lambda session: _author(session, row.ledger_id, key)) == "customer"
        incoming = [one.id for one in said if one.is_incoming]
        return incoming[0] if is_customers and incoming else None

    async def _done(self, link: Link, key: str, number: int) -> None:
        row, over = link.row, {"posting": None, "posting_at": None}
        if key == "conversation":
            await link.note(chatwoot_id=number, **over)
            return
        newest = max(row.sent_message_id, number)
        kind, _, what = key.partition("-")
        if kind == "line":
            await link.note(sent_seq=int(what), sent_message_id=newest, **over)
        elif kind == "note":
            await link.note(noted_handover_id=what, noted_message_id=number, sent_message_id=newest, **over)
        else:
            await link.note(status="resolved", sent_message_id=newest, **over)


def _newest(session: Session, conversation_id: str) -> tuple[Handover | None, str]:
    """The open handover, or the one that ended last; the conversation's channel."""
    of_it = select(Handover).where(Handover.conversation_id == conversation_id)
    newest = session.scalar(of_it.order_by(Handover.ended_at.is_not(None), Handover.ended_at.desc()).limit(1))
    channel = session.scalar(select(Conversation.channel).where(Conversation.id == conversation_id))
    return newest, channel or ""


def _lines_after(session: Session, conversation_id: str, seq: int, until: datetime | None) -> list[Message]:
    new = select(Message).where(Message.conversation_id == conversation_id, Message.seq > seq)
    if until is not None:
        new = new.where(Message.at <= until)
    return list(session.scalars(new.order_by(Message.seq).limit(_LINES)))


def _author(session: Session, conversation_id: str, key: str) -> str | None:
    seq = int(key.removeprefix("line-"))
    return session.scalar(select(Message.author).where(Message.conversation_id == conversation_id, Message.seq == seq))
