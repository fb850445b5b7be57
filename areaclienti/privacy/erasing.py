"""Erases what is kept about the person behind a contact, in all parts; interrupted, it is finished by another run."""

from __future__ import annotations

import asyncio
from collections import Counter

from sqlalchemy.orm import Session

from areaclienti.domain.contacts import Contact
from areaclienti.domain.masking import mask_contact
from areaclienti.gateway import retention
from areaclienti.gateway.db.models import Conversation
from areaclienti.identity import erasure
from areaclienti.identity.erasure import Erasure
from areaclienti.identity.person import Person, find_rows
from areaclienti.identity.work import Work
from areaclienti.privacy import receipts, texts
from areaclienti.privacy.finding import find
from areaclienti.privacy.parts import Parts
from areaclienti.privacy.receipts import Plan, Receipt

_SECONDS_TO_SEND = 90  # a message that is being sent is called back when its lease is over, after a minute


class StillSending(Exception):
    """A message to the person did not end in time; all the rest is erased, and another run finishes."""


async def erase(parts: Parts, contact: Contact, *, with_account: bool) -> Receipt:
    """Erases all but what has to stay, and stores a receipt (`receipts`).

    The conversations are closed, then erased in the engine, in identity and in the ledger, in this order: what was not
    reached yet is found again. Raises EngineError, BackEndUnavailable, SQLAlchemyError, StillSending, OSError: then the
    same again goes on where this ended.
    """
    plan = receipts.take_up(parts.folder, digest_of(parts, contact), with_account=with_account)
    found = await find(parts, contact, plan.conversations)
    plan.conversations = sorted(found.rows.conversations)
    receipts.keep(parts.folder, plan)
    await _close(parts, plan.conversations)
    in_engine = await parts.engine.erase(plan.conversations, rewrite=False)
    _add(parts, plan, Counter({"engine.conversations": in_engine.erased}))
    kept = await _erase_in_identity(parts, plan, found.person)
    done = await retention.erase(parts.ledger, parts.engine, plan.conversations, rewrite=True)
    _add(parts, plan, Counter({"gateway.conversations": done.conversations, "gateway.rows": done.rows}))
    is_clean = await parts.identity.database.forget_deleted(rewrite=True) and done.clean
    receipt = Receipt(
        id=plan.id,
        contact=mask_contact(contact),
        contact_digest=plan.contact_digest,
        with_account=plan.with_account,
        began_at=plan.began_at,
        finished_at=receipts.now(),
        runs=plan.runs,
        clean=is_clean,
        erased=plan.erased,
        kept=kept,
    )
    receipts.finish(parts.folder, receipt, texts.receipt(receipt))
    return receipt


def digest_of(parts: Parts, contact: Contact) -> str:
    """What a receipt says of the contact: it can be compared with a contact, and not be read."""
    return parts.identity.mac.hex("erasure", contact.key)


async def _close(parts: Parts, conversation_ids: list[str]) -> None:
    def work(session: Session) -> None:
        for conversation_id in conversation_ids:
            conversation = session.get(Conversation, conversation_id, with_for_update=True)
            if conversation is not None:
                retention.close(session, conversation)

    await parts.ledger.write(work)


async def _erase_in_identity(parts: Parts, plan: Plan, person: Person) -> list[str]:
    """Gives codes of what stays."""

    async def act(work: Work) -> Erasure:
        rows = await find_rows(work, person, plan.conversations)
        return await erasure.erase(work, person, rows, with_account=plan.with_account, receipt_id=plan.id)

    for _ in range(_SECONDS_TO_SEND):
        done = await parts.identity.do(act)
        counts = Counter({f"identity.{table}": count for table, count in done.rows.items()})
        counts["accounts deactivated"] += done.accounts_deactivated
        _add(parts, plan, counts)
        if not done.under_way:
            kept = ["audit", "acknowledgements"]
            kept += ["account"] if done.accounts_kept else []
            kept += ["registry"] if person.customer else []
            return kept + (["shared_contact"] if person.is_shared else [])
        await asyncio.sleep(1.0)
    raise StillSending


def _add(parts: Parts, plan: Plan, counts: Counter[str]) -> None:
    plan.add(counts)
    receipts.keep(parts.folder, plan)
