"""The tables of the identity service; their UNIQUE and CHECK constraints carry the rules that races would break."""

from __future__ import annotations

from areaclienti.identity.db.models.base import (
    ACTIVE_POLICY,
    CONTACT_KINDS,
    CUSTOMER_TYPES,
    POLICY_LINES,
    POLICY_STATUSES,
    Base,
)
from areaclienti.identity.db.models.delivery import MailboxMessage, OutboxMessage, ProviderMessage, ReceiptCount
from areaclienti.identity.db.models.new_contacts import NewContact
from areaclienti.identity.db.models.notice import Acknowledgement, PrivacyNotice
from areaclienti.identity.db.models.records import AuditEvent, IdempotencyRecord
from areaclienti.identity.db.models.codes import Challenge, ClientAddress, LimitEvent, UseOfContact
from areaclienti.identity.db.models.registration import Registration, VaultEntry
from areaclienti.identity.db.models.registry import Agency, Consultant, Contact, Customer, Policy
from areaclienti.identity.db.models.accounts import Account, PasswordReset, SignIn, SignInSession, StepUp, Throttle

APPEND_ONLY_TABLES = ("privacy_notices", "acknowledgements", "audit")

__all__ = [
    "ACTIVE_POLICY",
    "APPEND_ONLY_TABLES",
    "CONTACT_KINDS",
    "CUSTOMER_TYPES",
    "POLICY_LINES",
    "POLICY_STATUSES",
    "Account",
    "Acknowledgement",
    "Agency",
    "AuditEvent",
    "Base",
    "Challenge",
    "ClientAddress",
    "Consultant",
    "Contact",
    "Customer",
    "IdempotencyRecord",
    "LimitEvent",
    "MailboxMessage",
    "NewContact",
    "OutboxMessage",
    "PasswordReset",
    "Policy",
    "PrivacyNotice",
    "ProviderMessage",
    "ReceiptCount",
    "Registration",
    "SignIn",
    "SignInSession",
    "StepUp",
    "Throttle",
    "UseOfContact",
    "VaultEntry",
]
