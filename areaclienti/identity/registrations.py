"""Registration, from the match to the account: sections A, B and C of the manual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from areaclienti.crypto import new_id, same
from areaclienti.domain.masking import mask_contact
from areaclienti.identity import addresses, challenges, limits, matching, new_contacts, owners, telling, vault
from areaclienti.identity.challenges import Issued
from areaclienti.identity.claims import Claims
from areaclienti.identity.db.models import Acknowledgement, Contact, Customer, Registration
from areaclienti.identity.errors import Refused
from areaclienti.identity.ports.references import contact_row, customer_row, no_contact_row
from areaclienti.identity.ports.registry.contract import ContactOnFile, CustomerOnFile
from areaclienti.identity.work import Work

# What is asked about nobody is asked all the same, so that the time tells nothing.
_NOBODY, _NO_ROW = "", -1


@dataclass(frozen=True)
class Match:
    registration_id: str
    outcome: Literal["code_sent", "not_recognised", "too_soon", "limit_reached"]
    challenge: Issued | None = None
    retry_after_seconds: int | None = None


@dataclass(frozen=True)
class NewAccount:
    username_masked: str
    has_mobile: bool
    display_name: str


@dataclass(frozen=True)
class Verification:
    outcome: Literal["account_created", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    account: NewAccount | None = None


@dataclass(frozen=True)
class MaskedContact:
    id: str
    kind: str
    masked: str


@dataclass(frozen=True)
class Identified:
    outcome: Literal["identified", "not_identified", "limit_reached"]
    contacts: Sequence[MaskedContact] = ()


async def begin(
    work: Work,
    conversation_id: str,
    channel: str,
    claims: Claims,
    password_reference: str,
    acknowledgement_id: str,
) -> Match:
    """Opens a registration with the password's hash and the acknowledgement, and matches it (manual 5a).

    Raises `Refused`: 409 `acknowledgement_invalid`, 409 `password_reference_invalid`.
    """
    acknowledgement = await work.session.get(Acknowledgement, acknowledgement_id)
    if acknowledgement is None or acknowledgement.conversation_id != conversation_id:
        raise Refused(409, "acknowledgement_invalid", "This conversation has no such acknowledgement.")
    password_hash = await vault.take(work, password_reference, conversation_id, "password")
    if password_hash is None:
        raise Refused(409, "password_reference_invalid", "The password reference cannot be used.")
    registration = Registration(
        id=new_id("reg"),
        conversation_id=conversation_id,
        channel=channel,
        status="open",
        tax_code_tries=0,
        acknowledgement_id=acknowledgement.id,
        password_hash=password_hash,
        created_at=work.now,
        expires_at=work.now + timedelta(seconds=work.settings.registration_life_seconds),
    )
    work.session.add(registration)
    work.note("registration_opened", claims.customer_type, registration.id, conversation_id)
    return await _match(work, registration, claims)


async def recheck(work: Work, registration: Registration, claims: Claims) -> Match:
    """Matches again with corrected data; nothing that was given before is asked again (manual 1c)."""
    return await _match(work, registration, claims)


async def find(work: Work, registration_id: str, conversation_id: str) -> Registration:
    """The open registration. Raises `Refused` (404 `registration_unknown`), also if it is another conversation's."""
    registration = await work.session.scalar(
        select(Registration).where(Registration.id == registration_id).with_for_update()
    )
    if (
        registration is None
        or not same(registration.conversation_id, conversation_id)
        or registration.expires_at <= work.now
        or registration.status == "expired"
    ):
        raise Refused(404, "registration_unknown", "This conversation has no such registration.")
    return registration


async def send_new_code(work: Work, registration: Registration) -> Match:
    """Sends a new code to the contact that was matched or chosen ("Richiedi nuovo codice", manual 4c)."""
    if registration.code_purpose is None or registration.status != "open":
        raise Refused(409, "no_challenge", "No code was sent before.")
    contact = await _matched_contact(work, registration)
    owner, key = (contact.customer.code, contact.key) if contact else (_NOBODY, "")
    granted = await new_contacts.granted(work, registration, key)
    if await matching.may_register(work, owner, key, granted) is not None and contact is not None:
        return await _send_code(work, registration, contact, _purpose_of(registration), again=True)
    if work.settings.strict_uniformity and registration.code_purpose == "registration":
        return await _send_code(work, registration, None, "registration", again=True)
    # Somebody was faster; another code would lead nowhere, and saying why would tell who has an account.
    work.note("code_refused", "no_longer_free", registration.id, registration.conversation_id)
    return Match(registration.id, "limit_reached")


async def identify(work: Work, registration: Registration, tax_code_reference: str) -> Identified:
    """Identifies the customer by tax code and a compatible name, and offers his masked contacts (manual 2c, 3c).

    Raises `Refused` (409 `tax_code_reference_invalid`).
    """
    tax_code = await vault.take(work, tax_code_reference, registration.conversation_id, "tax_code")
    if tax_code is None:
        raise Refused(409, "tax_code_reference_invalid", "The tax code reference cannot be used.")
    if not await _may_try(work, registration, tax_code):
        work.note("identification", "limit_reached", registration.id, registration.conversation_id)
        return Identified("limit_reached")
    if registration.status != "open":
        return Identified("not_identified")
    found = await matching.identify(work, _claims_of(work, registration), tax_code)
    work.note("identification", found.reason, registration.id, registration.conversation_id)
    owners.record_identification(work, found.registered)
    if found.customer is None:
        registration.identified_customer_id = None
        return Identified("not_identified")
    registration.identified_customer_id = (await customer_row(work, found.customer)).id
    await telling.tell_customer(work, found.customer, "identification_notice")
    return Identified(
        "identified",
        [
            MaskedContact(
                _contact_id(work, registration, contact),
                contact.kind,
                challenges.mask_value(contact.kind, contact.value),
            )
            for contact in found.contacts
        ],
    )


async def _may_try(work: Work, registration: Registration, tax_code: str) -> bool:
    """Takes one try of the registration, of the address and of the tax code, in this order, before it is looked up.

    What one of them refuses is not counted by the next: a full address can't use up the tries of other people's codes.
    """
    settings = work.settings
    if registration.tax_code_tries >= settings.tax_code_tries:
        return False
    registration.tax_code_tries += 1
    address = await addresses.of(work, registration.conversation_id)
    if await limits.reserve(work, limits.TAX_CODE_FROM, address, settings.tax_codes_per_day_of_address) is not None:
        return False
    return await limits.reserve(work, limits.TAX_CODE, tax_code, settings.tax_code_tries_per_day) is None


async def choose_contact(work: Work, registration: Registration, contact_id: str) -> Match:
    """Sends the code to one of the contacts that were offered (manual 3c). Raises `Refused` (422 `unknown_contact`)."""
    customer = await _identified(work, registration)
    on_file = customer.contacts if customer else ()
    chosen = [contact for contact in on_file if same(_contact_id(work, registration, contact), contact_id)]
    if customer is None or not chosen or registration.status != "open":
        raise Refused(422, "unknown_contact", "No such contact was offered in this registration.")
    if await matching.may_register(work, customer.code, chosen[0].key) is None:
        await _unmatch(work, registration)
        work.note("contact_chosen", "no_longer_free", registration.id, registration.conversation_id)
        return Match(registration.id, "not_recognised")
    await _unmatch(work, registration)
    contact = await contact_row(work, customer, chosen[0])
    registration.matched_contact_id = contact.id
    work.note("contact_chosen", contact.kind, registration.id, registration.conversation_id)
    return await _send_code(work, registration, contact, "contact_confirmation", again=False)


async def use_new_contact(work: Work, registration: Registration) -> Match:
    """Sends the code to the contact that the customer's agency has confirmed for this registration (manual 5c).

    Raises `Refused` (409 `no_new_contact`) where there is none, or it was taken by somebody meanwhile.
    """
    found = await new_contacts.confirmed_for(work, registration) if registration.status == "open" else None
    if found is None:
        raise Refused(409, "no_new_contact", "No contact was confirmed for this registration.")
    _, contact = found
    await _unmatch(work, registration)
    registration.matched_contact_id = contact.id
    work.note("contact_chosen", "new_contact", registration.id, registration.conversation_id)
    return await _send_code(work, registration, contact, "contact_confirmation", again=False)


async def verify(work: Work, registration: Registration, code_reference: str) -> Verification:
    """Checks the code and, if it is right, makes the account (manual 7a).

    Raises `Refused`: 409 `no_challenge`, 409 `code_reference_invalid`.
    """
    if registration.status != "open" or registration.code_purpose is None:
        raise Refused(409, "no_challenge", "There is no code to verify.")
    code = await vault.take(work, code_reference, registration.conversation_id, "verification_code")
    if code is None:
        raise Refused(409, "code_reference_invalid", "The code reference cannot be used.")
    checked = await challenges.check(work, _purpose_of(registration), registration.id, code)
    if checked.outcome != "right":
        return Verification(checked.outcome, checked.attempts_left)
    assert checked.contact is not None
    account = await _create_account(work, registration, checked.contact)
    if account is None:
        return Verification("code_spent", 0)
    return Verification("account_created", checked.attempts_left, account)


async def _match(work: Work, registration: Registration, claims: Claims) -> Match:
    if registration.status != "open":
        return Match(registration.id, "not_recognised")
    await _unmatch(work, registration)
    registration.identified_customer_id = None
    registration.claims_sealed = work.sealer.seal(claims.to_json(), f"claims {registration.id}")
    full = await limits.reserve(
        work, limits.MATCH, registration.conversation_id, work.settings.matches_per_conversation
    )
    if full is not None:
        work.note("match", "limit_reached", registration.id, registration.conversation_id)
        return Match(registration.id, "limit_reached", retry_after_seconds=full)
    verdict = await matching.match(work, claims)
    work.note("match", verdict.reason, registration.id, registration.conversation_id)
    owners.record(work, claims.contact, verdict.reason)
    if verdict.customer is not None and verdict.contact is not None:
        contact = await contact_row(work, verdict.customer, verdict.contact)
        registration.matched_contact_id = contact.id
        return await _send_code(work, registration, contact, "registration", again=False)
    if work.settings.strict_uniformity:
        await no_contact_row(work)
        return await _send_code(work, registration, None, "registration", again=False)
    return Match(registration.id, "not_recognised")


async def _send_code(
    work: Work, registration: Registration, contact: Contact | None, purpose: challenges.Purpose, *, again: bool
) -> Match:
    """Sends a code to the contact. None, where everybody is to see the code screen: a decoy to what was typed."""
    registration.code_purpose = purpose
    address = await addresses.of(work, registration.conversation_id)
    typed = _claims_of(work, registration).contact
    issue = await challenges.issue(
        work,
        purpose,
        registration.id,
        contact or typed,
        again=again,
        address=address,
        # What is on file may be written otherwise than what was typed, and the difference would tell that it is there.
        masked=mask_contact(typed) if purpose == "registration" else None,
    )
    is_for_all = purpose == "registration" and work.settings.strict_uniformity
    challenge = replace(issue.challenge, only_if_on_file=is_for_all) if issue.challenge else None
    return Match(registration.id, issue.outcome, challenge, issue.retry_after_seconds)


async def _unmatch(work: Work, registration: Registration) -> None:
    """The codes sent so far are worth nothing from here on."""
    registration.matched_contact_id = registration.code_purpose = None
    await challenges.withdraw(work, "registration", registration.id)
    await challenges.withdraw(work, "contact_confirmation", registration.id)


def _purpose_of(registration: Registration) -> challenges.Purpose:
    return "contact_confirmation" if registration.code_purpose == "contact_confirmation" else "registration"


async def _create_account(work: Work, registration: Registration, contact: Contact) -> NewAccount | None:
    """Makes the one account, or None if the customer or the contact has got one in the meantime."""
    owner = await work.session.get_one(Customer, contact.customer_id)
    granted = await new_contacts.granted(work, registration, contact.key)
    entitled = await matching.is_entitled(work, owner.code, contact.key, granted)
    if entitled is None or await work.ports.accounts.create(work, registration, owner.code, contact) is None:
        await challenges.spend(work, _purpose_of(registration), registration.id)
        work.note("account_refused", "no_longer_free", registration.id, registration.conversation_id)
        return None
    customer, _ = entitled
    registration.status = "completed"
    registration.password_hash = registration.claims_sealed = None
    await new_contacts.use(work, registration, contact.key)
    await telling.tell_customer(work, customer, "account_created")
    work.note("account_created", contact.kind, registration.id, registration.conversation_id)
    return NewAccount(
        username_masked=challenges.mask(contact),
        has_mobile=any(known.kind == "mobile" for known in customer.contacts),  # manual 10a is told before it hurts
        display_name=customer.display_name,
    )


async def _matched_contact(work: Work, registration: Registration) -> Contact | None:
    return await work.session.scalar(
        select(Contact)
        .where(Contact.id == (registration.matched_contact_id or _NO_ROW))
        .options(joinedload(Contact.customer))
        .execution_options(populate_existing=True)
    )


async def _identified(work: Work, registration: Registration) -> CustomerOnFile | None:
    """The customer of section C as he is on file now."""
    if registration.identified_customer_id is None:
        return None
    owner = await work.session.get_one(Customer, registration.identified_customer_id)
    return await work.ports.registry.customer(work, owner.code)


def _claims_of(work: Work, registration: Registration) -> Claims:
    assert registration.claims_sealed is not None
    return Claims.from_json(work.sealer.open(registration.claims_sealed, f"claims {registration.id}"))


def _contact_id(work: Work, registration: Registration, contact: ContactOnFile) -> str:
    """An id that means something in this registration only, and cannot be guessed from outside."""
    return f"cto_{work.mac.hex('contact', registration.id, contact.key)[:24]}"
