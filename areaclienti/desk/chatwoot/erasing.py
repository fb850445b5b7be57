"""Deletes at Chatwoot what was erased here, the contact with his conversations, until Chatwoot says that it is gone."""

from __future__ import annotations

from sqlalchemy import delete

from areaclienti.desk.chatwoot.client import ChatwootClient, Refused, Unanswered
from areaclienti.desk.chatwoot.links import orphans
from areaclienti.gateway.db.chatwoot import ChatwootLink
from areaclienti.gateway.db.database import Database
from areaclienti.logging import get_logger

log = get_logger()

AT_ONCE = 50
_LATER = (409, 422)  # Chatwoot deletes nobody who is online


class Erasing:
    """Each conversation of ours has a contact of its own there, so that what goes with him is his alone."""

    def __init__(self, database: Database, client: ChatwootClient) -> None:
        self._database = database
        self._client = client

    async def go(self) -> int:
        """Delete what is due; how many. What Chatwoot does not delete now is tried again. Raises Refused where it
        refuses the product itself.
        """
        gone = 0
        for ledger_id, identifier, contact_id in await self._database.read(lambda session: orphans(session, AT_ONCE)):
            try:
                # an answer that was lost: Chatwoot knows the contact, we don't know his number
                known = contact_id if contact_id is not None else await self._client.find_contact(identifier)
                if known is not None:
                    await self._client.delete_contact(known)
            except Unanswered as unanswered:
                log.warning("chatwoot_erasure_waits", reason=unanswered.reason)
                break
            except Refused as refused:
                if refused.status not in _LATER:
                    raise
                log.warning("chatwoot_erasure_waits", reason="online")
                continue
            forget = delete(ChatwootLink).where(ChatwootLink.ledger_id == ledger_id)
            await self._database.write(lambda session, forget=forget: session.execute(forget))  # type: ignore[misc]
            gone += 1
        if gone:
            log.info("chatwoot_erased", count=gone)
        return gone
