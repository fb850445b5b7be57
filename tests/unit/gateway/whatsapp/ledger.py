"""A person with a conversation in the ledger, in which the assistant speaks as the test wants."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from areaclienti.gateway.channels.whatsapp.outbound_texts import load_outbound_texts
from areaclienti.gateway.channels.whatsapp.rendering import Rendering
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.models import Conversation, now
from areaclienti.gateway.db.whatsapp import WhatsappOutgoing, WhatsappPerson
from areaclienti.gateway.ledger import append, begun, locked

RENDERING = Rendering(load_outbound_texts(), "https://clienti.example", 600)


async def person(database: Database, user_id: str, wa_id: str | None = None) -> str:
    """A person who wrote just now; gives the id of the conversation."""

    def work(session: Session) -> str:
        conversation = begun(session, "whatsapp", None, "csrf")
        session.flush()
        session.add(
            WhatsappPerson(
                user_id=user_id,
                wa_id=wa_id,
                conversation_id=conversation.id,
                last_inbound_at=now(),
                sent_seq=0,
            )
        )
        return conversation.id

    return await database.write(work)


async def speak(database: Database, conversation_id: str, *said: str) -> None:
    """The assistant says something, as by the answer to one turn."""

    def work(session: Session) -> None:
        for text in said:
            append(session, locked(session, conversation_id), "bot", "text", text)

    await database.write(work)


async def outgoing(database: Database) -> list[WhatsappOutgoing]:
    """What is in the outbox."""
    query = select(WhatsappOutgoing).order_by(WhatsappOutgoing.id)
    return await database.read(lambda session: list(session.scalars(query)))


async def is_all_sent(database: Database) -> bool:
    """Whether every line of the ledger left, and nothing waits."""

    def work(session: Session) -> bool:
        last = session.execute(
            select(Conversation.last_seq, WhatsappPerson.sent_seq).join(
                WhatsappPerson, WhatsappPerson.conversation_id == Conversation.id
            )
        ).all()
        waits = select(WhatsappOutgoing.id).where(WhatsappOutgoing.state.in_(("pending", "sending"))).limit(1)
        return all(grown == sent for grown, sent in last) and session.scalar(waits) is None

    return await database.read(work)
