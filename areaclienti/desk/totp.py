"""The agents' second factor: six digits of an authenticator app (RFC 6238), each good for one sign-in."""

from __future__ import annotations

import hmac
import re
from datetime import datetime

import pyotp
from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from areaclienti.crypto import Sealer
from areaclienti.gateway.db.desk import DeskAgent

STEP_SECONDS = 30
DRIFT_STEPS = 1  # a phone's clock may be half a minute off (RFC 6238 §5.2)
ISSUER = "Area Clienti · Desk"
_SIX_DIGITS = re.compile(r"[0-9]{6}")
_GAPS = re.compile(r"[\s-]+")


def new_secret() -> str:
    """160 random bits in base32 (RFC 4226 §4)."""
    return pyotp.random_base32()


def address_of(secret: str, email: str) -> str:
    """The `otpauth://` address that an app reads from the QR."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, typed: str, at: datetime, last_step: int | None) -> int | None:
    """Which time step the code is of; None when it is of none that counts now, or of one that was taken already."""
    code = _GAPS.sub("", typed)
    if not _SIX_DIGITS.fullmatch(code):
        return None
    present = int(at.timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        is_right = hmac.compare_digest(generator.generate_otp(step).encode(), code.encode())
        if is_right and (last_step is None or step > last_step):
            found = step
    return found


def next_code(secret: str, at: datetime, last_step: int | None) -> str | None:
    """A code that is still good, None while all of now were taken."""
    present = int(at.timestamp()) // STEP_SECONDS
    step = present if last_step is None or last_step < present else last_step + 1
    return pyotp.TOTP(secret).generate_otp(step) if step <= present + DRIFT_STEPS else None


def take(session: Session, agent_id: str, step: int) -> bool:
    """Use the step up: of several who come with one code, one gets in."""
    unused = or_(DeskAgent.totp_last_step.is_(None), DeskAgent.totp_last_step < step)
    change = update(DeskAgent).where(DeskAgent.id == agent_id, unused).values(totp_last_step=step)
    return session.scalar(change.returning(DeskAgent.id)) is not None


def seal(sealer: Sealer, agent_id: str, secret: str) -> str:
    """How a secret is stored: for this agent, and nobody else's row."""
    return sealer.seal(secret, f"totp:{agent_id}")


def unseal(sealer: Sealer, agent_id: str, sealed: str) -> str:
    """The secret. Raises ValueError when it was changed, moved to another agent, or the key is another."""
    return sealer.open(sealed, f"totp:{agent_id}")
