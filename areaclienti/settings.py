"""Settings of each process, read from the environment (prefix AREACLIENTI_) with embedded defaults."""

from __future__ import annotations

import re
from datetime import date, time
from pathlib import Path
from typing import Final, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import Field, IPvAnyNetwork, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# What networks take as a sender: a number, or 11 characters of the GSM alphabet (3GPP TS 23.040 §9.1.2.5).
SMS_SENDER: Final = r"^(\+?[0-9]{3,15}|[A-Za-z0-9 ._-]{2,10}[A-Za-z])$"
GRAPH_API: Final = "https://graph.facebook.com/v23.0"
# Made up: what the simulator says that our number is.
SIMULATED_PHONE_NUMBER_ID: Final = "100000000000001"
SIMULATED_BUSINESS_NUMBER: Final = "+39 02 0000 0000"


class _Settings(BaseSettings):
    # hide_input: an error at the start is printed, and among the inputs are passwords and keys.
    model_config = SettingsConfigDict(
        env_prefix="AREACLIENTI_", env_file=".env", extra="ignore", hide_input_in_errors=True
    )

    var_dir: Path = Path("var")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    host: str = "127.0.0.1"


class IdentitySettings(_Settings):
    """What the identity process reads. The keys have no default: the supervisor or the operator sets them.

    The limits default to the production values; they are settings so that tests and demonstrations need not wait.
    """

    identity_port: int = 8001
    identity_database_url: str = "sqlite+aiosqlite:///var/identity.db"
    identity_migrate_on_start: bool = True
    identity_gateway_key: SecretStr
    identity_actions_key: SecretStr
    metrics_key: SecretStr | None = None  # what Prometheus shows at /metrics; without it there is no such page
    code_key: SecretStr  # HMAC of verification codes and of the keys that limits are counted by
    vault_key: SecretStr  # encryption at rest of vault entries, typed data and outbox codes
    public_url: str = "http://localhost:8000"

    delivery: Literal["mailbox", "live"] = "mailbox"
    smtp_url: SecretStr | None = None  # smtp://user:password@host:587 (STARTTLS, always) or smtps://…
    smtp_ca_file: Path | None = None  # a private authority of the mail server; the system's otherwise
    smtp_sender: str = "Area Clienti <noreply@areaclienti.example>"
    sms_provider: Literal["webhook", "twilio", "vonage", "skebby", "aruba"] = "webhook"
    sms_sender: str = Field(default="AreaClienti", pattern=SMS_SENDER)
    sms_user: SecretStr | None = None  # Twilio's Account SID, Vonage's API key, Skebby's and Aruba's user_key
    sms_secret: SecretStr | None = None  # auth token, API secret, access token
    sms_receipts_secret: SecretStr | None = None  # webhook's and Vonage's signatures, Skebby's and Aruba's path token
    sms_message_type: str | None = None  # Skebby's and Aruba's quality; by default the best
    sms_base_url: str | None = None  # another region or a test double of the provider
    sms_webhook_url: str | None = None
    sms_webhook_token: SecretStr | None = None
    delivery_timeout_seconds: float = Field(default=10.0, gt=0)
    outbox_poll_seconds: float = Field(default=1.0, gt=0)
    outbox_lease_seconds: float = Field(default=60.0, gt=0)  # a process that dies gives its messages back after this
    outbox_at_once: int = Field(default=5, gt=0)  # messages under way in each of the two lanes, e-mail and SMS

    # The insurer's own systems in place of ours (docs/ports.md).
    registry_url: str | None = None
    registry_key: SecretStr | None = None
    challenges_url: str | None = None
    challenges_key: SecretStr | None = None
    accounts_url: str | None = None
    accounts_key: SecretStr | None = None
    notifications_url: str | None = None
    notifications_key: SecretStr | None = None
    ports_ca_file: Path | None = None  # a private authority of those systems; the system's authorities otherwise
    ports_certificate_file: Path | None = None  # what they know us by, where they ask for it (mutual TLS)
    ports_certificate_key_file: Path | None = None
    ports_timeout_seconds: float = Field(default=2.0, gt=0)  # of one try
    ports_deadline_seconds: float = Field(default=4.5, gt=0)  # of all questions of a request; callers wait 6 s

    messages_kept_days: float = Field(default=30, gt=0)  # codes and messages with what became of them; docs/privacy.md
    vault_password_seconds: int = Field(default=30 * 60, gt=0)
    vault_other_seconds: int = Field(default=10 * 60, gt=0)
    registration_life_seconds: int = Field(default=2 * 60 * 60, gt=0)
    matches_per_conversation: int = Field(default=10, gt=0)  # in 24 hours
    strict_uniformity: bool = False  # everybody sees the code screen; a code goes out only to who is on file
    answer_floor_seconds: float = Field(default=0.25, ge=0)  # no answer about a customer comes sooner
    tax_code_tries: int = Field(default=3, gt=0)  # in one registration
    tax_code_tries_per_day: int = Field(default=3, gt=0)  # of one tax code
    tax_codes_per_day_of_address: int = Field(default=5, gt=0)

    code_life_sms_seconds: int = Field(default=5 * 60, gt=0)
    code_life_email_seconds: int = Field(default=10 * 60, gt=0, le=10 * 60)  # NIST SP 800-63B-4: at most 10 minutes
    code_attempts: int = Field(default=5, gt=0)
    code_checks_per_day: int = Field(default=10, gt=0)  # of one contact, across codes
    code_resend_backoff_seconds: tuple[int, ...] = Field(default=(30, 60, 120), min_length=1)
    code_resends_per_10_minutes: int = Field(default=3, ge=0)  # to one contact, beside the first
    code_sends_per_day: int = Field(default=5, gt=0)  # to one contact
    codes_per_hour_of_address: int = Field(default=10, gt=0)  # to whatever contacts; an IPv6 /64 is one address
    sms_per_day: int = Field(default=2000, gt=0)  # all of them: the breaker against SMS pumping
    owner_told_within_seconds: float = Field(default=60, gt=0)  # that somebody tried to register with his contact
    sms_notice_share: float = Field(default=0.9, ge=0, le=1)  # of sms_per_day; the rest is kept for codes

    password_hash_memory_kib: int = Field(default=64 * 1024, ge=8 * 1024)
    password_hash_rounds: int = Field(default=3, ge=1)
    password_hash_at_once: int = Field(default=2, ge=1)
    sign_in_free_failures: int = Field(default=5, gt=0)  # of one username from one address
    sign_in_username_failures: int = Field(default=20, gt=0)  # of one username from anywhere
    sign_in_address_failures: int = Field(default=100, gt=0)  # from one address, whatever the username
    sign_in_max_wait_seconds: int = Field(default=15 * 60, gt=0)
    sign_in_life_seconds: int = Field(default=15 * 60, gt=0)  # between password and code
    code_at_every_sign_in: bool = False  # manual 9a: at the first one; ASVS 6.3.3 wants a second factor each time
    new_contact_hours: float = Field(default=24, gt=0)  # within which a second person confirms it
    new_contacts_per_day_of_agent: int = Field(default=10, gt=0)  # asked for, in vain too
    new_contacts_per_day_of_customer: int = Field(default=2, gt=0)
    new_contact_decisions_per_day: int = Field(default=20, gt=0)  # of an agent; as many times he is shown one
    desk_pool_email: str | None = None  # where nobody's customers are told to wait; by default only in the mailbox
    desk_agency_emails: dict[str, str] = {}  # by agency code, before what the registry says
    step_up_seconds: int = Field(default=5 * 60, gt=0)  # between its code and the secure operation
    resets_per_hour_of_address: int = Field(default=10, gt=0)  # passwords that are said to be forgotten
    reset_codes_per_day: int = Field(default=3, gt=0)  # of one contact's code_sends_per_day
    reset_checks_per_day: int = Field(
        default=5, gt=0
    )  # of one username; the other code_checks_per_day stay the owner's
    session_idle_seconds: int = Field(default=15 * 60, gt=0)
    session_life_seconds: int = Field(default=8 * 60 * 60, gt=0)
    sessions_per_account: int = Field(default=10, gt=0)  # at once; the one unused for longest gives way

    @model_validator(mode="after")
    def _live_delivery_is_whole(self) -> Self:
        if self.delivery == "live" and (missing := self._missing_for_live()):
            raise ValueError(f"live delivery needs {missing}")
        if self.outbox_lease_seconds < 2 * self.delivery_timeout_seconds:
            raise ValueError("AREACLIENTI_OUTBOX_LEASE_SECONDS is less than twice AREACLIENTI_DELIVERY_TIMEOUT_SECONDS")
        return self

    @model_validator(mode="after")
    def _ports_can_be_trusted(self) -> Self:
        for port in ("registry", "challenges", "accounts", "notifications"):
            url = getattr(self, f"{port}_url")
            if url is not None and not is_private(url):
                raise ValueError(
                    f"AREACLIENTI_{port.upper()}_URL must be https://host (http:// only on the loopback address)"
                )
        for name in ("ports_ca_file", "ports_certificate_file", "ports_certificate_key_file"):
            file = getattr(self, name)
            if file is not None and not file.is_file():
                raise ValueError(f"AREACLIENTI_{name.upper()} names a file that is not there")
        if self.notifications_url and self.delivery != "live":
            raise ValueError("AREACLIENTI_NOTIFICATIONS_URL needs AREACLIENTI_DELIVERY=live")
        if self.ports_certificate_key_file and not self.ports_certificate_file:
            raise ValueError("AREACLIENTI_PORTS_CERTIFICATE_KEY_FILE needs AREACLIENTI_PORTS_CERTIFICATE_FILE")
        return self

    @property
    def desk_pool_address(self) -> str | None:
        """Where it is told that a customer waits whose agency is not known, or has no address."""
        return self.desk_pool_email or ("assistenza@areaclienti.example" if self.delivery == "mailbox" else None)

    @property
    def sends_itself(self) -> bool:
        """Whether messages leave by our own SMTP and SMS provider, not by the mailbox or the insurer's hub."""
        return self.delivery == "live" and self.notifications_url is None

    def _missing_for_live(self) -> str | None:
        """What the operator still has to set, in one line."""
        if self.notifications_url:
            return None
        if not self.smtp_url:
            return "AREACLIENTI_SMTP_URL"
        if self.sms_provider == "webhook":
            if not self.sms_webhook_url:
                return "AREACLIENTI_SMS_WEBHOOK_URL, or another AREACLIENTI_SMS_PROVIDER"
            return None if is_private(self.sms_webhook_url) else "an https address in AREACLIENTI_SMS_WEBHOOK_URL"
        if not (self.sms_user and self.sms_secret):
            return f"AREACLIENTI_SMS_USER and AREACLIENTI_SMS_SECRET for {self.sms_provider}"
        if self.sms_base_url and not is_private(self.sms_base_url):
            return "an https address in AREACLIENTI_SMS_BASE_URL"
        if self.sms_provider == "twilio" and not self.public_url.startswith("https://"):
            return "an https address in AREACLIENTI_PUBLIC_URL, where Twilio can call"
        return None


def is_private(url: str) -> bool:
    """Whether nobody on the way can read what goes to the URL: keys and customers' data do."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        return parts.hostname in ("127.0.0.1", "::1", "localhost")
    return parts.scheme == "https" and bool(parts.hostname)


class GatewaySettings(_Settings):
    """What the gateway process reads."""

    gateway_port: int = 8000
    public_url: str = "http://localhost:8000"
    allowed_origins: list[str] = []  # beside the origin of public_url
    trusted_proxies: list[IPvAnyNetwork] = []  # whose X-Forwarded-For is believed; nobody else's is
    gateway_database_url: str = "sqlite+aiosqlite:///var/gateway.db"
    engine_url: str = "http://127.0.0.1:5005"
    engine_key: SecretStr
    identity_url: str = "http://127.0.0.1:8001"
    identity_gateway_key: SecretStr
    turn_timeout_seconds: float = Field(default=20.0, gt=0)
    one_time_link_seconds: int = Field(default=10 * 60, gt=0)  # life of a link to the page where a secret is given
    conversation_kept_days: float = Field(default=30, gt=0)  # after it closes; docs/privacy.md
    unfinished_kept_hours: float = Field(default=24, gt=0)  # after the last activity, where no account was made
    metrics_key: SecretStr | None = None  # what Prometheus shows at /metrics; without it there is no such page
    rate_limit_scale: float = Field(default=1.0, gt=0)  # multiplies every rate limit: benchmarks and tests raise it
    delivery: Literal["mailbox", "live"] = "mailbox"  # identity's: whether there is a mailbox to show

    desk: bool = True  # people take conversations over (docs/contracts.md, "Desk")
    desk_opens: time = time(9)  # on the clock of desk_timezone; outside these hours customers can ask to be called back
    desk_closes: time = time(18)
    desk_weekdays: list[int] = Field(default=[1, 2, 3, 4, 5], min_length=1)  # ISO: 1 is Monday
    desk_timezone: str = "Europe/Rome"
    desk_open_on_holidays: bool = False  # Italy's public ones, Easter Monday among them
    desk_holidays: list[date] = []  # closed as well, beside the Italian public holidays: a patron saint's day
    desk_consultant_seconds: float = Field(default=60, gt=0)  # how long a customer waits for his own consultant alone,
    desk_agency_seconds: float = Field(default=120, gt=0)  # then for the agency,
    desk_pool_seconds: float = Field(default=300, gt=0)  # then for anybody before he is asked whether to go on waiting
    desk_offer_seconds: float = Field(default=30, gt=0)  # an offer that is not answered goes to the next
    desk_lease_seconds: float = Field(default=60, gt=0)  # an agent who is not heard from for so long is gone
    desk_wrap_up_seconds: float = Field(default=600, gt=0)  # between an agent's last word and the end
    desk_errands_seconds: float = Field(default=5.0, gt=0)  # how often identity is asked for what it did not answer
    desk_sweep_seconds: float = Field(default=1.0, gt=0)  # how often offers, leases and deadlines are looked at
    desk_key: SecretStr | None = None  # ours: seals the agents' second factors
    desk_session_idle_seconds: int = Field(default=30 * 60, gt=0)  # an open page of the desk is in use
    desk_session_life_seconds: int = Field(default=10 * 60 * 60, gt=0)
    desk_sign_in_free_failures: int = Field(default=5, gt=0)  # of one account from one address
    desk_sign_in_account_failures: int = Field(default=20, gt=0)  # of one account from anywhere
    desk_sign_in_address_failures: int = Field(default=50, gt=0)  # from one address, whatever the account
    desk_sign_in_max_wait_seconds: int = Field(default=15 * 60, gt=0)
    desk_invitation_seconds: int = Field(default=72 * 60 * 60, gt=0)
    desk_password_sign_in: bool = True  # local accounts; an insurer with its own sign-in turns them off
    desk_oidc_issuer: str | None = None  # the insurer's own sign-in for agents (docs/operations.md)
    desk_oidc_client_id: str | None = None
    desk_oidc_client_secret: SecretStr | None = None  # none: a public client, PKCE alone
    desk_oidc_scopes: str = "openid email profile"
    desk_oidc_roles_claim: str | None = None  # by default roles and agency are those of the agent's invitation
    desk_oidc_roles: dict[str, Literal["agente", "supervisore", "auditor"]] = {}  # value of that claim: role
    desk_oidc_agency_claim: str | None = None
    desk_oidc_creates_agents: bool = False  # by default only who was invited may come
    demo: bool = True  # with nothing really sent: the desk's sign-in page offers the demo's people
    password_hash_memory_kib: int = Field(default=64 * 1024, ge=8 * 1024)  # agents' passwords, as identity's
    password_hash_rounds: int = Field(default=3, ge=1)
    password_hash_at_once: int = Field(default=2, ge=1)

    handover: Literal["desk", "chatwoot"] = "desk"  # where people answer: at our desk, or in the insurer's own Chatwoot
    chatwoot_url: str | None = None  # docs/chatwoot.md
    chatwoot_account_id: int | None = Field(default=None, gt=0)
    chatwoot_inbox_identifier: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{8,64}$")  # of the API inbox
    chatwoot_api_token: SecretStr | None = None  # of the user that the product is there; of nobody who answers
    chatwoot_hmac_token: SecretStr | None = None  # of the inbox: proves that a contact is ours
    chatwoot_webhook_secret: SecretStr | None = None  # of the inbox: signs what Chatwoot delivers
    chatwoot_webhook_path: SecretStr | None = None  # for servers that don't sign: the end of the webhook's address
    chatwoot_team_id: int | None = Field(default=None, gt=0)  # who gets what no agency's team gets
    chatwoot_teams: dict[str, int] = {}  # by agency's code
    chatwoot_bot_id: int | None = Field(default=None, gt=0)  # the agent bot that the assistant's lines are said by

    whatsapp: Literal["off", "simulator", "live"] = "off"  # docs/whatsapp.md; the supervisor's default: surroundings.py
    whatsapp_graph_url: str = GRAPH_API
    whatsapp_phone_number_id: str | None = Field(default=None, pattern=r"^[0-9]{1,32}$")  # Meta's id of our number
    whatsapp_business_number: str | None = None  # our number as people read it
    whatsapp_access_token: SecretStr | None = None  # of the system user that sends
    whatsapp_app_secret: SecretStr | None = None  # signs what Meta delivers
    whatsapp_verify_token: SecretStr | None = None  # Meta repeats it when it is told the webhook's address
    whatsapp_intake_key: SecretStr | None = None  # ours: encrypts what came in, until it is processed
    whatsapp_flow_id: str | None = None  # secrets are given in this WhatsApp Flow, by default on the one-time page
    whatsapp_flow_private_key_file: Path | None = None
    whatsapp_flow_passphrase: SecretStr | None = None

    @field_validator("desk_timezone")
    @classmethod
    def _timezone_is_known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("AREACLIENTI_DESK_TIMEZONE is no time zone of the IANA database, like Europe/Rome")
        return name

    @model_validator(mode="after")
    def _desk_opens_before_it_closes(self) -> Self:
        if self.desk_opens >= self.desk_closes:
            raise ValueError("AREACLIENTI_DESK_OPENS is not before AREACLIENTI_DESK_CLOSES")
        if not set(self.desk_weekdays) <= set(range(1, 8)):
            raise ValueError("AREACLIENTI_DESK_WEEKDAYS are numbers from 1, Monday, to 7")
        return self

    @model_validator(mode="after")
    def _chatwoot_is_whole(self) -> Self:
        if self.handover != "chatwoot":
            return self
        if not self.desk:
            raise ValueError("AREACLIENTI_HANDOVER=chatwoot needs AREACLIENTI_DESK=on")
        if missing := [name for name in NEEDED_BY_CHATWOOT if not getattr(self, name)]:
            raise ValueError(f"Chatwoot needs {', '.join(f'AREACLIENTI_{name.upper()}' for name in missing)}")
        if not is_private(str(self.chatwoot_url)):
            raise ValueError("AREACLIENTI_CHATWOOT_URL must be https://host (http:// only on the loopback address)")
        if not (self.chatwoot_webhook_secret or self.chatwoot_webhook_path):
            raise ValueError(
                "Chatwoot needs AREACLIENTI_CHATWOOT_WEBHOOK_SECRET, or AREACLIENTI_CHATWOOT_WEBHOOK_PATH for a server "
                "that does not sign"
            )
        path = self.chatwoot_webhook_path
        if path is not None and not re.fullmatch(r"[A-Za-z0-9_-]{32,128}", path.get_secret_value()):
            raise ValueError(
                "AREACLIENTI_CHATWOOT_WEBHOOK_PATH is at least 32 letters, digits, - or _, chosen by chance"
            )
        return self

    @model_validator(mode="after")
    def _agents_can_sign_in(self) -> Self:
        if self.desk_oidc_issuer is None:
            if not self.desk_password_sign_in:
                raise ValueError("AREACLIENTI_DESK_PASSWORD_SIGN_IN=false needs AREACLIENTI_DESK_OIDC_ISSUER")
            return self
        if not is_private(self.desk_oidc_issuer):
            raise ValueError("AREACLIENTI_DESK_OIDC_ISSUER must be https://host (http:// only on the loopback address)")
        if not self.desk_oidc_client_id:
            raise ValueError("AREACLIENTI_DESK_OIDC_ISSUER needs AREACLIENTI_DESK_OIDC_CLIENT_ID")
        if "openid" not in self.desk_oidc_scopes.split():
            raise ValueError("AREACLIENTI_DESK_OIDC_SCOPES lacks openid")
        if bool(self.desk_oidc_roles_claim) != bool(self.desk_oidc_roles):
            raise ValueError("AREACLIENTI_DESK_OIDC_ROLES_CLAIM and AREACLIENTI_DESK_OIDC_ROLES go together")
        if self.desk_oidc_creates_agents and not self.desk_oidc_roles_claim:
            raise ValueError("AREACLIENTI_DESK_OIDC_CREATES_AGENTS needs AREACLIENTI_DESK_OIDC_ROLES_CLAIM")
        return self

    @model_validator(mode="after")
    def _whatsapp_is_whole(self) -> Self:
        if self.whatsapp == "off":
            return self
        if missing := [name for name in NEEDED_BY_WHATSAPP if not getattr(self, name)]:
            raise ValueError(f"WhatsApp needs {', '.join(f'AREACLIENTI_{name.upper()}' for name in missing)}")
        is_here = urlsplit(self.whatsapp_graph_url).scheme == "http"
        if not is_private(self.whatsapp_graph_url) or is_here != (self.whatsapp == "simulator"):
            raise ValueError("AREACLIENTI_WHATSAPP_GRAPH_URL is https://… when live, and the simulator on this machine")
        if self.whatsapp == "live" and not self.public_url.startswith("https://"):
            raise ValueError("AREACLIENTI_WHATSAPP=live needs an https address in AREACLIENTI_PUBLIC_URL")
        if self.whatsapp_flow_id and not self.whatsapp_flow_private_key_file:
            raise ValueError("AREACLIENTI_WHATSAPP_FLOW_ID needs AREACLIENTI_WHATSAPP_FLOW_PRIVATE_KEY_FILE")
        return self


# What a gateway with Chatwoot can't do without.
NEEDED_BY_CHATWOOT: Final = (
    "chatwoot_url",
    "chatwoot_account_id",
    "chatwoot_inbox_identifier",
    "chatwoot_api_token",
)
# What a gateway with WhatsApp can't do without.
NEEDED_BY_WHATSAPP: Final = (
    "whatsapp_phone_number_id",
    "whatsapp_access_token",
    "whatsapp_app_secret",
    "whatsapp_verify_token",
    "whatsapp_intake_key",
)


class SimulatorSettings(_Settings):
    """What the WhatsApp simulator reads: the stand-in for Meta's Cloud API on this machine."""

    simulator_port: int = 8002
    public_url: str = "http://localhost:8000"
    whatsapp_webhook_url: str = "http://127.0.0.1:8000/webhooks/whatsapp"
    whatsapp_phone_number_id: str = SIMULATED_PHONE_NUMBER_ID
    whatsapp_business_number: str = SIMULATED_BUSINESS_NUMBER
    whatsapp_access_token: SecretStr  # what the gateway must send
    whatsapp_app_secret: SecretStr  # what webhooks are signed with
    whatsapp_verify_token: SecretStr
    delivery: Literal["mailbox", "live"] = "mailbox"  # identity's: whether there is a mailbox to lead to
    demo: bool = True  # the page offers the demo customers' numbers


class ActionsSettings(_Settings):
    """What the action server reads."""

    actions_key: SecretStr
    identity_url: str = "http://127.0.0.1:8001"
    identity_actions_key: SecretStr
    identity_timeout_seconds: float = 6.0
    public_url: str = "http://localhost:8000"
    desk: bool = True  # the gateway's: a conversation that stops here goes to a person


class SupervisorSettings(_Settings):
    """What `areaclienti run` reads beside the settings that it hands on to the processes."""

    gateway_port: int = 8000
    identity_port: int = 8001
    engine_port: int = 5005
    actions_port: int = 5055
    simulator_port: int = 8002
    whatsapp: Literal["off", "simulator", "live"] | None = None  # by default simulator where nothing is really sent
    delivery: Literal["mailbox", "live"] = "mailbox"
    public_url: str | None = None  # by default http://localhost and the gateway's port
    engine_python: Path = Path(".venv-engine/bin/python")
    demo: bool = True  # load the demo customers into an empty registry
    start_timeout_seconds: float = 120.0
