"""Idempotency-Key: the first answer to a key is kept in the transaction of its effect, and given again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import update

from areaclienti.crypto import same, sha256_hex
from areaclienti.identity.api.auth import services_of
from areaclienti.identity.api.pace import not_sooner_than
from areaclienti.identity.db.engine import insert_if_absent
from areaclienti.identity.db.models import IdempotencyRecord
from areaclienti.identity.errors import Refused
from areaclienti.identity.services import Services
from areaclienti.identity.work import Work

_Key = Header(pattern=r"^[\x21-\x7e]{1,400}$")
_Conversation = Header(pattern=r"^[A-Za-z0-9_.:+-]{1,128}$")


class Once:
    """One request under its key. `conversation_id` is what the header says."""

    def __init__(self, services: Services, scope: str, request_hmac: str, conversation_id: str) -> None:
        self._services = services
        self._key_sha256 = sha256_hex(scope)
        self._request_hmac = request_hmac
        self.conversation_id = conversation_id

    async def answer(self, act: Callable[[Work], Awaitable[Any]], body: type[BaseModel]) -> JSONResponse:
        """Does `act` once and answers with its result as `body`; a repeat gets the stored answer.

        A refusal is not kept: it has changed nothing, and the state that it was refused in may change. Raises `Refused`
        (422 `idempotency_key_reused`) when the key comes again with another body.
        """

        async def answer_once(work: Work) -> str:
            stored = await self._stored(work)
            if stored is None:
                stored = body.model_validate(await act(work)).model_dump_json()
                await self._store(work, stored)
            return stored

        async with not_sooner_than(self._services.settings.answer_floor_seconds):
            return JSONResponse(json.loads(await self._services.do(answer_once)))

    async def _stored(self, work: Work) -> str | None:
        mine = await insert_if_absent(
            work.session,
            IdempotencyRecord,
            key_sha256=self._key_sha256,
            request_hmac=self._request_hmac,
            conversation_id=self.conversation_id,
            created_at=work.now,
        )
        if mine:
            return None
        record = await work.session.get_one(IdempotencyRecord, self._key_sha256)
        if not same(record.request_hmac, self._request_hmac):
            raise Refused(422, "idempotency_key_reused", "This key was used for another request.")
        return record.response

    async def _store(self, work: Work, response: str) -> None:
        await work.session.execute(
            update(IdempotencyRecord)
            .where(IdempotencyRecord.key_sha256 == self._key_sha256)
            .values(response=response)
            .execution_options(synchronize_session=False)
        )


async def _once(
    request: Request,
    idempotency_key: Annotated[str, _Key],
    x_conversation: Annotated[str, _Conversation],
) -> Once:
    services = await services_of(request)
    body = await request.body()
    return Once(
        services,
        scope="\0".join((idempotency_key, request.url.path, x_conversation)),
        request_hmac=services.mac.hex("request", sha256_hex(body.decode("utf-8", "replace"))),
        conversation_id=x_conversation,
    )


OnceHere = Annotated[Once, Depends(_once)]
