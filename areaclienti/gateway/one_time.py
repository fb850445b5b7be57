"""One-time links: addresses of a page where the secret that is due can be given, for channels that have no form."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, OneTimeLink, now
from areaclienti.gateway.ledger import locked
from areaclienti.gateway.session import token_hash
from areaclienti.gateway.texts import Purpose

PATH = "/riservato"
CLAIM_LIFE = timedelta(seconds=30)  # the vault answers within 8 s; after this a request that died is forgotten
PURPOSES: dict[str, Purpose] = {
    "secret:password": "password",
    "secret:tax_code": "tax_code",
    "code": "verification_code",
}


@dataclass(frozen=True)
class Link:
    """What the customer is sent: the page's address, which is a secret itself, and until when it is good."""

    url: str
    expires_at: datetime

    @property
    def token(self) -> str:
        """What is secret in the address, for a form that is no page."""
        return self.url.rsplit("/", 1)[1]


@dataclass(frozen=True)
class Due:
    """What a link is good for at this moment."""

    conversation_id: str
    purpose: Purpose
    expires_at: datetime
    client_id: str  # of the message that will say that the secret was given: one a link, whatever is repeated


class OneTimeLinks:
    """Makes links and tells what they are good for. A link serves the secret that is due, once, while the conversation
    stands at the step that it was made at and the assistant has it; it lives `life_seconds`.
    """

    def __init__(self, database: Database, public_url: str, life_seconds: int) -> None:
        self._database = database
        self._address = public_url.rstrip("/") + PATH
        self._life = timedelta(seconds=life_seconds)

    async def link_for(self, conversation: Conversation) -> Link | None:
        """A new link for the secret that the conversation waits for, in place of an older one; None when it waits for
        none, or when a person has it.
        """
        token = secrets.token_urlsafe(32)
        expires_at = now() + self._life

        def work(session: Session) -> Link | None:
            present = locked(session, conversation.id)
            purpose = PURPOSES.get(present.expects)
            if purpose is None or present.owner != "bot" or present.closed_at is not None:
                return None
            replaced = (OneTimeLink.conversation_id == present.id) & (OneTimeLink.purpose == purpose)
            session.execute(delete(OneTimeLink).where(or_(replaced, OneTimeLink.expires_at <= now())))
            session.add(
                OneTimeLink(
                    token_hash=token_hash(token),
                    conversation_id=present.id,
                    purpose=purpose,
                    epoch=present.epoch,
                    step_epoch=present.step_epoch,
                    expires_at=expires_at,
                )
            )
            return Link(f"{self._address}/{token}", expires_at)

        return await self._database.write(work)

    async def find(self, token: str) -> Due | None:
        """What the link is good for; None when it is unknown, used, replaced, over, or not due any more. Changes
        nothing: the previews of messaging services look at links too.
        """
        hashed = token_hash(token)
        return await self._database.read(lambda session: _due(session, hashed))

    @asynccontextmanager
    async def used(self, token: str) -> AsyncIterator[Due | None]:
        """Use the link: nobody else can while the block runs. It is gone when the block ends, and good again when the
        block raises. None as for `find`, and while somebody else uses it.
        """
        hashed = token_hash(token)
        due = await self._database.write(lambda session: _claim(session, hashed))
        if due is None:
            yield None
            return
        link = OneTimeLink.token_hash == hashed
        try:
            yield due
        except BaseException:  # a request that was given up too
            free = update(OneTimeLink).where(link).values(claimed_until=None)
            await self._database.write(lambda session: session.execute(free))
            raise
        await self._database.write(lambda session: session.execute(delete(OneTimeLink).where(link)))


def _due(session: Session, hashed: str) -> Due | None:
    row = session.execute(_alive(hashed)).first()
    if row is None:
        return None
    link, expects = row
    if PURPOSES.get(expects) != link.purpose:
        return None
    return Due(link.conversation_id, link.purpose, link.expires_at, f"link-{hashed[:32]}")


def _claim(session: Session, hashed: str) -> Due | None:
    """One statement takes the link, so that of two requests one gets it."""
    moment = now()
    free = or_(OneTimeLink.claimed_until.is_(None), OneTimeLink.claimed_until <= moment)
    claim = update(OneTimeLink).where(OneTimeLink.token_hash == hashed, free).values(claimed_until=moment + CLAIM_LIFE)
    taken = session.scalar(claim.returning(OneTimeLink.token_hash))
    return _due(session, hashed) if taken else None


def _alive(hashed: str) -> Select[OneTimeLink, str]:
    return (
        select(OneTimeLink, Conversation.expects)
        .join(Conversation, Conversation.id == OneTimeLink.conversation_id)
        .where(
            OneTimeLink.token_hash == hashed,
            OneTimeLink.expires_at > now(),
            OneTimeLink.epoch == Conversation.epoch,
            OneTimeLink.step_epoch == Conversation.step_epoch,
            Conversation.owner == "bot",
            Conversation.closed_at.is_(None),
        )
    )
