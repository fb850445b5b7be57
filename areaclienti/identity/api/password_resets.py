"""A forgotten password: a code to the mobile on file, then a new password; answers tell nothing about accounts."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from areaclienti.identity import password_resets
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.pace import not_sooner_than
from areaclienti.identity.api.schemas import (
    CodeAsked,
    NewPasswordAsked,
    PasswordResetAsked,
    PasswordResetBody,
    PasswordResetCheckBody,
    SecretRejectedBody,
)
from areaclienti.identity.api.sign_in import six_digits

router = APIRouter(prefix="/v1/password-resets", tags=["password reset"], dependencies=[for_gateway])

ResetId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]

_password_refusals = documented(401, 403, 404, 503) | {
    422: {"model": SecretRejectedBody, "description": "Rejected; nothing is changed."}
}


@router.post("", response_model=PasswordResetBody, responses=documented(401, 403, 503))
async def begin_password_reset(asked: PasswordResetAsked, services: ServicesHere) -> Any:
    """Sends a code to the mobile of the account. `code_sent` is answered, after the same time, whoever asks."""
    async with not_sooner_than(services.settings.answer_floor_seconds):
        return await services.do(lambda work: password_resets.begin(work, asked.username, asked.client_address))


@router.post(
    "/{reset_id}/verification", response_model=PasswordResetCheckBody, responses=documented(401, 403, 404, 503)
)
async def verify_password_reset(reset_id: ResetId, asked: CodeAsked, services: ServicesHere) -> Any:
    """Checks the code. 404 `reset_unknown`."""
    code = six_digits(asked.code)
    async with not_sooner_than(services.settings.answer_floor_seconds):
        return await services.do(lambda work: password_resets.verify(work, reset_id, code))


@router.post("/{reset_id}/code", response_model=PasswordResetBody, responses=documented(401, 403, 404))
async def send_new_password_reset_code(reset_id: ResetId, services: ServicesHere) -> Any:
    """Sends a new code in place of the old one. 404 `reset_unknown`."""
    async with not_sooner_than(services.settings.answer_floor_seconds):
        return await services.do(lambda work: password_resets.send_new_code(work, reset_id))


@router.put("/{reset_id}/password", status_code=204, response_class=Response, responses=_password_refusals)
async def set_new_password(reset_id: ResetId, asked: NewPasswordAsked, services: ServicesHere) -> None:
    """Replaces the password, ends all sessions, tells the owner. 404 `reset_unknown`, 422 `secret_rejected`."""
    await password_resets.finish(services.do, services.passwords, reset_id, asked.password, asked.client_address)
