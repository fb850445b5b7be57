"""Wires the desk into the gateway's process: the customers' side, the agents' side, the rounds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from areaclienti.crypto import Mac, Sealer
from areaclienti.desk.administration import Invitations
from areaclienti.desk.board import Board
from areaclienti.desk.contacts import Contacts
from areaclienti.desk.customers import CustomersDesk
from areaclienti.desk.demo import DemoDoor
from areaclienti.desk.errands import Errands
from areaclienti.desk.given import GivenData
from areaclienti.desk.hours import WorkingHours, hours_of, utc_now
from areaclienti.desk.oidc import Client, Provider
from areaclienti.desk.oidc_sign_in import OidcSignIn, Places
from areaclienti.desk.operations import Operations
from areaclienti.desk.rounds import Rounds
from areaclienti.desk.routing import Belonging, Patience, Router
from areaclienti.desk.sessions import Sessions
from areaclienti.desk.sign_in import SignIn
from areaclienti.desk.texts import load_texts
from areaclienti.desk.throttle import Free, Throttle
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.engine_client import EngineClient
from areaclienti.gateway.hub import Hub
from areaclienti.gateway.identity_client import IdentityClient, IdentityRefused, IdentityUnavailable
from areaclienti.password_hashes import Passwords
from areaclienti.settings import GatewaySettings

OIDC_RETURN = "/desk/accesso/oidc/ritorno"
SUMMARY = "/v1/registrations/desk-summary"


@dataclass(frozen=True)
class Access:
    """The desk's door."""

    sessions: Sessions
    sign_in: SignIn
    invitations: Invitations
    demo: DemoDoor | None  # only where nothing is really sent
    oidc: OidcSignIn | None  # the insurer's own sign-in
    has_passwords: bool

    async def close(self) -> None:
        """Give connections back."""
        if self.oidc is not None:
            await self.oidc.close()


@dataclass(frozen=True)
class AgentsDesk:
    """What pages and streams of the desk are built on."""

    operations: Operations
    rounds: Rounds
    board: Board
    hours: WorkingHours
    patience: Patience
    access: Access
    customers: CustomersDesk
    summary_of: Callable[[str], Awaitable[dict[str, Any]]]  # what identity knows of a conversation's registration
    contacts: Contacts
    given: GivenData
    errands: Errands


def desk_for_customers(settings: GatewaySettings, clock: Callable[[], datetime] = utc_now) -> CustomersDesk:
    """What ledger and turns are given."""
    return CustomersDesk(load_texts(), hours_of(settings), clock)


def open_desk(
    settings: GatewaySettings,
    customers: CustomersDesk,
    database: Database,
    hub: Hub,
    identity: IdentityClient,
    engine: EngineClient,
    wake: Callable[[str], None],
    clock: Callable[[], datetime] = utc_now,
) -> AgentsDesk:
    """The agents' side, on the ledger's database. Raises ValueError without the key of the desk."""
    texts, patience = load_texts(), Patience.of(settings)
    router = Router(patience, clock)

    async def summary_of(conversation_id: str) -> dict[str, Any]:
        return await identity.ask("GET", SUMMARY, params={"conversation_id": conversation_id})

    async def belongs_to(conversation_id: str) -> Belonging | None:
        try:
            summary = await summary_of(conversation_id)
        except IdentityUnavailable:
            return None
        except IdentityRefused:
            return Belonging()
        return Belonging(summary.get("consultant_code"), summary.get("agency_code"))

    hours = hours_of(settings)
    contacts = Contacts(database, hub, wake, texts, identity.ask, clock)
    return AgentsDesk(
        Operations(database, hub, wake, customers, router, patience, texts, summary_of, clock),
        Rounds(database, hub, customers, router, hours, patience, texts, belongs_to, clock),
        Board(database, hub),
        hours,
        patience,
        open_access(settings, database, clock),
        customers,
        summary_of,
        contacts,
        GivenData(database, engine.given, clock),
        Errands(database, contacts, identity.ask, hours, clock),
    )


def open_access(settings: GatewaySettings, database: Database, clock: Callable[[], datetime] = utc_now) -> Access:
    """The door, on the ledger's database. Raises ValueError without the key of the desk."""
    if settings.desk_key is None:
        raise ValueError("AREACLIENTI_DESK needs AREACLIENTI_DESK_KEY")
    key = settings.desk_key.get_secret_value()
    free = Free(
        settings.desk_sign_in_free_failures,
        settings.desk_sign_in_account_failures,
        settings.desk_sign_in_address_failures,
        timedelta(seconds=settings.desk_sign_in_max_wait_seconds),
    )
    sessions = Sessions(
        database,
        timedelta(seconds=settings.desk_session_idle_seconds),
        timedelta(seconds=settings.desk_session_life_seconds),
        clock,
    )
    passwords = Passwords(
        settings.password_hash_memory_kib, settings.password_hash_rounds, settings.password_hash_at_once
    )
    with_demo = settings.demo and settings.delivery == "mailbox"
    sealer = Sealer(key)
    sign_in = SignIn(database, passwords, sealer, Throttle(Mac(key), free), sessions, with_demo=with_demo, clock=clock)
    invitations = Invitations(database, sealer, passwords, sessions, clock)
    demo = DemoDoor(database, sealer, clock) if with_demo and settings.desk_password_sign_in else None
    oidc = _oidc(settings, database, sealer, sessions, clock)
    return Access(sessions, sign_in, invitations, demo, oidc, settings.desk_password_sign_in)


def _oidc(
    settings: GatewaySettings, database: Database, sealer: Sealer, sessions: Sessions, clock: Callable[[], datetime]
) -> OidcSignIn | None:
    if settings.desk_oidc_issuer is None or settings.desk_oidc_client_id is None:
        return None
    secret = settings.desk_oidc_client_secret
    client = Client(
        settings.desk_oidc_issuer,
        settings.desk_oidc_client_id,
        secret.get_secret_value() if secret is not None else None,
        settings.public_url.rstrip("/") + OIDC_RETURN,
        settings.desk_oidc_scopes,
    )
    places = Places(
        settings.desk_oidc_roles_claim,
        settings.desk_oidc_roles,
        settings.desk_oidc_agency_claim,
        settings.desk_oidc_creates_agents,
    )
    return OidcSignIn(database, Provider(client), sealer, sessions, places, clock)
