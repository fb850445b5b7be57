"""The privacy notice and who has seen it: append-only, enforced by triggers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from areaclienti.identity.db.models.base import Base


class PrivacyNotice(Base):
    """One exact text of the notice, addressed by the SHA-256 of its UTF-8 bytes."""

    __tablename__ = "privacy_notices"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[str] = mapped_column(String(32), unique=True)
    title: Mapped[str] = mapped_column(String(240))
    text: Mapped[str] = mapped_column(Text)
    published_on: Mapped[date]


class Acknowledgement(Base):
    """That one conversation has seen one exact text of the notice (a notice seen, not a consent: manual 5a)."""

    __tablename__ = "acknowledgements"
    __table_args__ = (UniqueConstraint("conversation_id", "sha256"),)

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(String(128))
    channel: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(32))
    sha256: Mapped[str] = mapped_column(ForeignKey("privacy_notices.sha256"))
    acknowledged_at: Mapped[datetime]
