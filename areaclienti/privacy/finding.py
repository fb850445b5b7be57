"""Finds everything that is kept about the person behind a contact, in all parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from areaclienti.domain.contacts import Contact
from areaclienti.domain.mentions import Mentions
from areaclienti.gateway import search
from areaclienti.identity.person import Person, Rows, find_person, find_rows
from areaclienti.identity.work import Work
from areaclienti.privacy.parts import Parts


@dataclass(frozen=True)
class Found:
    """`rows.conversations` are the ids of all conversations, wherever they were found."""

    person: Person
    rows: Rows


async def find(parts: Parts, contact: Contact, known: Collection[str] = ()) -> Found:
    """Whom the contact stands for and where he is found; `known` are conversations that are his already.

    A conversation is his when one of his contacts stands in the ledger or in the engine, however it was written, or
    when a registration of it matched him. Raises EngineError, BackEndUnavailable, SQLAlchemyError.
    """
    person = await parts.identity.do(lambda work: find_person(work, contact))
    in_ledger = await search.mentioning(parts.ledger, Mentions(person.contacts))
    words = {form for one in person.contacts for form in (one.value, one.key)}
    in_engine = await parts.engine.mentioning(sorted(words))
    conversations = {*known, *in_ledger, *in_engine}

    async def rows(work: Work) -> Rows:
        return await find_rows(work, person, conversations)

    return Found(person, await parts.identity.do(rows))
