"""The bodies of the contract: what is asked and what is answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

# No control characters: a name or a contact has none, and PostgreSQL could not store U+0000.
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Typed = Annotated[str, Field(max_length=200, pattern=_NO_CONTROLS)]
Secret = Annotated[str, Field(max_length=1024)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:+-]{1,128}$")]
ClientAddress = Annotated[str, Field(max_length=64, pattern=_NO_CONTROLS)]
Channel = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]


class _Body(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class ErrorBody(_Body):
    """A refusal: a code, and English words for operators. It never repeats an input value."""

    code: str
    message: str


class SecretRejectedBody(ErrorBody):
    """`failed_rules` is there with the code `secret_rejected`, and null otherwise."""

    failed_rules: list[str] | None = None


class DepositAsked(_Body):
    """`client_address` is where the customer's request came from: an IP address, or a channel's user id."""

    conversation_id: Id
    purpose: Literal["password", "verification_code", "tax_code"]
    value: Secret
    client_address: ClientAddress | None = None


class DepositBody(_Body):
    reference: str
    purpose: Literal["password", "verification_code", "tax_code"]
    expires_at: datetime


class NoticeBody(_Body):
    """`text` is plain paragraphs and `## ` headings; `sha256` is of its UTF-8 bytes."""

    version: str
    sha256: str
    title: str
    text: str
    published_on: date


class AcknowledgementAsked(_Body):
    conversation_id: Id
    channel: Channel
    version: Typed
    sha256: Typed


class AcknowledgementBody(_Body):
    acknowledgement_id: str
    acknowledged_at: datetime


class ClaimsAsked(_Body):
    """A persona has `given_name` and `family_name`, an azienda `company_name`."""

    customer_type: Literal["persona", "azienda"]
    given_name: Typed | None = None
    family_name: Typed | None = None
    company_name: Typed | None = None
    contact: Typed


class RegistrationAsked(ClaimsAsked):
    conversation_id: Id
    channel: Channel
    password_reference: Id
    acknowledgement_id: Id


class VerificationAsked(_Body):
    code_reference: Id


class IdentificationAsked(_Body):
    tax_code_reference: Id


class ChosenContactAsked(_Body):
    contact_id: Id


class NewCodeAsked(_Body):
    """Nothing needs to be said."""


class ChallengeBody(_Body):
    """A code on its way, e.g. to "320 ****600". `only_if_on_file`: only if that is on file; who asks is not told."""

    challenge_id: str
    channel: Literal["email", "sms"]
    masked_destination: str
    expires_at: datetime
    life_minutes: int
    resend_after_seconds: int
    attempts_left: int
    only_if_on_file: bool


class MatchBody(_Body):
    registration_id: str
    outcome: Literal["code_sent", "not_recognised", "too_soon", "limit_reached"]
    challenge: ChallengeBody | None
    retry_after_seconds: int | None


class NewAccountBody(_Body):
    username_masked: str
    has_mobile: bool
    display_name: str


class VerificationBody(_Body):
    outcome: Literal["account_created", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    account: NewAccountBody | None


class MaskedContactBody(_Body):
    id: str
    kind: Literal["email", "mobile"]
    masked: str


class IdentificationBody(_Body):
    outcome: Literal["identified", "not_identified", "limit_reached"]
    contacts: list[MaskedContactBody]


class DeviceAsked(_Body):
    """What the customer knows his device by: families such as "Chrome" and "Windows", nothing finer."""

    browser: Annotated[str, Field(max_length=40, pattern=_NO_CONTROLS)] | None = None
    system: Annotated[str, Field(max_length=40, pattern=_NO_CONTROLS)] | None = None


class SignInAsked(_Body):
    """`username` is the contact in any presentation; `client_address` is where the customer's request came from."""

    username: Annotated[str, Field(max_length=320)]
    password: Secret
    client_address: ClientAddress
    device: DeviceAsked = DeviceAsked()


class SignInBody(_Body):
    outcome: Literal["signed_in", "code_required", "no_mobile", "rejected", "wait"]
    session_token: str | None
    session_expires_at: datetime | None
    sign_in_id: str | None
    challenge: ChallengeBody | None
    retry_after_seconds: int | None


class CodeAsked(_Body):
    code: Annotated[str, Field(max_length=64)]


class FirstAccessAsked(CodeAsked):
    device: DeviceAsked = DeviceAsked()


class FirstAccessBody(_Body):
    outcome: Literal["signed_in", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    session_token: str | None
    session_expires_at: datetime | None
    sign_in_id: str | None
    challenge: ChallengeBody | None
    retry_after_seconds: int | None
    attempts_left: int


class NewCodeBody(_Body):
    outcome: Literal["code_sent", "too_soon", "limit_reached"]
    challenge: ChallengeBody | None
    retry_after_seconds: int | None


class SessionBody(_Body):
    """A signed-in session; `current` is the one that asks."""

    browser: str | None
    system: str | None
    signed_in_at: datetime
    last_seen_at: datetime
    current: bool


class SessionsBody(_Body):
    """The one last used first."""

    sessions: list[SessionBody]


class StepUpAsked(_Body):
    action: Literal["change_password", "end_other_sessions", "deactivate"]


class StepUpBody(_Body):
    outcome: Literal["code_sent", "no_mobile", "limit_reached"]
    step_up_id: str | None
    challenge: ChallengeBody | None
    retry_after_seconds: int | None


class ConfirmationBody(_Body):
    """When confirmed: the session's new token, and until when the operation may be done."""

    outcome: Literal["confirmed", "wrong_code", "code_expired", "code_spent", "limit_reached"]
    attempts_left: int
    session_token: str | None
    session_expires_at: datetime | None
    valid_until: datetime | None


class ConfirmedAsked(_Body):
    step_up_id: Id


class PasswordChangeAsked(ConfirmedAsked):
    present_password: Secret
    password: Secret


class PasswordChangeBody(_Body):
    outcome: Literal["changed", "wrong_password"]
    attempts_left: int
    session_token: str | None
    session_expires_at: datetime | None


class PasswordResetAsked(_Body):
    """`username` is the contact in any presentation."""

    username: Annotated[str, Field(max_length=320)]
    client_address: ClientAddress


class PasswordResetBody(_Body):
    """`code_sent` also when there is nobody to send it to."""

    outcome: Literal["code_sent", "wait", "too_soon", "limit_reached"]
    reset_id: str | None
    life_minutes: int | None
    resend_after_seconds: int | None
    retry_after_seconds: int | None


class PasswordResetCheckBody(_Body):
    outcome: Literal["confirmed", "wrong_code", "code_expired", "code_spent"]
    attempts_left: int


class NewPasswordAsked(_Body):
    password: Secret
    client_address: ClientAddress


class PolicyBody(_Body):
    number: str
    product: str
    line: Literal["vita", "risparmio", "protezione", "previdenza"]
    status: Literal["attiva", "sospesa", "scaduta", "riscattata", "annullata"]
    started_on: date
    expires_on: date | None
    annual_premium_cents: int


class ConsultantBody(_Body):
    name: str
    agency: str
    phone: str | None
    email: str | None


class CustomerBody(_Body):
    display_name: str
    customer_type: Literal["persona", "azienda"]
    username_masked: str
    policies: list[PolicyBody]
    consultant: ConsultantBody | None


class CheckBody(_Body):
    """A check that was made, and what came of it, as codes of the audit record."""

    check: Literal[
        "match", "identification", "contact_chosen", "code_issued", "code_not_issued", "code_refused", "code_right",
        "account_created", "account_refused",
    ]  # fmt: skip
    outcome: str | None
    at: datetime


class DeskSummaryBody(_Body):
    """What an agent may know of a conversation's registration. `identified`: an exact match or the tax code named one
    customer; only then consultant and agency are told. Never a value that was typed, no password, code or tax code.
    """

    registration: Literal["none", "open", "completed", "expired"]
    customer_type: Literal["persona", "azienda"] | None
    checks: list[CheckBody]
    identified: bool
    consultant_code: str | None
    consultant_name: str | None
    agency_code: str | None
    agency_name: str | None
    username_masked: str | None


class DeskAgentAsked(_Body):
    """Who asks at the agents' desk: the desk's id for him, and his agency; null for the insurer's own people."""

    agent_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    agency_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:+-]{1,32}$")] | None = None


class NewContactAsked(DeskAgentAsked):
    """`contact`: an e-mail address or an Italian mobile in any presentation."""

    conversation_id: Id
    contact: Typed


class NewContactBody(_Body):
    """`not_possible` is said alike of a contact in use, on file already, and of a customer who can't register or is
    another agency's. `agency_code` is the customer's by the registry: whose second person decides; null: the insurer's.
    """

    outcome: Literal["requested", "not_identified", "not_possible", "limit_reached"]
    request_id: str | None
    kind: Literal["email", "mobile"] | None
    masked: str | None
    agency_code: str | None
    expires_at: datetime | None


class DecisionAsked(DeskAgentAsked):
    """`reason` is a code of the desk's."""

    decision: Literal["confirm", "refuse"]
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class DecisionBody(_Body):
    """`changed`: customer, agency, registration or stored contact are not those that were asked for."""

    outcome: Literal["confirmed", "refused", "expired", "changed", "not_possible", "same_person", "limit_reached"]


class ShowContactAsked(DeskAgentAsked):
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]


class ShownContactBody(_Body):
    kind: Literal["email", "mobile"]
    contact: str


class UseNewContactAsked(_Body):
    """Nothing needs to be said."""


class AgencyNoticeAsked(_Body):
    """That a customer of the agency waits for a call. `since`: shown in the zone that it comes in."""

    handover_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    agency_code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:+-]{1,32}$")] | None = None
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,24}$")]
    since: AwareDatetime


class AgencyNoticeBody(_Body):
    """`queued`: it goes out once, with retries; `known`: it did already; `no_address`: nobody has one."""

    outcome: Literal["queued", "known", "no_address"]


class MailboxMessageBody(_Body):
    id: int
    channel: Literal["email", "sms"]
    to: str
    subject: str | None
    text: str
    html: str | None
    sent_at: datetime


class MailboxBody(_Body):
    """Newest first."""

    messages: list[MailboxMessageBody]


class RelayedAsked(_Body):
    """An SMS provider's call of the public receipts' address: nothing in it was interpreted on the way."""

    path_token: str | None = Field(default=None, max_length=256)
    query: str = Field(default="", max_length=4096)
    headers: dict[Annotated[str, Field(max_length=128)], Annotated[str, Field(max_length=1024)]] = Field(max_length=40)
    body: str = Field(max_length=32 * 1024, description="base64")


class ReceiptsBody(_Body):
    """What became of each receipt of the call."""

    outcomes: list[Literal["applied", "repeated", "late", "unknown"]]


class LiveBody(_Body):
    live: Literal[True] = True


class ReadyBody(_Body):
    """What is not ready; empty when all is."""

    not_ready: list[str]
