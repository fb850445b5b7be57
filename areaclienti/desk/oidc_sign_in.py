"""Agents who come by the insurer's sign-in: the way there and back, and who they are at the desk."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.desk import agents
from areaclienti.desk.audit import record
from areaclienti.desk.hours import utc_now
from areaclienti.desk.oidc import Errand, Provider, TokenRefused, new_errand
from areaclienti.desk.scope import Role
from areaclienti.desk.sessions import Sessions, digest
from areaclienti.desk.sign_in import DEMO_ID, MAX_EMAIL, Opened, normal
from areaclienti.gateway.db.database import Database
from areaclienti.gateway.db.desk import DeskAgent
from areaclienti.gateway.db.desk_access import DeskOidcStart

LIFE: Final = timedelta(minutes=10)  # between the way there and the way back
MAX_NAME: Final = 160
MAX_AGENCY: Final = 32


@dataclass(frozen=True)
class Places:
    """What of a token decides about an agent's place at the desk; None: his row here decides."""

    roles_claim: str | None
    roles: Mapping[str, Role]  # value of the claim: role
    agency_claim: str | None
    creates: bool  # an agent whom nobody invited


@dataclass(frozen=True)
class Start:
    """Where to send the browser, and what it has to bring back."""

    address: str
    browser: str


class OidcSignIn:
    """Raises ProviderUnavailable while the provider does not answer."""

    def __init__(
        self,
        database: Database,
        provider: Provider,
        sealer: Sealer,
        sessions: Sessions,
        places: Places,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._provider = provider
        self._sealer = sealer
        self._sessions = sessions
        self._places = places
        self._clock = clock

    async def begin(self, return_to: str | None) -> Start:
        """The way there, for this browser alone."""
        errand, browser = new_errand(), secrets.token_urlsafe(32)
        address = await self._provider.way_there(errand)

        def work(session: Session) -> None:
            session.execute(delete(DeskOidcStart).where(DeskOidcStart.expires_at <= self._clock()))
            session.add(
                DeskOidcStart(
                    state_hash=digest(errand.state),
                    browser_hash=digest(browser),
                    nonce=errand.nonce,
                    verifier_sealed=self._sealer.seal(errand.verifier, f"oidc:{digest(errand.state)}"),
                    return_to=return_to,
                    expires_at=self._clock() + LIFE,
                )
            )

        await self._database.write(work)
        return Start(address, browser)

    async def finish(self, state: str, code: str | None, browser: str | None, issuer: str | None) -> Opened:
        """The session of who came back. Raises TokenRefused, which is in the audit; the same way serves once."""
        try:
            errand, return_to = await self._database.write(lambda session: self._taken(session, state, browser))
            if issuer is not None and issuer != self._provider.client.issuer:
                raise TokenRefused("oidc_mix_up")  # RFC 9207 §2.4
            if not code:
                raise TokenRefused("oidc_denied")
            claims = await self._provider.claims(code, errand)
            token = await self._database.write(lambda session: self._let_in(session, claims))
        except TokenRefused as refused:
            reason = refused.reason
            await self._database.write(
                lambda session: record(session, None, "sign_in_refused", reason_code=reason, at=self._clock())
            )
            raise
        return Opened(token, return_to)

    async def close(self) -> None:
        """Give the provider's connections back."""
        await self._provider.close()

    def _taken(self, session: Session, state: str, browser: str | None) -> tuple[Errand, str | None]:
        mine = DeskOidcStart.state_hash == digest(state)
        row = session.execute(
            delete(DeskOidcStart)
            .where(mine, DeskOidcStart.browser_hash == digest(browser or ""))  # nobody else's return uses it up
            .returning(
                DeskOidcStart.nonce,
                DeskOidcStart.verifier_sealed,
                DeskOidcStart.return_to,
                DeskOidcStart.expires_at,
            )
        ).one_or_none()
        if row is None or row.expires_at <= self._clock():
            raise TokenRefused("oidc_state")
        verifier = self._sealer.open(row.verifier_sealed, f"oidc:{digest(state)}")
        return Errand(state, row.nonce, verifier), row.return_to

    def _let_in(self, session: Session, claims: Mapping[str, Any]) -> str:
        subject = _subject(self._provider.client.issuer, str(claims["sub"]))
        agent = session.scalar(select(DeskAgent).where(DeskAgent.oidc_subject == subject).with_for_update())
        if agent is None:
            agent = self._introduced(session, claims)
            if agent.oidc_subject is not None and not hmac.compare_digest(agent.oidc_subject, subject):
                raise TokenRefused("oidc_other_subject")  # the address is somebody else's now: an operator resets
            agent.oidc_subject = subject
        if not agent.active or agent.id.startswith(DEMO_ID):
            raise TokenRefused("oidc_revoked")
        self._take_over(agent, claims)
        session.flush()
        return self._sessions.open(session, agent, "oidc")

    def _introduced(self, session: Session, claims: Mapping[str, Any]) -> DeskAgent:
        """Whom the token's e-mail address names: only one that the provider has verified names anybody."""
        email = claims.get("email")
        if not isinstance(email, str) or "@" not in email or len(email) > MAX_EMAIL:
            raise TokenRefused("oidc_no_email")
        if claims.get("email_verified") is not True:
            raise TokenRefused("oidc_email_not_verified")
        found = session.scalar(select(DeskAgent).where(func.lower(DeskAgent.email) == normal(email)).with_for_update())
        if found is not None:
            return found
        if not self._places.creates:
            raise TokenRefused("oidc_unknown")
        name = claims.get("name")
        agent = agents.new_agent((name if isinstance(name, str) else "").strip()[:MAX_NAME] or email, normal(email), [])
        session.add(agent)
        record(session, agent.id, "agent_added", reason_code="oidc", at=self._clock())
        return agent

    def _take_over(self, agent: DeskAgent, claims: Mapping[str, Any]) -> None:
        if self._places.roles_claim is not None:
            said = claims.get(self._places.roles_claim)
            values = said if isinstance(said, list) else [said]
            agent.roles = sorted({role for value, role in self._places.roles.items() if value in values})
        if not agent.roles:
            raise TokenRefused("oidc_no_role")
        if self._places.agency_claim is not None:
            agency = claims.get(self._places.agency_claim)
            if agency is not None and (not isinstance(agency, str) or not 0 < len(agency) <= MAX_AGENCY):
                raise TokenRefused("oidc_agency")
            agent.agency_code = agency


def _subject(issuer: str, subject: str) -> str:
    """A person at a provider; another provider's person of the same name is somebody else."""
    return hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()
