"""Registrations: match, recheck, tax code, chosen contact, codes. Every POST is done once for each Idempotency-Key."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from areaclienti.identity import registrations
from areaclienti.identity.api.auth import for_actions
from areaclienti.identity.api.errors import documented
from areaclienti.identity.api.once import OnceHere
from areaclienti.identity.api.schemas import (
    ChosenContactAsked,
    ClaimsAsked,
    IdentificationAsked,
    IdentificationBody,
    MatchBody,
    NewCodeAsked,
    RegistrationAsked,
    UseNewContactAsked,
    VerificationAsked,
    VerificationBody,
)
from areaclienti.identity.claims import Claims, read_claims
from areaclienti.identity.errors import Refused
from areaclienti.identity.work import Work

router = APIRouter(prefix="/v1/registrations", tags=["registrations"], dependencies=[for_actions])

RegistrationId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$")]


@router.post("", response_model=MatchBody, responses=documented(401, 403, 409, 503))
async def begin_registration(asked: RegistrationAsked, once: OnceHere) -> Any:
    """Opens a registration and matches it. Whatever keeps a customer from registering gives `not_recognised`.

    409 `password_reference_invalid`, 409 `acknowledgement_invalid`; 422 `invalid_input`, 422 `idempotency_key_reused`.
    """
    if asked.conversation_id != once.conversation_id:
        raise Refused(422, "invalid_input", "The conversation of the body and of the header differ.")
    claims = _claims(asked)

    async def act(work: Work) -> registrations.Match:
        return await registrations.begin(
            work, asked.conversation_id, asked.channel, claims, asked.password_reference, asked.acknowledgement_id
        )

    return await once.answer(act, MatchBody)


@router.post("/{registration_id}/recheck", response_model=MatchBody, responses=documented(401, 403, 404, 503))
async def recheck(registration_id: RegistrationId, asked: ClaimsAsked, once: OnceHere) -> Any:
    """Matches again with corrected data (manual 1c)."""
    claims = _claims(asked)

    async def act(work: Work) -> registrations.Match:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.recheck(work, registration, claims)

    return await once.answer(act, MatchBody)


@router.post(
    "/{registration_id}/verification", response_model=VerificationBody, responses=documented(401, 403, 404, 409, 503)
)
async def verify_code(registration_id: RegistrationId, asked: VerificationAsked, once: OnceHere) -> Any:
    """Checks the code and makes the account (manual 7a). 409 `code_reference_invalid`, 409 `no_challenge`."""

    async def act(work: Work) -> registrations.Verification:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.verify(work, registration, asked.code_reference)

    return await once.answer(act, VerificationBody)


@router.post("/{registration_id}/code", response_model=MatchBody, responses=documented(401, 403, 404, 409, 503))
async def send_new_code(registration_id: RegistrationId, asked: NewCodeAsked, once: OnceHere) -> Any:
    """Sends a new code in place of the old one ("Richiedi nuovo codice", manual 4c). 409 `no_challenge`."""

    async def act(work: Work) -> registrations.Match:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.send_new_code(work, registration)

    return await once.answer(act, MatchBody)


@router.post(
    "/{registration_id}/identification",
    response_model=IdentificationBody,
    responses=documented(401, 403, 404, 409, 503),
)
async def identify(registration_id: RegistrationId, asked: IdentificationAsked, once: OnceHere) -> Any:
    """Identifies the customer by tax code and offers masked contacts (manual 2c). 409 `tax_code_reference_invalid`."""

    async def act(work: Work) -> registrations.Identified:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.identify(work, registration, asked.tax_code_reference)

    return await once.answer(act, IdentificationBody)


@router.post("/{registration_id}/chosen-contact", response_model=MatchBody, responses=documented(401, 403, 404, 503))
async def choose_contact(registration_id: RegistrationId, asked: ChosenContactAsked, once: OnceHere) -> Any:
    """Sends the code to one of the contacts offered (manual 3c). 422 `unknown_contact`."""

    async def act(work: Work) -> registrations.Match:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.choose_contact(work, registration, asked.contact_id)

    return await once.answer(act, MatchBody)


@router.post("/{registration_id}/new-contact", response_model=MatchBody, responses=documented(401, 403, 404, 409, 503))
async def use_new_contact(registration_id: RegistrationId, asked: UseNewContactAsked, once: OnceHere) -> Any:
    """Sends the code to the contact that the customer's agency confirmed (manual 5c). 409 `no_new_contact`."""

    async def act(work: Work) -> registrations.Match:
        registration = await registrations.find(work, registration_id, once.conversation_id)
        return await registrations.use_new_contact(work, registration)

    return await once.answer(act, MatchBody)


def _claims(asked: ClaimsAsked) -> Claims:
    return read_claims(asked.customer_type, asked.given_name, asked.family_name, asked.company_name, asked.contact)
