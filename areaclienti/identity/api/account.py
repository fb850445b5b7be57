"""The signed-in customer's account: sessions, and the secure operations behind a fresh code to the mobile."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from areaclienti.identity import accounts, password_changes, sessions, step_ups
from areaclienti.identity.api.auth import ServicesHere, for_gateway
from areaclienti.identity.api.customers import SessionToken
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.schemas import (
    CodeAsked,
    ConfirmationBody,
    ConfirmedAsked,
    NewCodeBody,
    PasswordChangeAsked,
    PasswordChangeBody,
    SecretRejectedBody,
    SessionBody,
    SessionsBody,
    StepUpAsked,
    StepUpBody,
)
from areaclienti.identity.api.sign_in import six_digits
from areaclienti.identity.challenges import Issue
from areaclienti.identity.work import Work

router = APIRouter(prefix="/v1", tags=["account"], dependencies=[for_gateway])

StepUpId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]

_password_refusals = documented(401, 403, 409, 503) | {
    422: {"model": SecretRejectedBody, "description": "Rejected; nothing is changed."}
}


@router.get("/sessions", response_model=SessionsBody, responses=documented(401, 403))
async def list_sessions(services: ServicesHere, x_session_token: SessionToken = None) -> Any:
    """The live sessions of the customer. 401 `session_invalid`."""
    async with services.work() as work:
        mine = await sessions.live(work, x_session_token)
        return SessionsBody(
            sessions=[
                SessionBody(
                    browser=session.browser,
                    system=session.system,
                    signed_in_at=session.created_at,
                    last_seen_at=session.last_seen_at,
                    current=session.id == mine.id,
                )
                for session in await sessions.all_of(work, mine.account_id)
            ]
        )


@router.post("/sessions/end-others", status_code=204, response_class=Response, responses=documented(401, 403, 409))
async def end_other_sessions(
    asked: ConfirmedAsked, services: ServicesHere, x_session_token: SessionToken = None
) -> None:
    """Signs the customer out everywhere else. 401 `session_invalid`, 409 `step_up_required`."""
    async with services.work() as work:
        session = await sessions.live(work, x_session_token)
        await step_ups.spend(work, session, asked.step_up_id, "end_other_sessions")
        await sessions.end_others(work, session)


@router.post("/step-ups", response_model=StepUpBody, responses=documented(401, 403, 503))
async def ask_for_step_up(asked: StepUpAsked, services: ServicesHere, x_session_token: SessionToken = None) -> Any:
    """Sends a code to the mobile on file for one secure operation (manual 9a). 401 `session_invalid`."""

    async def act(work: Work) -> step_ups.StepUpAnswer:
        return await step_ups.ask(work, await sessions.live(work, x_session_token), asked.action)

    return await services.do(act)


@router.post(
    "/step-ups/{step_up_id}/verification",
    response_model=ConfirmationBody,
    responses=documented(401, 403, 404, 409, 503),
)
async def verify_step_up(
    step_up_id: StepUpId, asked: CodeAsked, services: ServicesHere, x_session_token: SessionToken = None
) -> Any:
    """Checks the code; the session gets another token.

    401 `session_invalid`, 404 `step_up_unknown`, 409 `no_challenge`.
    """
    code = six_digits(asked.code)

    async def act(work: Work) -> step_ups.Confirmation:
        return await step_ups.verify(work, await sessions.live(work, x_session_token), step_up_id, code)

    return await services.do(act)


@router.post("/step-ups/{step_up_id}/code", response_model=NewCodeBody, responses=documented(401, 403, 404, 503))
async def send_new_step_up_code(
    step_up_id: StepUpId, services: ServicesHere, x_session_token: SessionToken = None
) -> Any:
    """Sends a new code in place of the old one. 401 `session_invalid`, 404 `step_up_unknown`."""

    async def act(work: Work) -> Issue:
        return await step_ups.send_new_code(work, await sessions.live(work, x_session_token), step_up_id)

    return await services.do(act)


@router.put("/account/password", response_model=PasswordChangeBody, responses=_password_refusals)
async def change_password(
    asked: PasswordChangeAsked, services: ServicesHere, x_session_token: SessionToken = None
) -> Any:
    """Replaces the password and ends the other sessions; five tries of the present one in a step-up.

    401 `session_invalid`, 409 `step_up_required`, 422 `secret_rejected`.
    """
    return await password_changes.change(
        services.do,
        services.passwords,
        services.ports.accounts,
        x_session_token,
        asked.step_up_id,
        asked.present_password,
        asked.password,
    )


@router.post(
    "/account/deactivation", status_code=204, response_class=Response, responses=documented(401, 403, 409, 503)
)
async def deactivate(asked: ConfirmedAsked, services: ServicesHere, x_session_token: SessionToken = None) -> None:
    """Erases the hash, frees the username, ends all sessions. 401 `session_invalid`, 409 `step_up_required`."""

    async def act(work: Work) -> None:
        session = await sessions.live(work, x_session_token)
        await step_ups.spend(work, session, asked.step_up_id, "deactivate")
        await accounts.deactivate(work, session.account, "by_customer")

    await services.do(act)
