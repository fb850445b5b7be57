"""Tables of who is at the desk and how he came in: sessions, sign-ins under way, invitations, throttle, audit."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.gateway.db.models import Base, UtcDateTime, now


class DeskSession(Base):
    """An agent who is signed in on one browser. The cookie holds the token; only its digest stays here."""

    __tablename__ = "desk_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"), index=True)
    way: Mapped[str] = mapped_column(String(16))  # password, oidc
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeskSignIn(Base):
    """A sign-in whose password was right, and whose code is still to come."""

    __tablename__ = "desk_sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"), index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    return_to: Mapped[str | None] = mapped_column(String(512))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeskThrottle(Base):
    """Failures of an account, an address, or both together, under a keyed digest that hides whose."""

    __tablename__ = "desk_throttle"

    key_hmac: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    wait_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    succeeded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)


class DeskInvitation(Base):
    """A link with which an agent chooses password and second factor, once. A new one replaces the older."""

    __tablename__ = "desk_invitations"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("desk_agents.id"), unique=True)
    totp_sealed: Mapped[str] = mapped_column(Text)  # becomes the agent's when he proves a code of it
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeskOidcStart(Base):
    """A way to the insurer's sign-in and back, good for one return of the browser that began it."""

    __tablename__ = "desk_oidc_starts"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_hash: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier_sealed: Mapped[str] = mapped_column(Text)
    return_to: Mapped[str | None] = mapped_column(String(512))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class DeskAudit(Base):
    """What people did at the desk: codes and ids, never a value. Append-only; each row's hash covers the row before."""

    __tablename__ = "desk_audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    who: Mapped[str | None] = mapped_column(String(32), index=True)  # an agent's id; operator, desk; None: nobody known
    action: Mapped[str] = mapped_column(String(40))
    handover_id: Mapped[str | None] = mapped_column(String(32), index=True)  # may be of a conversation that was erased
    reason_code: Mapped[str | None] = mapped_column(String(40))
    previous_sha256: Mapped[str] = mapped_column(String(64), unique=True)  # one successor each: the chain cannot fork
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
